#pragma once
// What "canonical" means, as a test: a value has one encoding, and whatever else a decoder accepts is another value
// whose own encoding it is. Every truncation, every extra byte and every single bit is tried.

#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/rng.h"

namespace tieline::testing {

// `again(bytes)` decodes and encodes anew; none: refused. `bytes` must be a valid encoding.
template <class Again>
void expect_canonical_bytes(const Bytes& bytes, Again again) {
  ASSERT_EQ(again(bytes), std::optional<Bytes>(bytes)) << "the encoding does not come back as it went";
  for (size_t n = 0; n < bytes.size(); ++n) {
    ASSERT_FALSE(again(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n))))
        << "cut to " << n << " bytes";
  }
  for (int extra = 0; extra < 256; ++extra) {
    Bytes longer = bytes;
    longer.push_back(static_cast<uint8_t>(extra));
    ASSERT_FALSE(again(longer)) << "with an extra byte " << extra;
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const std::optional<Bytes> other = again(flipped);
    if (other) {
      ASSERT_EQ(*other, flipped) << "bit " << bit % 8 << " of byte " << bit / 8 << " has two spellings";
    }
  }
}

template <class T>
std::optional<Bytes> decode_and_encode(const Bytes& bytes) {
  auto value = decoded<T>(bytes, "value");
  if (!value.ok()) return std::nullopt;
  return encoded(*value);
}

// The same for a type with a codec, and that no flipped bit decodes to an equal value.
template <class T>
void expect_canonical(const T& value) {
  const Bytes bytes = encoded(value);
  auto back = decoded<T>(bytes, "value");
  ASSERT_TRUE(back.ok()) << back.error().why;
  ASSERT_TRUE(*back == value);
  expect_canonical_bytes(bytes, decode_and_encode<T>);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    auto other = decoded<T>(flipped, "value");
    ASSERT_FALSE(other.ok() && *other == value) << "bit " << bit << " does not matter";
  }
}

inline Bytes random_bytes(Rng& rng, size_t size) {
  Bytes out(size);
  for (uint8_t& b : out) b = static_cast<uint8_t>(rng.next());
  return out;
}

// Noise, and valid bytes with a few places overwritten: what is accepted must encode to the same bytes again.
template <class Again>
void expect_garbage_is_harmless(const Bytes& valid, Again again, uint64_t seed, size_t rounds = 2000) {
  Rng rng(seed);
  for (size_t i = 0; i < rounds; ++i) {
    const Bytes noise = random_bytes(rng, rng.below(300));
    if (const auto other = again(noise)) {
      ASSERT_EQ(*other, noise);
    }
    Bytes damaged = valid;
    for (uint64_t k = 1 + rng.below(8); k > 0 && !damaged.empty(); --k) {
      damaged[rng.below(damaged.size())] = rng.chance(500'000) ? static_cast<uint8_t>(rng.next()) : uint8_t{0xff};
    }
    if (rng.chance(200'000)) damaged.resize(rng.below(damaged.size() + 1));
    if (const auto other = again(damaged)) {
      ASSERT_EQ(*other, damaged);
    }
  }
}

}  // namespace tieline::testing
