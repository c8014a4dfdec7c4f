#pragma once
// Money in the market: what a participant holds, the pools, and movements between them as checked transfers. Amounts
// are micro-currency, never negative. Money comes in by issue and leaves by redeem, both signed elsewhere; everything
// else only moves it. Invariant, checked after every block:
//
//   issued = balances + payment locks + margin locks + stake + pools
//
// Debt is what could not be collected: a liability, no money, so it stands in no sum. Who has debt is suspended until
// it is paid (repay). Source: ENERGY.md, "Settlement".

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "energy/market_refusal.h"
#include "energy/table.h"
#include "model/ids.h"

namespace tieline::energy {

inline constexpr uint64_t kIssuedMax = uint64_t{1} << 62;  // so that no sum of amounts leaves 64 bits
inline constexpr uint64_t kDebtMax = kIssuedMax;  // what is owed beyond all the money there can be is not counted

// The parts of an account that hold money.
enum class Purse : uint8_t { kBalance, kPayment, kMargin, kStake };
inline constexpr size_t kPurses = 4;

enum class Pool : uint8_t {
  kReward,     // fed by fees and confiscations, paid out to stake
  kImbalance,  // fed by debts paid late; fills what a later settlement could not collect
};
inline constexpr size_t kPools = 2;

struct Account {
  std::array<uint64_t, kPurses> held{};
  uint64_t debt = 0;

  uint64_t& operator[](Purse p) { return held[static_cast<size_t>(p)]; }
  uint64_t operator[](Purse p) const { return held[static_cast<size_t>(p)]; }
  bool suspended() const { return debt > 0; }
  bool operator==(const Account&) const = default;
};

Bytes account_name(const ParticipantId& who);

// One end of a movement: a purse of a participant, or a pool.
struct Place {
  bool is_pool = false;
  ParticipantId who = 0;
  Purse purse = Purse::kBalance;
  Pool pool = Pool::kReward;
  bool operator==(const Place&) const = default;
};
constexpr Place purse_of(ParticipantId who, Purse purse) { return {false, who, purse, Pool::kReward}; }
constexpr Place balance_of(ParticipantId who) { return purse_of(who, Purse::kBalance); }
constexpr Place pool_of(Pool pool) { return {true, 0, Purse::kBalance, pool}; }

struct Movement {
  Place from;
  Place to;
  uint64_t amount = 0;
  bool operator==(const Movement&) const = default;
};
struct DebtChange {
  ParticipantId who = 0;
  uint64_t more = 0;
  uint64_t less = 0;
  bool operator==(const DebtChange&) const = default;
};

// What a rule wants done with money. Movements of nothing are left out by move().
struct MoneyChange {
  std::vector<Movement> movements;
  std::vector<DebtChange> debts;

  void move(Place from, Place to, uint64_t amount);
  void owe(ParticipantId who, uint64_t amount);
  void forgive(ParticipantId who, uint64_t amount);
  void append(const MoneyChange& more);
  bool operator==(const MoneyChange&) const = default;
};

void encode(Writer& w, const Account& a);
void decode(Reader& r, Account& a);

struct Book {
  Table<ParticipantId, Account> accounts{account_name};
  std::array<uint64_t, kPools> pools{};
  uint64_t issued = 0;

  const Account& account(ParticipantId who) const;  // an empty one if there is none
  uint64_t pool(Pool p) const { return pools[static_cast<size_t>(p)]; }
  bool operator==(const Book&) const = default;
};

// Carries the change out wholly or not at all, in its order. Refusal: kInsufficientFunds, also for a debt that falls
// below zero.
MarketRefusal apply(const MoneyChange& change, Book& book);

MarketRefusal issue(ParticipantId to, uint64_t amount, Book& book);
MarketRefusal redeem(ParticipantId from, uint64_t amount, Book& book);  // not while suspended
MarketRefusal repay(ParticipantId who, uint64_t amount, Book& book);    // debt, from the balance to the pool

// The invariant `issued`: empty when it holds, otherwise what was found.
std::string broken_money_invariant(const Book& book);

}  // namespace tieline::energy
