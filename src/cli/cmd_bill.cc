// tieline bill: what a private metering point owes, proved without showing a reading (energy/private_total.h).

#include <CLI/CLI.hpp>

#include "api/market_json.h"
#include "api/views.h"
#include "cli/commands.h"
#include "cli/participant_keys.h"
#include "cli/private_files.h"
#include "cli/private_readings.h"
#include "cli/rfc3339.h"

namespace tieline::cli {
namespace {

struct Options {
  std::string net, as, meter, readings, records, prices, start, to, out, file, csv;
  uint64_t price = 0;
  uint32_t slots = energy::kOpeningSlotsMin;
  uint32_t set = 0;
  bool json = false;
};

Error usage(std::string why) { return {"usage", std::move(why)}; }

constexpr const char* kBillCsvHeader = "pseudonym,obis,set,start,slots,amount,biller\n";

// The bill as a line of CSV: the amount in micro-currency, and no reading; `biller` is empty if it is open to all.
Status write_csv(const std::string& file, const Json& bill, uint64_t amount) {
  if (file.empty()) return {};
  const std::string text = kBillCsvHeader + bill.value("pseudonym", "") + "," + bill.value("obis", "") + "," +
                           dump(bill["set"]) + "," + bill.value("start", "") + "," +
                           std::to_string(bill["prices"].size()) + "," + std::to_string(amount) + "," +
                           bill.value("biller", "") + "\n";
  return write_file(file, view_of(text));
}

// One price for all slots, or a file with a list of one a slot.
Result<std::vector<uint64_t>> prices_of(const Options& o) {
  if (o.slots == 0 || o.slots > energy::kOpeningSlotsMax)
    return usage("--slots must be 1 to " + std::to_string(energy::kOpeningSlotsMax));
  if (o.prices.empty()) return std::vector<uint64_t>(o.slots, o.price);
  auto text = read_text(o.prices, kPrivateFileBytesMax);
  if (!text) return text.error();
  auto json = parse_json(*text, o.prices);
  if (!json) return json.error();
  std::vector<uint64_t> out;
  if (json->is_array())
    for (const Json& price : *json)
      if (price.is_number_unsigned()) out.push_back(price.get<uint64_t>());
  if (out.size() != o.slots || out.size() != json->size())
    return usage(o.prices + " must be a list of " + std::to_string(o.slots) + " whole numbers");
  return out;
}

// The point's side: what its own readings add up to under the tariff, sealed to the biller or open to all.
int open_bill(const Options& o) {
  auto genesis = genesis_of_net(o.net);
  if (!genesis) return fail(genesis.error(), o.json);
  const ChainId chain = genesis->chain_id();
  auto meter = read_meter(o.meter);
  if (!meter) return fail(meter.error(), o.json);
  auto records = read_records(o.records, chain);
  if (!records) return fail(records.error(), o.json);
  auto measured = read_measured(o.readings);
  if (!measured) return fail(measured.error(), o.json);
  auto start = parse_rfc3339(o.start);
  if (!start) return fail(usage("--start " + o.start + ": " + start.error().why), o.json);
  auto prices = prices_of(o);
  if (!prices) return fail(prices.error(), o.json);
  const Tariff tariff{Obis::kImport, o.set, *start, *prices};
  auto statement = statement_of(chain, *records, tariff);
  if (!statement) return fail(statement.error(), o.json);
  auto openings = openings_of(chain, *meter, *records, *measured, tariff);
  if (!openings) return fail(openings.error(), o.json);
  const Ed25519Signer signer = meter->pseudonym(chain);
  seal::PublicKey audience = energy::kPublicTotal;
  if (!o.to.empty()) {
    auto card = load_card(o.net, o.to, *genesis);
    if (!card) return fail(card.error(), o.json);
    audience = card->seal_key;
  }
  auto total = energy::make_total(*statement, *openings, signer, audience);
  if (!total) return fail(total.error(), o.json);

  Json bill = {
      {"pseudonym", to_hex(records->pseudonym)}, {"obis", api::obis_text(tariff.obis)}, {"set", tariff.set},
      {"start", rfc3339_utc(tariff.start_s)},    {"slots", tariff.prices.size()},       {"prices", tariff.prices}};
  if (o.to.empty()) {
    bill["opening"] = to_hex(encoded(*total));
  } else {
    auto sealed = energy::seal_total(*statement, *total, audience, Secret::generate());
    if (!sealed) return fail(sealed.error(), o.json);
    bill["biller"] = o.to;
    bill["sealed"] = {{"enc", to_hex(sealed->enc)}, {"cipher", to_hex(sealed->cipher)}};
  }
  if (auto status = write_text(o.out, dump(bill) + "\n"); !status) return fail(status.error(), o.json);
  const uint64_t amount = energy::bill_amount(total->value);
  if (auto status = write_csv(o.csv, bill, amount); !status) return fail(status.error(), o.json);
  print_line("bill over " + std::to_string(tariff.prices.size()) + " quarters of an hour: " + grouped(amount) +
             " micro-currency, in " + o.out + (o.to.empty() ? ", open to all" : ", sealed to " + o.to));
  if (o.json)
    print_json({{"file", o.out}, {"amount", amount}, {"slots", tariff.prices.size()}, {"public", o.to.empty()}});
  return kExitDone;
}

Result<Tariff> tariff_in(const Json& bill) {
  Tariff out;
  auto start = bill.contains("start") && bill["start"].is_string() ? parse_rfc3339(bill["start"].get<std::string>())
                                                                   : Result<int64_t>(usage("the bill has no start"));
  if (!start) return start.error();
  out.start_s = *start;
  if (bill.value("obis", "") != api::obis_text(Obis::kImport)) out.obis = Obis::kExport;
  if (!bill.contains("set") || !bill["set"].is_number_unsigned() || !bill.contains("prices") ||
      !bill["prices"].is_array())
    return usage("a bill names its set and its prices");
  out.set = bill["set"].get<uint32_t>();
  for (const Json& price : bill["prices"]) {
    if (!price.is_number_unsigned()) return usage("a price is a whole number");
    out.prices.push_back(price.get<uint64_t>());
  }
  return out;
}

Result<energy::TotalOpening> opening_in(const Json& bill, const energy::TotalStatement& statement, const Options& o,
                                        const Genesis& genesis) {
  const Ed25519Verifier verifier;
  if (bill.contains("opening")) {
    const auto bytes = bill["opening"].is_string() ? from_hex(bill["opening"].get<std::string>()) : std::nullopt;
    if (!bytes) return usage("the opening must be hexadecimal digits");
    auto opening = decoded<energy::TotalOpening>(*bytes, "opening");
    if (!opening) return opening.error();
    if (auto good = energy::check_total(statement, *opening, verifier); !good) return good.error();
    return opening;
  }
  if (!bill.contains("sealed") || !bill["sealed"].is_object()) return usage("a bill is sealed or has an opening");
  if (o.as.empty()) return usage("the bill is sealed: say with --as whose key opens it");
  auto keys = load_participant_keys(o.net, o.as, genesis);
  if (!keys) return keys.error();
  auto enc = hex_field<32, seal::SealEncapsulationTag>(bill["sealed"], "enc");
  if (!enc) return enc.error();
  const auto cipher = from_hex(bill["sealed"].value("cipher", ""));
  if (!cipher) return usage("the ciphertext must be hexadecimal digits");
  return energy::open_total(statement, {*enc, *cipher}, keys->seal_key, verifier);
}

// The biller's side, or anyone's when the bill is open.
int verify_bill(const Options& o) {
  auto genesis = genesis_of_net(o.net);
  if (!genesis) return fail(genesis.error(), o.json);
  auto bill = read_json_file(o.file);
  if (!bill) return fail(bill.error(), o.json);
  auto records = read_records(o.records, genesis->chain_id());
  if (!records) return fail(records.error(), o.json);
  auto tariff = tariff_in(*bill);
  if (!tariff) return fail(tariff.error(), o.json);
  auto statement = statement_of(genesis->chain_id(), *records, *tariff);
  if (!statement) return fail(statement.error(), o.json);
  auto opening = opening_in(*bill, *statement, o, *genesis);
  if (!opening && (opening.error().code == "usage" || opening.error().code.starts_with("key_") ||
                   opening.error().code == "participant_unknown"))
    return fail(opening.error(), o.json);
  if (!opening) {
    print_line("INVALID: " + opening.error().code + ": " + opening.error().why);
    if (o.json) print_json({{"valid", false}, {"code", opening.error().code}, {"why", opening.error().why}});
    return kExitNo;
  }
  const uint64_t amount = energy::bill_amount(opening->value);
  if (auto status = write_csv(o.csv, *bill, amount); !status) return fail(status.error(), o.json);
  print_line("VALID: " + grouped(amount) + " micro-currency for " + std::to_string(tariff->prices.size()) +
             " quarters of an hour, proved from their commitments; no reading was shown");
  if (o.json) print_json({{"valid", true}, {"amount", amount}, {"slots", tariff->prices.size()}});
  return kExitDone;
}

}  // namespace

void add_bill(CLI::App& root, int& exit_status) {
  CLI::App* bill = root.add_subcommand("bill", "a private point's bill, proved without showing a reading");
  bill->require_subcommand(1);
  bill->footer(
      "Examples:\n  tieline bill open --meter home.meter --readings home.csv --records home.records --start "
      "2026-11-01T00:00:00Z --price 250000000 --to cityline --net NET -o home.bill\n"
      "  tieline bill verify home.bill --records home.records --as cityline --net NET");
  auto o = std::make_shared<Options>();
  CLI::App* open = bill->add_subcommand("open", "open the sum of one's readings under a tariff, and nothing else");
  add_net(*open, o->net);
  open->add_option("--meter", o->meter, "the point's secret file, of `tieline seal meter`")->required();
  open->add_option("--readings", o->readings, "its readings in CSV")->required();
  open->add_option("--records", o->records, "what it recorded of them, of `tieline seal readings`")->required();
  open->add_option("--start", o->start, "of the first slot, RFC 3339")->required();
  open->add_option("--slots", o->slots, "quarters of an hour")->capture_default_str();
  open->add_option("--set", o->set, "which of genesis' sets it is")->capture_default_str();
  auto* price = open->add_option("--price", o->price, "of every slot, micro-currency per MWh");
  open->add_option("--prices", o->prices, "a JSON list of one price a slot")->excludes(price);
  open->add_option("--to", o->to, "seal it to this participant; without, it is open to all");
  open->add_option("-o,--out", o->out, "the bill is written there")->required();
  open->add_option("--csv", o->csv, "the bill as a line of CSV goes there")->type_name("OUT");
  open->add_flag("--json", o->json, "one JSON object on the last line");
  open->footer("See `tieline bill --help`.");
  open->callback([o, &exit_status] { exit_status = open_bill(*o); });

  auto v = std::make_shared<Options>();
  CLI::App* verify = bill->add_subcommand("verify", "check a bill against what was recorded");
  verify->add_option("FILE", v->file, "the bill")->required();
  add_net(*verify, v->net);
  verify->add_option("--records", v->records, "what the point recorded")->required();
  verify->add_option("--as", v->as, "who opens a sealed bill");
  verify->add_option("--csv", v->csv, "the bill as a line of CSV goes there, if it is valid")->type_name("OUT");
  verify->add_flag("--json", v->json, "one JSON object on the last line");
  verify->footer("Exit status: 0 valid, 1 not valid, 2 wrong input.");
  verify->callback([v, &exit_status] { exit_status = verify_bill(*v); });
}

}  // namespace tieline::cli
