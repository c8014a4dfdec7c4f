#pragma once
// Which intervals of one metering point are recorded: a set of 15-minute slots kept as runs, so that a meter without
// gaps costs one run however long its history is. Slots are numbered from 1970 (seconds / 900).
//
// The set is exact from its floor on. With more than kRunsMax runs (as many gaps) the oldest run is dropped and the
// floor rises to its end: what lies before the floor can no longer be recorded, only corrected.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/codec.h"

namespace tieline::energy {

inline constexpr int64_t kSlotSeconds = 900;
inline constexpr size_t kRunsMax = 64;

class IntervalSet {
 public:
  struct Run {
    uint32_t begin = 0;
    uint32_t end = 0;  // exclusive
    bool operator==(const Run&) const = default;
  };

  uint32_t floor() const { return floor_; }
  const std::vector<Run>& runs() const { return runs_; }  // ascending, with gaps between them
  bool overlaps(uint32_t begin, uint32_t end) const;
  // [begin, end) must be free, not empty, and not before the floor.
  void insert(uint32_t begin, uint32_t end);
  bool operator==(const IntervalSet&) const = default;

  friend void encode(Writer& w, const IntervalSet& s);
  friend void decode(Reader& r, IntervalSet& s);  // refuses runs that are empty, touch, overlap or are out of order

 private:
  uint32_t floor_ = 0;
  std::vector<Run> runs_;
};

}  // namespace tieline::energy
