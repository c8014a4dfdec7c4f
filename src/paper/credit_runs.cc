#include "paper/credit_runs.h"

#include <algorithm>
#include <array>

#include "base/rng.h"
#include "model/quorum.h"

namespace tieline::paper {
namespace {

constexpr int64_t kMs = 1'000;
constexpr uint32_t kLocalTimeoutMs = 60;
constexpr int64_t kLocalBlockUs = 6'000;
constexpr int64_t kWideBlockUs = 70'000;  // about, at any of the other latencies
constexpr uint32_t kWideTimeoutMs = 500;

// A number of permille of T0, in microseconds.
int64_t of_timeout(uint32_t timeout_ms, int64_t permille) { return int64_t{timeout_ms} * kMs * permille / 1'000; }

Conduct draw_conduct(Mix mix, ConductKind kind, ValidatorId id, uint32_t timeout_ms, int64_t epoch_us, int64_t epochs,
                     Rng& rng) {
  const bool unseen = mix == Mix::kUnseen;
  Conduct c;
  c.kind = kind;
  c.id = id;
  c.seed = rng.next();
  switch (kind) {
    case ConductKind::kCrashing:
      c.up_us = epoch_us * (unseen ? rng.between(800, 5'000) : rng.between(1'000, 4'000)) / 1'000;
      c.down_us = epoch_us * (unseen ? rng.between(1'000, 6'000) : rng.between(1'500, 5'000)) / 1'000;
      break;
    case ConductKind::kFlapping:
      c.up_us = epoch_us * (unseen ? rng.between(80, 600) : rng.between(100, 500)) / 1'000;
      c.down_us = epoch_us * (unseen ? rng.between(80, 500) : rng.between(100, 400)) / 1'000;
      break;
    case ConductKind::kSlow:
      c.delay_us = of_timeout(timeout_ms, unseen ? rng.between(500, 1'600) : rng.between(400, 1'300));
      break;
    case ConductKind::kEquivocating:
      c.percent = static_cast<uint32_t>(unseen ? rng.between(30, 100) : rng.between(40, 100));
      break;
    case ConductKind::kSelective:
      c.percent = static_cast<uint32_t>(unseen ? rng.between(40, 100) : rng.between(50, 100));
      break;
    default:
      c.delay_us = of_timeout(timeout_ms, unseen ? rng.between(40, 200) : rng.between(60, 160));
      break;
  }
  // Most are what they are from beginning to end; some turn bad, some turn good.
  const uint64_t turn = rng.below(100);
  const int64_t span_us = epoch_us * epochs;
  if (turn < 15)
    c.from_us = rng.between(span_us / 4, span_us * 3 / 4);
  else if (turn < 30)
    c.until_us = rng.between(span_us / 4, span_us * 3 / 4);
  return c;
}

}  // namespace

WorldOptions credit_world(const CreditRunOptions& options) {
  const bool unseen = options.mix == Mix::kUnseen;
  Rng rng(options.seed ^ (unseen ? 0x554e5345454eULL : 0x545241494eULL));
  WorldOptions w;
  w.engine = EngineKind::kCbft;
  w.policy = options.policy;
  w.seed = rng.next();
  w.validators = unseen ? 10 : (rng.chance(300'000) ? 4 : 7);
  constexpr std::array<sim::LatencyModel, 3> kSeen = {sim::LatencyModel::kLocal, sim::LatencyModel::kNormal20,
                                                      sim::LatencyModel::kNormal30};
  constexpr std::array<sim::LatencyModel, 2> kNotSeen = {sim::LatencyModel::kUniform, sim::LatencyModel::kHeavyTail};
  w.latency = unseen ? kNotSeen[rng.below(kNotSeen.size())] : kSeen[rng.below(kSeen.size())];
  w.timeout_ms = w.latency == sim::LatencyModel::kLocal ? kLocalTimeoutMs : kWideTimeoutMs;
  w.block_tx = 4;
  w.in_flight = 6;
  w.payload_bytes = 16;
  w.tenure_slots = options.tenure_slots;
  w.epoch_blocks = options.tenures_per_epoch * options.tenure_slots;
  w.blocks = Height{options.epochs} * w.epoch_blocks + 1;  // the first block of the next epoch tells of the last one
  w.limit_us = int64_t{3'600'000'000};
  w.credit.model = options.model;
  w.credit.weights = options.weights;
  // Of full age within the run, so that age is learnt from nothing to one.
  w.credit.age_blocks = static_cast<uint32_t>(w.blocks * static_cast<uint64_t>(rng.between(200, 1'500)) / 1'000 + 1);

  // About how long an epoch takes, so that outages and turning points fall where they tell.
  const bool local = w.latency == sim::LatencyModel::kLocal;
  const int64_t epoch_us = int64_t{w.epoch_blocks} * (local ? kLocalBlockUs : kWideBlockUs);
  std::vector<ValidatorId> order;
  for (size_t i = 0; i < w.validators; ++i) order.push_back(static_cast<ValidatorId>(i));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  const size_t bad = Quorum{w.validators}.f();
  const size_t far = std::min(w.validators - bad, static_cast<size_t>(rng.below(3)));
  for (size_t i = 0; i < bad + far; ++i) {
    auto kind = i < bad ? static_cast<ConductKind>(rng.below(kBadConducts)) : ConductKind::kFar;
    if (i < bad && options.only) kind = *options.only;
    w.conducts.push_back(draw_conduct(options.mix, kind, order[i], w.timeout_ms, epoch_us, options.epochs, rng));
  }
  return w;
}

CreditRun run_for_credit(const CreditRunOptions& options) {
  const WorldOptions world = credit_world(options);
  Measured m = measure(world);
  CreditRun out;
  out.name = std::string(options.mix == Mix::kUnseen ? "unseen" : "training") + " " + std::to_string(options.seed);
  out.params = world.credit;
  out.epochs = std::move(m.credit);
  out.conducts = world.conducts;
  out.blocks = m.height;
  out.failed_views = m.failed_views;
  out.planned_views = m.planned_views;
  if (!m.reached) out.what = m.what.empty() ? "time ran out" : m.what;
  return out;
}

}  // namespace tieline::paper
