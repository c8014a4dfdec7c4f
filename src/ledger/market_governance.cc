// Stake and governance in a block: who may, what a proof proves, what a proposal can change, and carrying it out.

#include "ledger/market_work.h"

namespace tieline {
namespace {

using energy::MarketRefusal;
using energy::ProposalKind;

TxCode code_of(MarketRefusal refusal) { return static_cast<TxCode>(refusal); }

// Sets a rule that a vote may change to a value within its bounds; false: there is no such rule, or not to that value.
bool set(MarketNumbers& numbers, const energy::RuleChange& change) {
  for (const MarketNumber& number : market_numbers()) {
    if (rule_name(number) != change.rule) continue;
    if (!number.may_change || change.value < number.least || change.value > number.most) return false;
    numbers.*number.value = change.value;
    return true;
  }
  return false;
}

}  // namespace

std::string rule_name(const MarketNumber& number) { return std::string("market.") + number.name; }

// What the numbers owe each other is looked at when all are set, against those in force: other changes may have acted
// since these were proposed.
std::optional<MarketNumbers> changed(MarketNumbers numbers, const energy::RuleChanges& changes) {
  for (const energy::RuleChange& change : changes) {
    if (!set(numbers, change)) return std::nullopt;
  }
  return in_order(numbers) ? std::optional(numbers) : std::nullopt;
}

TxCode MarketWork::run(const energy::Bond& a, const Step& s) { return code_of(market_.bond(s.tx.signer(), a.amount)); }

TxCode MarketWork::run(const energy::Unbond& a, const Step& s) {
  return code_of(market_.unbond(s.tx.signer(), a.amount));
}

TxCode MarketWork::run(const energy::Withdraw&, const Step& s) { return code_of(market_.withdraw(s.tx.signer())); }

// By proof: two votes of the validator for one slot, of this epoch or the one before.
TxCode MarketWork::run(const energy::Confiscate& a, const Step&) {
  if (chain_.registry.staker_of(a.proof.signer) != a.owner) return TxCode::unknown_participant;
  const Epoch of = a.proof.slot.epoch;
  if (of > epoch_ || of + 1 < epoch_) return TxCode::bad_proof;
  const std::optional<Committee> committee = committee_of(parent_, of);
  const CommitRule rule = chain_.genesis.consensus.commit_rule();
  if (!committee || !verify_equivocation(a.proof, rule, chain_.id, *committee, chain_.verifier).ok()) {
    return TxCode::bad_proof;
  }
  return code_of(market_.confiscate(a.owner));
}

TxCode MarketWork::run(const energy::Penalise& a, const Step& s) {
  if (!signed_by_regulator(s.tx)) return TxCode::not_authorised;
  if (!is_party(a.who)) return TxCode::unknown_participant;
  return code_of(market_.penalise(a.who, a.value));
}

// Who has no votes is refused before anything is looked into: possession costs a pairing.
TxCode MarketWork::run(const energy::Propose& a, const Step& s) {
  const Hash id = energy::proposal_id(chain_.id, s.tx.signer(), s.tx.sequence(), s.index);
  const MarketRefusal refusal = market_.propose(id, a.kind, s.tx.signer());
  if (refusal != MarketRefusal::kNone) return code_of(refusal);
  switch (a.kind) {
    case ProposalKind::kRules:
      if (!changed(numbers_, std::get<energy::RuleChanges>(a.content))) return TxCode::bad_proposal;
      break;
    case ProposalKind::kConfiscation:
    case ProposalKind::kRestoreTrust:
      if (!is_party(std::get<ParticipantId>(a.content))) return TxCode::unknown_participant;
      break;
    case ProposalKind::kMembership:
      if (const TxCode code = check(std::get<energy::Registration>(a.content)); code != TxCode::ok) return code;
      break;
    case ProposalKind::kRegulatorSeat:
      if (const TxCode code = check_seat(std::get<ParticipantId>(a.content)); code != TxCode::ok) return code;
      break;
    case ProposalKind::kRecoverKey:
      if (const TxCode code = check(std::get<energy::KeyRecovery>(a.content)); code != TxCode::ok) return code;
      break;
    case ProposalKind::kFlow:
      if (const TxCode code = check(std::get<energy::FlowChange>(a.content)); code != TxCode::ok) return code;
      break;
    case ProposalKind::kLimits:
      if (const TxCode code = check(std::get<energy::LimitChange>(a.content)); code != TxCode::ok) return code;
      break;
  }
  const ByteView payload = s.tx.actions()[s.index].payload;
  proposed_[id].payload.assign(payload.begin(), payload.end());
  return TxCode::ok;
}

TxCode MarketWork::run(const energy::CastVote& a, const Step& s) {
  return code_of(market_.vote(a.proposal, s.tx.signer(), a.in_favour));
}

TxCode MarketWork::run(const energy::Veto& a, const Step& s) {
  if (!signed_by_regulator(s.tx)) return TxCode::not_authorised;
  return code_of(market_.veto(a.proposal));
}

// What was voted for may have lost its object meanwhile: a stake that is gone, rules that another change has moved.
void MarketWork::act(const energy::Proposal& proposal) {
  const Result<energy::MarketAction> action =
      energy::decode_market_action(ActionType::kPropose, proposed_.at(proposal.id).payload);
  TL_CHECK(action.ok());
  const auto& content = std::get<energy::Propose>(*action).content;
  switch (proposal.kind) {
    case ProposalKind::kRules:
      if (const auto numbers = changed(numbers_, std::get<energy::RuleChanges>(content))) {
        numbers_ = *numbers;
        numbers_changed_ = true;
        market_.set_params(market_params(numbers_, chain_.genesis.plausibility));
      }
      return;
    case ProposalKind::kConfiscation:
      market_.confiscate(std::get<ParticipantId>(content));
      return;
    case ProposalKind::kRestoreTrust:
      market_.restore(std::get<ParticipantId>(content));
      return;
    case ProposalKind::kMembership:
      return register_member(std::get<energy::Registration>(content));
    case ProposalKind::kRegulatorSeat:
      return seat_regulator(std::get<ParticipantId>(content));
    case ProposalKind::kRecoverKey:
      return recover_key(std::get<energy::KeyRecovery>(content));
    case ProposalKind::kFlow:
      return set_flow(std::get<energy::FlowChange>(content));
    case ProposalKind::kLimits:
      return set_limits(std::get<energy::LimitChange>(content));
  }
}

}  // namespace tieline
