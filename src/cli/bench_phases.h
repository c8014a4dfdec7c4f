#pragma once
// The three measurements of `tieline bench`, over one binary stream to each validator.
//
//   closed loop    a fixed number of transactions on their way: what the network carries
//   open loop      a fixed rate; latency counts from the moment at which a transaction was DUE, so that a network that
//                  stalls cannot hide it by slowing the sender down
//   one at a time  the latency of a network with nothing else to do
//
// Errors: those of api/client.h, and bench_refused with the first refusal's code.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api/client.h"
#include "cli/signed_load.h"

namespace tieline::cli {

// Committed with result ok, as the streams said it. Everything else is refused.
struct PhaseCounts {
  uint64_t committed = 0;
  uint64_t refused = 0;
  uint16_t first_refusal = 0;
};

struct ClosedLoopResult {
  double seconds = 0;      // measured, after the warm-up
  uint64_t committed = 0;  // within them
  PhaseCounts all;         // warm-up and draining too
  bool ran_out = false;    // of signed transactions: the time was cut short
};
struct LatencyResult {
  std::vector<int64_t> us;  // ascending
  PhaseCounts all;
  double seconds = 0;
  uint64_t late = 0;  // sent more than a millisecond after they were due: the loader could not keep up
};

struct LoopHooks {
  std::function<void()> measuring_begins, measuring_ends;  // take CPU times here
  std::function<void(uint64_t committed, double seconds)> progress;
};

// One open stream a validator.
class BenchStreams {
 public:
  static Result<BenchStreams> open(const Genesis& genesis);
  BenchStreams(BenchStreams&&) noexcept;
  ~BenchStreams();

  Result<ClosedLoopResult> closed_loop(SignedLoad& load, size_t in_flight, double warm_up_s, double seconds,
                                       const LoopHooks& hooks);
  Result<LatencyResult> open_loop(SignedLoad& load, double rate, double seconds, const LoopHooks& hooks);
  Result<LatencyResult> one_at_a_time(SignedLoad& load, size_t count, double seconds_max);

 private:
  struct Lane;
  BenchStreams();
  Status drain(int64_t timeout_ms);
  Result<PhaseCounts> counts() const;  // an error when a stream broke

  std::vector<std::unique_ptr<Lane>> lanes_;
};

int64_t percentile(const std::vector<int64_t>& ascending, double share);  // nearest rank; 0 for none

}  // namespace tieline::cli
