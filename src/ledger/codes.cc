#include "ledger/codes.h"

#include <algorithm>
#include <array>

namespace tieline {
namespace {

struct Entry {
  TxCode code;
  const char* name;
  const char* reason;
  bool consumes;
};

// Ascending by number. The reasons of readings' refusals are said by their rules as well (energy/rules.cc); a test
// holds the two together.
constexpr std::array kEntries = {
    Entry{TxCode::ok, "ok", "accepted", true},
    Entry{TxCode::malformed, "malformed", "the bytes are no well-formed transaction, or an action's payload is none",
          true},
    Entry{TxCode::over_size, "over_size", "the transaction is larger than is allowed", false},
    Entry{TxCode::wrong_chain, "wrong_chain", "the transaction is signed for another chain", false},
    Entry{TxCode::unknown_signer, "unknown_signer", "a signatory is no registered participant", false},
    Entry{TxCode::bad_signature, "bad_signature", "a signature does not verify under its signatory's registered key",
          false},
    Entry{TxCode::duplicate, "duplicate", "the signer has used this sequence number: the transaction is a replay",
          false},
    Entry{TxCode::sequence_too_old, "sequence_too_old", "the sequence number has fallen out of the signer's window",
          false},
    Entry{TxCode::sequence_too_far, "sequence_too_far",
          "the sequence number lies further ahead than the signer's window", false},
    Entry{TxCode::expired, "expired", "the height up to which the transaction was valid has passed", false},
    Entry{TxCode::expiry_too_far, "expiry_too_far", "the transaction states an expiry further ahead than is allowed",
          false},
    Entry{TxCode::timestamp_future, "timestamp_future",
          "the timestamp lies further ahead of block time than is allowed", true},
    Entry{TxCode::timestamp_old, "timestamp_old", "the timestamp lies too far behind the signer's newest", true},
    Entry{TxCode::revoked_key, "revoked_key",
          "a signature is by a key of its signatory that is not in force: rotated out, revoked, or not yet", false},
    Entry{TxCode::pool_full, "pool_full", "this validator holds as many pending transactions as it may; try again",
          false},
    Entry{TxCode::too_many_pending, "too_many_pending",
          "too many of the signer's transactions are pending here; try again", false},
    Entry{TxCode::not_allowed, "not_allowed", "the participant's role does not record this", true},
    Entry{TxCode::unknown_meter, "unknown_meter", "no participant has registered this metering point", true},
    Entry{TxCode::not_owner, "not_owner", "the metering point belongs to none of the signatories", true},
    Entry{TxCode::misaligned_interval, "misaligned_interval",
          "the interval does not start on a quarter of an hour (UTC)", true},
    Entry{TxCode::bad_duration, "bad_duration",
          "the interval's length is not a multiple of 900 seconds between 900 and 86400", true},
    Entry{TxCode::future_interval, "future_interval", "the interval ends further in the future than is allowed", true},
    Entry{TxCode::stale, "stale", "the interval ended longer ago than this network accepts", true},
    Entry{TxCode::over_capacity, "over_capacity",
          "the energy exceeds what the registered capacity can carry in the interval", true},
    Entry{TxCode::before_window, "before_window",
          "the interval lies before the part of the meter's history that is still open; record it as a correction",
          true},
    Entry{TxCode::overlap, "overlap", "the interval, or a part of it, is recorded already", true},
    Entry{TxCode::bad_register, "bad_register", "the meter's register runs backwards", true},
    Entry{TxCode::ramp, "ramp", "the power changes faster than a point of this kind and limit can", true},
    Entry{TxCode::cost_band, "cost_band", "the declared cost lies outside the band that the plant registered", true},
    Entry{TxCode::line_capacity, "line_capacity", "the declared capacity of the line exceeds the registered one", true},
    Entry{TxCode::no_market, "no_market", "the network has no market, or the market no such operation", true},
    Entry{TxCode::not_authorised, "not_authorised", "the signatories are not those who may do this", true},
    Entry{TxCode::unknown_participant, "unknown_participant",
          "the action names somebody who takes no part in the market", true},
    Entry{TxCode::bad_endorsement, "bad_endorsement", "the endorsement is no BLS signature of the party over the terms",
          true},
    Entry{TxCode::bad_proof, "bad_proof", "the proof does not prove what the action says", true},
    Entry{TxCode::bad_proposal, "bad_proposal", "the proposal is about nothing that a vote can change so", true},
    Entry{TxCode::no_grant, "no_grant", "nobody has been granted to read this, or the grant is for no time or oneself",
          true},
    Entry{TxCode::bad_key, "bad_key",
          "nobody proves that the key is in its owner's hands, or it is not the one to revoke", true},
    Entry{TxCode::key_used, "key_used", "the participant has had this key before", true},
    Entry{TxCode::key_pending, "key_pending", "the participant has changed its key in this epoch already", true},
    Entry{TxCode::too_many_keys, "too_many_keys", "the participant has had as many keys as one may ever have", true},
    Entry{TxCode::no_recovery_key, "no_recovery_key",
          "the participant has named no recovery key, or names a second one", true},
    Entry{TxCode::name_taken, "name_taken", "a participant or a metering point has this name already", true},
    Entry{TxCode::no_private_points, "no_private_points", "the network has no private metering points", true},
    Entry{TxCode::unknown_pseudonym, "unknown_pseudonym", "no distributor has registered this pseudonym", true},
    Entry{TxCode::bad_period, "bad_period",
          "the billing period overlaps another one or breaks a bound, or the interval lies outside the pseudonym's",
          true},
    Entry{
        TxCode::too_many_pseudonyms, "too_many_pseudonyms",
        "a batch holds more pseudonyms than the distributor has points, names one twice, or a bucket that there is not",
        true},
    Entry{TxCode::bad_inner_signature, "bad_inner_signature",
          "a signature inside the action is not by whom the action names", true},
    Entry{TxCode::bad_commitment, "bad_commitment", "a commitment is the identity or not canonical", true},
    Entry{TxCode::bad_range_proof, "bad_range_proof",
          "nothing proves that the committed values lie within their bounds", true},
    Entry{TxCode::distributor_left_out, "distributor_left_out",
          "a private reading is not sealed to its distributor, who answers for it", true},
    Entry{TxCode::not_forged, "not_forged",
          "what is shown is what the commitment holds, or the chain holds another one", true},
    Entry{TxCode::complaint_state, "complaint_state",
          "there is no such complaint, or its state or the reading's does not allow this step", true},
    Entry{TxCode::too_early, "too_early", "this is possible only when the intervals have closed", true},
    Entry{TxCode::bad_total, "bad_total", "the total is not what the commitments of the chain add up to", true},
    Entry{TxCode::may_not_open, "may_not_open",
          "the set is none of genesis, was opened before, or too few slots stand under one price", true},
    Entry{TxCode::region_too_small, "region_too_small",
          "a balance of fewer than ten points would tell about each of them", true},
    Entry{
        TxCode::may_not_receive, "may_not_receive",
        "private readings are sealed to their distributor and to regulators; any other number would name the household",
        true},
    Entry{TxCode::insufficient_funds, "insufficient_funds", "the account does not hold what the operation moves", true},
    Entry{TxCode::over_issued, "over_issued", "more money would be issued than the network allows", true},
    Entry{TxCode::suspended, "suspended", "the participant has debt and may not trade before it is paid", true},
    Entry{TxCode::zero_amount, "zero_amount", "an amount of nothing cannot be moved", true},
    Entry{TxCode::unknown_trade, "unknown_trade", "no trade has this id", true},
    Entry{TxCode::trade_exists, "trade_exists", "a trade with this id exists already", true},
    Entry{TxCode::wrong_state, "wrong_state", "the trade's state does not allow this step", true},
    Entry{TxCode::not_a_party, "not_a_party", "the sender is no party to the trade", true},
    Entry{TxCode::too_late, "too_late", "the deadline of this step has passed", true},
    Entry{TxCode::already_in, "already_in", "the party has endorsed the standing terms already", true},
    Entry{TxCode::too_many_rounds, "too_many_rounds", "the trade has had as many rounds as are allowed", true},
    Entry{TxCode::own_terms, "own_terms", "a party cannot counter its own terms", true},
    Entry{TxCode::bad_terms, "bad_terms", "the terms break a bound: window, energy, price, loss, parties or roles",
          true},
    Entry{TxCode::other_terms, "other_terms", "the endorsement is for terms that are not the standing ones", true},
    Entry{TxCode::not_all_four, "not_all_four", "a committed trade is cancelled by all four parties only", true},
    Entry{TxCode::too_many_open_trades, "too_many_open_trades",
          "the organisation has as many open trades as it may have", true},
    Entry{TxCode::over_committed, "over_committed",
          "a plant, a line or a contract has not enough capacity left in a slot of the window", true},
    Entry{TxCode::margin_too_low, "margin_too_low", "the margin posted is below what the rules ask for", true},
    Entry{TxCode::unknown_reading, "unknown_reading", "no such reading is recorded", true},
    Entry{TxCode::reading_state, "reading_state", "the reading's state does not allow this step", true},
    Entry{TxCode::not_the_neighbour, "not_the_neighbour", "only the neighbour of the flow may accept the reading",
          true},
    Entry{TxCode::too_many_corrections, "too_many_corrections", "the reading has been corrected as often as it may",
          true},
    Entry{TxCode::other_version, "other_version", "the correction does not name the newest version", true},
    Entry{TxCode::rank_not_raised, "rank_not_raised",
          "a correction raises the quality or is signed by the neighbour or the regulator", true},
    Entry{TxCode::bad_price, "bad_price", "the imbalance price is above the cap", true},
    Entry{TxCode::stake_too_small, "stake_too_small", "the stake is below the least that a candidate holds", true},
    Entry{TxCode::too_many_unbondings, "too_many_unbondings", "as many parts of the stake unbond as may at a time",
          true},
    Entry{TxCode::not_unbonded, "not_unbonded", "no part of the stake has finished unbonding", true},
    Entry{TxCode::unknown_proposal, "unknown_proposal", "no proposal has this id", true},
    Entry{TxCode::proposal_state, "proposal_state", "the proposal's state does not allow this step", true},
    Entry{TxCode::no_votes, "no_votes", "the sender holds no votes in this proposal", true},
    Entry{TxCode::already_voted, "already_voted", "the sender has voted on this proposal", true},
    Entry{TxCode::no_veto, "no_veto", "the regulator may veto membership and rules only, and not its own seat", true},
    Entry{TxCode::too_many_proposals, "too_many_proposals", "as many proposals are open as may be at a time", true},
};

constexpr auto kCodes = [] {
  std::array<TxCode, kEntries.size()> codes{};
  for (size_t i = 0; i < kEntries.size(); ++i) codes[i] = kEntries[i].code;
  return codes;
}();

const Entry* find(uint16_t code) {
  const auto at = std::lower_bound(kEntries.begin(), kEntries.end(), code,
                                   [](const Entry& e, uint16_t wanted) { return number(e.code) < wanted; });
  return at != kEntries.end() && number(at->code) == code ? &*at : nullptr;
}

}  // namespace

const char* code_name(uint16_t code) {
  const Entry* entry = find(code);
  return entry != nullptr ? entry->name : "unknown";
}

const char* code_reason(uint16_t code) {
  const Entry* entry = find(code);
  return entry != nullptr ? entry->reason : "a code that this program does not know";
}

std::optional<TxCode> code_from_name(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (name == entry.name) return entry.code;
  }
  return std::nullopt;
}

std::span<const TxCode> all_codes() { return kCodes; }

bool code_consumes_sequence(uint16_t code) {
  const Entry* entry = find(code);
  return entry != nullptr && entry->consumes;
}

}  // namespace tieline
