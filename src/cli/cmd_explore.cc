// tieline explore: the engine's own code searched exhaustively within small bounds, every order of messages, time-outs,
// crashes and lies (docs/explorer.md).

#include <CLI/CLI.hpp>
#include <chrono>

#include "cli/commands.h"
#include "cli/output.h"
#include "explore/explorer.h"

namespace tieline::cli {
namespace {

struct Options {
  explore::Bounds bounds;
  size_t validators = explore::kValidators;
  std::string engine = "cbft";
  std::string fast_path = "on";
  std::string order = "any";
  size_t byzantine = 0;
  std::vector<View> traitors = {0};
  std::optional<uint32_t> depth;
  std::optional<uint32_t> deviations;
  std::vector<std::string> deviate;
  std::string start = "beginning";
  std::string symmetry = "on";
  bool json = false;
};

Json to_json(const Options& o, const explore::Bounds& b, const explore::Report& r, double seconds) {
  Json alike = Json::array();
  for (explore::Seat seat = 0; seat < explore::kValidators; ++seat)
    if ((r.alike >> seat & 1) != 0) alike.push_back(seat);
  Json reached = Json::object();
  for (size_t i = 0; i < r.reached.size(); ++i)
    reached[explore::reached_name(static_cast<explore::Reached>(i))] = r.reached[i];
  return {{"validators", o.validators},
          {"engine", o.engine},
          {"order", o.order},
          {"start", o.start},
          {"fast_path", b.fast_path},
          {"bounds",
           {{"views", b.views},
            {"slots", b.slots},
            {"timeouts", b.timeouts},
            {"crashes", b.crashes},
            {"torn", b.torn},
            {"byzantine", o.byzantine},
            {"traitors", o.byzantine == 0 ? Json::array() : Json(o.traitors)},
            {"lies", o.byzantine == 0 ? 0 : b.lies},
            {"slow_answers", b.slow_answers},
            {"deviate", o.deviate},
            {"tenure_slots", b.tenure_slots},
            {"symmetry", b.symmetry},
            {"states", b.states}}},
          {"states", r.states},
          {"transitions", r.transitions},
          {o.order == "any" ? "depth" : "deviations", r.levels_complete},
          {"exhausted", r.exhausted},
          {"steps_max", r.steps_max},
          {"states_by_level", r.by_level},
          {"violations", r.violation.empty() ? 0 : 1},
          {"violation", r.violation},
          {"history", r.history},
          {"reached", reached},
          {"height_max", r.height_max},
          {"view_max", r.view_max},
          {"validator_states", r.validator_states},
          {"engine_steps", r.engine_steps},
          {"messages", r.messages},
          {"audited", r.audited},
          {"alike", alike},
          {"stands_for", r.stands_for},
          {"uneven_states", r.uneven_states},
          {"seconds", seconds},
          {"states_per_s", seconds > 0 ? static_cast<double>(r.states) / seconds : 0.0}};
}

int run(const Options& o) {
  if (o.validators != explore::kValidators)
    return fail({"bad_validators", "the explorer has four validators, no more and no fewer"}, o.json);
  explore::Bounds bounds = o.bounds;
  bounds.elects = o.engine == "trust_raft";
  bounds.fast_path = o.fast_path == "on" && !bounds.elects;
  bounds.network = o.order == "any" ? explore::Network::kAny : explore::Network::kInOrder;
  if (o.byzantine > 0 && o.traitors.size() != o.byzantine)
    return fail({"bad_bounds", "--traitors must name as many as --byzantine says"}, o.json);
  for (const View view : o.traitors) {
    if (view >= explore::kValidators) return fail({"bad_bounds", "--traitors are of 0 to 3"}, o.json);
    if (o.byzantine > 0) bounds.traitors = static_cast<uint8_t>(bounds.traitors | 1u << view);
  }
  bounds.symmetry = o.symmetry == "on";
  if (o.start == "one-commit") bounds.start = explore::Start::kOneCommit;
  if (!o.deviate.empty()) bounds.deviations = 0;
  for (const std::string& name : o.deviate)
    for (size_t i = 0; i < static_cast<size_t>(explore::Deviation::kCount); ++i)
      if (name == explore::deviation_name(static_cast<explore::Deviation>(i)))
        bounds.deviations = static_cast<uint8_t>(bounds.deviations | 1u << i);
  const bool any = bounds.network == explore::Network::kAny;
  if (any ? o.deviations.has_value() : o.depth.has_value())
    return fail({"bad_bounds", "--depth goes with --order any, --deviations with --order sent"}, o.json);
  bounds.levels = (any ? o.depth : o.deviations).value_or(explore::kLevelsMax);
  if (const Status good = explore::check_bounds(bounds); !good.ok()) return fail(good.error(), o.json);

  explore::catch_broken_invariants();
  Progress progress;
  const char* unit = any ? "depth" : "deviations";
  const explore::Report r = explore::explore(bounds, [&](uint64_t states, uint32_t level) {
    progress.show(grouped(states) + " states, " + unit + " " + std::to_string(level));
  });
  const double seconds = progress.seconds();
  if (!r.violation.empty()) {
    print_line("VIOLATION: " + r.violation);
    for (const std::string& line : r.history) print_line("  " + line);
  }
  const std::string stands_for = r.alike == 0 ? "" : ", standing for " + grouped(r.stands_for) + " with symmetry";
  print_line(grouped(r.states) + " states, " + grouped(r.transitions) + " transitions, " + unit + " " +
             std::to_string(r.levels_complete) + " complete" + stands_for +
             (r.exhausted ? " (nothing is left within the bounds)" : "") + ", " + grouped(r.validator_states) +
             " states of single validators: " + (r.violation.empty() ? "nothing wrong" : "1 VIOLATION"));
  if (o.json) print_json(to_json(o, bounds, r, seconds));
  return r.violation.empty() ? kExitDone : kExitNo;
}

}  // namespace

void add_explore(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  explore::Bounds& b = options->bounds;
  CLI::App* app = root.add_subcommand(
      "explore", "Search the engine's own code exhaustively within small bounds: every order, time-out, crash and lie");
  app->add_option("--validators", options->validators, "how many (4)");
  app->add_option("--engine", options->engine, "cbft, or trust_raft: later leaders elected, no fast path")
      ->check(CLI::IsMember({"cbft", "trust_raft"}));
  app->add_option("--fast-path", options->fast_path, "on or off")->check(CLI::IsMember({"on", "off"}));
  app->add_option("--order", options->order,
                  "any: messages come in any order, or never, searched by depth; sent: in the order sent, searched by "
                  "the number of deviations (a message lost or late, an early time-out, a crash, a lie)")
      ->check(CLI::IsMember({"any", "sent"}));
  app->add_option("--start", options->start,
                  "beginning; one-commit: all have voted in view 0, and one alone has heard enough to commit")
      ->check(CLI::IsMember({"beginning", "one-commit"}));
  app->add_option("--views", b.views, "views 0 to VIEWS - 1");
  app->add_option("--slots", b.slots, "slots of a view");
  app->add_option("--timeouts", b.timeouts, "time-outs in one history");
  app->add_option("--crashes", b.crashes, "crashes in one history, each with a restart from what is durable");
  app->add_flag("--torn", b.torn, "a crash may leave a vote record without what it names");
  app->add_option("--byzantine", options->byzantine,
                  "0 or 1; with 2 a fork must be found, for that is more than four validators survive")
      ->check(CLI::IsMember({0, 1, 2}));
  app->add_option("--traitors", options->traitors,
                  "who is Byzantine, by the first view that it leads (0 to 3), as in 0,1")
      ->delimiter(',');
  app->add_option("--lies", b.lies, "messages of the Byzantine in one history");
  app->add_option("--tenure", b.tenure_slots, "a view is handed over as planned after so many slots");
  app->add_flag("--slow-answers", b.slow_answers, "blocks, verdicts and own votes come at any later time, not at once");
  app->add_option("--states", b.states, "stop after so many distinct states");
  app->add_option("--depth", options->depth, "with --order any: stop after histories of so many steps");
  app->add_option("--deviations", options->deviations, "with --order sent: stop after so many deviations");
  app->add_option("--deviate", options->deviate,
                  "with --order sent, only these deviations besides crashes and lies: lost,late,deaf,timeout,catch_up")
      ->delimiter(',')
      ->check(CLI::IsMember({"lost", "late", "deaf", "timeout", "catch_up"}));
  app->add_option("--symmetry", options->symmetry,
                  "on: of states that differ by validators which are alike, one is searched (--order any); or off")
      ->check(CLI::IsMember({"on", "off"}));
  app->add_flag("--audit", b.audit, "step validators that were taken for the same side by side");
  app->add_flag("--json", options->json, "one JSON object on the last line");
  app->footer(
      "Exit status: 0 nothing wrong within the bounds; 1 a violation, with its shortest history; 2 wrong use.\n"
      "Examples:\n"
      "  tieline explore --fast-path off --byzantine 1 --states 1000000 --json\n"
      "  tieline explore --start one-commit --byzantine 1 --traitors 1 --slots 1 --timeouts 2 --states 1000000 --json\n"
      "  tieline explore --byzantine 2 --traitors 0,1 --lies 4 --json\n"
      "  tieline explore --order sent --byzantine 1 --deviations 4 --states 20000000 --json\n"
      "  tieline explore --order sent --crashes 2 --torn --deviations 3 --json");
  app->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
