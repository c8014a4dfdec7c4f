#pragma once
// Settling a charge against what people have, and settling it anew when it changes: new statement minus old, so that a
// first settlement is the difference to an empty one. What is owed more is collected from the margin, then the balance,
// and the rest becomes debt; what is owed less cancels debt and then is refunded; those who share get the difference
// between their new share and what they have; to whom has debt, by less of it. Shares are of what was collected, filled
// up from the imbalance pool (late payments of debts) as far as it reaches and never beyond what is owed. If what can
// be collected back does not cover refunds and shares, these are paid in proportion. Every unit moves through the
// imbalance pool; none is made or lost. Source: ENERGY.md, "Settlement" and the row `SETTLED, correction` of its table.

#include <map>

#include "energy/money.h"
#include "energy/settlement.h"

namespace tieline::energy {

// What a participant can be made to pay, and what it owes already: its margins in the trades of the interval, its
// balance, its debt. Statements settled one after the other draw on the same funds.
struct Funds {
  uint64_t margin = 0;
  uint64_t balance = 0;
  uint64_t debt = 0;
  bool operator==(const Funds&) const = default;
};
struct FundsOfAll {
  std::map<ParticipantId, Funds> of;
  uint64_t pool = 0;  // Pool::kImbalance
};

struct StatementLine {
  uint64_t owed = 0;       // by the newest charge
  uint64_t paid = 0;       // collected for it so far, less refunds
  uint64_t unpaid = 0;     // could not be collected for it and became debt
  uint64_t received = 0;   // shares paid out, less what was taken back
  uint64_t reclaimed = 0;  // of `received`: could not be taken back and became debt
  bool operator==(const StatementLine&) const = default;
};
struct Statement {
  std::map<ParticipantId, StatementLine> lines;
  bool operator==(const Statement&) const = default;
};
// received - paid over all lines: what the pool has put in, or holds when negative.
int64_t from_pool(const Statement& statement);

struct StatementStep {
  Statement statement;
  MoneyChange money;
  std::map<ParticipantId, uint64_t> margin_drawn;  // the caller takes it out of trades' records (draw_margin)
};

// Changes `funds` as the money will.
StatementStep settle_charge(const Statement& before, const Charge& charge, FundsOfAll& funds);

// All statements of an interval, in the order of their keys. A key that has no charge any more gets an empty one.
struct IntervalStatements {
  std::map<ChargeKey, Statement> of;
  uint32_t version = 0;
  bool operator==(const IntervalStatements&) const = default;
};
struct IntervalStep {
  IntervalStatements statements;
  MoneyChange money;
  std::map<ParticipantId, uint64_t> margin_drawn;
};
IntervalStep settle_all(const IntervalStatements& before, const Charges& charges, FundsOfAll& funds);

}  // namespace tieline::energy
