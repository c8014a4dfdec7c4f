#include "energy/private_record.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "energy/interval_set.h"
#include "energy/rules.h"

namespace tieline::energy {
namespace {

constexpr unsigned __int128 kSecondsPerHour = 3'600;
constexpr size_t kSealedForSize = 4 + 32 + kSealedPayloadSize;
constexpr size_t kReadingSizeMin = 1 + 8 + 4 + 1 + 32 + 4 + kSealedForSize;

void encode_obis(Writer& w, Obis obis) { w.u8(static_cast<uint8_t>(obis)); }

Obis decode_obis(Reader& r) {
  const uint8_t value = r.u8();
  if (value != static_cast<uint8_t>(Obis::kImport) && value != static_cast<uint8_t>(Obis::kExport)) r.fail();
  return static_cast<Obis>(value);
}

uint8_t decode_version(Reader& r) {
  const uint8_t version = r.u8();
  if (version > kPrivateVersionMax) r.fail();
  return version;
}

void encode(Writer& w, const SealedFor& s) {
  w.u32(s.receiver);
  encode(w, s.payload.enc);
  encode(w, s.payload.cipher);
}

void decode(Reader& r, SealedFor& s) {
  s.receiver = r.u32();
  decode(r, s.payload.enc);
  decode(r, s.payload.cipher);
}

void encode(Writer& w, const PrivateReading& p) {
  encode_obis(w, p.obis);
  w.i64(p.start_s);
  w.u32(p.duration_s);
  w.u8(p.version);
  encode(w, p.commitment);
  w.u32(static_cast<uint32_t>(p.sealed.size()));
  for (const SealedFor& s : p.sealed) encode(w, s);
}

void decode(Reader& r, PrivateReading& p) {
  p.obis = decode_obis(r);
  p.start_s = r.i64();
  p.duration_s = r.u32();
  p.version = decode_version(r);
  decode(r, p.commitment);
  p.sealed.resize(r.count(kPrivateReceiversMax, kSealedForSize));
  if (p.sealed.empty()) r.fail();
  for (size_t i = 0; i < p.sealed.size(); ++i) {
    decode(r, p.sealed[i]);
    if (i > 0 && p.sealed[i].receiver <= p.sealed[i - 1].receiver) r.fail();
  }
}

void encode_unsigned(Writer& w, const PrivateRecord& record) {
  encode(w, record.pseudonym);
  w.u32(static_cast<uint32_t>(record.readings.size()));
  for (const PrivateReading& reading : record.readings) encode(w, reading);
  w.bytes(record.range_proof);
}

// Order in the record; what is equal or overlaps is refused.
bool comes_after(const PrivateReading& reading, const PrivateReading& before) {
  if (reading.obis != before.obis) return reading.obis > before.obis;
  return reading.start_s - before.start_s >= static_cast<int64_t>(before.duration_s);
}

}  // namespace

void encode(Writer& w, const PrivateContext& c) {
  encode(w, c.chain);
  encode(w, c.pseudonym);
  encode_obis(w, c.obis);
  w.i64(c.start_s);
  w.u32(c.duration_s);
  w.u8(c.version);
}

void decode(Reader& r, PrivateContext& c) {
  decode(r, c.chain);
  decode(r, c.pseudonym);
  c.obis = decode_obis(r);
  c.start_s = r.i64();
  c.duration_s = r.u32();
  c.version = decode_version(r);
}

Bytes encode_private_record(const PrivateRecord& record) {
  Writer w;
  encode_unsigned(w, record);
  encode(w, record.signature);
  return w.take();
}

Result<PrivateRecord> decode_private_record(ByteView bytes) {
  Reader r(bytes);
  PrivateRecord record;
  decode(r, record.pseudonym);
  record.readings.resize(r.count(kPrivateReadingsMax, kReadingSizeMin));
  if (record.readings.empty()) r.fail();
  for (PrivateReading& reading : record.readings) decode(r, reading);
  const ByteView proof = r.bytes(range::kProofSizeMax);
  record.range_proof.assign(proof.begin(), proof.end());
  decode(r, record.signature);
  if (!r.done()) return Error{"malformed", "malformed private record: it ends early, goes on, or breaks a bound"};
  return record;
}

PrivateContext context_of(const ChainId& chain, const Pseudonym& pseudonym, const PrivateReading& reading) {
  return {chain, pseudonym, reading.obis, reading.start_s, reading.duration_s, reading.version};
}

Hash signed_digest(const ChainId& chain, const PrivateRecord& record) {
  Writer w;
  encode_unsigned(w, record);
  return tagged_hash("tieline/private-record/1", {chain.view(), w.view()});
}

uint64_t private_cap_wh(uint64_t bucket_w, uint32_t duration_s) {
  const unsigned __int128 cap = static_cast<unsigned __int128>(bucket_w) * duration_s / kSecondsPerHour;
  return cap > kPrivateCapMax ? 0 : static_cast<uint64_t>(cap);
}

RangeView::RangeView(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w) {
  TL_CHECK(!record.readings.empty());
  Writer context;
  for (const PrivateReading& reading : record.readings) {
    commitments_.push_back(reading.commitment);
    caps_.push_back(private_cap_wh(bucket_w, reading.duration_s));
    encode(context, context_of(chain, record.pseudonym, reading));
  }
  bits_ = range::bits_for(*std::ranges::max_element(caps_));
  context_ = context.take();
}

Status check_private_form(const PrivateRecord& record, uint64_t bucket_w) {
  if (record.readings.empty()) return Error{"malformed", "a private record without readings"};
  for (size_t i = 0; i < record.readings.size(); ++i) {
    const PrivateReading& reading = record.readings[i];
    if (reading.start_s < 0 || reading.start_s % kSlotSeconds != 0)
      return Error{"misaligned_interval", "a private reading does not start on a quarter of an hour"};
    if (reading.duration_s == 0 || reading.duration_s > kDurationMax || reading.duration_s % kSlotSeconds != 0)
      return Error{"bad_duration", "a private reading lasts no whole number of quarters, or more than a day"};
    if (private_cap_wh(bucket_w, reading.duration_s) == 0)
      return Error{"over_capacity", "the point's capacity bucket admits no range proof: it belongs in class W"};
    if (i > 0 && !comes_after(reading, record.readings[i - 1]))
      return Error{"overlap", "the readings of a private record overlap or stand out of order"};
    if (!is_valid(reading.commitment)) return Error{"bad_commitment", "a commitment is the identity or not canonical"};
  }
  return {};
}

Status check_private_shape(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w,
                           const Verifier& verifier) {
  if (Status form = check_private_form(record, bucket_w); !form) return form;
  if (!verifier.verify(record.pseudonym, signed_digest(chain, record).view(), record.signature))
    return Error{"bad_signature", "the private record is not signed by its pseudonym for this chain"};
  return {};
}

Status check_private_record(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w,
                            const Verifier& verifier) {
  if (Status shape = check_private_shape(chain, record, bucket_w, verifier); !shape) return shape;
  const RangeView view(chain, record, bucket_w);
  if (!range::verify(view.claim(), record.range_proof))
    return Error{"bad_range_proof", "nothing proves that the values lie between 0 and the bucket's capacity"};
  return {};
}

}  // namespace tieline::energy
