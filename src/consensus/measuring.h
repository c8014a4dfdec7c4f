#pragma once
// What one validator measures of the others, for the signed vectors in blocks: round trips by probes that are answered
// at once, and the time between the blocks of a leader while there was work. Milliseconds, medians of the newest
// kSamplesKept. Only spans of the monotonic clock that steps are given. Source: CONSENSUS.md 3 and 4 (x1, x5).
//
// A probe's number cannot be guessed, so nobody can answer before it was asked: a liar can only look slower.

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "consensus/engine.h"

namespace tieline::consensus {

inline constexpr uint32_t kMeasureBlocks = 16;               // a window, or half an epoch if that is shorter
inline constexpr int64_t kMeasureUs = 5'000'000;             // or this long
inline constexpr size_t kSamplesKept = 8;                    // of a peer
inline constexpr size_t kProbesOpen = 4;                     // rounds of probes whose answers still count
inline constexpr uint16_t kMeasureMsMax = kNotMeasured - 1;  // what takes longer is as bad

class Measuring {
 public:
  Measuring(ValidatorId self, const Hash& secret, const ConsensusParams& params);

  // At a commit of the epoch's block number `blocks`: is a window over? Then the number of the probe to send to all.
  std::optional<uint64_t> window_over(const Now& now, uint32_t blocks);
  void new_epoch();
  void answered(const Now& now, ValidatorId peer, uint64_t number);  // a probe came back
  void proposed(const Now& now, ValidatorId leader, std::optional<int64_t> oldest_us);
  void new_view(const Now& now) { led_since_us_ = now.mono_us; }  // its leader's first interval begins
  // Unsigned; none where nothing was measured.
  std::optional<MeasureReport> report(const Committee& committee, uint32_t blocks) const;

 private:
  using Samples = std::deque<uint16_t>;
  struct Round {
    uint64_t number = 0;
    int64_t sent_us = 0;
    std::vector<ValidatorId> answered;
  };
  static void add(Samples& samples, int64_t span_us);
  static uint16_t median(const Samples& samples);
  bool silent(ValidatorId peer) const;  // it answers no more: what it once measured as says nothing

  ValidatorId self_;
  Hash secret_;
  uint32_t window_blocks_;
  uint32_t last_blocks_ = 0;  // where the last window ended
  int64_t last_us_ = 0;
  uint64_t rounds_ = 0;
  std::deque<Round> open_;
  std::map<ValidatorId, Samples> round_trips_;
  std::map<ValidatorId, Samples> intervals_;
  int64_t led_since_us_ = 0;  // the last proposal of this view, or its begin
};

}  // namespace tieline::consensus
