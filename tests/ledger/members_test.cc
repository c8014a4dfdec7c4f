// Members after genesis: registration, keys that change and are recovered, the regulator's seat, on a chain of blocks.

#include "ledger/members.h"

#include <gtest/gtest.h>

#include "crypto/bls.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using energy::KeyRecovery;
using energy::ProposalKind;
using energy::Propose;
using energy::Registration;

constexpr uint64_t kStake = 100'000;
constexpr ParticipantId kNewcomer = 8;
const PlainSigner kNextKey(501), kThiefsKey(666), kRecoveryKey(777), kNewcomersKey(kNewcomer);

class MembersTest : public ::testing::Test {
 protected:
  MembersTest() {
    for (ParticipantId who : {kSeller, kGridCompany, kDistributor, kBuyer})
      EXPECT_EQ(chain_.run({who}, energy::Bond{kStake}), TxCode::ok);
  }
  void epochs(int n) {
    for (int i = 0; i < n; ++i) {
      chain_.end_epoch();
      chain_.add({}, 100);
    }
  }
  Hash passed(const Propose& proposal) {
    const Hash id = energy::proposal_id(chain_.ledger.chain(), kSeller, chain_.sequence[kSeller] + 1, 0);
    EXPECT_EQ(chain_.run({kSeller}, proposal), TxCode::ok);
    for (ParticipantId who : {kGridCompany, kDistributor})
      EXPECT_EQ(chain_.run({who}, energy::CastVote{id, true}), TxCode::ok);
    return id;
  }
  static Registration newcomer() {
    const bls::SecretKey bls_key = bls::SecretKey::from_seed(bls::Seed{7});
    Registration r;
    r.name = "newcomer";
    r.org = 208;
    r.role = Role::kUser;
    r.key = kNewcomersKey.public_key();
    r.bls_key = bls_key.public_key();
    r.bls_proof = bls_key.prove_possession();
    r.capacity_w = 50'000;
    r.meters = {"N-1", "N-2"};
    return r;
  }
  energy::RotateKey rotation(ParticipantId who, const PlainSigner& next) const {
    const Hash message = energy::key_message(chain_.ledger.chain(), ActionType::kRotateKey, who, next.public_key());
    return {next.public_key(), next.sign(message.view())};
  }
  energy::SetRecoveryKey recovery_key(ParticipantId who) const {
    const Hash message =
        energy::key_message(chain_.ledger.chain(), ActionType::kSetRecoveryKey, who, kRecoveryKey.public_key());
    return {kRecoveryKey.public_key(), kRecoveryKey.sign(message.view())};
  }
  energy::RevokeKey revocation(ParticipantId who, const PlainSigner& of, const PlainSigner& next,
                               const PlainSigner& by) const {
    energy::RevokeKey r{who, of.public_key(), next.public_key(), kStartMs, {}};
    r.recovery = by.sign(energy::revocation_message(chain_.ledger.chain(), r).view());
    return r;
  }
  TxPtr data_by(ParticipantId who, const PlainSigner& key) {
    TransactionDraft d = chain_.draft(who, ++chain_.sequence[who]);
    const Signer* one = &key;
    return *Transaction::parse(Blob(build_transaction(d, std::span<const Signer* const>(&one, 1))));
  }
  // As a validator takes it: the door, the signatures, and then a block.
  TxCode through_the_door(const TxPtr& tx) {
    if (const uint16_t code = chain_.ledger.precheck(*tx, chain_.view(), chain_.tip); code != 0)
      return static_cast<TxCode>(code);
    const auto keys = chain_.ledger.signing_keys(*tx, chain_.view());
    if (!keys.ok()) return *code_from_name(keys.error().code);
    if (!chain_.verifier.verify(keys->front(), tx->signed_digest().view(), tx->signatures().front()))
      return TxCode::bad_signature;
    return chain_.add_one(tx);
  }
  KeyRing ring(ParticipantId who) const { return chain_.record<KeyRing>(state::key_of(key_ring_name(who))); }

  MarketChain chain_;
};

TEST_F(MembersTest, AfterARotationTheNewKeySignsAndTheOldOneIsRefusedWithItsOwnCode) {
  ASSERT_EQ(chain_.run({kBuyer}, rotation(kBuyer, kNextKey)), TxCode::ok);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kNextKey)), TxCode::revoked_key) << "not in force in this epoch";
  EXPECT_EQ(through_the_door(data_by(kBuyer, participant_key(kBuyer))), TxCode::ok);
  epochs(1);
  const TxPtr old = data_by(kBuyer, participant_key(kBuyer));
  EXPECT_EQ(through_the_door(old), TxCode::revoked_key);
  EXPECT_EQ(chain_.add_one(old), TxCode::revoked_key) << "in a block too";
  EXPECT_EQ(through_the_door(data_by(kBuyer, kNextKey)), TxCode::ok);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kThiefsKey)), TxCode::bad_signature);
}

TEST_F(MembersTest, ARefusedOldKeyUsesNoSequenceNumber) {
  ASSERT_EQ(chain_.run({kBuyer}, rotation(kBuyer, kNextKey)), TxCode::ok);
  epochs(1);
  const state::SignerRecord before = chain_.signer(kBuyer);
  EXPECT_EQ(chain_.add_one(data_by(kBuyer, participant_key(kBuyer))), TxCode::revoked_key);
  EXPECT_EQ(chain_.signer(kBuyer), before);
}

TEST_F(MembersTest, ARotationNeedsTheNewKeysOwnSignatureAndCannotBeReplayed) {
  energy::RotateKey unproven = rotation(kBuyer, kNextKey);
  unproven.possession = kThiefsKey.sign(unproven.next.view());
  EXPECT_EQ(chain_.run({kBuyer}, unproven), TxCode::bad_key);
  EXPECT_EQ(chain_.run({kSeller}, rotation(kBuyer, kNextKey)), TxCode::bad_key) << "a proof for another owner";
  const TxPtr tx = chain_.act({kBuyer}, {rotation(kBuyer, kNextKey)});
  EXPECT_EQ(chain_.add_one(tx), TxCode::ok);
  EXPECT_EQ(chain_.add_one(tx), TxCode::duplicate);
  EXPECT_EQ(chain_.run({kBuyer}, rotation(kBuyer, kThiefsKey)), TxCode::key_pending);
}

TEST_F(MembersTest, ARefusedTransactionChangesNoKey) {
  energy::RotateKey unproven = rotation(kBuyer, kThiefsKey);
  unproven.possession = {};
  EXPECT_EQ(chain_.add_one(chain_.act({kBuyer}, {rotation(kBuyer, kNextKey), unproven})), TxCode::key_pending);
  EXPECT_EQ(chain_.run({kBuyer}, rotation(kBuyer, kNextKey)), TxCode::ok);
}

TEST_F(MembersTest, TheRecoveryKeyRevokesAStolenOneAndMarksWhatItSigned) {
  EXPECT_EQ(chain_.run({kPoor}, revocation(kBuyer, participant_key(kBuyer), kNextKey, kRecoveryKey)),
            TxCode::no_recovery_key);
  ASSERT_EQ(chain_.run({kBuyer}, recovery_key(kBuyer)), TxCode::ok);
  EXPECT_EQ(chain_.run({kBuyer}, recovery_key(kBuyer)), TxCode::no_recovery_key) << "named once";
  ASSERT_EQ(chain_.run({kBuyer}, rotation(kBuyer, kThiefsKey)), TxCode::ok);
  EXPECT_EQ(chain_.run({kPoor}, revocation(kBuyer, participant_key(kBuyer), kNextKey, kThiefsKey)), TxCode::bad_key);
  // Anyone may send it.
  EXPECT_EQ(chain_.run({kPoor}, revocation(kBuyer, participant_key(kBuyer), kNextKey, kRecoveryKey)), TxCode::ok);
  epochs(1);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kThiefsKey)), TxCode::bad_signature) << "it was never in force";
  EXPECT_EQ(through_the_door(data_by(kBuyer, participant_key(kBuyer))), TxCode::revoked_key);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kNextKey)), TxCode::ok);
  EXPECT_TRUE(is_doubtful(ring(kBuyer), participant_key(kBuyer).public_key(), kStartMs));
  EXPECT_EQ(chain_.run({kPoor}, revocation(kBuyer, participant_key(kBuyer), PlainSigner(502), kRecoveryKey)),
            TxCode::bad_key)
      << "it is revoked already";
}

TEST_F(MembersTest, ALostKeyIsReplacedByVote) {
  KeyRecovery lost{kBuyer, kNextKey.public_key(), {}, kStartMs};
  EXPECT_EQ(chain_.run({kSeller}, Propose{ProposalKind::kRecoverKey, lost}), TxCode::bad_key);
  lost.possession =
      kNextKey.sign(energy::key_message(chain_.ledger.chain(), ActionType::kPropose, kBuyer, lost.next).view());
  passed({ProposalKind::kRecoverKey, lost});
  epochs(2);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kNextKey)), TxCode::revoked_key) << "from the next epoch on";
  epochs(1);
  EXPECT_EQ(through_the_door(data_by(kBuyer, participant_key(kBuyer))), TxCode::revoked_key);
  EXPECT_EQ(through_the_door(data_by(kBuyer, kNextKey)), TxCode::ok);
}

TEST_F(MembersTest, AVoteRegistersANewcomerWhoThenSignsRecordsAndIsPaid) {
  EXPECT_EQ(through_the_door(data_by(kNewcomer, kNewcomersKey)), TxCode::unknown_signer);
  passed({ProposalKind::kMembership, newcomer()});
  epochs(2);
  EXPECT_EQ(through_the_door(data_by(kNewcomer, kNewcomersKey)), TxCode::unknown_signer) << "from the next epoch on";
  epochs(1);
  chain_.sequence[kNewcomer] = 0;
  EXPECT_EQ(through_the_door(data_by(kNewcomer, kNewcomersKey)), TxCode::ok);
  const MeterId first = static_cast<MeterId>(chain_.ledger.genesis().market->flows.size() * 2 + 1);
  EXPECT_EQ(registered_id(chain_.view(), meter_named("N-1")), first);
  EXPECT_EQ(registered_id(chain_.view(), participant_named("newcomer")), kNewcomer);
  EXPECT_EQ(chain_.add_one(chain_.meter(kNewcomer, first + 1, 100, Obis::kImport, kSlotNow - 4)), TxCode::ok);
  EXPECT_EQ(chain_.add_one(chain_.meter(kNewcomer, first, 1'000'000, Obis::kImport, kSlotNow - 4)),
            TxCode::over_capacity);
  EXPECT_EQ(chain_.add_one(chain_.meter(kBuyer, first, 100, Obis::kImport, kSlotNow - 4)), TxCode::not_owner);
  EXPECT_EQ(chain_.run({kRegulating}, energy::Issue{kNewcomer, 77}), TxCode::ok);
  EXPECT_EQ(chain_.balance(kNewcomer), 77u);
}

TEST_F(MembersTest, ARegistrationNeedsPossessionANameOfItsOwnAndARoleThatIsRegistered) {
  const auto refused = [&](auto change) {
    Registration r = newcomer();
    change(r);
    return chain_.run({kSeller}, Propose{ProposalKind::kMembership, r});
  };
  EXPECT_EQ(refused([](Registration& r) { r.bls_proof.bytes[3] ^= 1; }), TxCode::bad_key);
  EXPECT_EQ(refused([](Registration& r) { r.name = "buyer"; }), TxCode::name_taken);
  EXPECT_EQ(refused([](Registration& r) { r.meters = {"B"}; }), TxCode::name_taken);
  EXPECT_EQ(refused([](Registration& r) { r.meters = {"X", "X"}; }), TxCode::name_taken);
  EXPECT_EQ(refused([](Registration& r) { r.name = "New Comer"; }), TxCode::bad_proposal);
  EXPECT_EQ(refused([](Registration& r) { r.role = Role::kRegulator; }), TxCode::bad_proposal);
  EXPECT_EQ(refused([](Registration& r) { r.loss_ppm = 1'000'000; }), TxCode::bad_proposal);
  EXPECT_EQ(chain_.run({kPoor}, Propose{ProposalKind::kMembership, newcomer()}), TxCode::no_votes);
}

TEST_F(MembersTest, OfTwoThatWantOneNameTheFirstGetsIt) {
  passed({ProposalKind::kMembership, newcomer()});
  passed({ProposalKind::kMembership, newcomer()});
  epochs(3);
  EXPECT_EQ(registered_id(chain_.view(), participant_named("newcomer")), kNewcomer);
  EXPECT_EQ(chain_.record<MemberCounts>(state::key_of(member_counts_name(0))).participants, kNewcomer);
}

TEST_F(MembersTest, TheRegulatorMayVetoAMemberButNotTheReplacementOfItsSeat) {
  const Hash id = passed({ProposalKind::kMembership, newcomer()});
  ASSERT_EQ(chain_.run({kRegulating}, energy::Veto{id}), TxCode::ok);
  EXPECT_EQ(chain_.run({kSeller}, Propose{ProposalKind::kRegulatorSeat, kBuyer}), TxCode::bad_proposal);
  const Hash last = passed({ProposalKind::kRegulatorSeat, kAuthority});
  EXPECT_EQ(chain_.run({kRegulating}, energy::Veto{last}), TxCode::no_veto);
  epochs(2);
  EXPECT_EQ(registered_id(chain_.view(), participant_named("newcomer")), std::nullopt);
  EXPECT_EQ(chain_.run({kRegulating}, energy::Issue{kBuyer, 1}), TxCode::ok) << "until the epoch is over";
  epochs(1);
  EXPECT_EQ(chain_.run({kRegulating}, energy::Issue{kBuyer, 1}), TxCode::not_authorised);
  EXPECT_EQ(chain_.run({kAuthority}, energy::Issue{kBuyer, 1}), TxCode::ok);
}

}  // namespace
}  // namespace tieline::testing
