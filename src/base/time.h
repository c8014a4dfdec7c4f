#pragma once
// Two clocks, never mixed. `mono_us` only measures spans (timers); `wall_ms` is UTC since 1970 and only meets block
// times. Nothing below node/ and sim/ reads either: the caller of a step hands both in.

#include <cstdint>

namespace tieline {

struct Now {
  int64_t mono_us = 0;
  int64_t wall_ms = 0;
};

inline constexpr int64_t kMicrosPerMilli = 1000;
inline constexpr int64_t kMillisPerSecond = 1000;

}  // namespace tieline
