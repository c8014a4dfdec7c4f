#include "model/evidence.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::hash_of;
using testing::TestCommittee;

class EvidenceTest : public ::testing::Test {
 protected:
  Certificate certificate(Epoch epoch, View view, int64_t index, size_t signers = 3) const {
    return of(epoch).certify(chain_, {epoch, view, index}, 5, hash_of("block"), first_positions(signers));
  }
  TimeoutProof timeout(Epoch epoch, View view, size_t signers = 2,
                       ViewChangeKind kind = ViewChangeKind::kTimeout) const {
    TimeoutProof p{epoch, view, first_positions(signers), {}};
    const Hash digest = timeout_digest(chain_, kind, epoch, view);
    for (size_t i = 0; i < signers; ++i) p.signatures.push_back(of(epoch).keys[i].sign(digest.view()));
    return p;
  }
  Equivocation equivocation(size_t position, const Slot& slot) const {
    Equivocation e;
    e.signer = of(slot.epoch).committee.at(position).id;
    e.slot = slot;
    e.a = side(position, slot, hash_of("one"));
    e.b = side(position, slot, hash_of("two"));
    if (e.b.block < e.a.block) std::swap(e.a, e.b);
    return e;
  }
  Equivocation::Side side(size_t position, const Slot& slot, const Hash& block) const {
    return {5, block, of(slot.epoch).keys[position].sign(confirm_digest(chain_, slot, 5, block).view())};
  }
  LateConfirm late(size_t position, const Slot& slot) const {
    const Equivocation::Side s = side(position, slot, hash_of("block"));
    return {of(slot.epoch).committee.at(position).id, slot, s.height, s.block, s.signature};
  }
  MeasureReport report(size_t position, Epoch epoch = 5) const {
    MeasureReport m{of(epoch).committee.at(position).id, epoch, 16, {1, 2, 3, 4}, {5, 6, 7, kNotMeasured}, {}};
    m.rtt_ms[position] = m.interval_ms[position] = kNotMeasured;
    return sign(m, position);
  }
  MeasureReport sign(MeasureReport m, size_t position) const {
    m.signature = of(m.epoch).keys[position].sign(report_digest(chain_, m).view());
    return m;
  }
  // Transactions of registered participant 1; the bad one carries the signature of someone else.
  Bytes transaction(uint64_t sequence, bool good, ParticipantId signatory = 1) const {
    TransactionDraft d;
    d.chain = chain_;
    d.signatories = {signatory};
    d.sequence = sequence;
    d.actions = {{ActionType::kData, Bytes{1, 2, 3}}};
    const Signer* key = good ? &current_.keys[0] : &current_.keys[1];
    return build_transaction(d, std::span<const Signer* const>(&key, 1));
  }
  const PublicKey* key_of(ParticipantId id) const { return id == 1 ? &participant_ : nullptr; }
  // Where the transaction number `index` stands among three.
  static std::pair<Hash, std::vector<Hash>> under(const std::vector<Bytes>& txs, size_t index) {
    std::vector<Hash> leaves;
    for (const Bytes& tx : txs) leaves.push_back(merkle_leaf(sha256(tx).view()));
    return {merkle_root(leaves), merkle_path(leaves, index)};
  }
  Header header() const {
    Header h;
    h.chain = chain_;
    h.height = 7;
    h.epoch = 5;
    return h;
  }
  InvalidBlock vote(const Bytes& header, Height height = 7, size_t position = 2, const Slot& slot = {5, 0, 3}) const {
    const Hash block = tagged_hash("tieline/block/1", {header});
    return {of(slot.epoch).committee.at(position).id,
            slot,
            height,
            of(slot.epoch).keys[position].sign(confirm_digest(chain_, slot, height, block).view()),
            header,
            {}};
  }
  InvalidBlock with_transaction(const std::vector<Bytes>& txs, size_t index) const {
    Header h = header();
    const auto [root, path] = under(txs, index);
    h.tx_root = root;
    h.tx_count = static_cast<uint32_t>(txs.size());
    InvalidBlock b = vote(encoded(h));
    b.bad = BadTransaction{txs[index], static_cast<uint32_t>(index), path};
    return b;
  }
  RejectedSubmission rejected(const std::vector<Bytes>& txs, size_t index, size_t position = 3) const {
    const auto [root, path] = under(txs, index);
    RejectedSubmission s{current_.committee.at(position).id,
                         5,
                         static_cast<uint32_t>(txs.size()),
                         root,
                         {},
                         BadTransaction{txs[index], static_cast<uint32_t>(index), path}};
    s.signature = current_.keys[position].sign(submission_digest(chain_, s.submitter, s.epoch, s.count, s.root).view());
    return s;
  }
  std::string code(const InvalidBlock& b) const {
    Evidence e;
    e.invalid = {b};
    return code(e);
  }
  std::string code(const Evidence& e, bool with_previous = true) const {
    Status s = verify_evidence(e, CommitRule::kTwoChain, chain_, current_.committee,
                               with_previous ? &previous_.committee : nullptr, verifier_,
                               [this](ParticipantId id) { return key_of(id); });
    return s.ok() ? "ok" : s.error().code;
  }
  const TestCommittee& of(Epoch epoch) const { return epoch == 4 ? previous_ : current_; }

  const ChainId chain_ = hash_of("chain");
  const TestCommittee previous_{4, 4, "old", 20};
  const TestCommittee current_{4, 5, "new", 10};
  const RealVerifier verifier_;
  const PublicKey participant_ = current_.keys[0].public_key();
};

TEST_F(EvidenceTest, OfBothEpochsVerifies) {
  Evidence e;
  EXPECT_TRUE(e.empty());
  EXPECT_EQ(code(e), "ok");
  e.certificates = {certificate(4, 0, 3), certificate(5, 0, 0), certificate(5, 1, 0)};
  e.timeouts = {timeout(4, 1), timeout(5, 1), timeout(5, 2)};
  e.equivocations = {equivocation(1, {5, 0, 3}), equivocation(2, {4, 0, 3})};
  EXPECT_EQ(code(e), "ok");
  EXPECT_FALSE(e.empty());
}

TEST_F(EvidenceTest, OfAnyOtherEpochIsRefused) {
  Evidence e;
  e.certificates = {certificate(6, 0, 0)};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.timeouts = {timeout(3, 1)};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.equivocations = {equivocation(1, {3, 0, 0})};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.timeouts = {timeout(4, 1)};
  EXPECT_EQ(code(e, false), "evidence_wrong_epoch") << "without a previous committee only the current epoch counts";
}

TEST_F(EvidenceTest, OutOfOrderOrTwiceIsRefused) {
  Evidence e;
  e.certificates = {certificate(5, 1, 0), certificate(5, 0, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.certificates = {certificate(5, 0, 0), certificate(5, 0, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e = {};
  e.timeouts = {timeout(5, 2), timeout(5, 1)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.timeouts = {timeout(5, 1), timeout(5, 1, 3)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e = {};
  e.equivocations = {equivocation(1, {5, 0, 3}), equivocation(1, {5, 0, 3})};
  EXPECT_EQ(code(e), "evidence_malformed");
}

TEST_F(EvidenceTest, CertificatesNeedAQuorumThatSigned) {
  Evidence e;
  e.certificates = {certificate(5, 0, 0, 2)};
  EXPECT_EQ(code(e), "certificate_below_quorum");
  e.certificates = {certificate(5, 0, 0)};
  e.certificates[0].block = hash_of("another");
  EXPECT_EQ(code(e), "certificate_bad_signature");
}

TEST_F(EvidenceTest, ATimeoutNeedsOneCorrectMember) {
  Evidence e;
  e.timeouts = {timeout(5, 1, 1)};
  EXPECT_EQ(code(e), "evidence_below_threshold");
  e.timeouts = {timeout(5, 1, 2)};
  EXPECT_EQ(code(e), "ok");
}

TEST_F(EvidenceTest, OnlyTimeoutsCountAsAFailedLeader) {
  Evidence e;
  for (ViewChangeKind kind : {ViewChangeKind::kPlanned, ViewChangeKind::kJoined}) {
    e.timeouts = {timeout(5, 1, 3, kind)};
    EXPECT_EQ(code(e), "evidence_bad_signature");
  }
}

TEST_F(EvidenceTest, ATimeoutOfViewZeroFromOutsideOrWithABadSignatureIsRefused) {
  Evidence e;
  e.timeouts = {timeout(5, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.timeouts = {timeout(5, 1, 3)};
  e.timeouts[0].signers.erase(2);
  e.timeouts[0].signers.insert(4);
  EXPECT_EQ(code(e), "evidence_unknown_signer");
  e.timeouts = {timeout(5, 1)};
  e.timeouts[0].signatures[1].bytes[3] ^= 1;
  EXPECT_EQ(code(e), "evidence_bad_signature");
  e.timeouts = {timeout(5, 1)};
  e.timeouts[0].signatures.pop_back();
  EXPECT_EQ(code(e), "evidence_malformed");
}

TEST_F(EvidenceTest, AnEquivocationNeedsTwoBlocksInOrderAndBothSignatures) {
  const auto check = [&](const Equivocation& e) {
    Status s = verify_equivocation(e, CommitRule::kTwoChain, chain_, current_.committee, verifier_);
    return s.ok() ? std::string("ok") : s.error().code;
  };
  const Equivocation good = equivocation(2, {5, 1, 3});
  EXPECT_EQ(check(good), "ok");
  Equivocation e = good;
  std::swap(e.a, e.b);
  EXPECT_EQ(check(e), "evidence_malformed") << "it has one spelling";
  e = good;
  e.b = e.a;
  EXPECT_EQ(check(e), "evidence_malformed") << "the same block twice is no fault";
  e = good;
  e.b.signature = e.a.signature;
  EXPECT_EQ(check(e), "evidence_bad_signature");
  e = good;
  e.slot.index = 4;
  EXPECT_EQ(check(e), "evidence_bad_signature") << "both must be for this slot";
  e = good;
  e.signer = current_.committee.at(3).id;
  EXPECT_EQ(check(e), "evidence_bad_signature") << "someone else's votes";
  e = good;
  e.signer = 99;
  EXPECT_EQ(check(e), "evidence_unknown_signer");
  e = good;
  e.slot = {5, 0, -1};
  EXPECT_EQ(check(e), "evidence_malformed");
  e = good;
  e.slot.epoch = 6;
  EXPECT_EQ(check(e), "evidence_wrong_epoch");
}

TEST_F(EvidenceTest, ALateConfirmIsOneVoteOfAMember) {
  Evidence e;
  e.late = {late(0, {4, 0, 9}), late(1, {5, 0, 0}), late(2, {5, 0, 0}), late(0, {5, 0, 1})};
  EXPECT_EQ(code(e), "ok");
  EXPECT_EQ(code(e, false), "evidence_wrong_epoch");
  std::swap(e.late[1], e.late[2]);
  EXPECT_EQ(code(e), "evidence_malformed");
  e.late = {late(1, {5, 0, 0}), late(1, {5, 0, 0})};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.late = {late(1, {5, 0, 0})};
  e.late[0].signer = current_.committee.at(2).id;
  EXPECT_EQ(code(e), "evidence_bad_signature") << "someone else's vote";
  e.late = {late(1, {5, 0, 0})};
  e.late[0].block = hash_of("another");
  EXPECT_EQ(code(e), "evidence_bad_signature");
  e.late = {late(1, {5, 0, -1})};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.late = {late(1, {5, 0, 0})};
  e.late[0].signer = 99;
  EXPECT_EQ(code(e), "evidence_unknown_signer");
}

TEST_F(EvidenceTest, AReportIsOfTheBlocksEpochSignedAndSaysNothingOfItself) {
  Evidence e;
  e.reports = {report(0), report(3)};
  EXPECT_EQ(code(e), "ok");
  std::swap(e.reports[0], e.reports[1]);
  EXPECT_EQ(code(e), "evidence_malformed");
  e.reports = {report(1), report(1)};
  EXPECT_EQ(code(e), "evidence_malformed") << "one a reporter";
  e.reports = {report(1, 4)};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e.reports = {report(1)};
  e.reports[0].rtt_ms[0] = 9;
  EXPECT_EQ(code(e), "evidence_bad_signature");
  MeasureReport m = report(1);
  m.rtt_ms.push_back(4);
  e.reports = {sign(m, 1)};
  EXPECT_EQ(code(e), "evidence_malformed") << "one measure a member";
  m = report(1);
  m.interval_ms[1] = 0;
  e.reports = {sign(m, 1)};
  EXPECT_EQ(code(e), "evidence_malformed") << "nobody praises itself";
  m = report(1);
  m.reporter = 99;
  e.reports = {sign(m, 1)};
  EXPECT_EQ(code(e), "evidence_unknown_signer");
}

TEST_F(EvidenceTest, AVoteForAHeaderThatIsNoneIsProven) {
  EXPECT_EQ(code(vote(Bytes{1, 2, 3})), "ok");
  EXPECT_EQ(code(vote(encoded(header()))), "evidence_not_bad");
  const auto with = [&](auto change) {
    Header h = header();
    change(h);
    return code(vote(encoded(h)));
  };
  EXPECT_EQ(with([](Header& h) { h.chain.bytes[0] ^= 1; }), "ok");
  EXPECT_EQ(with([](Header& h) { h.epoch = 4; }), "ok");
  EXPECT_EQ(with([](Header& h) { h.height = 8; }), "ok") << "signed as height 7";
  EXPECT_EQ(with([](Header& h) { h.is_void = true; }), "evidence_not_bad") << "a void block is no fault by itself";
  EXPECT_EQ(with([](Header& h) {
              h.is_void = true;
              h.tx_count = 1;
            }),
            "ok");
  EXPECT_EQ(with([](Header& h) {
              h.is_void = true;
              h.next_committee = Hash{};
            }),
            "ok");
}

TEST_F(EvidenceTest, DriftOldAgeAndWhatOnlyExecutionRefutesAreNoFault) {
  for (int64_t time_ms : {int64_t{0}, INT64_MAX}) {
    Header h = header();
    h.time_ms = time_ms;
    EXPECT_EQ(code(vote(encoded(h))), "evidence_not_bad");
  }
  Header h = header();
  h.parent = hash_of("nowhere");
  h.writes_digest = hash_of("other writes");
  EXPECT_EQ(code(vote(encoded(h))), "evidence_not_bad");
  // A duplicate, twice under one root: every signature verifies.
  EXPECT_EQ(code(with_transaction({transaction(1, true), transaction(1, true)}, 1)), "evidence_not_bad");
}

TEST_F(EvidenceTest, ABadTransactionUnderASignedRootIsProven) {
  const std::vector<Bytes> txs = {transaction(1, true), transaction(2, false), Bytes{9, 9}, transaction(3, true, 77)};
  EXPECT_EQ(code(with_transaction(txs, 0)), "evidence_not_bad");
  EXPECT_EQ(code(with_transaction(txs, 1)), "ok") << "its signature does not verify";
  EXPECT_EQ(code(with_transaction(txs, 2)), "ok") << "it is no transaction";
  EXPECT_EQ(code(with_transaction(txs, 3)), "evidence_not_bad") << "an unknown signatory has a code, and is no fault";

  InvalidBlock b = with_transaction(txs, 1);
  b.bad->index = 0;
  EXPECT_EQ(code(b), "evidence_malformed");
  b = with_transaction(txs, 1);
  b.bad->path.pop_back();
  EXPECT_EQ(code(b), "evidence_malformed");
  b = with_transaction(txs, 1);
  b.bad->transaction.back() ^= 1;
  EXPECT_EQ(code(b), "evidence_malformed") << "not the one that stands there";
  b = with_transaction(txs, 1);
  b.signer = current_.committee.at(1).id;
  EXPECT_EQ(code(b), "evidence_bad_signature") << "somebody else signed it";
  b = with_transaction(txs, 1);
  b.slot.index = 4;
  EXPECT_EQ(code(b), "evidence_bad_signature");
  b = with_transaction(txs, 1);
  b.header.back() ^= 1;
  EXPECT_EQ(code(b), "evidence_bad_signature");
  b = vote(Bytes{1, 2, 3});
  b.bad = BadTransaction{Bytes{9}, 0, {}};
  EXPECT_EQ(code(b), "evidence_malformed");
}

TEST_F(EvidenceTest, ARejectedSubmissionNeedsTheSubmittersOwnSignature) {
  const std::vector<Bytes> txs = {transaction(1, true), transaction(2, false)};
  Evidence e;
  e.rejected = {rejected(txs, 1)};
  EXPECT_EQ(code(e), "ok");
  e.rejected = {rejected(txs, 0)};
  EXPECT_EQ(code(e), "evidence_not_bad");
  e.rejected = {rejected(txs, 1)};
  e.rejected[0].submitter = current_.committee.at(1).id;
  EXPECT_EQ(code(e), "evidence_bad_signature");
  e.rejected = {rejected(txs, 1)};
  e.rejected[0].count = 3;
  EXPECT_EQ(code(e), "evidence_bad_signature");
  e.rejected = {rejected(txs, 1)};
  e.rejected[0].epoch = 6;
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
}

TEST_F(EvidenceTest, MoreOfAKindThanABlockMayHoldIsRefused) {
  Evidence e;
  for (int64_t i = 0; i <= static_cast<int64_t>(kEvidenceLateMax); ++i) e.late.push_back(late(1, {5, 0, i}));
  EXPECT_EQ(code(e), "evidence_malformed");
  EXPECT_FALSE(decoded<Evidence>(encoded(e), "evidence").ok());
  e.late.pop_back();
  EXPECT_EQ(code(e), "ok");
  e = {};
  e.invalid = {vote(Bytes{1}, 7, 1), vote(Bytes{1}, 7, 2)};
  EXPECT_EQ(code(e), "evidence_malformed");
  EXPECT_FALSE(decoded<Evidence>(encoded(e), "evidence").ok());
  e = {};
  const std::vector<Bytes> txs = {transaction(2, false)};
  e.rejected = {rejected(txs, 0, 1), rejected(txs, 0, 2)};
  EXPECT_EQ(code(e), "evidence_malformed");
  EXPECT_FALSE(decoded<Evidence>(encoded(e), "evidence").ok());
}

// The most that all kinds together can take leaves room under the bound on a block's evidence.
TEST_F(EvidenceTest, TheSizesOfAllKindsAreWhatTheFormatSays) {
  const auto size = [](const auto& item) { return encoded(item).size(); };
  EXPECT_EQ(size(Evidence{}), 28u);
  EXPECT_EQ(size(certificate(5, 0, 0)), 24u + 8 + 32 + 2 + 1 + 4 + 3 * 64);
  EXPECT_EQ(size(timeout(5, 1)), 8u + 8 + 2 + 1 + 4 + 2 * 64);
  EXPECT_EQ(size(equivocation(1, {5, 0, 3})), 236u);
  EXPECT_EQ(size(late(1, {5, 0, 3})), 131u);
  EXPECT_EQ(size(report(1)), 86u + 4 * 4);
  EXPECT_EQ(size(vote(encoded(header()))), 104u + 223);
  const std::vector<Bytes> txs = {transaction(1, true), transaction(2, false)};
  EXPECT_EQ(size(rejected(txs, 1)), 110u + 12 + txs[1].size() + 32);
}

TEST_F(EvidenceTest, MoreThanABlockMayHoldIsRefused) {
  Evidence e;
  for (int64_t i = 0; i <= static_cast<int64_t>(kEvidenceTimeoutsMax); ++i) {
    e.timeouts.push_back(timeout(5, static_cast<View>(1 + i)));
  }
  EXPECT_EQ(code(e), "evidence_malformed");
  EXPECT_FALSE(decoded<Evidence>(encoded(e), "evidence").ok());
  e.timeouts.pop_back();
  EXPECT_EQ(code(e), "ok");
  EXPECT_TRUE(decoded<Evidence>(encoded(e), "evidence").ok());
}

TEST_F(EvidenceTest, HasOneEncoding) {
  Evidence e;
  testing::expect_canonical(e);
  e.certificates = {certificate(5, 0, 0)};
  e.timeouts = {timeout(4, 1)};
  e.equivocations = {equivocation(1, {5, 0, 3})};
  e.late = {late(1, {5, 0, 3})};
  e.reports = {report(1)};
  const std::vector<Bytes> txs = {transaction(1, true), transaction(2, false)};
  e.invalid = {with_transaction(txs, 1)};
  e.rejected = {rejected(txs, 1)};
  testing::expect_canonical(e);
  testing::expect_garbage_is_harmless(encoded(e), testing::decode_and_encode<Evidence>, 7);
}

}  // namespace
}  // namespace tieline
