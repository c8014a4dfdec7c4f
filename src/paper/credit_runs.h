#pragma once
// Networks in which the credit model learns and is tried: real replicas of cbft in the measuring world, some of them
// bad in one of five ways, and what the chain saw of everyone, epoch by epoch. A pure function of (code, mix, seed,
// ...).

#include "paper/world.h"

namespace tieline::paper {

// Two families of networks that have nothing in common but the code: what is learnt on one is tried on the other.
enum class Mix : uint8_t {
  kTraining,  // 4 or 7 validators, f of them bad; latencies about 1, 20 or 30 ms
  kUnseen     // 10 validators, 3 of them bad; heavy-tailed or uniform latencies, other lengths of outages and delays
};

struct CreditRunOptions {
  Mix mix = Mix::kTraining;
  uint64_t seed = 0;
  uint32_t epochs = 12;
  uint32_t tenures_per_epoch = 8;
  uint32_t tenure_slots = 5;
  LeaderPolicy policy = LeaderPolicy::kRoundRobin;
  CreditModel model = CreditModel::kLinear;
  CreditWeights weights = default_weights();
  std::optional<ConductKind> only;  // every bad one is of this kind
};

struct CreditRun {
  std::string name;
  CreditParams params;
  std::vector<std::vector<standing::CreditEntry>> epochs;  // by epoch, then by validator
  std::vector<Conduct> conducts;
  Height blocks = 0;
  uint64_t failed_views = 0, planned_views = 0;
  std::string what;  // why it did not reach its end; empty: it did
};

WorldOptions credit_world(const CreditRunOptions& options);
CreditRun run_for_credit(const CreditRunOptions& options);

}  // namespace tieline::paper
