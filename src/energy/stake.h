#pragma once
// Stake: what a candidate for validator pledges, how it comes back, what it earns and how it is lost. Unbonding takes
// more than 32 epochs, and what unbonds has no votes but can still be confiscated, so that nobody leaves before a proof
// arrives. An account's Purse::kStake is exactly bonded + unbonding. Amounts in micro-currency.
//
//   two CONFIRM signatures for one slot   the whole stake, by proof
//   invalid block                         jail; confiscation by governance only (a bug would burn a quorum)
//   proven forgery of a value             min(5 x value, stake + margin + balance), the rest of it debt
//   reward                                an epoch's share of the pool, split by bonded stake
//
// Source: ENERGY.md, "Stake, governance, regulator"; paper 004, 5.2 (stake, rewards, confiscation) and 5.1.4 (k = 5).

#include <map>
#include <span>
#include <vector>

#include "energy/money.h"

namespace tieline::energy {

inline constexpr Epoch kUnbondingEpochs = 32;  // it is free after more than these
inline constexpr size_t kUnbondingsMax = 8;
inline constexpr uint64_t kDeterrence = 5;  // k
inline constexpr uint64_t kDefaultStakeMin = 1'000'000'000;

struct Unbonding {
  uint64_t amount = 0;
  Epoch free_from = 0;
  bool operator==(const Unbonding&) const = default;
};
struct StakeRecord {
  ParticipantId owner = 0;
  OrgId org = 0;
  uint64_t bonded = 0;
  std::vector<Unbonding> unbonding;  // oldest first
  Epoch jailed_until = 0;            // may not be elected before
  bool operator==(const StakeRecord&) const = default;
  uint64_t total() const;
};

struct StakeStep {
  MarketRefusal refusal = MarketRefusal::kNone;
  StakeRecord stake;
  MoneyChange money;
  bool ok() const { return refusal == MarketRefusal::kNone; }
};

// A stake is at least `least` or nothing.
StakeStep bond(const StakeRecord& stake, uint64_t amount, uint64_t least);
StakeStep unbond(const StakeRecord& stake, uint64_t amount, uint64_t least, Epoch now);
StakeStep withdraw(const StakeRecord& stake, Epoch now);  // all that has finished unbonding

// To the reward pool: everything, by proof or by governance.
StakeStep confiscate(const StakeRecord& stake);
StakeRecord jail(const StakeRecord& stake, Epoch until);

// The penalty for a proven forgery of `value`. Taken from the stake, then margins, then the balance; `margin_drawn` is
// for the caller to take out of the trades (draw_margin in energy/trade.h).
struct Penalty {
  StakeRecord stake;
  MoneyChange money;
  uint64_t margin_drawn = 0;
  uint64_t collected = 0;
  uint64_t debt = 0;
};
Penalty penalise(const StakeRecord& stake, const Account& account, uint64_t value);

// `amount` of the reward pool, to the owners' balances.
MoneyChange pay_rewards(uint64_t amount, std::span<const StakeRecord> stakes);

}  // namespace tieline::energy
