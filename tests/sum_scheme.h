#pragma once
// Shares for tests whose signatures cost nothing: a keyed hash under the public key, two words that add up. Anyone
// could forge one.

#include <array>
#include <cstring>

#include "crypto/hash.h"
#include "crypto/scheme.h"

namespace tieline::testing {

// Two words that add up, and a hash of them, without which the bytes are no point.
using TestWords = std::array<uint64_t, 2>;
inline bls::Signature test_point(const TestWords& words) {
  bls::Signature out;
  std::memcpy(out.bytes.data(), words.data(), sizeof(words));
  const Hash rest = sha256(ByteView(out.bytes).first(sizeof(words)));
  std::copy(rest.bytes.begin(), rest.bytes.end(), out.bytes.begin() + sizeof(words));
  return out;
}
inline TestWords test_words(const bls::Signature& s) {
  TestWords words;
  std::memcpy(words.data(), s.bytes.data(), sizeof(words));
  return words;
}
inline bls::Signature test_sum(std::span<const bls::Signature> shares) {
  TestWords sum{0, 0};
  for (const bls::Signature& s : shares)
    for (size_t i = 0; i < 2; ++i) sum[i] += test_words(s)[i];
  return test_point(sum);
}
inline bls::Signature test_share(const bls::PublicKey& key, ByteView message) {
  const Hash h = tagged_hash("test/share", {key.view(), message});
  TestWords words;
  std::memcpy(words.data(), h.bytes.data(), sizeof(words));
  return test_point(words);
}

class SumVerifier : public Verifier {
 public:
  bool verify_aggregate(const AggregateItem& item) const override {
    ++equations;
    std::vector<bls::Signature> shares;
    for (const bls::PublicKey* key : item.keys) shares.push_back(test_share(*key, item.message));
    return !shares.empty() && test_sum(shares) == item.aggregate;
  }
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const override {
    bls::Aggregation out{std::nullopt, std::vector<uint8_t>(shares.size(), 0)};
    std::vector<bls::Signature> good;
    const bls::Signature all = test_sum(shares);
    const bool whole = verify_aggregate({{keys.begin(), keys.end()}, message, all});
    for (size_t i = 0; i < shares.size(); ++i) {
      if (!whole && !verify_aggregate({{keys[i]}, message, shares[i]})) continue;
      out.accepted[i] = 1;
      good.push_back(shares[i]);
    }
    out.aggregate = add(good);
    return out;
  }
  std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const override {
    if (aggregates.empty()) return std::nullopt;
    return test_sum(aggregates);
  }
  bls::PointFault fault_of(const bls::Signature& signature) const override {
    return test_point(test_words(signature)) == signature ? bls::PointFault::kNone : bls::PointFault::kMalformed;
  }
  mutable size_t equations = 0;  // checked, for tests of what is spared
};

}  // namespace tieline::testing
