#include "ledger/state.h"

#include <array>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline {

std::optional<Bytes> StateView::get(ByteView state_key) const {
  for (const auto& layer : layers_) {
    const auto at = layer->find(state_key);
    if (at != layer->end()) return at->second;
  }
  return base_->get(Column::kState, state_key);
}

std::optional<Committee> committee_of(const StateView& view, Epoch epoch) {
  return state::read<Committee>(view, state::committee_key(epoch), "damaged state record: committee");
}

namespace state {
namespace {

constexpr size_t kNameBytesMax = 128;  // GenesisParticipant::name is shorter

// A word, a slash, and an id in big-endian order, so that a scan of the names of one kind is in the order of ids.
class Name {
 public:
  explicit Name(std::string_view word) {
    for (char c : word) put(static_cast<uint8_t>(c));
  }
  template <std::unsigned_integral U>
  Name& id(U value) {
    for (size_t i = sizeof(U); i-- > 0;) put(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  ByteView view() const { return {bytes_.data(), size_}; }

 private:
  void put(uint8_t byte) {
    TL_CHECK(size_ < bytes_.size());
    bytes_[size_++] = byte;
  }
  std::array<uint8_t, 32> bytes_;
  size_t size_ = 0;
};

}  // namespace

uint16_t bucket_of_name(ByteView name) {
  const Hash h = sha256(name);
  return static_cast<uint16_t>(h.bytes[0] << 4 | h.bytes[1] >> 4);
}

Bytes key_of(ByteView name) {
  const uint16_t bucket = bucket_of_name(name);
  Bytes key(kBucketBytes + name.size());
  key[0] = static_cast<uint8_t>(bucket >> 8);
  key[1] = static_cast<uint8_t>(bucket);
  std::memcpy(key.data() + kBucketBytes, name.data(), name.size());
  return key;
}

std::optional<uint16_t> bucket_of_key(ByteView key) {
  if (key.size() <= kBucketBytes) return std::nullopt;
  const auto bucket = static_cast<uint16_t>(key[0] << 8 | key[1]);
  if (bucket != bucket_of_name(key.subspan(kBucketBytes))) return std::nullopt;
  return bucket;
}

Bytes participant_key(ParticipantId id) { return key_of(Name("participant/").id(id).view()); }
Bytes signer_key(ParticipantId id) { return key_of(Name("signer/").id(id).view()); }
Bytes meter_key(MeterId id) { return key_of(Name("meter/").id(id).view()); }
Bytes series_key(MeterId id, Obis obis) { return key_of(Name("series/").id(id).id(static_cast<uint8_t>(obis)).view()); }
Bytes committee_key(Epoch epoch) { return key_of(Name("committee/").id(epoch).view()); }
Bytes credit_key(ValidatorId id) { return key_of(Name("credit/").id(id).view()); }
Bytes trust_key(ValidatorId id) { return key_of(Name("trust/").id(id).view()); }
Bytes credit_log_key(ValidatorId id) { return key_of(Name("credit-log/").id(id).view()); }
Bytes credit_events_key() { return key_of(Name("credit-events").view()); }
Bytes credit_weights_key() { return key_of(Name("credit-weights").view()); }
Bytes tally_key() { return key_of(Name("tally/now").view()); }
Bytes past_tally_key() { return key_of(Name("tally/past").view()); }
Bytes page_key(const standing::PageId& id) {
  return key_of(Name("slots/").id(id.epoch).id(id.view).id(id.number).view());
}
Bytes market_numbers_key() { return key_of(Name("market-numbers").view()); }
Bytes market_time_key() { return key_of(Name("market-time").view()); }
Bytes epoch_key() { return key_of(Name("epoch").view()); }
Bytes totals_key() { return key_of(Name("totals").view()); }

void encode(Writer& w, const ParticipantRecord& p) {
  w.string(p.name);
  w.u8(static_cast<uint8_t>(p.role));
  encode(w, p.key);
  w.u64(p.capacity_w);
  w.u64(p.contracted_w);
  w.u32(p.loss_ppm);
}

void decode(Reader& r, ParticipantRecord& p) {
  p.name = r.string(kNameBytesMax);
  const uint8_t role = r.u8();
  if (role < static_cast<uint8_t>(Role::kPlant) || role > static_cast<uint8_t>(Role::kNeutral)) return r.fail();
  p.role = static_cast<Role>(role);
  decode(r, p.key);
  p.capacity_w = r.u64();
  p.contracted_w = r.u64();
  p.loss_ppm = r.u32();
}

void encode(Writer& w, const SignerRecord& s) {
  encode(w, s.window);
  w.u64(s.used);
  encode(w, s.timestamp_ms);
}

void decode(Reader& r, SignerRecord& s) {
  decode(r, s.window);
  s.used = r.u64();
  decode(r, s.timestamp_ms);
}

void encode(Writer& w, const EpochRecord& e) {
  w.u64(e.epoch);
  w.u64(e.base);
  w.i64(e.start_ms);
  encode(w, e.start);
}

void decode(Reader& r, EpochRecord& e) {
  e.epoch = r.u64();
  e.base = r.u64();
  e.start_ms = r.i64();
  decode(r, e.start);
}

void encode(Writer& w, const Totals& t) {
  for (uint64_t value : {t.blocks, t.transactions, t.accepted, t.refused, t.void_of_effect, t.readings}) w.u64(value);
}

void decode(Reader& r, Totals& t) {
  for (uint64_t* value : {&t.blocks, &t.transactions, &t.accepted, &t.refused, &t.void_of_effect, &t.readings}) {
    *value = r.u64();
  }
}

Totals totals(const StateView& view) { return must_read<Totals>(view, totals_key(), "damaged state record: totals"); }

EpochRecord next_epoch(const StateView& view, const Header& tip, const Hash& tip_digest) {
  if (tip.ends_epoch()) return {tip.epoch + 1, tip.height, tip.time_ms, tip_digest};
  return must_read<EpochRecord>(view, epoch_key(), "damaged state record: epoch");
}

Hash writes_digest(const Hash& parent, const WriteSet& writes) {
  size_t bytes = 4;
  for (const auto& [key, value] : writes) bytes += 4 + key.size() + 1 + (value ? 4 + value->size() : 0);
  Writer w(bytes);
  w.u32(static_cast<uint32_t>(writes.size()));
  for (const auto& [key, value] : writes) {
    w.bytes(key);
    w.boolean(value.has_value());
    if (value) w.bytes(*value);
  }
  return tagged_hash("tieline/writes/1", {parent.view(), w.view()});
}

}  // namespace state
}  // namespace tieline
