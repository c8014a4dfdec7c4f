// What must be true after every block, checked in production too. Each check has a name; a broken one stops the
// validator before it signs anything above the block.

#include "ledger/codes.h"
#include "ledger/execute.h"
#include "ledger/market_invariants.h"
#include "ledger/state.h"

namespace tieline {
namespace {

struct Context {
  const Execution& execution;
  const StateView& parent;
  const Header& parent_header;

  // The record under a key that the block wrote, or the parent's.
  template <class T>
  std::optional<T> after(const Bytes& key) const {
    const auto at = execution.writes->find(key);
    if (at == execution.writes->end()) return state::read<T>(parent, key, "damaged state record");
    if (!at->second) return std::nullopt;
    Reader r(*at->second);
    std::optional<T> record(std::in_place);
    decode(r, *record);
    if (!r.done()) return std::nullopt;
    return record;
  }
};

bool starts_with(ByteView name, std::string_view word) {
  return name.size() >= word.size() && std::memcmp(name.data(), word.data(), word.size()) == 0;
}

bool heights_and_times(const Context& c) {
  const Header& h = c.execution.header;
  if (h.time_ms < c.parent_header.time_ms || h.time_ms > kBlockTimeMsMax) return false;
  return h.height == c.parent_header.height + (h.is_void ? 0 : 1) && h.tx_count == c.execution.results.size();
}

bool void_blocks_write_nothing(const Context& c) {
  const Execution& e = c.execution;
  if (!e.header.is_void) return true;
  return e.writes->empty() && e.results.empty() && !e.next_committee &&
         e.header.writes_digest == c.parent_header.writes_digest;
}

bool keys_in_buckets(const Context& c) {
  for (const auto& [key, value] : *c.execution.writes) {
    if (!state::bucket_of_key(key)) return false;
  }
  return true;
}

bool totals_match(const Context& c) {
  const auto before = state::totals(c.parent);
  const auto after = c.after<state::Totals>(state::totals_key());
  if (!after) return false;
  uint64_t accepted = 0, refused = 0, void_of_effect = 0;
  for (const TxResult& result : c.execution.results) {
    if (result.code == number(TxCode::ok)) {
      ++accepted;
    } else if (code_consumes_sequence(result.code)) {
      ++refused;
    } else {
      ++void_of_effect;
    }
  }
  return after->blocks == c.execution.header.height &&
         after->transactions == before.transactions + c.execution.results.size() &&
         after->accepted == before.accepted + accepted && after->refused == before.refused + refused &&
         after->void_of_effect == before.void_of_effect + void_of_effect &&
         after->transactions == after->accepted + after->refused + after->void_of_effect;
}

// Every transaction that counts has used up exactly one sequence number of its signer.
bool sequence_numbers_used_once(const Context& c) {
  uint64_t used = 0;
  for (const auto& [key, value] : *c.execution.writes) {
    if (!starts_with(ByteView(key).subspan(state::kBucketBytes), "signer/")) continue;
    const auto before = state::read_or_default<state::SignerRecord>(c.parent, key, "damaged state record: signer");
    const auto after = c.after<state::SignerRecord>(key);
    if (!after || after->used <= before.used || after->window.highest() < before.window.highest()) return false;
    if (after->used > after->window.highest() || after->timestamp_ms < before.timestamp_ms) return false;
    used += after->used - before.used;
  }
  uint64_t counted = 0;
  for (const TxResult& result : c.execution.results) counted += code_consumes_sequence(result.code) ? 1 : 0;
  return used == counted;
}

// The readings counted in total are those of the meters, and a meter's history only grows.
bool readings_match_meters(const Context& c) {
  uint64_t readings = 0;
  for (const auto& [key, value] : *c.execution.writes) {
    if (!starts_with(ByteView(key).subspan(state::kBucketBytes), "series/")) continue;
    const auto before = state::read_or_default<energy::MeterSeries>(c.parent, key, "damaged state record: series");
    const auto after = c.after<energy::MeterSeries>(key);
    if (!after || after->readings <= before.readings || after->total_wh < before.total_wh) return false;
    if (after->recorded.floor() < before.recorded.floor() || after->recorded.runs().empty()) return false;
    readings += after->readings - before.readings;
  }
  const auto before = state::totals(c.parent);
  const auto after = c.after<state::Totals>(state::totals_key());
  return after && after->readings == before.readings + readings;
}

// The running epoch's record and tables agree with the header.
bool epoch_tables_present(const Context& c) {
  const Header& h = c.execution.header;
  const auto epoch = c.after<state::EpochRecord>(state::epoch_key());
  if (!epoch || epoch->epoch != h.epoch || epoch->base >= h.height || epoch->start_ms > h.time_ms) return false;
  const auto current = c.after<Committee>(state::committee_key(h.epoch));
  const auto next = c.after<Committee>(state::committee_key(h.epoch + 1));
  if (!current || !next || current->epoch() != h.epoch || next->epoch() != h.epoch + 1) return false;
  if (c.execution.next_committee && *c.execution.next_committee != *next) return false;
  return !c.execution.next_committee || h.next_committee == next->digest();
}

struct Invariant {
  const char* name;
  bool (*holds)(const Context&);
  bool of_void_blocks;
};
constexpr Invariant kInvariants[] = {
    {"heights_and_times", heights_and_times, true},
    {"void_blocks_write_nothing", void_blocks_write_nothing, true},
    {"keys_in_buckets", keys_in_buckets, false},
    {"totals_match", totals_match, false},
    {"sequence_numbers_used_once", sequence_numbers_used_once, false},
    {"readings_match_meters", readings_match_meters, false},
    {"epoch_tables_present", epoch_tables_present, false},
};

}  // namespace

std::optional<std::string> Ledger::broken_invariant(const Execution& execution, const StateView& parent,
                                                    const Header& parent_header) const {
  const Context context{execution, parent, parent_header};
  for (const Invariant& invariant : kInvariants) {
    if (execution.header.is_void && !invariant.of_void_blocks) continue;
    if (!invariant.holds(context)) return invariant.name;
  }
  if (genesis_.market && !execution.header.is_void) {
    if (const char* name = broken_market_invariant(*execution.writes, parent)) return name;
  }
  return std::nullopt;
}

}  // namespace tieline
