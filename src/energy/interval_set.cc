#include "energy/interval_set.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::energy {

bool IntervalSet::overlaps(uint32_t begin, uint32_t end) const {
  if (runs_.empty() || begin >= runs_.back().end) return false;  // the usual case: newer than everything
  const auto after =
      std::partition_point(runs_.begin(), runs_.end(), [begin](const Run& run) { return run.end <= begin; });
  return after != runs_.end() && after->begin < end;
}

void IntervalSet::insert(uint32_t begin, uint32_t end) {
  TL_CHECK(begin < end && begin >= floor_);
  const auto after =
      std::partition_point(runs_.begin(), runs_.end(), [begin](const Run& run) { return run.end < begin; });
  // `after` is the first run that may touch the new one from the left or lies to its right.
  if (after != runs_.end() && after->end == begin) {
    const auto next = after + 1;
    TL_CHECK(next == runs_.end() || end <= next->begin);
    if (next != runs_.end() && next->begin == end) {
      after->end = next->end;
      runs_.erase(next);
    } else {
      after->end = end;
    }
    return;
  }
  TL_CHECK(after == runs_.end() || end <= after->begin);
  if (after != runs_.end() && after->begin == end) {
    after->begin = begin;
    return;
  }
  runs_.insert(after, {begin, end});
  if (runs_.size() > kRunsMax) {
    floor_ = runs_.front().end;
    runs_.erase(runs_.begin());
  }
}

void encode(Writer& w, const IntervalSet& s) {
  w.u32(s.floor_);
  w.u8(static_cast<uint8_t>(s.runs_.size()));
  for (const auto& run : s.runs_) {
    w.u32(run.begin);
    w.u32(run.end);
  }
}

void decode(Reader& r, IntervalSet& s) {
  s.floor_ = r.u32();
  const size_t count = r.u8();
  if (count > kRunsMax) return r.fail();
  s.runs_.clear();
  s.runs_.reserve(count + 1);
  for (size_t i = 0; i < count; ++i) {
    IntervalSet::Run run;
    run.begin = r.u32();
    run.end = r.u32();
    const bool in_order = i == 0 ? run.begin >= s.floor_ : run.begin > s.runs_.back().end;
    if (run.begin >= run.end || !in_order) return r.fail();
    s.runs_.push_back(run);
  }
}

}  // namespace tieline::energy
