#include "energy/stake.h"

#include <algorithm>

#include "energy/split.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

StakeStep refused(MarketRefusal why) {
  StakeStep step;
  step.refusal = why;
  return step;
}

Place stake_of(const StakeRecord& s) { return purse_of(s.owner, Purse::kStake); }

// Takes `amount` out of the record: the bonded part first, then what unbonds, the youngest first.
void take(StakeRecord& s, uint64_t amount) {
  const uint64_t bonded = std::min(amount, s.bonded);
  s.bonded -= bonded;
  uint64_t left = amount - bonded;
  while (left > 0) {
    TL_CHECK(!s.unbonding.empty());
    const uint64_t part = std::min(left, s.unbonding.back().amount);
    s.unbonding.back().amount -= part;
    left -= part;
    if (s.unbonding.back().amount == 0) s.unbonding.pop_back();
  }
}

}  // namespace

uint64_t StakeRecord::total() const {
  uint64_t sum = bonded;
  for (const Unbonding& u : unbonding) sum += u.amount;
  return sum;
}

StakeStep bond(const StakeRecord& stake, uint64_t amount, uint64_t least) {
  if (amount == 0) return refused(MarketRefusal::kZeroAmount);
  if (amount > kIssuedMax - stake.total()) return refused(MarketRefusal::kInsufficientFunds);
  if (stake.bonded + amount < least) return refused(MarketRefusal::kStakeTooSmall);
  StakeStep step;
  step.stake = stake;
  step.stake.bonded += amount;
  step.money.move(balance_of(stake.owner), stake_of(stake), amount);
  return step;
}

StakeStep unbond(const StakeRecord& stake, uint64_t amount, uint64_t least, Epoch now) {
  if (amount == 0) return refused(MarketRefusal::kZeroAmount);
  if (amount > stake.bonded) return refused(MarketRefusal::kInsufficientFunds);
  if (stake.unbonding.size() >= kUnbondingsMax) return refused(MarketRefusal::kTooManyUnbondings);
  const uint64_t left = stake.bonded - amount;
  if (left > 0 && left < least) return refused(MarketRefusal::kStakeTooSmall);
  StakeStep step;
  step.stake = stake;
  step.stake.bonded = left;
  step.stake.unbonding.push_back({amount, now + kUnbondingEpochs + 1});
  return step;
}

StakeStep withdraw(const StakeRecord& stake, Epoch now) {
  StakeStep step;
  step.stake = stake;
  uint64_t amount = 0;
  auto& all = step.stake.unbonding;
  while (!all.empty() && all.front().free_from <= now) {
    amount += all.front().amount;
    all.erase(all.begin());
  }
  if (amount == 0) return refused(MarketRefusal::kNotUnbonded);
  step.money.move(stake_of(stake), balance_of(stake.owner), amount);
  return step;
}

StakeStep confiscate(const StakeRecord& stake) {
  StakeStep step;
  step.stake = stake;
  step.money.move(stake_of(stake), pool_of(Pool::kReward), stake.total());
  step.stake.bonded = 0;
  step.stake.unbonding.clear();
  return step;
}

StakeRecord jail(const StakeRecord& stake, Epoch until) {
  StakeRecord out = stake;
  out.jailed_until = std::max(stake.jailed_until, until);
  return out;
}

Penalty penalise(const StakeRecord& stake, const Account& account, uint64_t value) {
  TL_CHECK(stake.total() == account[Purse::kStake]);
  const uint64_t due = static_cast<uint64_t>(std::min<uint128>(uint128{value} * kDeterrence, kDebtMax));
  Penalty out;
  out.stake = stake;
  const uint64_t of_stake = std::min(due, account[Purse::kStake]);
  const uint64_t of_margin = std::min(due - of_stake, account[Purse::kMargin]);
  const uint64_t of_balance = std::min(due - of_stake - of_margin, account[Purse::kBalance]);
  take(out.stake, of_stake);
  out.margin_drawn = of_margin;
  out.collected = of_stake + of_margin + of_balance;
  out.debt = std::min(due - out.collected, kDebtMax - std::min(kDebtMax, account.debt));
  out.money.move(stake_of(stake), pool_of(Pool::kReward), of_stake);
  out.money.move(purse_of(stake.owner, Purse::kMargin), pool_of(Pool::kReward), of_margin);
  out.money.move(balance_of(stake.owner), pool_of(Pool::kReward), of_balance);
  out.money.owe(stake.owner, out.debt);
  return out;
}

MoneyChange pay_rewards(uint64_t amount, std::span<const StakeRecord> stakes) {
  MoneyChange money;
  std::vector<Weight> weights;
  std::vector<ParticipantId> owners;
  for (const StakeRecord& s : stakes) {
    if (s.bonded == 0) continue;
    weights.push_back({s.owner, s.bonded});
    owners.push_back(s.owner);
  }
  if (weights.empty()) return money;
  const std::vector<uint64_t> parts = split(amount, weights);
  for (size_t i = 0; i < parts.size(); ++i) money.move(pool_of(Pool::kReward), balance_of(owners[i]), parts[i]);
  return money;
}

}  // namespace tieline::energy
