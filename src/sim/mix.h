#pragma once
// Fast hashes for traces and comparisons inside the simulator; not cryptographic, the same bits on every machine.

#include <cstdint>

#include "base/bytes.h"

namespace tieline::sim {

inline uint64_t mix(uint64_t state, uint64_t value) {
  state = (state ^ value) * 0x9e3779b97f4a7c15ULL;
  return state ^ (state >> 29);
}

// Long strings go through four lanes, because one multiplication waits for the one before it.
inline uint64_t mix_bytes(uint64_t state, ByteView bytes) {
  size_t at = 0;
  if (bytes.size() >= 64) {
    uint64_t lanes[4] = {state, 1, 2, 3};
    for (; at + 32 <= bytes.size(); at += 32)
      for (size_t i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], load_le<uint64_t>(bytes.data() + at + 8 * i));
    for (size_t i = 1; i < 4; ++i) lanes[0] = mix(lanes[0], lanes[i]);
    state = lanes[0];
  }
  for (; at + 8 <= bytes.size(); at += 8) state = mix(state, load_le<uint64_t>(bytes.data() + at));
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  for (int shift = 0; at < bytes.size(); ++at, shift += 8) last ^= static_cast<uint64_t>(bytes[at]) << shift;
  return mix(state, last);
}

}  // namespace tieline::sim
