// Paper 000: "provides fault tolerance f = floor((n-1)/3)". A map of what each engine bears: n validators of which b
// are Byzantine, all silent or all equivocating together, once on a good network and once with losses, partitions and
// slow links. A cell is as bad as its worst run.

#include <algorithm>
#include <atomic>
#include <mutex>

#include "model/quorum.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "sim/schedule.h"

namespace tieline::paper {
namespace {

namespace printed = sim::printed;

constexpr size_t kFewest = 4;
constexpr const char* kNetworkFaults = "loss,partition,slow";

struct Scale {
  size_t most = 10;
  uint64_t runs = 3;            // of the measuring world, a cell and kind
  uint64_t schedules = 8;       // of the simulator's random world, a cell
  uint64_t printed_runs = 200;  // of CBFT as printed, a cell
  uint64_t printed_search = 2'000;
};
Scale scale_of(bool quick) { return quick ? Scale{5, 1, 1, 20, 600} : Scale{}; }

constexpr uint64_t kStuckEnough = 2;

// So that every one of them leads early: the b of them stand in a row, beginning with a validator that the seed names.
std::set<ValidatorId> members(size_t n, size_t b, uint64_t seed) {
  std::set<ValidatorId> out;
  for (size_t i = 0; i < b; ++i) out.insert(static_cast<ValidatorId>((seed + i) % n));
  return out;
}

std::vector<sim::PlannedTraitor> traitors(size_t n, size_t b, uint64_t seed, sim::ByzantineKind kind) {
  std::vector<sim::PlannedTraitor> out;
  for (const ValidatorId id : members(n, b, seed))
    out.push_back({id, uint32_t{1} << static_cast<unsigned>(kind), seed * 1'000 + id});
  return out;
}

Cell measured_cell(EngineKind engine, size_t n, size_t b, uint64_t seed, bool equivocate) {
  WorldOptions o;
  o.engine = engine;
  o.validators = n;
  o.seed = seed;
  o.blocks = 30;
  o.tenure_slots = 5;
  o.timeout_ms = 200;
  o.limit_us = 60'000'000;
  (equivocate ? o.coalition : o.silent) = members(n, b, seed);
  const Measured m = measure(o);
  return m.fork ? Cell::kForks : m.reached && m.stopped == 0 ? Cell::kGood : Cell::kStops;
}

Cell random_cell(EngineKind engine, size_t n, size_t b, uint64_t seed) {
  sim::SimOptions o;
  o.engine = engine;
  o.validators = n;
  o.blocks = 20;
  o.faults = *sim::parse_faults(kNetworkFaults);
  sim::Plan plan = sim::plan_of(o, seed);
  plan.traitors = traitors(n, b, seed, sim::ByzantineKind::kEquivocate);
  const sim::ScheduleResult r = sim::run_schedule(o, seed, plan);
  if (!r.finding) return Cell::kGood;
  switch (r.finding->failure) {
    case sim::Failure::kFork:
    case sim::Failure::kState:
    case sim::Failure::kDoubleVote:
    case sim::Failure::kLostAck:
      return Cell::kForks;
    case sim::Failure::kStuck:
    case sim::Failure::kFatal:
    case sim::Failure::kInvariant:
      return Cell::kStops;
    default:  // what else the simulator checks (receipts, evidence, order) is not what this map is about
      return Cell::kGood;
  }
}

Cell worse(Cell a, Cell b) { return std::max(a, b); }

// Beyond f nothing is promised, so that the random world, which holds the engines to their promises, is not asked.
Cell engine_cell(EngineKind engine, size_t n, size_t b, const Scale& scale) {
  if (b == n) return Cell::kNone;
  Cell cell = Cell::kGood;
  for (uint64_t seed = 0; seed < scale.runs && cell != Cell::kForks; ++seed) {
    cell = worse(cell, measured_cell(engine, n, b, seed, true));
    if (b > 0) cell = worse(cell, measured_cell(engine, n, b, seed, false));
  }
  if (b <= Quorum{n}.f())
    for (uint64_t seed = 0; seed < scale.schedules && cell != Cell::kForks; ++seed)
      cell = worse(cell, random_cell(engine, n, b, seed));
  return cell;
}

Cell printed_cell(printed::Reading reading, size_t n, size_t b, const Scale& scale) {
  if (b == n) return Cell::kNone;
  Cell cell = Cell::kGood;
  for (const auto kind : {sim::ByzantineKind::kEquivocate, sim::ByzantineKind::kSilent}) {
    uint64_t stuck = 0;
    // Where the paper promises safety, the search is longer: a lying primary needs some luck at n = 3f+1.
    const uint64_t runs = b > 0 && b <= Quorum{n}.f() ? scale.printed_search : scale.printed_runs;
    for (uint64_t seed = 0; seed < runs && stuck < kStuckEnough && cell != Cell::kForks; ++seed) {
      printed::Options o;
      o.validators = n;
      o.blocks = 12;
      o.reading = reading;
      if (seed % 2 == 1) o.faults = *sim::parse_faults(kNetworkFaults);
      sim::Plan plan = printed::plan_of(o, seed);
      plan.traitors = traitors(n, b, seed, kind);
      const printed::Result r = printed::run(o, seed, plan);
      if (!r.schedule.finding) continue;
      const bool fork = r.schedule.finding->failure == sim::Failure::kFork;
      stuck += fork ? 0 : 1;
      cell = worse(cell, fork ? Cell::kForks : Cell::kStops);
    }
    if (b == 0) break;
  }
  return cell;
}

Map empty_map(const std::string& title, const Scale& scale) {
  Map map{title, {}, {}};
  for (size_t n = kFewest; n <= scale.most; ++n) {
    map.n.push_back(n);
    map.cells.emplace_back(n + 1, Cell::kNone);
  }
  return map;
}

struct Drawing {
  Diagram diagram;
  std::string command;
};

// The first fork among the seeds, reduced.
std::optional<Drawing> draw_fork(const std::string& title, size_t n, const std::string& faults,
                                 printed::Reading reading, uint64_t seeds) {
  printed::Options o;
  o.validators = n;
  o.faults = *sim::parse_faults(faults);
  o.reading = reading;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const sim::Plan plan = printed::plan_of(o, seed);
    const printed::Result r = printed::run(o, seed, plan);
    if (!r.schedule.finding || r.schedule.finding->failure != sim::Failure::kFork) continue;
    printed::Sequence sequence = printed::sequence(o, seed, printed::reduce(o, seed, plan));
    Drawing drawing{{title, n, std::move(sequence.steps), std::move(sequence.end)},
                    "tieline sim --engine cbft_as_printed --reading " + std::string(printed::reading_name(reading)) +
                        " --validators " + std::to_string(n) + " --faults " + faults + " --seed " +
                        std::to_string(seed) + " --trace"};
    return drawing;
  }
  return std::nullopt;
}

// Every (n, b) with b <= f that is not good, as text.
std::string broken(const Map& map, Cell kind) {
  std::string text;
  for (size_t i = 0; i < map.n.size(); ++i)
    for (size_t b = 0; b <= Quorum{map.n[i]}.f(); ++b)
      if (map.cells[i][b] == kind)
        text += (text.empty() ? "" : ", ") + std::string("n=") + std::to_string(map.n[i]) + " b=" + std::to_string(b);
  return text;
}
bool good_to_f(const Map& map) { return broken(map, Cell::kForks).empty() && broken(map, Cell::kStops).empty(); }
bool bad_beyond_f(const Map& map) {
  for (size_t i = 0; i < map.n.size(); ++i)
    for (size_t b = Quorum{map.n[i]}.f() + 1; b < map.n[i]; ++b)
      if (map.cells[i][b] == Cell::kGood) return false;
  return true;
}

std::string csv_of(const std::vector<std::pair<std::string, Map>>& maps) {
  constexpr const char* kNames[] = {"nobody correct", "safe and live", "stops", "forks"};
  std::string text = "engine,n,b,f,result\n";
  for (const auto& [name, map] : maps)
    for (size_t i = 0; i < map.n.size(); ++i)
      for (size_t b = 0; b < map.cells[i].size(); ++b)
        text += name + "," + std::to_string(map.n[i]) + "," + std::to_string(b) + "," +
                std::to_string(Quorum{map.n[i]}.f()) + "," + kNames[static_cast<size_t>(map.cells[i][b])] + "\n";
  return text;
}

}  // namespace

Part fault_bound(const ExperimentOptions& options, const Told& told) {
  const Scale scale = scale_of(options.quick);
  const std::string command = std::string("tieline paper --only bound") + (options.quick ? " --quick" : "");
  std::vector<std::pair<std::string, Map>> maps;
  for (const EngineKind engine : engines_compared())
    maps.emplace_back(engine_name(engine), empty_map(std::string(engine_name(engine)) + ", as we run it", scale));
  for (const auto reading : {printed::Reading::kAccepted, printed::Reading::kConfirmed})
    maps.emplace_back(
        std::string("cbft_as_printed ") + printed::reading_name(reading),
        empty_map(std::string("CBFT as printed, Q = ") + printed::reading_name(reading) + " proposals", scale));
  const size_t engines = engines_compared().size();

  struct Task {
    size_t map, row, b;
  };
  std::vector<Task> tasks;
  for (size_t m = 0; m < maps.size(); ++m)
    for (size_t i = 0; i < maps[m].second.n.size(); ++i)
      for (size_t b = 0; b <= maps[m].second.n[i]; ++b) tasks.push_back({m, i, b});
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(tasks.size(), options.threads, [&](size_t t) {
    const Task& task = tasks[t];
    Map& map = maps[task.map].second;
    const size_t n = map.n[task.row];
    map.cells[task.row][task.b] = task.map < engines ? engine_cell(engines_compared()[task.map], n, task.b, scale)
                                                     : printed_cell(task.map == engines ? printed::Reading::kAccepted
                                                                                        : printed::Reading::kConfirmed,
                                                                    n, task.b, scale);
    const std::lock_guard lock(mutex);
    told("bound: cell " + std::to_string(++finished) + " of " + std::to_string(tasks.size()));
  });

  Part part;
  Section& s = part.section;
  s.id = "bound";
  s.title = "What it bears: safe and live with b Byzantine of n";
  s.text = {
      "Each cell is the worst of its runs: Byzantine validators all silent, and all equivocating together (a "
      "member that leads shows each half of the others a block of its own, and all members vote for both); on a "
      "good network and, up to f and for CBFT as printed throughout, also with losses, partitions and slow links. "
      "The mark | stands after b = f = floor((n-1)/3).",
      "Runs can show that something forks or stops. That it never does they cannot show; for CBFT as we run it "
      "that rests on the simulator, the model and the proof (docs/consensus.md)."};
  for (const auto& [name, map] : maps) s.maps.push_back(map);

  for (size_t m = 0; m < engines; ++m) {
    const Map& map = maps[m].second;
    const bool good = good_to_f(map), bad = bad_beyond_f(map);
    std::string ours = good ? "every n from 4 to " + std::to_string(scale.most) + " is safe and live up to f"
                            : "not up to f: " + broken(map, Cell::kForks) + " " + broken(map, Cell::kStops);
    if (good) ours += bad ? " and at no b above" : ", and some above";
    part.rows.push_back({"bound",
                         std::string(engine_name(engines_compared()[m])) + " (as we run it) bears f = floor((n-1)/3)",
                         "f = floor((n-1)/3)", ours, good ? "yes" : "no",
                         good ? "Quorums of ceil((n+f+1)/2), and a view change that carries what was voted for."
                              : "A run is in the map.",
                         command});
  }
  for (size_t m = engines; m < maps.size(); ++m) {
    const std::string forks = broken(maps[m].second, Cell::kForks);
    part.rows.push_back(
        {"bound",
         "CBFT as printed, Q = " + std::string(m == engines ? "accepted" : "confirmed") +
             " proposals, bears f = floor((n-1)/3)",
         "f = floor((n-1)/3), with 2f+1 CONFIRMs and no COMMIT", forks.empty() ? "no fork found" : "forks at " + forks,
         forks.empty() ? "not refuted" : "no",
         m == engines
             ? "Executing at 2f+1 CONFIRMs is undone by a view change whose Q cannot tell the executed block from "
               "another accepted one; at n = 5 and 6 two sets of 2f+1 need not meet in a correct node at all."
             : "Only who holds 2f+1 CONFIRMs reports them, and the others may go on without that node: it forks "
               "though nobody lies.",
         command});
  }

  told("bound: drawing forks");
  for (const auto& drawing : {draw_fork("n = 4, validator 0 lies, Q = accepted proposals", 4, "byzantine",
                                        printed::Reading::kAccepted, scale.printed_search),
                              draw_fork("n = 4, nobody lies, Q = confirmed proposals", 4, kNetworkFaults,
                                        printed::Reading::kConfirmed, scale.printed_search),
                              draw_fork("n = 5, one lies: 2f+1 = 3 is no quorum", 5, "byzantine",
                                        printed::Reading::kAccepted, scale.printed_search)}) {
    if (!drawing) continue;
    s.diagrams.push_back(drawing->diagram);
    s.diagrams.back().title += ". Again: " + drawing->command;
  }
  part.csv.push_back({"bound.csv", csv_of(maps)});
  return part;
}

}  // namespace tieline::paper
