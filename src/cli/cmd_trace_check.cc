// tieline trace-check: what a validator wrote of its engine, run again and held to the rules.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "cli/commands.h"
#include "cli/network_access.h"
#include "crypto/ed25519_scheme.h"
#include "trace/check.h"

namespace tieline::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string genesis;
  bool json = false;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Result<File> open_trace(const std::string& name) {
  File file(std::fopen(name.c_str(), "rbe"));
  if (!file) return Error{"unreadable", name + ": " + std::generic_category().message(errno)};
  return file;
}

trace::ReadBytes read_of(std::FILE* file) {
  return [file](uint8_t* out, size_t size) { return std::fread(out, 1, size, file); };
}

Error named(const std::string& name, const Error& error) { return {error.code, name + ": " + error.why}; }

struct Start {
  std::string name;
  trace::Begin begin;
};

// In the order in which they are to be checked: a validator's starts as they were made.
Result<std::vector<Start>> starts_of(const std::vector<std::string>& names) {
  std::vector<Start> out;
  for (const std::string& name : names) {
    auto file = open_trace(name);
    if (!file) return file.error();
    trace::FrameReader frames(read_of(file->get()));
    auto begin = trace::read_begin(frames);
    // Damage there is found again, and reported, when the whole is checked.
    if (!begin && begin.error().code != "trace_damaged") return named(name, begin.error());
    out.push_back({name, begin ? *begin : trace::Begin{}});
  }
  std::stable_sort(out.begin(), out.end(), [](const Start& a, const Start& b) {
    return std::pair(a.begin.self, a.begin.started_ms) < std::pair(b.begin.self, b.begin.started_ms);
  });
  return out;
}

Json json_of(const std::string& name, const trace::Summary& s) {
  Json finding = nullptr;
  if (s.finding)
    finding = {{"code", s.finding->code},         {"why", s.finding->what},         {"record", s.finding->record},
               {"offset", s.finding->offset},     {"step", s.finding->step},        {"input", s.finding->input},
               {"expected", s.finding->expected}, {"recorded", s.finding->recorded}};
  return {{"file", name},
          {"validator", s.begin.self},
          {"engine", s.engine},
          {"started_ms", s.begin.started_ms},
          {"records", s.records},
          {"steps", s.steps},
          {"votes", s.votes},
          {"signatures", s.signatures},
          {"commits", s.commits},
          {"height", s.height},
          {"ended", s.ended ? Json(*s.ended) : Json(nullptr)},
          {"torn", s.torn},
          {"finding", finding}};
}

void print_finding(const trace::Finding& f) {
  print_line("WRONG: " + f.code + ": " + f.what);
  print_line("  at record " + grouped(f.record) + ", byte " + grouped(f.offset) +
             (f.step == 0 ? "" : ", input " + grouped(f.step) + " of the engine"));
  if (!f.input.empty()) print_line("  input: " + f.input);
  for (const std::string& line : f.expected) print_line("  the engine: " + line);
  for (const std::string& line : f.recorded) print_line("  the trace:  " + line);
}

void print_summary(const std::string& name, const trace::Summary& s) {
  print_line(name + ": validator " + std::to_string(s.begin.self) + ", " + s.engine + ", " + grouped(s.steps) +
             " inputs, " + grouped(s.votes) + " votes, " + grouped(s.signatures) + " signatures of its own, " +
             grouped(s.commits) + " blocks committed, up to height " + grouped(s.height) + "; " +
             (s.ended  ? "ended: " + *s.ended
              : s.torn ? "breaks off inside a record"
                       : "breaks off without a last record"));
  if (s.finding) print_finding(*s.finding);
}

int run(const Options& options) {
  std::optional<Genesis> genesis;
  if (!options.genesis.empty()) {
    auto loaded = load_genesis(options.genesis);
    if (!loaded) return fail(loaded.error(), options.json);
    genesis = std::move(*loaded);
  }
  auto starts = starts_of(options.files);
  if (!starts) return fail(starts.error(), options.json);
  for (const Start& start : *starts) {
    if (start.begin.chain != starts->front().begin.chain && !start.begin.chain.is_zero())
      return fail({"different_networks", start.name + " and " + starts->front().name + " are of different networks"},
                  options.json);
  }

  trace::catch_broken_invariants();
  const Ed25519Verifier verifier;
  trace::NetworkFacts facts;
  trace::CheckOptions check;
  if (genesis) check.genesis = &*genesis;
  Progress progress;
  Json traces = Json::array();
  bool good = true;
  for (const Start& start : *starts) {
    progress.show(start.name);
    auto file = open_trace(start.name);
    if (!file) return fail(file.error(), options.json);
    trace::FrameReader frames(read_of(file->get()));
    auto summary = trace::check_trace(frames, facts, verifier, start.name, check);
    if (!summary) return fail(named(start.name, summary.error()), options.json);
    if (std::ferror(file->get()) != 0)
      return fail({"unreadable", start.name + ": " + std::generic_category().message(EIO)}, options.json);
    print_summary(start.name, *summary);
    traces.push_back(json_of(start.name, *summary));
    good = good && !summary->finding;
  }
  const size_t blocks = facts.committed.size() - facts.committed.count(0);  // genesis is nobody's
  if (good)
    print_line("Everything holds: every effect is the engine's, every rule is kept, and " + grouped(blocks) +
               " blocks are the same wherever they are committed." +
               (genesis ? "" : " (Without --genesis keys and parameters are taken as the traces say.)"));
  if (options.json) print_json({{"ok", good}, {"traces", traces}, {"blocks", blocks}, {"seconds", progress.seconds()}});
  return good ? kExitDone : kExitNo;
}

}  // namespace

void add_trace_check(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand(
      "trace-check", "offline: run the engines of recorded traces again, and hold every trace to the rules");
  command
      ->add_option("FILES", options->files, "traces of one network (tieline node --trace); all starts of a validator")
      ->required();
  command->add_option("--genesis", options->genesis, "genesis.json: whose keys and parameters the traces must have")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline trace-check --genesis NET/genesis.json v0.trace v1.trace\nExit status: 0 everything holds, "
      "1 a trace is not what the engine does, was changed, or breaks a rule, 2 not a trace or unreadable.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
