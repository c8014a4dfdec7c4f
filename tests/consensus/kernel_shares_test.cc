// Aggregate certificates in the kernel: shares wait unverified, are added up and verified once, and one that is bad is
// found, told and stops nothing.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

struct Shares : Lone {
  explicit Shares(LoneOptions options = {}) : Lone(with_aggregates(std::move(options))) {}
  static LoneOptions with_aggregates(LoneOptions o) {
    auto tune = o.tune;
    o.tune = [tune](ConsensusParams& p) {
      p.certificates = CertificateKind::kBls;
      if (tune) tune(p);
    };
    return o;
  }
  Hash digest(const Slot& slot, const BlockPtr& b) const {
    return confirm_digest(c.chain_id(), slot, b->header.height, b->digest);
  }
  // A CONFIRM over the link of `from` whose share is over something else, or shifted by another's.
  void confirm_with(ValidatorId from, ValidatorId signer, const Slot& slot, const BlockPtr& b,
                    const VoteSignature& signature) {
    c.inject(me, from, make_message(Confirm{signer, slot, b->header.height, b->digest, signature}));
  }
  bls::Signature share(ValidatorId id, const Hash& d) const { return TestSigner(id).sign_share(d.view()); }
  size_t equations() const { return dynamic_cast<const TestVerifier&>(c.verifier()).equations; }
};

const Slot kFirst{0, 0, 0};

TEST(Shares, AQuorumIsVerifiedOnceAndCommits) {
  Shares t({.n = 7, .fast = false});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(kFirst, a, t.start());
  const size_t before = t.equations();
  for (size_t k = 1; k <= 2; ++k) t.confirm(t.other(k), kFirst, a);
  EXPECT_EQ(t.equations(), before) << "nothing is verified before a quorum is there";
  t.confirm(t.other(3), kFirst, a);
  EXPECT_EQ(t.equations(), before + 1) << "and then all of it by one equation";
  EXPECT_EQ(t.status().high_slot, kFirst);
  t.confirm(t.other(4), kFirst, a);
  EXPECT_EQ(t.equations(), before + 1) << "what comes later waits until somebody asks";
}

TEST(Shares, ABadShareIsFoundToldAndStopsNothing) {
  Shares t({.n = 7, .fast = false});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(kFirst, a, t.start());
  t.confirm_with(t.other(1), t.other(1), kFirst, a, t.share(t.other(1), sha256(view_of("something else"))));
  t.confirm(t.other(2), kFirst, a);
  t.confirm(t.other(3), kFirst, a);
  EXPECT_EQ(t.node().dropped("confirm_bad_share"), 1u);
  EXPECT_TRUE(t.status().high_slot.is_epoch_start()) << "four good ones are no quorum of seven";
  t.confirm(t.other(4), kFirst, a);
  EXPECT_EQ(t.status().high_slot, kFirst);
}

TEST(Shares, WhoSentABadOneIsCheckedAloneFromThenOnAndMayStillVote) {
  Shares t({.n = 7, .fast = false});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(kFirst, a, t.start());
  const VoteSignature bad = t.share(t.other(1), sha256(view_of("something else")));
  t.confirm_with(t.other(1), t.other(1), kFirst, a, bad);
  t.confirm(t.other(2), kFirst, a);
  t.confirm(t.other(3), kFirst, a);
  ASSERT_EQ(t.node().dropped("confirm_bad_share"), 1u);
  t.confirm_with(t.other(1), t.other(1), kFirst, a, bad);
  EXPECT_EQ(t.node().dropped("confirm_bad_signature"), 1u) << "no second search";
  t.confirm(t.other(1), kFirst, a);
  EXPECT_EQ(t.status().high_slot, kFirst);
}

TEST(Shares, NobodyElseCanSpoilAMembersPlace) {
  Shares t({.n = 7, .fast = false});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(kFirst, a, t.start());
  t.confirm_with(t.other(4), t.other(1), kFirst, a, t.share(t.other(4), t.digest(kFirst, a)));
  EXPECT_EQ(t.node().dropped("confirm_bad_signature"), 1u) << "another's vote over this link is checked at once";
  for (size_t k = 1; k <= 3; ++k) t.confirm(t.other(k), kFirst, a);
  EXPECT_EQ(t.status().high_slot, kFirst);
}

TEST(Shares, ASignatureOfTheOtherKindIsRefusedAtOnce) {
  Shares t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(kFirst, a, t.start());
  t.confirm_with(t.other(1), t.other(1), kFirst, a, t.sign(t.other(1), t.digest(kFirst, a)));
  EXPECT_EQ(t.node().dropped("confirm_bad_signature"), 1u);
  Lone list;
  const BlockPtr b = list.block(list.c.genesis());
  list.propose(kFirst, b, list.start());
  const Hash d = confirm_digest(list.c.chain_id(), kFirst, 1, b->digest);
  list.c.inject(
      list.me, list.other(1),
      make_message(Confirm{list.other(1), kFirst, 1, b->digest, TestSigner(list.other(1)).sign_share(d.view())}));
  EXPECT_EQ(list.node().dropped("confirm_bad_signature"), 1u);
}

// Two members shift value between their shares: the sum holds, the certificate is good, and neither share is evidence.
TEST(Shares, SharesThatHoldOnlyTogetherMakeACertificateAndNoEvidence) {
  Shares t({.n = 7, .fast = false});
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose(kFirst, a, t.start());
  TestWords more = test_words(t.share(t.other(1), t.digest(kFirst, a)));
  TestWords less = test_words(t.share(t.other(2), t.digest(kFirst, a)));
  more[0] += 77;
  less[0] -= 77;
  t.confirm_with(t.other(1), t.other(1), kFirst, a, test_point(more));
  t.confirm_with(t.other(2), t.other(2), kFirst, a, test_point(less));
  t.confirm(t.other(3), kFirst, a);
  EXPECT_EQ(t.status().high_slot, kFirst);
  EXPECT_EQ(t.node().dropped("confirm_bad_share"), 0u);
  t.confirm(t.other(1), kFirst, b);
  EXPECT_FALSE(t.traced("equivocation proven")) << "one side does not verify alone";
  EXPECT_EQ(t.node().dropped("confirm_bad_share"), 1u);
  t.confirm(t.other(3), kFirst, b);
  EXPECT_TRUE(t.traced("equivocation proven of validator " + std::to_string(t.other(3))));
}

TEST(Shares, AProposalUnderABadShareIsRefusedAtOnce) {
  Shares t;
  const BlockPtr a = t.block(t.c.genesis());
  Propose p = std::get<Propose>(t.proposal(kFirst, a, t.start())->payload);
  p.signature = t.share(t.leader, sha256(view_of("something else")));
  t.c.inject(t.me, t.leader, make_message(p));
  EXPECT_EQ(t.node().dropped("propose_bad_signature"), 1u) << "it is carried in VIEW-CHANGEs, which must be valid";
  EXPECT_EQ(t.confirms(), 0u);
}

TEST(Shares, EvidenceHoldsThoseWhoCameAfterTheQuorum) {
  Shares t({.n = 7, .lead = true, .fast = false});
  t.c.submit(3);
  std::vector<BlockPtr> chain;
  for (size_t i = 0; i < 3; ++i) {
    const auto proposals = t.proposals();
    ASSERT_EQ(proposals.size(), i + 1);
    const Header header = proposals.back().header;
    for (size_t k = 1; k <= (i == 0 ? 6u : 4u); ++k) t.confirm(t.other(k), {0, 0, static_cast<int64_t>(i)}, header);
    t.c.submit(1);
  }
  const auto evidence = decoded<Evidence>(t.proposals().at(2).evidence, "evidence");
  ASSERT_TRUE(evidence.ok());
  ASSERT_FALSE(evidence->certificates.empty());
  EXPECT_EQ(evidence->certificates[0].signers.count(), 7u);
  EXPECT_TRUE(verify_certificate(evidence->certificates[0], VotePhase::kConfirm, Threshold::kQuorum, t.c.chain_id(),
                                 t.c.committee(0), t.c.verifier())
                  .ok());
}

}  // namespace
}  // namespace tieline::testing
