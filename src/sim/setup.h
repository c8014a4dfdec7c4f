#pragma once
// The small constants of one schedule, drawn from its seed: short epochs, tenures and checkpoint distances, so that a
// few dozen blocks walk every path; and the genesis that follows from them.

#include <cstdint>

#include "crypto/sim_scheme.h"
#include "model/genesis.h"
#include "replica/replica.h"
#include "sim/distribution.h"
#include "sim/options.h"

namespace tieline::sim {

inline constexpr size_t kClients = 3;
inline constexpr Height kClientExpiryBlocks = 50'000;  // of what clients send
inline constexpr uint32_t kAggregatesPpm = 300'000;    // schedules of the kernel's engines whose certificates are sums
inline constexpr int64_t kGenesisTimeMs = 1'700'000'000'000;

struct Setup {
  Genesis genesis;
  ChainId chain;
  replica::Limits limits;
  LatencyModel latency{};
  int64_t bytes_per_ms = 0;
  int64_t sync_us = 0;             // of an fdatasync, mean
  int64_t apply_us = 0;            // of a batch to the store
  int64_t verify_us = 0;           // of one signature
  int64_t flush_interval_us = 0;   // between flushes of the store
  int64_t submit_interval_us = 0;  // of a client, mean
  int64_t market_interval_us = 0;  // between what the market's clients think of
  size_t segment_bytes = 0;
  bool one_sync = false;         // log records and vote sector in one sync (disk.h)
  bool report_each_lsn = false;  // every lsn of a batch, or the last only
  int64_t fault_phase_us = 0;
};

// Keys 0..n-1 are the validators', then the clients', then the market's.
size_t keys_of(uint64_t seed, const SimOptions& options);
bool has_market(uint64_t seed, const SimOptions& options);
Setup draw_setup(uint64_t seed, const SimOptions& options, const SimKeys& keys);
std::string describe(const Setup& setup);

}  // namespace tieline::sim
