#pragma once
// Which election requests have been seen in this term: a keyed Bloom filter over message digests, so that one that is
// sent again costs a few bits and no signature check. Source: paper 004, 4.2. A hit proves nothing: whoever asks looks
// for the very message then; a miss is certain. Only what was verified is put in, so that nobody can fill it with
// others' names, and the key is this process's own, so that nobody can aim at its bits.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/sim_scheme.h"

namespace tieline::consensus {

// 256 members with two messages each: 2.4 % of the others are looked for in vain, (1 - exp(-k n / m))^k.
inline constexpr size_t kRequestFilterBits = 4096;
inline constexpr size_t kRequestFilterHashes = 4;

class RequestFilter {
 public:
  explicit RequestFilter(const Hash& secret);
  bool may_hold(const Hash& digest) const;
  void insert(const Hash& digest);
  void clear() { words_ = {}; }

 private:
  std::array<size_t, kRequestFilterHashes> bits_of(const Hash& digest) const;

  SimSecret key_{};
  std::array<uint64_t, kRequestFilterBits / 64> words_{};
};

}  // namespace tieline::consensus
