// Stake and governance in the market.

#include <algorithm>

#include "energy/market.h"

namespace tieline::energy {
namespace {

constexpr uint8_t kTheList = 0;  // there is one of stakers and one of proposals

}  // namespace

std::vector<Hash> Market::open_proposals() const { return proposal_ids_.items(kTheList); }

std::vector<StakeRecord> Market::all_stakes() const {
  std::vector<ParticipantId> ids = stakers_.items(kTheList);
  std::sort(ids.begin(), ids.end());
  std::vector<StakeRecord> out;
  for (ParticipantId id : ids) out.push_back(stakes_.at(id));
  return out;
}

void Market::put_stake(const StakeRecord& stake) {
  if (!stakes_.contains(stake.owner)) stakers_.add(kTheList, stake.owner);
  stakes_[stake.owner] = stake;
}

MarketRefusal Market::bond(ParticipantId who, uint64_t amount) {
  const MarketParticipant* p = find(who);
  if (p == nullptr) return MarketRefusal::kNotAParty;
  if (book_.account(who).suspended()) return MarketRefusal::kSuspended;
  const StakeRecord* known = stakes_.find(who);
  const StakeStep step =
      energy::bond(known == nullptr ? StakeRecord{who, p->org, 0, {}, 0} : *known, amount, params_.stake_min);
  if (!step.ok()) return step.refusal;
  if (const auto why = apply(step.money, book_); why != MarketRefusal::kNone) return why;
  put_stake(step.stake);
  return MarketRefusal::kNone;
}

MarketRefusal Market::unbond(ParticipantId who, uint64_t amount) {
  const StakeRecord* known = stakes_.find(who);
  if (known == nullptr) return MarketRefusal::kInsufficientFunds;
  const StakeStep step = energy::unbond(*known, amount, params_.stake_min, epoch_);
  if (step.ok()) put_stake(step.stake);
  return step.refusal;
}

MarketRefusal Market::withdraw(ParticipantId who) {
  const StakeRecord* known = stakes_.find(who);
  if (known == nullptr) return MarketRefusal::kNotUnbonded;
  const StakeStep step = energy::withdraw(*known, epoch_);
  if (!step.ok()) return step.refusal;
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  put_stake(step.stake);
  return MarketRefusal::kNone;
}

MarketRefusal Market::confiscate(ParticipantId who) {
  const StakeRecord* known = stakes_.find(who);
  if (known == nullptr || known->total() == 0) return MarketRefusal::kInsufficientFunds;
  const StakeStep step = energy::confiscate(*known);
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  put_stake(step.stake);
  return MarketRefusal::kNone;
}

MarketRefusal Market::penalise(ParticipantId who, uint64_t value) {
  const MarketParticipant* p = find(who);
  if (p == nullptr) return MarketRefusal::kNotAParty;
  if (value == 0) return MarketRefusal::kZeroAmount;
  const StakeRecord* known = stakes_.find(who);
  const Penalty penalty =
      energy::penalise(known == nullptr ? StakeRecord{who, p->org, 0, {}, 0} : *known, book_.account(who), value);
  TL_CHECK(apply(penalty.money, book_) == MarketRefusal::kNone);
  if (known != nullptr) put_stake(penalty.stake);
  draw(party_trades_.items(who), who, penalty.margin_drawn);
  prove_forgery(participant_today(who).trust);
  return MarketRefusal::kNone;
}

MarketRefusal Market::pay_rewards(uint64_t amount) {
  if (amount == 0) return MarketRefusal::kZeroAmount;
  if (book_.pool(Pool::kReward) < amount) return MarketRefusal::kInsufficientFunds;
  const MoneyChange money = energy::pay_rewards(amount, all_stakes());
  if (money.movements.empty()) return MarketRefusal::kNoVotes;
  return apply(money, book_);
}

MarketRefusal Market::propose(const Hash& id, ProposalKind kind, ParticipantId by) {
  if (proposals_.contains(id)) return MarketRefusal::kProposalState;
  const size_t open = proposal_ids_.items(kTheList).size();
  const ProposalStep step = energy::propose(id, kind, by, votes_of(all_stakes()), open, epoch_);
  if (!step.ok()) return step.refusal;
  proposals_[id] = step.proposal;
  proposal_ids_.add(kTheList, id);
  return MarketRefusal::kNone;
}

MarketRefusal Market::vote(const Hash& id, ParticipantId by, bool in_favour) {
  const Proposal* known = proposals_.find(id);
  if (known == nullptr) return MarketRefusal::kUnknownProposal;
  const ProposalStep step = energy::vote(*known, by, in_favour, epoch_);
  if (step.ok()) proposals_[id] = step.proposal;
  return step.refusal;
}

MarketRefusal Market::veto(const Hash& id) {
  const Proposal* known = proposals_.find(id);
  if (known == nullptr) return MarketRefusal::kUnknownProposal;
  const ProposalStep step = energy::veto(*known, epoch_);
  if (step.ok()) proposals_[id] = step.proposal;
  return step.refusal;
}

void Market::restore(ParticipantId who) {
  if (find(who) != nullptr) restore_trust(participant_today(who).trust);
}

std::vector<Proposal> Market::next_epoch() {
  ++epoch_;
  std::vector<Proposal> over;
  for (const Hash& id : proposal_ids_.items(kTheList)) {
    Proposal proposal = proposals_.at(id);
    if (proposal.state != ProposalState::kVetoed) {
      const ProposalStep step = energy::advance(proposal, epoch_);
      if (!step.ok()) continue;
      proposal = step.proposal;
    }
    proposals_.erase(id);
    proposal_ids_.remove(kTheList, id, false);
    over.push_back(std::move(proposal));
  }
  return over;
}

}  // namespace tieline::energy
