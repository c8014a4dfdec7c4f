#include "energy/governance.h"

#include "energy/wide.h"

namespace tieline::energy {
namespace {

ProposalStep refused(MarketRefusal why) {
  ProposalStep step;
  step.refusal = why;
  return step;
}

void count(Proposal& p, ParticipantId by, bool in_favour, Epoch now) {
  p.voted.insert(by);
  if (in_favour) p.in_favour += p.electorate.at(by);
  if (!enough(p.kind, p.in_favour, sum_of(p.electorate))) return;
  p.state = ProposalState::kPassed;
  p.passed = now;
}

}  // namespace

bool may_be_vetoed(ProposalKind kind) {
  return kind == ProposalKind::kMembership || kind == ProposalKind::kRules || kind == ProposalKind::kRecoverKey ||
         kind == ProposalKind::kFlow || kind == ProposalKind::kLimits;
}

bool enough(ProposalKind kind, uint64_t in_favour, uint64_t of) {
  if (of == 0) return false;
  if (kind == ProposalKind::kRegulatorSeat) return uint128{in_favour} * 4 >= uint128{of} * 3;
  return uint128{in_favour} * 3 > uint128{of} * 2;
}

ProposalStep propose(const Hash& id, ProposalKind kind, ParticipantId by, const Votes& votes, size_t open, Epoch now) {
  if (!votes.contains(by)) return refused(MarketRefusal::kNoVotes);
  if (open >= kProposalsMax) return refused(MarketRefusal::kTooManyProposals);
  ProposalStep step;
  Proposal& p = step.proposal;
  p.id = id;
  p.kind = kind;
  p.opened = now;
  p.electorate = votes;
  count(p, by, true, now);
  return step;
}

ProposalStep vote(const Proposal& proposal, ParticipantId by, bool in_favour, Epoch now) {
  if (proposal.state != ProposalState::kOpen) return refused(MarketRefusal::kProposalState);
  if (now >= proposal.opened + kVotingEpochs) return refused(MarketRefusal::kTooLate);
  if (!proposal.electorate.contains(by)) return refused(MarketRefusal::kNoVotes);
  if (proposal.voted.contains(by)) return refused(MarketRefusal::kAlreadyVoted);
  ProposalStep step;
  step.proposal = proposal;
  count(step.proposal, by, in_favour, now);
  return step;
}

ProposalStep veto(const Proposal& proposal, Epoch now) {
  if (!may_be_vetoed(proposal.kind)) return refused(MarketRefusal::kNoVeto);
  if (proposal.state != ProposalState::kPassed) return refused(MarketRefusal::kProposalState);
  if (now >= proposal.passed + kActEpochs) return refused(MarketRefusal::kTooLate);
  ProposalStep step;
  step.proposal = proposal;
  step.proposal.state = ProposalState::kVetoed;
  return step;
}

ProposalStep advance(const Proposal& proposal, Epoch now) {
  ProposalStep step;
  step.proposal = proposal;
  if (proposal.state == ProposalState::kPassed && now >= proposal.passed + kActEpochs) {
    step.proposal.state = ProposalState::kActed;
  } else if (proposal.state == ProposalState::kOpen && now >= proposal.opened + kVotingEpochs) {
    step.proposal.state = ProposalState::kFailed;
  } else {
    return refused(MarketRefusal::kProposalState);
  }
  return step;
}

}  // namespace tieline::energy
