// Stake and governance in the market.

#include "energy/market.h"

namespace tieline::energy {

MarketRefusal Market::bond(ParticipantId who, uint64_t amount) {
  const MarketParticipant* p = find(who);
  if (p == nullptr) return MarketRefusal::kNotAParty;
  if (book_.account(who).suspended()) return MarketRefusal::kSuspended;
  const auto at = stakes_.find(who);
  const StakeStep step =
      energy::bond(at == stakes_.end() ? StakeRecord{who, p->org, 0, {}, 0} : at->second, amount, params_.stake_min);
  if (!step.ok()) return step.refusal;
  if (const auto why = apply(step.money, book_); why != MarketRefusal::kNone) return why;
  stakes_[who] = step.stake;
  return MarketRefusal::kNone;
}

MarketRefusal Market::unbond(ParticipantId who, uint64_t amount) {
  const auto at = stakes_.find(who);
  if (at == stakes_.end()) return MarketRefusal::kInsufficientFunds;
  const StakeStep step = energy::unbond(at->second, amount, params_.stake_min, epoch_);
  if (step.ok()) at->second = step.stake;
  return step.refusal;
}

MarketRefusal Market::withdraw(ParticipantId who) {
  const auto at = stakes_.find(who);
  if (at == stakes_.end()) return MarketRefusal::kNotUnbonded;
  const StakeStep step = energy::withdraw(at->second, epoch_);
  if (!step.ok()) return step.refusal;
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  at->second = step.stake;
  return MarketRefusal::kNone;
}

MarketRefusal Market::confiscate(ParticipantId who) {
  const auto at = stakes_.find(who);
  if (at == stakes_.end() || at->second.total() == 0) return MarketRefusal::kInsufficientFunds;
  const StakeStep step = energy::confiscate(at->second);
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  at->second = step.stake;
  return MarketRefusal::kNone;
}

MarketRefusal Market::penalise(ParticipantId who, uint64_t value) {
  const MarketParticipant* p = find(who);
  if (p == nullptr) return MarketRefusal::kNotAParty;
  if (value == 0) return MarketRefusal::kZeroAmount;
  const auto at = stakes_.find(who);
  const Penalty penalty = energy::penalise(at == stakes_.end() ? StakeRecord{who, p->org, 0, {}, 0} : at->second,
                                           book_.account(who), value);
  TL_CHECK(apply(penalty.money, book_) == MarketRefusal::kNone);
  if (at != stakes_.end()) at->second = penalty.stake;
  std::vector<TradeRecord*> all;
  for (auto& [id, trade] : trades_) all.push_back(&trade);
  TL_CHECK(draw_margin(all, who, penalty.margin_drawn) == penalty.margin_drawn);
  prove_forgery(participants_.at(who).trust);
  return MarketRefusal::kNone;
}

MarketRefusal Market::pay_rewards(uint64_t amount) {
  if (amount == 0) return MarketRefusal::kZeroAmount;
  if (book_.pool(Pool::kReward) < amount) return MarketRefusal::kInsufficientFunds;
  std::vector<StakeRecord> all;
  for (const auto& [who, stake] : stakes_) all.push_back(stake);
  const MoneyChange money = energy::pay_rewards(amount, all);
  if (money.movements.empty()) return MarketRefusal::kNoVotes;
  return apply(money, book_);
}

MarketRefusal Market::propose(const Hash& id, ProposalKind kind, ParticipantId by) {
  if (proposals_.contains(id)) return MarketRefusal::kProposalState;
  std::vector<StakeRecord> all;
  for (const auto& [who, stake] : stakes_) all.push_back(stake);
  const ProposalStep step = energy::propose(id, kind, by, votes_of(all), proposals_.size(), epoch_);
  if (step.ok()) proposals_[id] = step.proposal;
  return step.refusal;
}

MarketRefusal Market::vote(const Hash& id, ParticipantId by, bool in_favour) {
  const auto at = proposals_.find(id);
  if (at == proposals_.end()) return MarketRefusal::kUnknownProposal;
  const ProposalStep step = energy::vote(at->second, by, in_favour, epoch_);
  if (step.ok()) at->second = step.proposal;
  return step.refusal;
}

MarketRefusal Market::veto(const Hash& id) {
  const auto at = proposals_.find(id);
  if (at == proposals_.end()) return MarketRefusal::kUnknownProposal;
  const ProposalStep step = energy::veto(at->second, epoch_);
  if (step.ok()) at->second = step.proposal;
  return step.refusal;
}

// Proposals that acted, failed or were vetoed are over.
void Market::next_epoch() {
  ++epoch_;
  for (auto at = proposals_.begin(); at != proposals_.end();) {
    const bool over = at->second.state == ProposalState::kVetoed || energy::advance(at->second, epoch_).ok();
    at = over ? proposals_.erase(at) : std::next(at);
  }
}

}  // namespace tieline::energy
