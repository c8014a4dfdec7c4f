#pragma once
// The names and records of Column::kState (docs/formats/state.md). Key = bucket (2 bytes, big-endian: the first 12 bits
// of SHA-256(name)) ++ name; the buckets are the leaves of the state root (ledger/state_tree.h). A name is a word, a
// slash and ids big-endian. Values are Borsh.

#include <optional>

#include "energy/meter.h"
#include "ledger/ledger.h"
#include "ledger/sequence_window.h"
#include "standing/credit_log.h"
#include "standing/tally.h"
#include "standing/trust.h"

namespace tieline::state {

inline constexpr size_t kBuckets = 4'096;
inline constexpr size_t kBucketBytes = 2;

Bytes key_of(ByteView name);  // bucket ++ name
uint16_t bucket_of_name(ByteView name);
// The bucket in front of a key; none when the key is too short or stands outside its bucket.
std::optional<uint16_t> bucket_of_key(ByteView key);

// --- names
// --------------------------------------------------------------------------------------------------------------

Bytes participant_key(ParticipantId id);     // participant/  GenesisParticipant's fields
Bytes signer_key(ParticipantId id);          // signer/       SignerRecord
Bytes meter_key(MeterId id);                 // meter/        energy::MeterPoint
Bytes series_key(MeterId id, Obis obis);     // series/       energy::MeterSeries
Bytes committee_key(Epoch epoch);            // committee/    Committee
Bytes credit_key(ValidatorId id);            // credit/       standing::CreditRecord
Bytes trust_key(ValidatorId id);             // trust/        standing::TrustRecord
Bytes credit_log_key(ValidatorId id);        // credit-log/   standing::CreditLog
Bytes credit_events_key();                   // credit-events standing::CreditEvents, of the running epoch
Bytes credit_weights_key();                  // credit-weights  CreditWeights in force
Bytes tally_key();                           // tally/now     standing::Tally, of the running epoch
Bytes past_tally_key();                      // tally/past    standing::EpochTally, of the epoch before
Bytes page_key(const standing::PageId& id);  // slots/     standing::SlotPage
Bytes market_numbers_key();                  // market-numbers  MarketNumbers in force; the market's other records:
                                             // ledger/market_state.h
Bytes market_time_key();                     // market-time   i64, what the newest tick said (ledger/market_state.h)
Bytes epoch_key();                           // epoch         EpochRecord
Bytes totals_key();                          // totals        Totals

// --- records
// ------------------------------------------------------------------------------------------------------------

struct ParticipantRecord {
  std::string name;
  Role role = Role::kUser;
  PublicKey key;
  uint64_t capacity_w = 0;
  uint64_t contracted_w = 0;
  uint32_t loss_ppm = 0;
  bool operator==(const ParticipantRecord&) const = default;
};
void encode(Writer& w, const ParticipantRecord& p);
void decode(Reader& r, ParticipantRecord& p);

// A signer that never sent anything has no record; it stands for this default.
struct SignerRecord {
  SequenceWindow window;
  uint64_t used = 0;                    // sequence numbers used up in all
  std::optional<int64_t> timestamp_ms;  // the highest of accepted transactions
  bool operator==(const SignerRecord&) const = default;
};
void encode(Writer& w, const SignerRecord& s);
void decode(Reader& r, SignerRecord& s);

// Where an epoch starts: the block at slot (epoch, 0, -1), which is the last block of the epoch before, or genesis.
struct EpochRecord {
  Epoch epoch = 0;
  Height base = 0;
  int64_t start_ms = 0;
  Hash start;  // its digest
  bool operator==(const EpochRecord&) const = default;
};
void encode(Writer& w, const EpochRecord& e);
void decode(Reader& r, EpochRecord& e);

// Running counters over the whole chain.
struct Totals {
  uint64_t blocks = 0;
  uint64_t transactions = 0;  // in blocks, whatever became of them
  uint64_t accepted = 0;
  uint64_t refused = 0;         // content refused; the sequence number is used up
  uint64_t void_of_effect = 0;  // refused without a trace
  uint64_t readings = 0;        // recorded
  bool operator==(const Totals&) const = default;
};
void encode(Writer& w, const Totals& t);
void decode(Reader& r, Totals& t);

// --- reading
// ------------------------------------------------------------------------------------------------------------

// A record that does not decode is a damaged store or a bug: the process stops with the record's name.
template <class T>
std::optional<T> read(const StateView& view, ByteView key, const char* what) {
  const std::optional<Bytes> raw = view.get(key);
  if (!raw) return std::nullopt;
  Reader r(*raw);
  std::optional<T> record(std::in_place);
  decode(r, *record);
  TL_CHECK_MSG(r.done(), what);
  return record;
}
template <class T>
T read_or_default(const StateView& view, ByteView key, const char* what) {
  std::optional<T> record = read<T>(view, key, what);
  return record ? std::move(*record) : T{};
}
template <class T>
T must_read(const StateView& view, ByteView key, const char* what) {
  std::optional<T> record = read<T>(view, key, what);
  TL_CHECK_MSG(record.has_value(), what);
  return std::move(*record);
}

Totals totals(const StateView& view);

// The epoch of the next numbered block above `tip`, whose state `view` is: the running one, or the one that begins
// because `tip` ends its epoch.
EpochRecord next_epoch(const StateView& view, const Header& tip, const Hash& tip_digest);

// The chained digest of a block's state writes: SHA-256(tag "tieline/writes/1", the parent's, u32 count, and each write
// as its key's and value's bytes with their u32 lengths, an optional's byte before the value). docs/adr/0002.
Hash writes_digest(const Hash& parent, const WriteSet& writes);

}  // namespace tieline::state
