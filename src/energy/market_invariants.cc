// What must be true of the market after every operation. Each check has a name.

#include "energy/market.h"

namespace tieline::energy {
namespace {

std::string broken(const char* name, const std::string& what) { return std::string(name) + ": " + what; }

std::string of(ParticipantId who, uint64_t held, uint64_t expected) {
  return "participant " + std::to_string(who) + " holds " + std::to_string(held) + " instead of " +
         std::to_string(expected);
}

}  // namespace

std::string Market::broken_invariant() const {
  if (std::string money = broken_money_invariant(book_); !money.empty()) return money;

  std::map<ParticipantId, Account> locked;  // what the records say each purse holds
  std::map<ParticipantId, uint64_t> energy;
  for (const auto& [id, trade] : trades_) {
    for (size_t i = 0; i < kParties; ++i) locked[trade.terms.party[i]][Purse::kMargin] += trade.margin[i];
    locked[trade.terms.party[index_of(PartyRole::kBuyer)]][Purse::kPayment] += trade.payment;
    if (!holds_capacity(trade)) continue;
    const Quantities all = quantities(trade.terms);
    for (PartyRole role : kPartyRoles) energy[trade.terms.party[index_of(role)]] += all.of(role);
  }
  for (const auto& [who, stake] : stakes_) locked[who][Purse::kStake] += stake.total();
  for (const auto& [who, account] : book_.accounts) locked[who];
  constexpr std::array kNames = {std::pair{Purse::kMargin, "margin_conserved"},
                                 std::pair{Purse::kPayment, "payments_conserved"},
                                 std::pair{Purse::kStake, "stake_conserved"}};
  for (const auto& [who, expected] : locked) {
    for (const auto& [purse, name] : kNames) {
      const uint64_t held = book_.account(who)[purse];
      if (held != expected[purse]) return broken(name, of(who, held, expected[purse]));
    }
  }

  for (const auto& [of_slot, wh] : reserved_) energy[of_slot.resource] -= wh;
  for (const auto& [who, left] : energy) {
    if (left != 0) return broken("capacity_conserved", of(who, 0 - left, 0));
  }

  if (due_.size() != trades_.size() + intervals_.size()) return broken("due_once", std::to_string(due_.size()));
  for (const auto& [id, trade] : trades_) {
    if (!due_.contains({trade.due_ms, id})) return broken("due_once", "trade " + to_hex(id));
    if (!due_by_its_rules(trade)) return broken("due_by_its_rules", "trade " + to_hex(id));
  }
  for (const auto& [slot, interval] : intervals_) {
    if (!due_.contains({interval.due_ms, interval_id(slot)})) return broken("due_once", std::to_string(slot));
    if (!due_by_its_rules(slot, interval)) return broken("due_by_its_rules", std::to_string(slot));
  }
  return "";
}

}  // namespace tieline::energy
