#include "energy/money.h"

#include "base/check.h"

namespace tieline::energy {
namespace {

using uint128 = unsigned __int128;

uint64_t& held_at(const Place& place, Book& book) {
  if (place.is_pool) return book.pools[static_cast<size_t>(place.pool)];
  return book.accounts[place.who][place.purse];
}

uint64_t holds(const Place& place, const Book& book) {
  return place.is_pool ? book.pool(place.pool) : book.account(place.who)[place.purse];
}

bool transfer(const Place& from, const Place& to, uint64_t amount, Book& book) {
  if (holds(from, book) < amount) return false;
  held_at(from, book) -= amount;
  uint64_t& target = held_at(to, book);
  TL_CHECK(amount <= kIssuedMax - target);  // nobody can hold more than is issued
  target += amount;
  return true;
}

bool change_debt(ParticipantId who, uint64_t more, uint64_t less, Book& book) {
  const uint64_t debt = book.account(who).debt;
  if (more > UINT64_MAX - debt || debt + more < less) return false;
  book.accounts[who].debt = debt + more - less;
  return true;
}

// An account that holds and owes nothing is the same as none.
void drop_if_empty(ParticipantId who, Book& book) {
  if (book.account(who) == Account{}) book.accounts.erase(who);
}

void drop_empty(const MoneyChange& change, Book& book) {
  for (const Movement& m : change.movements) {
    if (!m.from.is_pool) drop_if_empty(m.from.who, book);
    if (!m.to.is_pool) drop_if_empty(m.to.who, book);
  }
  for (const DebtChange& d : change.debts) drop_if_empty(d.who, book);
}

}  // namespace

Bytes account_name(const ParticipantId& who) { return RecordName("account/").id(who).take(); }

void encode(Writer& w, const Account& a) {
  for (uint64_t amount : a.held) w.u64(amount);
  w.u64(a.debt);
}

void decode(Reader& r, Account& a) {
  for (uint64_t& amount : a.held) amount = r.u64();
  a.debt = r.u64();
}

void MoneyChange::move(Place from, Place to, uint64_t amount) {
  if (amount > 0) movements.push_back({from, to, amount});
}

void MoneyChange::owe(ParticipantId who, uint64_t amount) {
  if (amount > 0) debts.push_back({who, amount, 0});
}

void MoneyChange::forgive(ParticipantId who, uint64_t amount) {
  if (amount > 0) debts.push_back({who, 0, amount});
}

void MoneyChange::append(const MoneyChange& more) {
  movements.insert(movements.end(), more.movements.begin(), more.movements.end());
  debts.insert(debts.end(), more.debts.begin(), more.debts.end());
}

const Account& Book::account(ParticipantId who) const {
  static const Account kEmpty;
  const Account* account = accounts.find(who);
  return account == nullptr ? kEmpty : *account;
}

MarketRefusal apply(const MoneyChange& change, Book& book) {
  size_t moved = 0;
  size_t owed = 0;
  while (moved < change.movements.size()) {
    const Movement& m = change.movements[moved];
    if (!transfer(m.from, m.to, m.amount, book)) break;
    ++moved;
  }
  if (moved == change.movements.size()) {
    while (owed < change.debts.size()) {
      const DebtChange& d = change.debts[owed];
      if (!change_debt(d.who, d.more, d.less, book)) break;
      ++owed;
    }
    if (owed == change.debts.size()) {
      drop_empty(change, book);
      return MarketRefusal::kNone;
    }
  }
  while (owed > 0) {
    const DebtChange& d = change.debts[--owed];
    TL_CHECK(change_debt(d.who, d.less, d.more, book));
  }
  while (moved > 0) {
    const Movement& m = change.movements[--moved];
    TL_CHECK(transfer(m.to, m.from, m.amount, book));
  }
  drop_empty(change, book);
  return MarketRefusal::kInsufficientFunds;
}

MarketRefusal issue(ParticipantId to, uint64_t amount, Book& book) {
  if (amount == 0) return MarketRefusal::kZeroAmount;
  if (amount > kIssuedMax - book.issued) return MarketRefusal::kOverIssued;
  book.issued += amount;
  book.accounts[to][Purse::kBalance] += amount;
  return MarketRefusal::kNone;
}

MarketRefusal redeem(ParticipantId from, uint64_t amount, Book& book) {
  if (amount == 0) return MarketRefusal::kZeroAmount;
  if (book.account(from).suspended()) return MarketRefusal::kSuspended;
  if (book.account(from)[Purse::kBalance] < amount) return MarketRefusal::kInsufficientFunds;
  book.accounts[from][Purse::kBalance] -= amount;
  book.issued -= amount;
  drop_if_empty(from, book);
  return MarketRefusal::kNone;
}

MarketRefusal repay(ParticipantId who, uint64_t amount, Book& book) {
  if (amount == 0) return MarketRefusal::kZeroAmount;
  MoneyChange change;
  change.move(balance_of(who), pool_of(Pool::kImbalance), amount);
  change.forgive(who, amount);
  return apply(change, book);
}

std::string broken_money_invariant(const Book& book) {
  uint128 sum = 0;
  for (const auto& [who, account] : book.accounts) {
    for (uint64_t amount : account.held) sum += amount;
  }
  for (uint64_t amount : book.pools) sum += amount;
  if (sum == book.issued) return "";
  return "money_conserved: issued " + std::to_string(book.issued) + ", held " +
         std::to_string(static_cast<uint64_t>(sum)) + " (modulo 2^64)";
}

}  // namespace tieline::energy
