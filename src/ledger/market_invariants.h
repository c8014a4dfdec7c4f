#pragma once
// What must be true of the market after every block, from the records that the block touched: what held before it and
// moved by equal amounts on both sides holds after it. By induction from genesis these are the sums over everything.
//
//   money_conserved      issued = balances + payment locks + margins + stake + pools
//   margin_conserved     a participant's margin purse is what its trades hold of it
//   payments_conserved   and its payment purse
//   stake_conserved      its stake purse is its stake record
//   capacity_conserved   what is reserved of a resource is what committed trades take, and within what is registered
//   due_once             every trade and interval stands in the due queue under its deadline, and nothing that is gone
//
// Source: ENERGY.md, "Settlement".

#include "ledger/ledger.h"

namespace tieline {

// The name of the first that does not hold; null: all do.
const char* broken_market_invariant(const WriteSet& writes, const StateView& parent);

}  // namespace tieline
