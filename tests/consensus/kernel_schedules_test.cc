// Random schedules over the engine-only cluster: lost and slow messages, crashes with a restart, wiped disks, torn
// syncs, one Byzantine member as a pair of twins (the same key twice, each talking to some: it equivocates, votes twice
// and forgets). After each schedule the network heals and everything must be committed everywhere.
//
// By hand: TIELINE_SEEDS=50000 TIELINE_SEED=1 ./kernel_schedules_test

#include <gtest/gtest.h>

#include <cstdlib>

#include "cluster.h"

namespace tieline::testing {
namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  size_t below(size_t n) { return next() % n; }
  bool chance(size_t in_a_thousand) { return below(1000) < in_a_thousand; }

 private:
  uint64_t state_;
};

struct Outcome {
  std::string what;
  size_t events = 0;
  Height height = 0;
};

Outcome run(EngineKind engine, uint64_t seed, bool trace) {
  Random random(seed);
  ClusterOptions options;
  const size_t sizes[] = {4, 4, 5, 6, 7};
  options.n = sizes[random.below(5)];
  options.params.engine = engine;
  options.params.fast_path = random.chance(500);
  options.params.policy = random.chance(500) ? LeaderPolicy::kStrict : LeaderPolicy::kRotate;
  options.params.tenure_slots = random.chance(300) ? 4 : 20'000;
  options.params.epoch_blocks = random.chance(500) ? static_cast<uint32_t>(3 + random.below(6)) : 1'000'000;
  options.params.checkpoint_blocks = 4;
  options.trace = trace;
  Cluster c(options);
  c.log_messages = trace;
  const size_t f = Quorum{options.n}.f();

  // The faulty: a Byzantine pair of twins, or none; the rest of f may crash for good or be wiped.
  size_t faulty = 0;
  const bool byzantine = random.chance(600);
  if (byzantine) {
    c.add_twin(random.below(options.n));
    ++faulty;
  }
  const size_t loss = random.below(4) * 40;
  const size_t twin_loss = 300 + random.below(5) * 100;
  c.filter = [&](const Node& from, const Node& to, const Message&) {
    if (from.byzantine || to.byzantine) return random.chance(twin_loss) ? Fate::kDrop : Fate::kDeliver;
    return random.chance(loss) ? Fate::kDrop : Fate::kDeliver;
  };
  const int64_t slow = static_cast<int64_t>(1 + random.below(3) * random.below(400));
  c.latency = [&] { return static_cast<int64_t>(1 + random.below(static_cast<size_t>(slow))) * 1000; };
  c.start();

  const auto ok = [&] { return c.violations.empty(); };
  std::set<size_t> wiped;
  const size_t rounds = 4 + random.below(12);
  for (size_t round = 0; round < rounds && ok(); ++round) {
    if (random.chance(800)) c.submit(1 + random.below(6));
    const size_t victim = random.below(c.nodes());
    Node& n = c.node(victim);
    switch (random.below(8)) {
      case 0:
      case 1:
        if (!n.up || wiped.contains(victim)) break;
        // Torn: of a sync the record alone got to the disk. Such a member may have to wait for what it lost.
        if (!n.byzantine && !n.unsynced.empty() && faulty < f && random.chance(500)) {
          c.crash(victim, true);
          wiped.insert(victim);
          ++faulty;
        } else {
          c.crash(victim);
        }
        break;
      case 2:
      case 3:
        if (!n.up) c.restart(victim, n.byzantine ? random.below(4) : random.chance(300) ? random.below(4) : 0);
        break;
      case 4:
        c.isolate(victim);
        break;
      case 5:
        for (size_t i = 0; i < c.nodes(); ++i) c.join(i);
        break;
      case 6:
        if (n.up) c.hold_disk(victim);
        break;
      case 7:
        if (!n.byzantine && faulty < f && random.chance(300)) {
          c.wipe(victim);
          wiped.insert(victim);
          ++faulty;
        }
        break;
    }
    if (random.chance(300))
      for (size_t i = 0; i < c.nodes(); ++i)
        if (c.node(i).up && c.node(i).hold_disk) c.sync(i);
    c.run_for(static_cast<int64_t>(random.below(2'000)) * 1'000);
  }

  // Heal: everyone but the Byzantine and (sometimes) some of the rest of f comes back.
  c.latency = nullptr;
  for (size_t i = 0; i < c.nodes(); ++i) {
    c.join(i);
    Node& n = c.node(i);
    if (n.up && n.hold_disk) c.sync(i);
    if (n.up) continue;
    if (!n.byzantine && faulty < f && random.chance(500)) {
      ++faulty;
      continue;
    }
    c.restart(i);
  }
  c.filter = [&](const Node& from, const Node& to, const Message&) {
    return (from.byzantine || to.byzantine) && random.chance(twin_loss) ? Fate::kDrop : Fate::kDeliver;
  };
  c.submit(3);
  const size_t events_before = c.events;
  const bool live = c.run_until_committed(400'000'000) || !ok();
  Outcome out;
  out.events = c.events;
  for (size_t i = 0; i < options.n; ++i) out.height = std::max(out.height, c.node(i).height());
  for (const std::string& v : c.violations) out.what += v + "; ";
  if (!live) {
    out.what += "not live after " + std::to_string(c.events - events_before) + " events:";
    for (size_t i = 0; i < c.nodes(); ++i) {
      const Node& n = c.node(i);
      out.what += " [" + std::to_string(i) + (n.byzantine ? " byzantine" : n.up ? "" : " down");
      if (n.up) {
        const EngineStatus s = n.engine->status();
        out.what += " e" + std::to_string(s.epoch) + " v" + std::to_string(s.view) +
                    (s.view_changing ? " changing" : "") + (s.rejoining ? " rejoining" : "") + " h" +
                    std::to_string(n.height());
      }
      out.what += "]";
    }
  }
  if (trace)
    for (const std::string& line : c.log) std::printf("%s\n", line.c_str());
  return out;
}

uint64_t number(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

void run_all(EngineKind engine) {
  const uint64_t first = number("TIELINE_SEED", 1), seeds = number("TIELINE_SEEDS", 1'000);
  const bool trace = number("TIELINE_TRACE", 0) != 0;
  size_t failures = 0, events = 0, heights = 0;
  for (uint64_t seed = first; seed < first + seeds && failures < 10; ++seed) {
    const Outcome out = run(engine, seed, trace);
    events += out.events;
    heights += out.height;
    if (out.what.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << ": " << out.what;
  }
  std::printf("%llu schedules, %zu events, %zu blocks\n", static_cast<unsigned long long>(seeds), events, heights);
}

TEST(Schedules, AgreeVoteOnceASlotAndCommitEverythingOnceTheyHeal) { run_all(EngineKind::kCbft); }
TEST(Schedules, OfTrustRaftDoSoToo) { run_all(EngineKind::kTrustRaft); }
TEST(Schedules, OfPbftDoSoToo) { run_all(EngineKind::kPbft); }

}  // namespace
}  // namespace tieline::testing
