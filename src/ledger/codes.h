#pragma once
// What became of a transaction. The number is part of the result leaf, and so of every receipt: numbers and names never
// change, and one that falls out of use stays unused. docs/formats/state.md lists them.
//
// Two kinds of refusal. Of the first the chain keeps nothing: the transaction's sequence number stays free, so a block
// that holds it is valid and its result says why it did not count (an honest leader never includes it). The second is
// final: the transaction was in time and in order, its content was refused, and its sequence number is used up.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "energy/market_refusal.h"
#include "energy/refusal.h"

namespace tieline {

enum class TxCode : uint16_t {
  ok = 0,
  malformed = 1,
  over_size = 2,  // at the door only
  wrong_chain = 3,
  unknown_signer = 4,
  bad_signature = 5,  // at the door only
  duplicate = 6,      // the sequence number is used: a replay
  sequence_too_old = 7,
  sequence_too_far = 8,
  expired = 9,
  expiry_too_far = 10,
  timestamp_future = 11,
  timestamp_old = 12,
  revoked_key = 13,
  pool_full = 20,         // at the door only
  too_many_pending = 21,  // at the door only
  not_allowed = static_cast<uint16_t>(energy::Refusal::kNotAllowed),
  unknown_meter = static_cast<uint16_t>(energy::Refusal::kUnknownMeter),
  not_owner = static_cast<uint16_t>(energy::Refusal::kNotOwner),
  misaligned_interval = static_cast<uint16_t>(energy::Refusal::kMisalignedInterval),
  bad_duration = static_cast<uint16_t>(energy::Refusal::kBadDuration),
  future_interval = static_cast<uint16_t>(energy::Refusal::kFutureInterval),
  stale = static_cast<uint16_t>(energy::Refusal::kStale),
  over_capacity = static_cast<uint16_t>(energy::Refusal::kOverCapacity),
  before_window = static_cast<uint16_t>(energy::Refusal::kBeforeWindow),
  overlap = static_cast<uint16_t>(energy::Refusal::kOverlap),
  bad_register = static_cast<uint16_t>(energy::Refusal::kBadRegister),
  ramp = static_cast<uint16_t>(energy::Refusal::kRamp),
  cost_band = static_cast<uint16_t>(energy::Refusal::kCostBand),
  line_capacity = static_cast<uint16_t>(energy::Refusal::kLineCapacity),
  // the market's actions: what the ledger checks of them, then what the market refuses
  no_market = 150,
  not_authorised = 151,
  unknown_participant = 152,
  bad_endorsement = 153,
  bad_proof = 154,
  bad_proposal = 155,
  no_grant = 156,
  // participants and keys
  bad_key = 157,
  key_used = 158,
  key_pending = 159,
  too_many_keys = 160,
  no_recovery_key = 161,
  name_taken = 162,
  // private metering points
  no_private_points = 170,
  unknown_pseudonym = 171,
  bad_period = 172,
  too_many_pseudonyms = 173,
  bad_inner_signature = 174,
  bad_commitment = 175,
  bad_range_proof = 176,
  distributor_left_out = 177,
  not_forged = 178,
  complaint_state = 179,
  too_early = 180,
  bad_total = 181,
  may_not_open = 182,
  region_too_small = 183,
  may_not_receive = 184,
  insufficient_funds = static_cast<uint16_t>(energy::MarketRefusal::kInsufficientFunds),
  over_issued = static_cast<uint16_t>(energy::MarketRefusal::kOverIssued),
  suspended = static_cast<uint16_t>(energy::MarketRefusal::kSuspended),
  zero_amount = static_cast<uint16_t>(energy::MarketRefusal::kZeroAmount),
  unknown_trade = static_cast<uint16_t>(energy::MarketRefusal::kUnknownTrade),
  trade_exists = static_cast<uint16_t>(energy::MarketRefusal::kTradeExists),
  wrong_state = static_cast<uint16_t>(energy::MarketRefusal::kWrongState),
  not_a_party = static_cast<uint16_t>(energy::MarketRefusal::kNotAParty),
  too_late = static_cast<uint16_t>(energy::MarketRefusal::kTooLate),
  already_in = static_cast<uint16_t>(energy::MarketRefusal::kAlreadyIn),
  too_many_rounds = static_cast<uint16_t>(energy::MarketRefusal::kTooManyRounds),
  own_terms = static_cast<uint16_t>(energy::MarketRefusal::kOwnTerms),
  bad_terms = static_cast<uint16_t>(energy::MarketRefusal::kBadTerms),
  other_terms = static_cast<uint16_t>(energy::MarketRefusal::kOtherTerms),
  not_all_four = static_cast<uint16_t>(energy::MarketRefusal::kNotAllFour),
  too_many_open_trades = static_cast<uint16_t>(energy::MarketRefusal::kTooManyOpenTrades),
  over_committed = static_cast<uint16_t>(energy::MarketRefusal::kOverCommitted),
  margin_too_low = static_cast<uint16_t>(energy::MarketRefusal::kMarginTooLow),
  unknown_reading = static_cast<uint16_t>(energy::MarketRefusal::kUnknownReading),
  reading_state = static_cast<uint16_t>(energy::MarketRefusal::kReadingState),
  not_the_neighbour = static_cast<uint16_t>(energy::MarketRefusal::kNotTheNeighbour),
  too_many_corrections = static_cast<uint16_t>(energy::MarketRefusal::kTooManyCorrections),
  other_version = static_cast<uint16_t>(energy::MarketRefusal::kOtherVersion),
  rank_not_raised = static_cast<uint16_t>(energy::MarketRefusal::kRankNotRaised),
  bad_price = static_cast<uint16_t>(energy::MarketRefusal::kBadPrice),
  stake_too_small = static_cast<uint16_t>(energy::MarketRefusal::kStakeTooSmall),
  too_many_unbondings = static_cast<uint16_t>(energy::MarketRefusal::kTooManyUnbondings),
  not_unbonded = static_cast<uint16_t>(energy::MarketRefusal::kNotUnbonded),
  unknown_proposal = static_cast<uint16_t>(energy::MarketRefusal::kUnknownProposal),
  proposal_state = static_cast<uint16_t>(energy::MarketRefusal::kProposalState),
  no_votes = static_cast<uint16_t>(energy::MarketRefusal::kNoVotes),
  already_voted = static_cast<uint16_t>(energy::MarketRefusal::kAlreadyVoted),
  no_veto = static_cast<uint16_t>(energy::MarketRefusal::kNoVeto),
  too_many_proposals = static_cast<uint16_t>(energy::MarketRefusal::kTooManyProposals),
};

constexpr uint16_t number(TxCode code) { return static_cast<uint16_t>(code); }

// For an unknown number "unknown" and a sentence that says so: a newer peer may know more codes than this program.
const char* code_name(uint16_t code);
const char* code_reason(uint16_t code);
std::optional<TxCode> code_from_name(std::string_view name);
std::span<const TxCode> all_codes();  // ascending

inline const char* code_name(TxCode code) { return code_name(number(code)); }
inline const char* code_reason(TxCode code) { return code_reason(number(code)); }

// Whether a result with this code has used up the signer's sequence number. Only such transactions are found by id.
bool code_consumes_sequence(uint16_t code);

}  // namespace tieline
