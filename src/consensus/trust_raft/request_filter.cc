#include "consensus/trust_raft/request_filter.h"

#include <algorithm>

#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::consensus {

RequestFilter::RequestFilter(const Hash& secret) {
  const Hash derived = tagged_hash("tieline/request-filter/1", {secret.view()});
  Reader r(derived.view());
  key_.k0 = r.u64();
  key_.k1 = r.u64();
}

// Two independent words give all k positions (Kirsch and Mitzenmacher, "Less Hashing, Same Performance").
std::array<size_t, kRequestFilterHashes> RequestFilter::bits_of(const Hash& digest) const {
  const auto [first, step] = siphash128(key_, digest.view());
  std::array<size_t, kRequestFilterHashes> out{};
  for (size_t i = 0; i < out.size(); ++i) out[i] = (first + i * (step | 1)) % kRequestFilterBits;
  return out;
}

bool RequestFilter::may_hold(const Hash& digest) const {
  const auto bits = bits_of(digest);
  return std::all_of(bits.begin(), bits.end(), [&](size_t bit) { return (words_[bit / 64] >> (bit % 64) & 1) != 0; });
}

void RequestFilter::insert(const Hash& digest) {
  for (const size_t bit : bits_of(digest)) words_[bit / 64] |= uint64_t{1} << (bit % 64);
}

}  // namespace tieline::consensus
