#include "crypto/commitment.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "crypto_testing.h"

namespace tieline {
namespace {

using testing::fixed;
using testing::with_bit_flipped;

constexpr std::string_view kTag = "tieline/test/1";
constexpr Int128 kInt128Max = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);

Blinding blinding_of(std::string_view name) {
  std::array<uint8_t, Secret::kSize> bytes;
  bytes.fill(7);
  return derive_blinding(kTag, Secret(bytes), {view_of(name)});
}

// The group's order: the smallest scalar that is not canonical.
const char* const kOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const char* const kOrderMinusOne = "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

TEST(Commitment, GivesTheAnswersOfAnIndependentImplementation) {
  // tests/crypto/ristretto_reference.py prints these.
  EXPECT_EQ(to_hex(commitment_base()), "7614e432643c6b65bdb1f576ea88ecd14ba6844bab46551e48c5074d40fa3350");
  const Blinding r1 = blinding_of("one");
  const Blinding r2 = blinding_of("two");
  EXPECT_EQ(to_hex(r1), "7ac87be48799e3f9d72dc683c16c919423e8976a659ed570c5ecd321c2f97e09");
  EXPECT_EQ(to_hex(r2), "e64d37647d2276fa05c6c28a5c7107774a817847e1d2457924afc96d1da17f0c");
  struct {
    Int128 value;
    Blinding blinding;
    const char* commitment;
  } const vectors[] = {
      {250, r1, "a4f72218685b053be564d33b50c81869bf9454e41eeed46dbf8ab43efd3fd851"},
      {0, r2, "f84113b67c5267e6df108de9218eb88f6abf97fc290ef43a27b626d823210f3e"},
      {UINT64_MAX, r2, "64d343afbab7153a2ca6e208c33e9654d5bf2094fd5d05d6fb087f2b8a75722b"},
      {-3, r1, "0eda0640fef182e27f1e244a06f65a014efd4a4b25b743b0a4eae60d0753b954"},
      {kInt128Max, r1, "7c2df9497de7830cfc92beee71fc1aa656fbdd256843ddda668766df147c5c19"},
      {-kInt128Max - 1, r2, "1666c5fb6596c540d56f99f237eea31f94dd6a959d098e86642be4efbd959e4b"},
  };
  for (const auto& v : vectors) {
    EXPECT_EQ(to_hex(commit(v.value, v.blinding).value()), v.commitment);
    EXPECT_TRUE(opens(fixed<Commitment>(v.commitment), v.value, v.blinding));
  }
  const std::vector<Commitment> commitments = {commit(250, r1).value(), commit(0, r2).value()};
  const std::vector<Int128> weights = {3, -7};
  EXPECT_EQ(to_hex(combine(commitments, weights, 11).value()),
            "7cd77494b805f63cac3b69d769b207649764cd5cb0c7691774fbb31dbfc35561");
  EXPECT_EQ(to_hex(combine(std::vector<Blinding>{r1, r2}, weights).value()),
            "d887c7639367b974b792dd4b3714fccf612f7c4b0717980151fcf7647885ff04");
}

TEST(Commitment, SumsOpenWithTheSumsOfValuesAndBlindings) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<Commitment> commitments;
    std::vector<Blinding> blindings;
    std::vector<Int128> weights;
    Int128 value = 0;
    for (int i = 0; i < 20; ++i) {
      const uint64_t v = random() >> (random() % 64);
      const Int128 weight = static_cast<Int128>(static_cast<int64_t>(random())) >> (random() % 63);
      blindings.push_back(blinding_of(std::to_string(round * 100 + i)));
      commitments.push_back(commit(v, blindings.back()).value());
      weights.push_back(weight >> 5);  // twenty products stay below 2^127
      value += (weight >> 5) * static_cast<Int128>(v);
    }
    const Commitment sum = combine(commitments, weights).value();
    const Blinding blinding = combine(blindings, weights).value();
    EXPECT_TRUE(opens(sum, value, blinding));
    EXPECT_FALSE(opens(sum, value + 1, blinding));
    EXPECT_TRUE(opens(combine(commitments, weights, 5).value(), value + 5, blinding));
  }
}

TEST(Commitment, OpensOnlyWithItsOwnValueAndBlinding) {
  const Blinding r = blinding_of("one");
  const Commitment c = commit(250, r).value();
  EXPECT_TRUE(opens(c, 250, r));
  EXPECT_FALSE(opens(c, 251, r));
  for (size_t bit = 0; bit < 256; ++bit) EXPECT_FALSE(opens(c, 250, with_bit_flipped(r, bit))) << bit;
  for (size_t bit = 0; bit < 256; ++bit) EXPECT_FALSE(opens(with_bit_flipped(c, bit), 250, r)) << bit;
}

TEST(Commitment, RefusesTheIdentityAndEveryEncodingThatIsNotCanonical) {
  // RFC 9496, appendix A.3: not reduced; negative; not a square; negative product; y = 0.
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
                          "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
                          "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto bad = fixed<Commitment>(hex);
    EXPECT_FALSE(is_valid(bad)) << hex;
    const Int128 one = 1;
    const auto sum = combine(std::span(&bad, 1), std::span(&one, 1));
    ASSERT_FALSE(sum.ok()) << hex;
    EXPECT_EQ(sum.error().code, "bad_commitment");
  }
  EXPECT_TRUE(is_valid(commit(1, Blinding{}).value()));
}

TEST(Commitment, RefusesBlindingsThatAreNotReduced) {
  EXPECT_TRUE(is_valid(fixed<Blinding>(kOrderMinusOne)));
  EXPECT_FALSE(is_valid(fixed<Blinding>(kOrder)));
  const auto refused = commit(1, fixed<Blinding>(kOrder));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "bad_blinding");
  const Int128 one = 1;
  const Blinding high = fixed<Blinding>(kOrder);
  EXPECT_EQ(combine(std::span(&high, 1), std::span(&one, 1)).error().code, "bad_blinding");
  EXPECT_FALSE(opens(commit(1, Blinding{}).value(), 1, fixed<Blinding>(kOrder)));
}

TEST(Commitment, ADifferenceOfEqualsIsTheIdentityWhichOpensToNothingButZero) {
  const Commitment c = commit(9, blinding_of("one")).value();
  const std::vector<Commitment> twice = {c, c};
  const std::vector<Int128> weights = {1, -1};
  const Commitment zero = combine(twice, weights).value();
  EXPECT_TRUE(zero.is_zero());
  EXPECT_FALSE(is_valid(zero));
  EXPECT_TRUE(opens(zero, 0, Blinding{}));
  EXPECT_FALSE(opens(zero, 1, Blinding{}));
}

TEST(Commitment, RandomBytesAreNeverTakenForACommitmentThatTheyDoNotSpell) {
  std::mt19937_64 random(3);
  size_t valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    Commitment c;
    for (uint8_t& byte : c.bytes) byte = static_cast<uint8_t>(random());
    if (!is_valid(c)) continue;
    ++valid;
    const Int128 one = 1;
    EXPECT_EQ(combine(std::span(&c, 1), std::span(&one, 1)).value(), c) << "one point, one spelling";
  }
  EXPECT_GT(valid, 0u);
  EXPECT_LT(valid, 2'500u);  // a sixteenth of all strings
}

}  // namespace
}  // namespace tieline
