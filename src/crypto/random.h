#pragma once
// Bytes from the operating system's random generator (getrandom). Only crypto/, node/ and cli/ may use it: everything
// that validators must agree on, and the simulator, takes its randomness from seeds.

#include <cstdint>
#include <span>

namespace tieline {

void fill_random(std::span<uint8_t> out);  // aborts if the system has no randomness to give

}  // namespace tieline
