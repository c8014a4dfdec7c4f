#pragma once
// The clocks of one machine: a monotonic one with a rate and an offset of its own, and a wall clock that may also jump.
// Virtual time is microseconds since the start of the schedule.

#include <cstdint>

#include "base/time.h"

namespace tieline::sim {

class SimClock {
 public:
  SimClock() = default;
  SimClock(int64_t wall_start_ms, int64_t skew_ms) : wall_start_ms_(wall_start_ms), skew_ms_(skew_ms) {}

  Now read(int64_t virtual_us) const {
    const int64_t mono = mono_us(virtual_us);
    return {mono, wall_start_ms_ + skew_ms_ + (mono - mono_base_us_) / kMicrosPerMilli};
  }
  int64_t mono_us(int64_t virtual_us) const {
    const int64_t elapsed = virtual_us - rate_since_us_;
    return mono_at_rate_us_ + elapsed + elapsed * rate_ppm_ / 1'000'000;
  }
  // The first virtual time at which the monotonic clock shows at least `mono`.
  int64_t virtual_us(int64_t mono, int64_t now_virtual_us) const {
    const int64_t shown = mono_us(now_virtual_us);
    if (mono <= shown) return now_virtual_us;
    const int64_t wait = (mono - shown) * 1'000'000 / (1'000'000 + rate_ppm_);
    return now_virtual_us + wait + 1;
  }
  void set_rate(int64_t virtual_now_us, int64_t ppm) {
    mono_at_rate_us_ = mono_us(virtual_now_us);
    rate_since_us_ = virtual_now_us;
    rate_ppm_ = ppm;
  }
  void jump(int64_t ms) { skew_ms_ += ms; }
  // Back to what a time server would give: the wall clock shows the schedule's own time.
  void correct(int64_t virtual_now_us) {
    set_rate(virtual_now_us, 0);
    const int64_t gained_us = mono_us(virtual_now_us) - mono_base_us_ - virtual_now_us;
    skew_ms_ = -gained_us / kMicrosPerMilli;
  }
  // A reboot: the monotonic clock starts from somewhere else. The wall clock keeps its skew.
  void reboot(int64_t virtual_now_us, int64_t mono_now_us) {
    const int64_t shift = mono_now_us - mono_us(virtual_now_us);
    mono_at_rate_us_ += shift;
    mono_base_us_ += shift;
  }

 private:
  int64_t wall_start_ms_ = 0;
  int64_t skew_ms_ = 0;
  int64_t mono_base_us_ = 0;     // what the monotonic clock showed at virtual time 0
  int64_t mono_at_rate_us_ = 0;  // and when its rate was last set
  int64_t rate_since_us_ = 0;
  int64_t rate_ppm_ = 0;
};

}  // namespace tieline::sim
