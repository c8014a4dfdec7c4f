#pragma once
// Fast hashes for traces and comparisons inside the simulator; not cryptographic, the same bits on every machine.

#include <cstdint>

#include "base/bytes.h"

namespace tieline::sim {

inline uint64_t mix(uint64_t state, uint64_t value) {
  state = (state ^ value) * 0x9e3779b97f4a7c15ULL;
  return state ^ (state >> 29);
}

inline uint64_t mix_bytes(uint64_t state, ByteView bytes) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word |= static_cast<uint64_t>(bytes[at + i]) << (8 * i);
    state = mix(state, word);
  }
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  for (int shift = 0; at < bytes.size(); ++at, shift += 8) last ^= static_cast<uint64_t>(bytes[at]) << shift;
  return mix(state, last);
}

}  // namespace tieline::sim
