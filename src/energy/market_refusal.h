#pragma once
// Why the market refuses an operation. Like the refusals of readings (energy/refusal.h) the numbers are meant for
// receipts: they never change, and one that falls out of use stays unused. Each has a name and a sentence for a person.

#include <cstdint>
#include <span>

namespace tieline::energy {

enum class MarketRefusal : uint16_t {
  kNone = 0,
  // money
  kInsufficientFunds = 200,
  kOverIssued = 201,  // more than kIssuedMax would be in circulation
  kSuspended = 202,   // the account has debt
  kZeroAmount = 203,
  // trades
  kUnknownTrade = 210,
  kTradeExists = 211,
  kWrongState = 212,
  kNotAParty = 213,
  kTooLate = 214,
  kAlreadyIn = 215,
  kTooManyRounds = 216,
  kOwnTerms = 217,  // a counter-offer to one's own terms
  kBadTerms = 218,
  kOtherTerms = 219,  // endorses a round that is not the standing one
  kNotAllFour = 220,
  kTooManyOpenTrades = 221,
  kOverCommitted = 222,
  kMarginTooLow = 223,
  // readings after they are recorded
  kUnknownReading = 230,
  kReadingState = 231,
  kNotTheNeighbour = 232,
  kTooManyCorrections = 233,
  kOtherVersion = 234,  // the correction names a version that is not the newest
  kRankNotRaised = 235,
  kBadPrice = 236,
  // stake and governance
  kStakeTooSmall = 240,
  kTooManyUnbondings = 241,
  kNotUnbonded = 242,
  kUnknownProposal = 243,
  kProposalState = 244,
  kNoVotes = 245,
  kAlreadyVoted = 246,
  kNoVeto = 247,  // not a thing the regulator may veto
  kTooManyProposals = 248,
};

struct MarketRefusalText {
  MarketRefusal refusal;
  const char* name;    // stable
  const char* reason;  // for a person
};
std::span<const MarketRefusalText> market_refusals();  // ascending by number, without kNone
const char* market_refusal_name(MarketRefusal refusal);

}  // namespace tieline::energy
