// Paper 004, eq. 6, 8 and 9: security grows with the replicas; conflicts fall as 1/replicas^k; all decide alike. None
// of them comes with a scale or a measurement. Eq. 6 is shown as faults survived; for eq. 8 and 9 the agreed chain of
// every correct validator is compared height by height while as many as may lie propose two blocks wherever they lead.

#include <mutex>

#include "model/quorum.h"
#include "paper/experiments.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

struct Scale {
  std::vector<size_t> sizes = {4, 7, 10, 16, 31, 50};
  uint64_t seeds = 3;
  Height blocks = 60;
};
Scale scale_of(bool quick) { return quick ? Scale{{4, 7}, 1, 20} : Scale{}; }

struct Point {
  uint64_t runs = 0;
  uint64_t heights = 0;    // on which all correct validators of a run agreed
  uint64_t conflicts = 0;  // runs in which two of them committed different blocks at a height
  uint64_t unfinished = 0;
};

Measured run(EngineKind engine, size_t n, uint64_t seed, Height blocks) {
  WorldOptions o;
  o.engine = engine;
  o.validators = n;
  o.seed = seed;
  o.blocks = blocks;
  o.tenure_slots = 3;
  o.timeout_ms = 200;
  const size_t liars = Quorum{n}.f();
  for (size_t i = 0; i < liars; ++i) o.coalition.insert(static_cast<ValidatorId>((seed + i) % n));
  return measure(o);
}

std::string one_over(size_t n, uint32_t k) {
  double value = 1;
  for (uint32_t i = 0; i < k; ++i) value /= static_cast<double>(n);
  return plain(100 * value, 3) + " %";
}

}  // namespace

Part formulas(const ExperimentOptions& options, const Told& told) {
  const Scale scale = scale_of(options.quick);
  const std::vector<EngineKind> engines = engines_compared();
  std::vector<std::vector<Point>> points(engines.size(), std::vector<Point>(scale.sizes.size()));
  std::mutex mutex;
  size_t finished = 0;
  const size_t each = scale.sizes.size() * scale.seeds;
  in_parallel(engines.size() * each, options.threads, [&](size_t i) {
    const size_t e = i / each, size = i % each / scale.seeds;
    const Measured m = run(engines[e], scale.sizes[size], i % scale.seeds, scale.blocks);
    const std::lock_guard lock(mutex);
    Point& p = points[e][size];
    ++p.runs;
    p.heights += m.height;
    p.conflicts += m.fork ? 1 : 0;
    p.unfinished += m.reached ? 0 : 1;
    told("formulas: run " + std::to_string(++finished) + " of " + std::to_string(engines.size() * each));
  });

  Part part;
  Section& s = part.section;
  s.id = "formulas";
  s.title = "Equations 6, 8 and 9";
  s.text = {
      "Eq. 6, security = f(replicas, encryption), has no scale; what replicas buy is faults survived. Encryption "
      "strength is the same at every n: signatures and hashes of about 128 bits.",
      "For eq. 8 and 9 " + std::to_string(scale.seeds) + " runs of " + std::to_string(scale.blocks) +
          " blocks for each engine and n, in which f = floor((n-1)/3) validators propose two blocks for a slot "
          "whenever they lead, and vote for both. Conflicts are counted between correct validators, at every "
          "height."};
  Table survived{"Eq. 6: faults survived", {"replicas", "liars (cbft, pbft, trust_raft)", "crashes (raft)"}, {}};
  bool grows = true;
  size_t last = 0;
  for (size_t n = 4; n <= 50; ++n) {
    const size_t f = Quorum{n}.f();
    grows &= f >= last;
    last = f;
    if (n <= 7 || n % 10 == 0 || n == 16 || n == 31)
      survived.rows.push_back(
          {std::to_string(n), std::to_string(f), std::to_string(Quorum{n, FaultModel::kCrash}.f())});
  }
  Table conflicts{"Eq. 8 and 9: runs in which correct validators disagreed",
                  {"engine", "replicas", "liars", "runs", "heights compared", "disagreed", "1/n by eq. 8", "1/n^2"},
                  {}};
  std::string csv = "engine,n,liars,runs,heights,conflicts,unfinished\n";
  uint64_t heights = 0, disagreed = 0, unfinished = 0;
  for (size_t e = 0; e < engines.size(); ++e) {
    for (size_t i = 0; i < scale.sizes.size(); ++i) {
      const Point& p = points[e][i];
      const size_t n = scale.sizes[i];
      heights += p.heights;
      disagreed += p.conflicts;
      unfinished += p.unfinished;
      conflicts.rows.push_back({engine_name(engines[e]), std::to_string(n), std::to_string(Quorum{n}.f()),
                                std::to_string(p.runs), whole(static_cast<double>(p.heights)),
                                (p.conflicts > 0 ? "!" : "") + std::to_string(p.conflicts), one_over(n, 1),
                                one_over(n, 2)});
      csv += std::string(engine_name(engines[e])) + "," + std::to_string(n) + "," + std::to_string(Quorum{n}.f()) +
             "," + std::to_string(p.runs) + "," + std::to_string(p.heights) + "," + std::to_string(p.conflicts) + "," +
             std::to_string(p.unfinished) + "\n";
    }
  }
  s.tables = {survived, conflicts};
  if (unfinished > 0) s.text.push_back(std::to_string(unfinished) + " runs did not finish in time.");

  const std::string command = std::string("tieline paper --only formulas") + (options.quick ? " --quick" : "");
  part.rows.push_back(
      {"formulas", "eq. 6: security grows with the number of replicas", "grows (no scale)",
       "faults survived grow from " + std::to_string(Quorum{4}.f()) + " at n = 4 to " + std::to_string(Quorum{50}.f()) +
           " at n = 50, one for every three replicas",
       grows ? "yes" : "no",
       "Read as faults survived it grows in steps of three; encryption strength does not change with n.", command});
  const std::string counted = std::to_string(disagreed) + " conflicts in " + whole(static_cast<double>(heights)) +
                              " heights, n = " + std::to_string(scale.sizes.front()) + " to " +
                              std::to_string(scale.sizes.back());
  part.rows.push_back({"formulas", "eq. 8: conflicts are 1/replicas^k", "1/replicas^k, k not given", counted, "no",
                       disagreed == 0 ? "After consensus there is no conflict at any n, so that no k describes it; "
                                        "before it, every double proposal is one."
                                      : "Correct validators disagreed, which consensus must never let happen.",
                       command});
  part.rows.push_back({"formulas", "eq. 9: every node decides as the majority does", "all alike", counted,
                       disagreed == 0 ? "yes" : "no",
                       disagreed == 0
                           ? "No two correct validators committed different blocks at a height, with as many "
                             "liars as may be."
                           : "A run is in the table.",
                       command});
  part.csv.push_back({"formulas.csv", csv});
  return part;
}

}  // namespace tieline::paper
