#include "energy/statement.h"

#include <algorithm>
#include <set>

#include "energy/wide.h"

namespace tieline::energy {
namespace {

// What somebody is to be paid: a refund of what it paid, or a share.
struct Payout {
  ParticipantId who;
  bool refund;
  uint64_t due;
};

class Settling {
 public:
  Settling(const Statement& before, const Charge& charge, FundsOfAll& funds) : charge_(charge), funds_(funds) {
    step_.statement = before;
    for (const auto& [who, owed] : charge.owed) step_.statement.lines[who];
    for (const Weight& w : charge.claims) step_.statement.lines[static_cast<ParticipantId>(w.id)];
  }

  StatementStep run() {
    const int64_t pool_in = from_pool(step_.statement);
    for (auto& [who, line] : step_.statement.lines) set_owed(who, line);
    const std::map<ParticipantId, uint64_t> shares = new_shares(pool_in);
    for (auto& [who, line] : step_.statement.lines) {
      const auto at = shares.find(who);
      set_share(who, line, at == shares.end() ? 0 : at->second);
    }
    pay_out();
    std::erase_if(step_.statement.lines, [](const auto& entry) { return entry.second == StatementLine{}; });
    return std::move(step_);
  }

 private:
  // From margin, then balance; the rest becomes debt. Returns what was collected.
  uint64_t collect(ParticipantId who, uint64_t amount) {
    Funds& f = funds_.of[who];
    const uint64_t margin = std::min(amount, f.margin);
    const uint64_t balance = std::min(amount - margin, f.balance);
    const uint64_t rest = std::min(amount - margin - balance, kDebtMax - std::min(kDebtMax, f.debt));
    f.margin -= margin;
    f.balance -= balance;
    f.debt += rest;
    funds_.pool += margin + balance;
    step_.money.move(purse_of(who, Purse::kMargin), pool_of(Pool::kImbalance), margin);
    step_.money.move(balance_of(who), pool_of(Pool::kImbalance), balance);
    step_.money.owe(who, rest);
    if (margin > 0) step_.margin_drawn[who] += margin;
    return margin + balance;
  }

  uint64_t forgive(ParticipantId who, uint64_t at_most) {
    Funds& f = funds_.of[who];
    const uint64_t less = std::min(at_most, f.debt);
    f.debt -= less;
    step_.money.forgive(who, less);
    return less;
  }

  void set_owed(ParticipantId who, StatementLine& line) {
    const auto at = charge_.owed.find(who);
    const uint64_t owed = at == charge_.owed.end() ? 0 : at->second;
    const uint64_t covered = line.paid + line.unpaid;
    if (owed > covered) {
      const uint64_t got = collect(who, owed - covered);
      line.paid += got;
      line.unpaid += owed - covered - got;
    } else if (owed < covered) {
      // What was never collected is not refunded. If that debt was paid meanwhile, the money is in the pool.
      const uint64_t cancelled = forgive(who, std::min(covered - owed, line.unpaid));
      line.unpaid -= cancelled;
      if (covered - owed > cancelled) payouts_.push_back({who, true, covered - owed - cancelled});
    }
    line.owed = owed;
  }

  // The new shares are of what will have been collected when the refunds are made, and of the pool.
  std::map<ParticipantId, uint64_t> new_shares(int64_t pool_in) {
    std::map<ParticipantId, uint64_t> shares;
    if (charge_.claims.empty()) return shares;
    int128 total = pool_in;
    uint128 owed = 0;
    for (const auto& [who, line] : step_.statement.lines) {
      total += line.paid;
      owed += line.owed;
    }
    for (const Payout& p : payouts_) total -= p.due;
    total += pool_free();
    total = std::clamp<int128>(total, 0, static_cast<int128>(owed));
    const std::vector<uint64_t> parts = split(narrow(static_cast<uint128>(total)), charge_.claims);
    for (size_t i = 0; i < parts.size(); ++i) shares[static_cast<ParticipantId>(charge_.claims[i].id)] = parts[i];
    return shares;
  }

  // What the pool held before this statement collected anything into it.
  uint64_t pool_free() const {
    uint64_t collected = 0;
    for (const Movement& m : step_.money.movements) collected += m.amount;
    return funds_.pool - collected;
  }

  void set_share(ParticipantId who, StatementLine& line, uint64_t share) {
    const uint64_t has = line.received - line.reclaimed;
    if (share < has) {
      const uint64_t back = collect(who, has - share);
      line.received -= back;
      line.reclaimed += has - share - back;
    } else if (share > has) {
      const uint64_t cancelled = forgive(who, std::min(share - has, line.reclaimed));
      line.reclaimed -= cancelled;
      if (share - has > cancelled) payouts_.push_back({who, false, share - has - cancelled});
    }
  }

  // The line has been paid out `amount`, in money or by less debt.
  static void book_payout(StatementLine& line, bool refund, uint64_t amount) {
    if (!refund) {
      line.received += amount;
      return;
    }
    const uint64_t of_paid = std::min(line.paid, amount);
    line.paid -= of_paid;
    line.unpaid -= std::min(line.unpaid, amount - of_paid);  // the part that was paid as a debt
  }

  // Who is to be paid and has debt pays it with that: first what this statement made debt. The pool gives and gets the
  // same, so no money moves.
  void pay_debt(Payout& p) {
    const uint64_t amount = forgive(p.who, p.due);
    StatementLine& line = step_.statement.lines[p.who];
    book_payout(line, p.refund, amount);
    p.due -= amount;
    const uint64_t back = std::min(amount, line.reclaimed);
    line.received -= back;
    line.reclaimed -= back;
    const uint64_t late = std::min(amount - back, line.unpaid);
    line.unpaid -= late;
    line.paid += late;
  }

  void pay_out() {
    for (Payout& p : payouts_) pay_debt(p);
    std::vector<Weight> dues;
    uint128 needed = 0;
    for (size_t i = 0; i < payouts_.size(); ++i) {
      dues.push_back({i, payouts_[i].due});
      needed += payouts_[i].due;
    }
    const uint64_t paid = static_cast<uint64_t>(std::min<uint128>(needed, funds_.pool));
    const std::vector<uint64_t> amounts = split(paid, dues);
    for (size_t i = 0; i < payouts_.size(); ++i) {
      const Payout& p = payouts_[i];
      book_payout(step_.statement.lines[p.who], p.refund, amounts[i]);
      funds_.pool -= amounts[i];
      funds_.of[p.who].balance += amounts[i];
      step_.money.move(pool_of(Pool::kImbalance), balance_of(p.who), amounts[i]);
    }
  }

  const Charge& charge_;
  FundsOfAll& funds_;
  StatementStep step_;
  std::vector<Payout> payouts_;
};

}  // namespace

int64_t from_pool(const Statement& statement) {
  int128 net = 0;
  for (const auto& [who, line] : statement.lines) net += int128{line.received} - line.paid;
  TL_CHECK(net >= INT64_MIN && net <= INT64_MAX);
  return static_cast<int64_t>(net);
}

StatementStep settle_charge(const Statement& before, const Charge& charge, FundsOfAll& funds) {
  return Settling(before, charge, funds).run();
}

IntervalStep settle_all(const IntervalStatements& before, const Charges& charges, FundsOfAll& funds) {
  std::set<ChargeKey> keys;
  for (const auto& [key, statement] : before.of) keys.insert(key);
  for (const auto& [key, charge] : charges) keys.insert(key);
  IntervalStep out;
  out.statements.version = before.version + 1;
  for (const ChargeKey& key : keys) {
    const auto old = before.of.find(key);
    const auto charge = charges.find(key);
    StatementStep step = settle_charge(old == before.of.end() ? Statement{} : old->second,
                                       charge == charges.end() ? Charge{} : charge->second, funds);
    out.money.append(step.money);
    for (const auto& [who, amount] : step.margin_drawn) out.margin_drawn[who] += amount;
    if (!step.statement.lines.empty()) out.statements.of[key] = std::move(step.statement);
  }
  return out;
}

}  // namespace tieline::energy
