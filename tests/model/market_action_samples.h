#pragma once
// One action of every type of the market, each field with a value of its own: round trips and golden bytes use the
// same.

#include "energy/market_actions.h"

namespace tieline::testing {

template <class Fixed>
Fixed fixed_of(uint8_t byte) {
  Fixed out;
  out.bytes.fill(byte);
  return out;
}

inline energy::TradeTerms sample_terms() {
  energy::TradeTerms t;
  t.party = {1, 2, 3, 4};
  t.wh = 1'000'000;
  t.plant_price = 50'000'000;
  t.grid_fee = 5'000'000;
  t.distributor_fee = 8'000'000;
  t.grid_loss_ppm = 60'000;
  t.distributor_loss_ppm = 40'000;
  t.first_slot = 1'888'892;
  t.slots = 4;
  return t;
}

inline Equivocation sample_equivocation() {
  Equivocation e;
  e.signer = 2;
  e.slot = {1, 2, 3};
  e.a = {7, fixed_of<Hash>(0x21), fixed_of<Signature>(0x22)};
  e.b = {7, fixed_of<Hash>(0x31), fixed_of<bls::Signature>(0x32)};
  return e;
}

inline energy::Registration sample_registration() {
  energy::Registration r;
  r.name = "plant-9";
  r.org = 9;
  r.role = Role::kPlant;
  r.key = fixed_of<PublicKey>(0x41);
  r.bls_key = fixed_of<bls::PublicKey>(0x42);
  r.bls_proof = fixed_of<bls::Possession>(0x43);
  r.seal_key = fixed_of<seal::PublicKey>(0x44);
  r.capacity_w = 5'000'000;
  r.loss_ppm = 7;
  r.meters = {"meter-90", "meter-91"};
  return r;
}

struct SampleAction {
  const char* name;
  energy::MarketAction action;
};

inline std::vector<SampleAction> sample_actions() {
  using namespace energy;
  const auto trade = fixed_of<Hash>(0x51);
  const auto share = fixed_of<bls::Signature>(0x52);
  return {
      {"issue", Issue{4, 1'000}},
      {"redeem", Redeem{4, 1'001}},
      {"repay", Repay{1'002}},
      {"offer", Offer{sample_terms(), 1'003, share}},
      {"counter", Counter{trade, 2, sample_terms(), 1'004, share}},
      {"endorse", Endorse{trade, 2, 1'005, share}},
      {"decline", Decline{trade}},
      {"cancel", Cancel{trade}},
      {"accept", Accept{1'888'892, 1, 2}},
      {"ruling", Ruling{1'888'892, 1, 2, 250'000}},
      {"correction", Correct{1'888'892, 1, 2, 1, 250'001, Quality::kCalculated}},
      {"publish_price", PublishPrice{1'888'892, 60'000'000}},
      {"tick", Tick{1'700'000'900'000}},
      {"bond", Bond{1'006}},
      {"unbond", Unbond{1'007}},
      {"withdraw", Withdraw{}},
      {"confiscate", Confiscate{5, sample_equivocation()}},
      {"penalise", Penalise{6, 1'008, fixed_of<Hash>(0x61)}},
      {"propose.rules", Propose{ProposalKind::kRules, RuleChanges{{"tolerance_ppm", 30'000}}}},
      {"propose.membership", Propose{ProposalKind::kMembership, sample_registration()}},
      {"propose.confiscation", Propose{ProposalKind::kConfiscation, ParticipantId{7}}},
      {"propose.restore_trust", Propose{ProposalKind::kRestoreTrust, ParticipantId{8}}},
      {"propose.flow", Propose{ProposalKind::kFlow, FlowChange{9, 2, 17, 3}}},
      {"propose.limits", Propose{ProposalKind::kLimits, LimitChange{9, 8'000'000, std::nullopt, 10, 20}}},
      {"propose.regulator_seat", Propose{ProposalKind::kRegulatorSeat, ParticipantId{9}}},
      {"propose.recover_key",
       Propose{ProposalKind::kRecoverKey,
               KeyRecovery{10, fixed_of<PublicKey>(0x91), fixed_of<Signature>(0x92), 1'700'000'000'000}}},
      {"vote", CastVote{fixed_of<Hash>(0x71), true}},
      {"veto", Veto{fixed_of<Hash>(0x72)}},
      {"grant_read", GrantRead{10, 11, 1'700'000'100, 1'700'001'000}},
      {"revoke_read", RevokeRead{10, 11}},
      {"rotate_key", RotateKey{fixed_of<PublicKey>(0x81), fixed_of<Signature>(0x82)}},
      {"set_recovery_key", SetRecoveryKey{fixed_of<PublicKey>(0x83), fixed_of<Signature>(0x84)}},
      {"revoke_key", RevokeKey{12, fixed_of<PublicKey>(0x85), fixed_of<PublicKey>(0x86), 1'700'000'000'000,
                               fixed_of<Signature>(0x87)}},
  };
}

}  // namespace tieline::testing
