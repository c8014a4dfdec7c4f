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
