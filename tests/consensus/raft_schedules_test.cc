// Random schedules of raft over the engine-only cluster: lost and slow messages, crashes with a restart, torn syncs,
// wiped disks (fewer than half of the members at a time). After each schedule the network heals and everything must be
// committed everywhere.
//
// By hand: TIELINE_SEEDS=50000 TIELINE_SEED=1 ./raft_schedules_test

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

size_t rejoining(Cluster& c) {
  size_t n = 0;
  for (size_t i = 0; i < c.nodes(); ++i)
    n +=
        c.node(i).up ? c.node(i).engine->status().rejoining : c.node(i).disk.record && c.node(i).disk.record->rejoining;
  return n;
}

// A restart may find the newest blocks no longer applied, but no fewer than the log's commits in front of the record:
// the epoch in which it was written had begun there.
size_t may_lose(const Cluster& c, const Node& n, size_t wanted) {
  const Epoch epoch = n.disk.record ? n.disk.record->epoch : 0;
  size_t lose = 0;
  while (lose < wanted && lose < n.height()) {
    const Header& top = c.info(n.chain[n.height() - 1 - lose].block).block->header;
    if (top.ends_epoch() && top.epoch < epoch) break;
    ++lose;
  }
  return lose;
}

Outcome run(uint64_t seed, bool trace) {
  Random random(seed);
  ClusterOptions options;
  const size_t sizes[] = {3, 3, 4, 5, 5, 7};
  options.n = sizes[random.below(6)];
  options.params.engine = EngineKind::kRaft;
  options.params.epoch_blocks = random.chance(500) ? static_cast<uint32_t>(3 + random.below(6)) : 1'000'000;
  options.params.checkpoint_blocks = 4;
  options.txs_per_block = 1 + random.below(4);
  options.trace = trace;
  Cluster c(options);
  c.log_messages = trace;
  const size_t f = c.committee(0).count().f();

  const size_t loss = random.below(4) * 60;
  c.filter = [&](const Node&, const Node&, const Message&) {
    return random.chance(loss) ? Fate::kDrop : Fate::kDeliver;
  };
  const int64_t slow = static_cast<int64_t>(1 + random.below(3) * random.below(500));
  c.latency = [&] { return static_cast<int64_t>(1 + random.below(static_cast<size_t>(slow))) * 1000; };
  c.start();

  const auto ok = [&] { return c.violations.empty(); };
  std::set<size_t> torn;
  const size_t rounds = 4 + random.below(16);
  for (size_t round = 0; round < rounds && ok(); ++round) {
    if (random.chance(800)) c.submit(1 + random.below(8));
    const size_t victim = random.below(c.nodes());
    Node& n = c.node(victim);
    switch (random.below(9)) {
      case 0:
      case 1:
        if (n.up) c.crash(victim);
        break;
      case 2:
      case 3:
        if (!n.up) c.restart(victim, random.chance(300) ? may_lose(c, n, random.below(4)) : 0);
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
        if (rejoining(c) < f && random.chance(400)) c.wipe(victim);
        break;
      case 8:  // the power fails for all
        if (!random.chance(300)) break;
        for (size_t i = 0; i < c.nodes(); ++i)
          if (c.node(i).up) c.crash(i);
        for (size_t i = 0; i < c.nodes(); ++i)
          if (random.chance(800)) c.restart(i, may_lose(c, c.node(i), random.below(3)));
        break;
    }
    if (random.chance(300))
      for (size_t i = 0; i < c.nodes(); ++i)
        if (c.node(i).up && c.node(i).hold_disk) c.sync(i);
    c.run_for(static_cast<int64_t>(random.below(3'000)) * 1'000);
  }

  // Heal: everyone comes back, but (sometimes) some of those that a majority can spare.
  c.latency = nullptr;
  c.filter = nullptr;
  size_t missing = rejoining(c);
  for (size_t i = 0; i < c.nodes(); ++i) {
    c.join(i);
    Node& n = c.node(i);
    if (n.up && n.hold_disk) c.sync(i);
    if (n.up) continue;
    if (missing < f && random.chance(300)) {
      ++missing;
      continue;
    }
    c.restart(i);
  }
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
      out.what += " [" + std::to_string(i) + (n.up ? "" : " down");
      if (n.up) {
        const EngineStatus s = n.engine->status();
        out.what += " e" + std::to_string(s.epoch) + " t" + std::to_string(s.view) +
                    (s.primary ? " led by " + std::to_string(*s.primary - kFirstId) : " no leader") +
                    (s.rejoining ? " rejoining" : "") + " h" + std::to_string(n.height());
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

TEST(RaftSchedules, AgreeVoteOnceATermAndCommitEverythingOnceTheyHeal) {
  const uint64_t first = number("TIELINE_SEED", 1), seeds = number("TIELINE_SEEDS", 1'000);
  const bool trace = number("TIELINE_TRACE", 0) != 0;
  size_t failures = 0, events = 0, heights = 0;
  for (uint64_t seed = first; seed < first + seeds && failures < 10; ++seed) {
    const Outcome out = run(seed, trace);
    events += out.events;
    heights += out.height;
    if (out.what.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << ": " << out.what;
  }
  std::printf("%llu schedules, %zu events, %zu blocks\n", static_cast<unsigned long long>(seeds), events, heights);
}

}  // namespace
}  // namespace tieline::testing
