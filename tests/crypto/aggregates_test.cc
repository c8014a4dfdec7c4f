// The Verifier's side of BLS, the same for what a node uses and for the simulator's cheap sums: whoever implements
// crypto/scheme.h must pass.

#include <gtest/gtest.h>

#include <memory>

#include "crypto/hash.h"
#include "crypto/sim_scheme.h"
#include "crypto_testing.h"

namespace tieline {
namespace {

class Aggregates : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr size_t kMembers = 5;
  bls::Signature share(size_t member, const Hash& message) const {
    return keys_.signer(member).sign_share(message.view());
  }
  std::vector<bls::Signature> shares(const Hash& message) const {
    std::vector<bls::Signature> out;
    for (size_t i = 0; i < kMembers; ++i) out.push_back(share(i, message));
    return out;
  }
  std::vector<const bls::PublicKey*> keys(std::initializer_list<size_t> members) const {
    std::vector<const bls::PublicKey*> out;
    for (size_t i : members) out.push_back(&keys_.bls_key(i));
    return out;
  }
  const SimKeys keys_{7, kMembers, GetParam()};
  const Hash vote_ = sha256(view_of("vote"));
  const Hash other_ = sha256(view_of("other"));
};

TEST_P(Aggregates, OfGoodSharesVerifiesForItsSignersAndMessageOnly) {
  const auto all = shares(vote_);
  const auto sum = keys_.aggregate(keys({0, 1, 2, 3, 4}), all, vote_.view());
  ASSERT_TRUE(sum.aggregate);
  EXPECT_EQ(sum.accepted, std::vector<uint8_t>(kMembers, 1));
  EXPECT_TRUE(keys_.verify_aggregate({keys({0, 1, 2, 3, 4}), vote_.view(), *sum.aggregate}));
  EXPECT_FALSE(keys_.verify_aggregate({keys({0, 1, 2, 3}), vote_.view(), *sum.aggregate}));
  EXPECT_FALSE(keys_.verify_aggregate({keys({0, 1, 2, 3, 4, 4}), vote_.view(), *sum.aggregate}));
  EXPECT_FALSE(keys_.verify_aggregate({keys({0, 1, 2, 3, 4}), other_.view(), *sum.aggregate}));
  EXPECT_FALSE(keys_.verify_aggregate({{}, vote_.view(), *sum.aggregate}));
  bls::PublicKey nobody = keys_.bls_key(0);
  nobody.bytes[40] ^= 1;
  auto with_nobody = keys({1, 2, 3, 4});
  with_nobody.push_back(&nobody);
  EXPECT_FALSE(keys_.verify_aggregate({with_nobody, vote_.view(), *sum.aggregate}));
}

TEST_P(Aggregates, OneKeyIsALoneShare) {
  EXPECT_TRUE(keys_.verify_aggregate({keys({2}), vote_.view(), share(2, vote_)}));
  EXPECT_FALSE(keys_.verify_aggregate({keys({1}), vote_.view(), share(2, vote_)}));
}

TEST_P(Aggregates, BadSharesAreFoundAndTheRestAddsUp) {
  auto all = shares(vote_);
  all[1] = share(1, other_);
  all[4] = bls::Signature();
  const auto sum = keys_.aggregate(keys({0, 1, 2, 3, 4}), all, vote_.view());
  EXPECT_EQ(sum.accepted, (std::vector<uint8_t>{1, 0, 1, 1, 0}));
  ASSERT_TRUE(sum.aggregate);
  EXPECT_TRUE(keys_.verify_aggregate({keys({0, 2, 3}), vote_.view(), *sum.aggregate}));
}

TEST_P(Aggregates, NothingGoodIsNoAggregate) {
  const std::vector<bls::Signature> bad = {share(0, other_)};
  const auto sum = keys_.aggregate(keys({0}), bad, vote_.view());
  EXPECT_FALSE(sum.aggregate);
  EXPECT_EQ(sum.accepted, (std::vector<uint8_t>{0}));
  EXPECT_FALSE(keys_.aggregate({}, {}, vote_.view()).aggregate);
}

TEST_P(Aggregates, AddUpToTheAggregateOfTheirSigners) {
  const auto all = shares(vote_);
  const auto left = keys_.aggregate(keys({0, 1}), std::span(all).first(2), vote_.view());
  const auto right = keys_.aggregate(keys({2, 3, 4}), std::span(all).last(3), vote_.view());
  const auto sum = keys_.add(std::vector<bls::Signature>{*left.aggregate, *right.aggregate});
  ASSERT_TRUE(sum);
  EXPECT_TRUE(keys_.verify_aggregate({keys({0, 1, 2, 3, 4}), vote_.view(), *sum}));
  EXPECT_FALSE(keys_.add({}));
}

TEST_P(Aggregates, ManyAreJudgedAsOneByOne) {
  const auto good = *keys_.aggregate(keys({0, 1, 2, 3, 4}), shares(vote_), vote_.view()).aggregate;
  const std::vector<AggregateItem> items = {{keys({0, 1, 2, 3, 4}), vote_.view(), good},
                                            {keys({0, 1, 2, 3, 4}), other_.view(), good},
                                            {keys({3}), other_.view(), share(3, other_)},
                                            {{}, other_.view(), good}};
  std::vector<uint8_t> ok(items.size(), 9);
  keys_.verify_aggregates(items, ok);
  EXPECT_EQ(ok, (std::vector<uint8_t>{1, 0, 1, 0}));
}

TEST_P(Aggregates, PointsHaveFaultsBeforeAnyoneAsksWhoSigned) {
  EXPECT_EQ(keys_.fault_of(share(0, vote_)), bls::PointFault::kNone);
  EXPECT_EQ(keys_.fault_of(bls::Signature()), bls::PointFault::kMalformed);
  EXPECT_FALSE(keys_.add(std::vector<bls::Signature>{share(0, vote_), bls::Signature()}));
}

INSTANTIATE_TEST_SUITE_P(Schemes, Aggregates, ::testing::Bool(),
                         [](const auto& scheme) { return scheme.param ? "Real" : "Simulated"; });

TEST(BlsKeyring, DecompressesAKeyOnce) {
  const SimKeys keys(3, 4, true);
  const BlsKeyring ring;
  const Hash vote = sha256(view_of("vote"));
  for (int again = 0; again < 3; ++again)
    for (size_t i = 0; i < 4; ++i) {
      const AggregateItem item{{&keys.bls_key(i)}, vote.view(), keys.signer(i).sign_share(vote.view())};
      EXPECT_TRUE(ring.verify_aggregate(item));
    }
  EXPECT_EQ(ring.cached_keys(), 4u);
  const bls::PublicKey none;
  EXPECT_FALSE(ring.verify_aggregate({{&none}, vote.view(), keys.signer(0).sign_share(vote.view())}));
  EXPECT_EQ(ring.cached_keys(), 4u) << "what is no key takes no room";
}

}  // namespace
}  // namespace tieline
