#include "energy/market_refusal.h"

#include <array>

#include "base/check.h"

namespace tieline::energy {
namespace {

using enum MarketRefusal;

constexpr std::array kTexts = {
    MarketRefusalText{kInsufficientFunds, "insufficient_funds", "the account does not hold what the operation moves"},
    MarketRefusalText{kOverIssued, "over_issued", "more money would be issued than the network allows"},
    MarketRefusalText{kSuspended, "suspended", "the participant has debt and may not trade before it is paid"},
    MarketRefusalText{kZeroAmount, "zero_amount", "an amount of nothing cannot be moved"},
    MarketRefusalText{kUnknownTrade, "unknown_trade", "no trade has this id"},
    MarketRefusalText{kTradeExists, "trade_exists", "a trade with this id exists already"},
    MarketRefusalText{kWrongState, "wrong_state", "the trade's state does not allow this step"},
    MarketRefusalText{kNotAParty, "not_a_party", "the sender is no party to the trade"},
    MarketRefusalText{kTooLate, "too_late", "the deadline of this step has passed"},
    MarketRefusalText{kAlreadyIn, "already_in", "the party has endorsed the standing terms already"},
    MarketRefusalText{kTooManyRounds, "too_many_rounds", "the trade has had as many rounds as are allowed"},
    MarketRefusalText{kOwnTerms, "own_terms", "a party cannot counter its own terms"},
    MarketRefusalText{kBadTerms, "bad_terms", "the terms break a bound: window, energy, price, loss, parties or roles"},
    MarketRefusalText{kOtherTerms, "other_terms", "the endorsement is for terms that are not the standing ones"},
    MarketRefusalText{kNotAllFour, "not_all_four", "a committed trade is cancelled by all four parties only"},
    MarketRefusalText{kTooManyOpenTrades, "too_many_open_trades",
                      "the organisation has as many open trades as it may have"},
    MarketRefusalText{kOverCommitted, "over_committed",
                      "a plant, a line or a contract has not enough capacity left in a slot of the window"},
    MarketRefusalText{kMarginTooLow, "margin_too_low", "the margin posted is below what the rules ask for"},
    MarketRefusalText{kUnknownReading, "unknown_reading", "no such reading is recorded"},
    MarketRefusalText{kReadingState, "reading_state", "the reading's state does not allow this step"},
    MarketRefusalText{kNotTheNeighbour, "not_the_neighbour", "only the neighbour of the flow may accept the reading"},
    MarketRefusalText{kTooManyCorrections, "too_many_corrections", "the reading has been corrected as often as it may"},
    MarketRefusalText{kOtherVersion, "other_version", "the correction does not name the newest version"},
    MarketRefusalText{kRankNotRaised, "rank_not_raised",
                      "a correction raises the quality or is signed by the neighbour or the regulator"},
    MarketRefusalText{kBadPrice, "bad_price", "the imbalance price is above the cap"},
    MarketRefusalText{kStakeTooSmall, "stake_too_small", "the stake is below the least that a candidate holds"},
    MarketRefusalText{kTooManyUnbondings, "too_many_unbondings", "as many parts of the stake unbond as may at a time"},
    MarketRefusalText{kNotUnbonded, "not_unbonded", "no part of the stake has finished unbonding"},
    MarketRefusalText{kUnknownProposal, "unknown_proposal", "no proposal has this id"},
    MarketRefusalText{kProposalState, "proposal_state", "the proposal's state does not allow this step"},
    MarketRefusalText{kNoVotes, "no_votes", "the sender holds no votes in this proposal"},
    MarketRefusalText{kAlreadyVoted, "already_voted", "the sender has voted on this proposal"},
    MarketRefusalText{kNoVeto, "no_veto", "the regulator may veto membership and rules only, and not its own seat"},
    MarketRefusalText{kTooManyProposals, "too_many_proposals", "as many proposals are open as may be at a time"},
};

}  // namespace

std::span<const MarketRefusalText> market_refusals() { return kTexts; }

const char* market_refusal_name(MarketRefusal refusal) {
  if (refusal == kNone) return "none";
  for (const MarketRefusalText& text : kTexts) {
    if (text.refusal == refusal) return text.name;
  }
  TL_CHECK_MSG(false, "a market refusal without a name");
  return "";
}

}  // namespace tieline::energy
