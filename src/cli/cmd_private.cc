// tieline private: private metering points on the ledger. What a household's gateway, a distributor and the regulator
// each do with them (docs/privacy.md); the files are those of `tieline seal`, `open` and `bill`.

#include <CLI/CLI.hpp>

#include "api/market_json.h"
#include "api/views.h"
#include "cli/commands.h"
#include "cli/private_chain.h"
#include "cli/private_readings.h"
#include "cli/rfc3339.h"
#include "cli/send_transaction.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

struct Options {
  SendOptions send;
  ViewOptions view;
  std::string file, pseudonym, start, end, period, out, meter, readings, regulator, complaint, obis = "1-0:1.8.0";
  uint32_t slots = energy::kOpeningSlotsMin;
};

Error usage(std::string why) { return {"usage", std::move(why)}; }

Result<int64_t> time_of(const std::string& text, const char* flag) {
  auto time = parse_rfc3339(text);
  if (!time) return usage(std::string(flag) + " " + text + ": " + time.error().why);
  return *time;
}

Result<Hash> complaint_of(const Options& o) {
  const auto id = fixed_from_hex<32, HashTag>(o.complaint);
  if (!id) return usage("a complaint is 64 hexadecimal digits");
  return *id;
}

int send(Sending& sending, const energy::PrivateAction& action, const Json& more = Json::object()) {
  Submission submission;
  submission.actions.push_back({energy::type_of(action), energy::encode_private_action(action)});
  return sending.sign_and_send(std::move(submission), more);
}

Getter getter(Sending& sending) {
  return [&sending](const std::string& target) { return sending.get(target); };
}

// --- a distributor and its points

Result<std::vector<energy::ActivePoint>> points_in(const std::string& file) {
  auto text = read_text(file, kPrivateFileBytesMax);
  if (!text) return text.error();
  auto json = parse_json(*text, file);
  if (!json) return json.error();
  if (!json->is_array()) return usage(file + " must be a list of {\"limit_w\", \"pseudonym\"}");
  std::vector<energy::ActivePoint> out;
  for (const Json& one : *json) {
    auto key = one.is_object() ? hex_field<32, PublicKeyTag>(one, "pseudonym") : Result<PublicKey>(usage(""));
    if (!key || !one.contains("limit_w") || !one["limit_w"].is_number_unsigned())
      return usage(file + ", point " + std::to_string(out.size()) + ": needs limit_w and pseudonym");
    out.push_back({static_cast<MeterId>(out.size() + 1), one["limit_w"].get<uint64_t>(), *key});
  }
  return out;
}

int register_points(const Options& o) {
  const bool json = o.send.json;
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), json);
  const Genesis& genesis = (*sending)->genesis();
  if (!genesis.private_points) return fail({"no_private_points", "genesis has no private metering points"}, json);
  auto start = time_of(o.start, "--start");
  if (!start) return fail(start.error(), json);
  auto end = time_of(o.end, "--end");
  if (!end) return fail(end.error(), json);
  auto points = points_in(o.file);
  if (!points) return fail(points.error(), json);
  auto distributor = load_participant_keys(o.send.net, o.send.as, genesis);
  if (!distributor) return fail(distributor.error(), json);
  auto regulator = load_participant_keys(o.send.net, o.regulator, genesis);
  if (!regulator) return fail(regulator.error(), json);
  auto batch = energy::make_batch(genesis.chain_id(), distributor->participant->id, regulator->participant->id,
                                  {*start, *end}, *points, genesis.private_points->buckets_w);
  if (!batch) return fail(batch.error(), json);
  // What the regulator asks before it signs.
  if (auto same = energy::check_links(*batch, *points, genesis.private_points->buckets_w); !same)
    return fail(same.error(), json);
  const Hash digest = energy::batch_digest(*batch);
  batch->distributor_signature = distributor->signer->sign(digest.view());
  batch->regulator_signature = regulator->signer->sign(digest.view());
  return send(**sending, *batch);
}

int balance(const Options& o) {
  const bool json = o.send.json;
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), json);
  auto start = time_of(o.start, "--start");
  if (!start) return fail(start.error(), json);
  auto period = time_of(o.period, "--period");
  if (!period) return fail(period.error(), json);
  const Genesis& genesis = (*sending)->genesis();
  if (!genesis.private_points) return fail({"no_private_points", "genesis has no private metering points"}, json);
  auto keys = load_participant_keys(o.send.net, o.send.as, genesis);
  if (!keys) return fail(keys.error(), json);
  const ParticipantId id = keys->participant->id;
  auto region = fetch_region(getter(**sending), genesis, {o.send.as, id, *period, *start}, keys->seal_key);
  if (!region) return fail(region.error(), json);
  auto proof = energy::prove_region(region->balance, region->sums, Secret::generate());
  if (!proof) return fail(proof.error(), json);
  return send(**sending, energy::Balance{id, *period, static_cast<uint32_t>(*start / 900), std::move(*proof)});
}

// --- records

int record(const Options& o) {
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  auto records = read_records(o.file, (*sending)->genesis().chain_id());
  if (!records) return fail(records.error(), o.send.json);
  Submission submission;
  size_t bytes = 0;
  for (const energy::PrivateRecord& one : records->records) {
    submission.actions.push_back({ActionType::kPrivateRecord, energy::encode_private_record(one)});
    bytes += submission.actions.back().payload.size();
  }
  constexpr size_t kAround = 1'024;  // what stands around the actions
  if (submission.actions.empty() || submission.actions.size() > kTxActionsMax || bytes + kAround > kTxBytesMax)
    return fail(usage(o.file + " holds none, or more than fit into one transaction: seal fewer readings at a time"),
                o.send.json);
  return (*sending)->sign_and_send(std::move(submission));
}

int fetch(const Options& o) {
  const bool json = o.view.json;
  auto reach = Reach::open(o.view.where);
  if (!reach) return fail(reach.error(), json);
  const auto pseudonym = fixed_from_hex<32, PublicKeyTag>(o.pseudonym);
  if (!pseudonym) return fail(usage("--pseudonym is 64 hexadecimal digits"), json);
  auto start = time_of(o.start, "--start");
  if (!start) return fail(start.error(), json);
  const Obis obis = o.obis == api::obis_text(Obis::kExport) ? Obis::kExport : Obis::kImport;
  auto records =
      fetch_records([&](const std::string& target) { return reach->get(target); }, *pseudonym, obis, *start, o.slots);
  if (!records) return fail(records.error(), json);
  if (auto s = write_text(o.out, dump(records_json(*records)) + "\n"); !s) return fail(s.error(), json);
  print_line(grouped(records->records.size()) + " records, and public values for " +
             grouped(records->substituted.size()) + " quarters of an hour: " + o.out);
  if (json)
    print_json({{"file", o.out}, {"records", records->records.size()}, {"substituted", records->substituted.size()}});
  return kExitDone;
}

// --- what is wrong

struct Addressed {
  energy::PrivateContext context;
  energy::PrivateReading reading;
  ParticipantKeys keys;
};
Result<Addressed> addressed(const Options& o, const Genesis& genesis) {
  auto records = read_records(o.file, genesis.chain_id());
  if (!records) return records.error();
  auto start = time_of(o.start, "--start");
  if (!start) return start.error();
  const Obis obis = o.obis == api::obis_text(Obis::kExport) ? Obis::kExport : Obis::kImport;
  const energy::PrivateReading* reading = records->find(obis, *start);
  if (reading == nullptr) return usage(o.file + " has no reading of the quarter of an hour from " + o.start);
  auto keys = load_participant_keys(o.send.net, o.send.as, genesis);
  if (!keys) return keys.error();
  return Addressed{energy::context_of(genesis.chain_id(), records->pseudonym, *reading), *reading, std::move(*keys)};
}

int complain(const Options& o) {
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  auto about = addressed(o, (*sending)->genesis());
  if (!about) return fail(about.error(), o.send.json);
  const auto complaint = energy::make_complaint(about->context, about->reading.commitment, about->keys.participant->id,
                                                *about->keys.signer);
  return send(**sending, complaint, {{"complaint", to_hex(energy::complaint_digest(complaint))}});
}

int publish(const Options& o) {
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  const Genesis& genesis = (*sending)->genesis();
  auto about = addressed(o, genesis);
  if (!about) return fail(about.error(), o.send.json);
  auto opened = energy::open_payload(genesis.chain_id(), about->context.pseudonym, about->reading,
                                     about->keys.participant->id, about->keys.seal_key, Ed25519Verifier());
  if (!opened) return fail(opened.error(), o.send.json);
  if (opened->verdict != energy::PayloadVerdict::kForged) {
    const bool good = opened->verdict == energy::PayloadVerdict::kGood;
    print_line(good ? "NOTHING TO PUBLISH: the payload is what the commitment holds"
                    : "NOTHING TO PUBLISH: the payload does not open, which proves nothing; see private complain");
    if (o.send.json) print_json({{"forged", false}, {"verdict", good ? "good" : "does_not_open"}});
    return kExitNo;
  }
  return send(**sending, energy::forgery_proof(about->context, about->reading.commitment,
                                               about->keys.seal_key.public_key(), opened->payload));
}

int answer(const Options& o) {
  const bool json = o.send.json;
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), json);
  const Genesis& genesis = (*sending)->genesis();
  auto id = complaint_of(o);
  if (!id) return fail(id.error(), json);
  auto file = fetch_complaint(getter(**sending), *id);
  if (!file) return fail(file.error(), json);
  auto meter = read_meter(o.meter);
  if (!meter) return fail(meter.error(), json);
  auto measured = read_measured(o.readings);
  if (!measured) return fail(measured.error(), json);
  const energy::PrivateContext& context = file->complaint.context;
  const auto at = std::find_if(measured->begin(), measured->end(), [&](const energy::Measured& m) {
    return m.obis == context.obis && m.start_s == context.start_s;
  });
  if (at == measured->end()) return fail(usage(o.readings + " does not hold the reading complained of"), json);
  auto card = load_card(o.send.net, (*sending)->genesis().participants.at(file->complaint.receiver - 1).name, genesis);
  if (!card) return fail(card.error(), json);
  auto regulator = load_card(o.send.net, o.regulator, genesis);
  if (!regulator) return fail(regulator.error(), json);
  const auto named = std::ranges::find(genesis.participants, o.regulator, &GenesisParticipant::name);
  if (named == genesis.participants.end()) return fail(usage(o.regulator + " is no participant of genesis"), json);
  const Ed25519Signer signer = meter->pseudonym(genesis.chain_id());
  const Commitment& commitment = file->complaint.commitment;
  energy::PrivatePayload payload{at->wh, energy::reading_blinding(meter->secret, context), {}};
  const Hash digest = energy::payload_digest(context, commitment, card->seal_key, payload.wh, payload.blinding);
  payload.signature = signer.sign(digest.view());
  const energy::Reveal reveal = energy::make_reveal(
      file->complaint, energy::encapsulation_seed(meter->secret, context, commitment, card->seal_key), payload, signer);
  auto made = energy::make_answer(reveal, {named->id, regulator->seal_key}, Secret::generate(), signer);
  if (!made) return fail(made.error(), json);
  return send(**sending, *made);
}

int rule(const Options& o) {
  const bool json = o.send.json;
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), json);
  const Genesis& genesis = (*sending)->genesis();
  auto id = complaint_of(o);
  if (!id) return fail(id.error(), json);
  auto file = fetch_complaint(getter(**sending), *id);
  if (!file) return fail(file.error(), json);
  if (!file->answer) return fail({"complaint_state", "the meter has not answered this complaint"}, json);
  auto keys = load_participant_keys(o.send.net, o.send.as, genesis);
  if (!keys) return fail(keys.error(), json);
  const ParticipantId receiver = file->complaint.receiver;
  auto card = load_card(o.send.net, genesis.participants.at(receiver - 1).name, genesis);
  if (!card) return fail(card.error(), json);
  if (file->answer->regulator != keys->participant->id)
    return fail({"other_regulator", "the answer is sealed to participant " + std::to_string(file->answer->regulator) +
                                        ", who alone can open it and rule"},
                json);
  std::optional<energy::Reveal> reveal;
  if (auto opened = energy::open_answer(*file->answer, keys->seal_key)) reveal = *opened;
  const energy::ComplaintCase on_chain{
      file->complaint.context, &file->reading, {receiver, card->seal_key}, card->key, 0};
  const energy::ComplaintRuling ruling = energy::rule(on_chain, file->complaint, reveal, 0, Ed25519Verifier());
  if (ruling == energy::ComplaintRuling::kRejected)
    return fail({"complaint_invalid", "this is no complaint of the receiver's about this reading"}, json);
  // An answer that reveals nothing is none, and the meter had its say.
  const bool at_fault = ruling != energy::ComplaintRuling::kFalseComplaint;
  return send(**sending, energy::PrivateRuling{*id, at_fault}, {{"meter_at_fault", at_fault}});
}

int open_total(const Options& o) {
  auto sending = Sending::open(o.send);
  if (!sending) return fail(sending.error(), o.send.json);
  auto bill = read_json_file(o.file);
  if (!bill) return fail(bill.error(), o.send.json);
  energy::OpenTotal total;
  auto pseudonym = hex_field<32, PublicKeyTag>(*bill, "pseudonym");
  const auto bytes = from_hex(bill->value("opening", "-"));
  if (!pseudonym || !bytes || !bill->contains("prices") || !(*bill)["prices"].is_array())
    return fail(usage(o.file + " is no bill that is open to all: make it with `tieline bill open` without --to"),
                o.send.json);
  auto opening = decoded<energy::TotalOpening>(*bytes, "opening");
  if (!opening) return fail(opening.error(), o.send.json);
  std::vector<uint64_t> prices;
  for (const Json& price : (*bill)["prices"])
    prices.push_back(price.is_number_unsigned() ? price.get<uint64_t>() : UINT64_MAX);
  total.pseudonym = *pseudonym;
  total.obis = bill->value("obis", "") == api::obis_text(Obis::kExport) ? Obis::kExport : Obis::kImport;
  total.set = bill->value("set", uint32_t{0});
  total.tariff = energy::tariff_steps(prices);
  total.opening = *opening;
  return send(**sending, total);
}

using Action = int (*)(const Options&);
CLI::App* add(CLI::App& group, const char* name, const char* help, const char* example,
              const std::shared_ptr<Options>& o, Action action, int& exit_status) {
  CLI::App* command = group.add_subcommand(name, help);
  add_send_options(*command, o->send);
  command->footer(std::string("Example:\n  tieline private ") + example);
  command->callback([o, action, &exit_status] { exit_status = action(*o); });
  return command;
}

void add_slot(CLI::App& command, Options& o) {
  command.add_option("--start", o.start, "of the quarter of an hour, RFC 3339")->required();
  command.add_option("--obis", o.obis, "1-0:1.8.0 or 1-0:2.8.0")->capture_default_str();
}

void add_distributors(CLI::App& group, int& exit_status) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      add(group, "register", "give each point a pseudonym for a billing period; both keys in NET/participants",
          "register points.json --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --as cityline "
          "--regulator watchdog --net NET",
          o, register_points, exit_status);
  c->add_option("FILE", o->file, "JSON list of {\"limit_w\", \"pseudonym\"}, one a point")->required();
  c->add_option("--start", o->start, "of the period, RFC 3339")->required();
  c->add_option("--end", o->end, "of the period, not included")->required();
  c->add_option("--regulator", o->regulator, "who compares the batch with the points, and co-signs")->required();

  o = std::make_shared<Options>();
  c = add(group, "balance", "prove that what the feeders delivered is what the points drew, and loss in its band",
          "balance --start 2026-11-01T08:00:00Z --period 2026-11-01T00:00:00Z --as cityline --net NET", o, balance,
          exit_status);
  c->add_option("--start", o->start, "of the quarter of an hour, RFC 3339")->required();
  c->add_option("--period", o->period, "when its billing period begins")->required();
}

void add_records(CLI::App& group, int& exit_status) {
  auto o = std::make_shared<Options>();
  CLI::App* c = add(group, "record", "record what `tieline seal readings` made; anyone may carry it",
                    "record home.records --as gateway --receipt home.receipt --net NET", o, record, exit_status);
  c->add_option("FILE", o->file, "the records")->required();

  o = std::make_shared<Options>();
  c = group.add_subcommand("fetch", "what the chain holds of a pseudonym, for `tieline open` and `bill`");
  add_view_options(*c, o->view);
  c->add_option("--pseudonym", o->pseudonym, "64 hexadecimal digits")->required();
  add_slot(*c, *o);
  c->add_option("--slots", o->slots, "quarters of an hour")->capture_default_str();
  c->add_option("-o,--out", o->out, "the records are written there")->required();
  c->footer(
      "Example:\n  tieline private fetch --pseudonym 6b1f.. --start 2026-11-01T00:00:00Z --net NET -o home.chain");
  c->callback([o, &exit_status] { exit_status = fetch(*o); });

  o = std::make_shared<Options>();
  c = group.add_subcommand("show", "a pseudonym: its distributor, bucket, period, faults and opened totals");
  add_view_options(*c, o->view);
  c->add_option("PSEUDONYM", o->pseudonym, "64 hexadecimal digits")->required();
  c->footer("Example:\n  tieline private show 6b1f.. --net NET");
  c->callback(
      [o, &exit_status] { exit_status = show_view(o->view, "/v1/private/points/" + url_encoded(o->pseudonym)); });

  o = std::make_shared<Options>();
  c = add(group, "open-total", "open a total to the public, once, on the ledger",
          "open-total home.bill --as gateway --net NET", o, open_total, exit_status);
  c->add_option("FILE", o->file, "a bill of `tieline bill open` without --to")->required();
}

void add_disputes(CLI::App& group, int& exit_status) {
  auto o = std::make_shared<Options>();
  CLI::App* c = add(group, "publish", "prove that a payload sealed to you is forged",
                    "publish home.chain --start 2026-11-01T08:00:00Z --as cityline --net NET", o, publish, exit_status);
  c->add_option("FILE", o->file, "the records")->required();
  add_slot(*c, *o);

  o = std::make_shared<Options>();
  c = add(group, "complain", "say that a payload sealed to you does not open",
          "complain home.chain --start 2026-11-01T08:00:00Z --as cityline --net NET", o, complain, exit_status);
  c->add_option("FILE", o->file, "the records")->required();
  add_slot(*c, *o);

  o = std::make_shared<Options>();
  c = add(group, "answer", "the meter's answer to a complaint, for the regulator's eyes",
          "answer 55aa.. --meter home.meter --readings home.csv --regulator watchdog --as gateway --net NET", o, answer,
          exit_status);
  c->add_option("COMPLAINT", o->complaint, "64 hexadecimal digits")->required();
  c->add_option("--meter", o->meter, "the point's secret file")->required();
  c->add_option("--readings", o->readings, "its readings in CSV")->required();
  c->add_option("--regulator", o->regulator, "who may open the answer")->required();

  o = std::make_shared<Options>();
  c = add(group, "rule", "open a meter's answer and rule on the complaint; by the regulator",
          "rule 55aa.. --as watchdog --net NET", o, rule, exit_status);
  c->add_option("COMPLAINT", o->complaint, "64 hexadecimal digits")->required();
}

}  // namespace

void add_private(CLI::App& root, int& exit_status) {
  CLI::App* group = root.add_subcommand("private", "private metering points on the ledger");
  group->require_subcommand(1);
  group->footer(
      "A household, from its meter to a bill:\n"
      "  tieline seal meter --bucket-w 11000 --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --net NET -o "
      "home.meter\n"
      "  tieline private register points.json --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --as cityline "
      "--regulator watchdog --net NET\n"
      "  tieline seal readings home.csv --meter home.meter --to cityline --net NET -o home.records\n"
      "  tieline private record home.records --as gateway --net NET\n"
      "  tieline private fetch --pseudonym 6b1f.. --start 2026-11-01T00:00:00Z --net NET -o home.chain\n"
      "  tieline bill verify home.bill --records home.chain --as cityline --net NET");
  add_distributors(*group, exit_status);
  add_records(*group, exit_status);
  add_disputes(*group, exit_status);
}

}  // namespace tieline::cli
