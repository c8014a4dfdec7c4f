#pragma once
// Products of 64-bit amounts are 128 bits wide, and each division says which way it rounds.

#include <cstdint>

#include "base/check.h"

namespace tieline::energy {

using uint128 = unsigned __int128;
using int128 = __int128;

inline constexpr uint64_t kPpm = 1'000'000;
inline constexpr uint64_t kQ16 = 1 << 16;  // 1 in Q16

// A quotient that must fit 64 bits: whoever calls has bounded its operands.
constexpr uint64_t narrow(uint128 value) {
  TL_CHECK(value <= UINT64_MAX);
  return static_cast<uint64_t>(value);
}
constexpr uint128 floor_div(uint128 value, uint128 by) { return value / by; }
constexpr uint128 ceil_div(uint128 value, uint128 by) { return value / by + (value % by != 0 ? 1 : 0); }

}  // namespace tieline::energy
