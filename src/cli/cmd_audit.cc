// tieline audit: a validator's whole store, executed and checked again.

#include <CLI/CLI.hpp>

#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/network_access.h"
#include "crypto/real_scheme.h"
#include "node/config.h"
#include "storage/folder_lock.h"
#include "storage/rocks_store.h"

namespace tieline::cli {
namespace {

constexpr size_t kConfigBytesMax = 1024 * 1024;

struct Options {
  std::string folder, genesis;
  bool json = false;
};

Json finding_json(const AuditFinding& finding) {
  return {{"column", finding.column}, {"key", to_hex(finding.key)},
          {"height", finding.height}, {"code", finding.code},
          {"why", finding.why},       {"byte", finding.byte ? Json(*finding.byte) : Json(nullptr)}};
}

int found(const Options& options, const AuditFinding& finding, const std::string& text) {
  print_line("WRONG: " + text);
  if (options.json) print_json({{"ok", false}, {"finding", finding_json(finding)}});
  return kExitNo;
}

struct Places {
  std::filesystem::path genesis, data;
};
// As the validator's own configuration says.
Result<Places> find_places(const Options& options) {
  const auto file = std::filesystem::path(options.folder) / "config.toml";
  auto text = read_text(file, kConfigBytesMax);
  if (!text) return text.error();
  std::vector<node::ConfigProblem> problems;
  const node::Settings settings = node::parse_settings(*text, file, problems);
  if (!problems.empty()) return Error{"config_invalid", problems.front().text()};
  std::error_code error;
  if (!std::filesystem::is_directory(settings.data, error)) {
    return Error{"store_empty", settings.data.string() + " is not there: this validator never started"};
  }
  return Places{options.genesis.empty() ? settings.genesis : std::filesystem::path(options.genesis), settings.data};
}

int run(const Options& options) {
  Progress progress;
  auto places = find_places(options);
  if (!places) return fail(places.error(), options.json);
  auto genesis = load_genesis(places->genesis);
  if (!genesis) return fail(genesis.error(), options.json);
  // A running validator writes while we read, and a lock of ours keeps it from starting in between.
  auto lock = storage::FolderLock::take(places->data);
  if (!lock) return fail(lock.error(), options.json);
  try {
    auto store = storage::RocksStore::open(places->data / "store", {.read_only = true});
    if (!store) {
      if (store.error().code != "corrupt_store") return fail(store.error(), options.json);
      return found(options, {"", {}, 0, store.error().code, store.error().why, {}}, store.error().why);
    }
    // Every block of every file is read once first: RocksDB checks its checksums, and names the file.
    for (Column column : {Column::kState, Column::kBlocks, Column::kTxs, Column::kReadings, Column::kMeta}) {
      progress.show(std::string("reading column ") + column_name(column));
      (*store)->scan(column, {}, {}, false, [](ByteView, ByteView) { return true; });
    }
    const RealVerifier verifier;
    auto report = audit_store(**store, *genesis, verifier, [&](Height at, Height last) {
      progress.show("block " + grouped(at) + " of " + grouped(last));
    });
    if (!report) return fail(report.error(), options.json);
    if (report->finding) return found(options, *report->finding, finding_text(*report->finding));
    const std::string how = report->from_snapshot
                                ? " blocks checked (a snapshot came before block " + grouped(*report->from_snapshot) +
                                      ", so the state is not executed again), "
                                : " blocks executed again from genesis, ";
    print_line("Everything holds: " + grouped(report->blocks) + how + grouped(report->transactions) +
               " transactions, " + grouped(report->tx_signatures) + " of their signatures, " +
               grouped(report->vote_signatures) + " votes, " + grouped(report->index_entries) + " index entries, " +
               grouped(report->state_entries) + " entries of the state.");
    print_line("state root " + to_hex(report->state_root) + " at height " + grouped(report->last));
    if (options.json) {
      print_json({{"ok", true},
                  {"height", report->last},
                  {"blocks", report->blocks},
                  {"transactions", report->transactions},
                  {"tx_signatures", report->tx_signatures},
                  {"vote_signatures", report->vote_signatures},
                  {"index_entries", report->index_entries},
                  {"state_entries", report->state_entries},
                  {"checkpoints", report->checkpoints},
                  {"from_snapshot", report->from_snapshot ? Json(*report->from_snapshot) : Json(nullptr)},
                  {"state_checked", report->state_checked},
                  {"epoch", report->epoch},
                  {"tip", to_hex(report->tip)},
                  {"state_root", to_hex(report->state_root)},
                  {"finding", nullptr},
                  {"seconds", progress.seconds()}});
    }
    return kExitDone;
  } catch (const storage::StoreError& error) {
    // RocksDB itself found a block of a file that does not match its checksum.
    return found(options, {"", {}, 0, error.error().code, error.error().why, {}},
                 error.error().code + ": " + error.error().why);
  }
}

}  // namespace

void add_audit(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand(
      "audit", "offline: execute a validator's whole store again and check every signature, certificate and root");
  command
      ->add_option("FOLDER", options->folder,
                   "the validator's folder, e.g. NET/validator-0; the validator must be stopped")
      ->required();
  command->add_option("--genesis", options->genesis, "genesis.json (default: the one its config.toml names)")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline audit NET/validator-0\nExit status: 0 everything holds, 1 something is wrong (and what "
      "comes first), 2 it cannot be read.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
