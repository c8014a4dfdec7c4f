// tieline import: readings from a file (CSV, Green Button, CIM) onto the ledger.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/import_file.h"
#include "cli/import_network.h"
#include "cli/network_access.h"
#include "crypto/hash.h"
#include "crypto/real_scheme.h"

namespace tieline::cli {
namespace {

constexpr size_t kFaultsShownMax = 20;

struct Options {
  std::string file, net, as, receipts, meter;
  std::string format = "auto";
  size_t batch = kImportBatchDefault;
  bool skip_bad = false;
  bool json = false;
};

Json rejected_json(const std::vector<ImportRejection>& rejected) {
  Json list = Json::array();
  for (const ImportRejection& one : rejected)
    list.push_back({{"line", one.line}, {"code", one.code}, {"why", one.why}});
  return list;
}

void show_rejected(Progress& progress, const std::vector<ImportRejection>& rejected) {
  for (size_t i = 0; i < std::min(rejected.size(), kFaultsShownMax); ++i) {
    progress.note("line " + std::to_string(rejected[i].line) + ": " + rejected[i].code + ": " + rejected[i].why);
  }
  if (rejected.size() > kFaultsShownMax) {
    progress.note("and " + grouped(rejected.size() - kFaultsShownMax) + " more; --json lists them all");
  }
}

Json report(uint64_t rows, uint64_t accepted, const std::vector<ImportRejection>& rejected, uint64_t transactions,
            double seconds) {
  return {{"rows", rows},
          {"accepted", accepted},
          {"rejected", rejected_json(rejected)},
          {"transactions", transactions},
          {"seconds", std::round(seconds * 1000) / 1000}};
}

int run(const Options& options) {
  Progress progress;
  auto genesis = genesis_of_net(options.net);
  if (!genesis) return fail(genesis.error(), options.json);
  auto identity = load_identity(options.net, options.as, *genesis);
  if (!identity) return fail(identity.error(), options.json);
  auto text = read_text(options.file, kCsvBytesMax);
  if (!text) return fail(text.error(), options.json);
  auto file = read_import_file(*text, options.format, options.meter, meters_of(*genesis), identity->participant->id);
  if (!file) return fail({file.error().code, options.file + ": " + file.error().why}, options.json);
  const CsvReadings* csv = &file->readings;

  std::vector<ImportRejection> rejected;
  for (const CsvFault& fault : csv->faults) rejected.push_back({fault.line, fault.code, fault.why});
  if (!rejected.empty() && !options.skip_bad) {
    show_rejected(progress, rejected);
    print_line("Nothing was imported: " + grouped(rejected.size()) + " of " + grouped(csv->rows_seen) +
               " rows are bad. Mend them, or leave them out with --skip-bad.");
    if (options.json) print_json(report(csv->rows_seen, 0, rejected, 0, progress.seconds()));
    return kExitUsage;
  }
  if (!options.receipts.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.receipts, error);
    if (error)
      return fail({"file_unwritable", "cannot make " + options.receipts + ": " + error.message()}, options.json);
  }

  // Another --meter makes other readings of the same file, which an earlier run's journal knows nothing of.
  const Hash content = options.meter.empty() ? sha256(view_of(*text))
                                             : sha256({view_of(*text), view_of("\n--meter "), view_of(options.meter)});
  const ImportJournal::Identity whose{genesis->chain_id(), content, options.as};
  auto journal = ImportJournal::open(ImportJournal::path_for(options.net, whose), whose);
  if (!journal) return fail(journal.error(), options.json);
  if (!journal->was_empty())
    progress.note("An earlier run of this import is in the journal: it goes on where that one stopped.");
  auto client = api::NetworkClient::open(*genesis);
  if (!client) return fail(client.error(), options.json);
  const RealVerifier verifier;
  auto signer = query_signer_of(**client, *genesis, options.net, options.as, "");
  if (!signer) return fail(signer.error(), options.json);
  (*client)->sign_queries(std::move(*signer));
  auto network = import_network(**client, *genesis, verifier);

  ImportPlan plan;
  plan.chain = whose.chain;
  plan.participant = identity->participant->id;
  plan.signer = identity->signer.get();
  plan.rows = &csv->rows;
  plan.batch = options.batch;
  plan.progress = [&](uint64_t done) {
    progress.show("imported " + grouped(done) + " of " + grouped(csv->rows.size()) + " readings");
  };
  if (!options.receipts.empty()) {
    plan.keep_receipt = [&](const TxId& id, const Bytes& receipt) {
      return write_file(std::filesystem::path(options.receipts) / (to_hex(id) + ".receipt"), receipt);
    };
  }
  auto result = run_import(plan, *journal, *network);
  if (!result) {
    progress.note(
        "The import is not finished. Run the same command again: it goes on where it stopped, and records nothing "
        "twice.");
    return fail(result.error(), options.json);
  }
  rejected.insert(rejected.end(), result->rejected.begin(), result->rejected.end());
  std::stable_sort(rejected.begin(), rejected.end(),
                   [](const ImportRejection& a, const ImportRejection& b) { return a.line < b.line; });
  show_rejected(progress, rejected);
  const double seconds = progress.seconds();
  char summary[200];
  std::snprintf(summary, sizeof(summary),
                "%s of %s readings accepted in %s transactions, every receipt verified; %s rejected; %.1f s",
                grouped(result->accepted).c_str(), grouped(csv->rows_seen).c_str(),
                grouped(result->transactions).c_str(), grouped(rejected.size()).c_str(), seconds);
  print_line(summary);
  if (result->already > 0) print_line(grouped(result->already) + " of them were recorded by an earlier run.");
  if (options.json) {
    Json json = report(csv->rows_seen, result->accepted, rejected, result->transactions, seconds);
    json["resumed"] = result->resumed;
    json["already"] = result->already;
    print_json(json);
  }
  return rejected.empty() ? kExitDone : kExitNo;
}

}  // namespace

void add_import(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand("import", "record readings from a file, signed with the participant's key");
  command->add_option("FILE", options->file, "CSV, Green Button XML or CIM (IEC 61968-9) XML; UTF-8")->required();
  add_net(*command, options->net);
  command->add_option("--as", options->as, "the participant, whose key is NET/participants/NAME.key")
      ->required()
      ->type_name("NAME");
  command->add_option("--receipts", options->receipts, "keep every transaction's receipt there")->type_name("DIR");
  command->add_option("--format", options->format, "auto tells them apart by what is in the file")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "csv", "greenbutton", "cim"}));
  command->add_option("--meter", options->meter, "XML only: the meter of all readings, whatever the file calls it");
  command->add_option("--batch", options->batch, "readings in one transaction")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, kReadingsPerTxMax));
  command->add_flag("--skip-bad", options->skip_bad, "leave bad rows out instead of refusing the whole file");
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Examples:\n  tieline import data/pv-1.csv --net NET --as sunfield\n"
      "  tieline import data/gb-demand.csv --net NET --as gb-grid --receipts receipts/ --json\n"
      "  tieline import usage.xml --net NET --as bakery --meter bakery-1\n"
      "Interrupted, it goes on where it stopped when the same command is run again.\n"
      "Exit status: 0 all accepted, 1 some rejected, 2 nothing was sent, 3 no validator answered in time.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
