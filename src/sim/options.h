#pragma once
// What a schedule is a function of: these options, the seed, and the code.

#include <optional>

#include "model/genesis.h"
#include "sim/faults.h"

namespace tieline::sim {

struct SimOptions {
  EngineKind engine = EngineKind::kCbft;
  size_t validators = 4;
  FaultSet faults = FaultSet::all();
  uint64_t blocks = 40;           // committed in the faulty phase, if time allows
  std::optional<bool> fast_path;  // otherwise drawn per seed
  std::optional<LeaderPolicy> policy;
  std::optional<CertificateKind> certificates;
  std::optional<bool> market;  // otherwise drawn per seed
  bool relay = false;          // trust_raft only: positions drawn per seed, relay and trigger switched on
  bool real_crypto = false;    // Ed25519 and BLS instead of the simulator's own scheme
  bool one_sync = false;       // the weaker order of writes on disk (disk.h)
  // For tests of the simulator itself: a checker that is deliberately wrong, so that a failure is there to be reduced.
  bool broken_checker = false;
};

// quorum_of().f() validators may lie (where the engine survives that) or lose what they had stored; as many equal
// answers as hold a member that does not lie are the truth.
inline Quorum quorum_of(const SimOptions& options) {
  ConsensusParams params;
  params.engine = options.engine;
  return {options.validators, params.fault_model()};
}

}  // namespace tieline::sim
