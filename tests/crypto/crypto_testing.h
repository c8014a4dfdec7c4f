#pragma once
// What the tests of crypto/ share.

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace tieline::testing {

inline Bytes bytes_of_hex(const std::string& hex) { return from_hex(hex).value(); }

template <class Fixed>
Fixed fixed(const std::string& hex) {
  const Bytes bytes = bytes_of_hex(hex);
  Fixed out;
  if (bytes.size() != Fixed::kSize) std::abort();
  std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  return out;
}

template <class Fixed>
Fixed with_bit_flipped(Fixed value, size_t bit) {
  value.bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  return value;
}

template <class Seed>
Seed seed_of(uint32_t number) {
  Seed seed{};
  for (size_t i = 0; i < 4; ++i) seed[i] = static_cast<uint8_t>(number >> (8 * i));
  seed[31] = 0x5a;
  return seed;
}

}  // namespace tieline::testing
