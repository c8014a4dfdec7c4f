#pragma once
// Governance: proposals that stake votes on. A proposal passes with more than two thirds of all votes, counted as they
// stood when it was made; it acts two epochs later. Until then the regulator may veto it, but only changes of
// membership (a lost key, flows and limits among it) and of rules: never ordinary transactions, confiscations or trust
// given back, and not the replacement of its own seat, which needs three quarters. What has not passed after its voting
// time has failed. Source: ENERGY.md, "Stake, governance, regulator"; paper 004, 5.1.4 (supervision nodes with veto
// power) and 5.2.

#include <set>

#include "energy/stake_votes.h"

namespace tieline::energy {

inline constexpr Epoch kVotingEpochs = 8;
inline constexpr Epoch kActEpochs = 2;
inline constexpr size_t kProposalsMax = 64;  // open at a time

enum class ProposalKind : uint8_t {
  kMembership,
  kRules,
  kConfiscation,  // of the stake of one that was jailed
  kRestoreTrust,  // of one whose forgery was proven
  kRegulatorSeat,
  kRecoverKey,  // of one that has lost its key
  kFlow,        // a metered flow of energy between two members
  kLimits,      // of a member
};
enum class ProposalState : uint8_t { kOpen, kPassed, kActed, kVetoed, kFailed };

struct Proposal {
  Hash id;
  ProposalKind kind = ProposalKind::kRules;
  ProposalState state = ProposalState::kOpen;
  Epoch opened = 0;
  Epoch passed = 0;
  Votes electorate;  // as it stood
  std::set<ParticipantId> voted;
  uint64_t in_favour = 0;
  bool operator==(const Proposal&) const = default;
};

struct ProposalStep {
  MarketRefusal refusal = MarketRefusal::kNone;
  Proposal proposal;
  bool ok() const { return refusal == MarketRefusal::kNone; }
};

// Only who has votes may propose; it votes in favour with that.
ProposalStep propose(const Hash& id, ProposalKind kind, ParticipantId by, const Votes& votes, size_t open, Epoch now);
ProposalStep vote(const Proposal& proposal, ParticipantId by, bool in_favour, Epoch now);
// By the regulator; that the signer holds its seat is the caller's to check.
ProposalStep veto(const Proposal& proposal, Epoch now);
// At the start of each epoch: acts, or fails; kProposalState when neither is due. The caller carries out what acted.
ProposalStep advance(const Proposal& proposal, Epoch now);

bool may_be_vetoed(ProposalKind kind);
bool enough(ProposalKind kind, uint64_t in_favour, uint64_t of);

}  // namespace tieline::energy
