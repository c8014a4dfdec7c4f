#include "trace/records.h"

#include "crypto/hash.h"
#include "trace/consensus_codec.h"

namespace tieline::trace {
namespace {

template <class Body>
Bytes record(RecordKind kind, size_t reserve, Body&& body) {
  Writer w(reserve);
  w.u8(static_cast<uint8_t>(kind));
  body(w);
  return w.take();
}

void put(Writer& w, const Now& now) {
  w.i64(now.mono_us);
  w.i64(now.wall_ms);
}
void get(Reader& r, Now& now) {
  now.mono_us = r.i64();
  now.wall_ms = r.i64();
}

void put(Writer& w, const std::vector<Signed>& made) {
  w.u32(static_cast<uint32_t>(made.size()));
  for (const Signed& s : made) {
    w.bytes(s.message);
    encode(w, s.signature);
  }
}
void get(Reader& r, std::vector<Signed>& made) {
  made.resize(r.count(kItemsMax, 4 + kVoteSignatureBytesMin));
  for (Signed& s : made) {
    const ByteView message = r.bytes(kSignedBytesMax);
    s.message.assign(message.begin(), message.end());
    decode(r, s.signature);
  }
}

Record decode_begin(Reader& r) {
  Begin b;
  b.version = r.u32();
  decode(r, b.chain);
  b.self = r.u16();
  decode(r, b.key);
  decode(r, b.bls_key);
  b.started_ms = r.i64();
  b.host = r.boolean();
  b.program = r.string(kTextBytesMax);
  return b;
}
Record decode_construction(Reader& r) {
  Construction c;
  decode(r, c.config);
  decode(r, c.chain);
  decode(r, c.recovered);
  get(r, c.made);
  return c;
}
Record decode_step(Reader& r) {
  Step s;
  s.number = r.u64();
  get(r, s.now);
  decode(r, s.input);
  get(r, s.made);
  s.effects.resize(r.count(kItemsMax, 1));
  for (consensus::Effect& effect : s.effects) decode(r, effect, s.codes);
  return s;
}
Record decode_appended(Reader& r) {
  Appended a;
  a.log = r.u64();
  if (r.boolean()) a.vote = r.u64();
  return a;
}
Record decode_left(Reader& r) {
  Left left;
  left.to.resize(r.count(kItemsMax, 2));
  for (ValidatorId& id : left.to) id = r.u16();
  decode(r, left.message);
  return left;
}
Record decode_under_way(Reader& r) {
  UnderWay u;
  u.number = r.u64();
  get(r, u.now);
  decode(r, u.input);
  u.why = r.string(kTextBytesMax);
  return u;
}

Record decode_kind(Reader& r) {
  switch (static_cast<RecordKind>(r.u8())) {
    case RecordKind::kBegin:
      return decode_begin(r);
    case RecordKind::kConstruction:
      return decode_construction(r);
    case RecordKind::kStep:
      return decode_step(r);
    case RecordKind::kAppended:
      return decode_appended(r);
    case RecordKind::kDurable:
      return Durable{r.u64()};
    case RecordKind::kLeft:
      return decode_left(r);
    case RecordKind::kUnderWay:
      return decode_under_way(r);
    case RecordKind::kEnd:
      return End{r.string(kTextBytesMax)};
  }
  r.fail();
  return End{};
}

}  // namespace

bool signed_by_self(const Begin& begin, ByteView message, const VoteSignature& signature, const Verifier& verifier) {
  if (const auto* share = std::get_if<bls::Signature>(&signature))
    return verifier.verify_aggregate({{&begin.bls_key}, message, *share});
  return verifier.verify(begin.key, message, std::get<Signature>(signature));
}

Bytes encode_record(const Begin& b) {
  return record(RecordKind::kBegin, 256, [&](Writer& w) {
    w.u32(b.version);
    encode(w, b.chain);
    w.u16(b.self);
    encode(w, b.key);
    encode(w, b.bls_key);
    w.i64(b.started_ms);
    w.boolean(b.host);
    w.string(b.program);
  });
}

Bytes encode_record(const Construction& c) {
  return record(RecordKind::kConstruction, 4'096, [&](Writer& w) {
    encode(w, c.config);
    encode(w, c.chain);
    encode(w, c.recovered);
    put(w, c.made);
  });
}

Bytes encode_record(const Appended& a) {
  return record(RecordKind::kAppended, 18, [&](Writer& w) {
    w.u64(a.log);
    w.boolean(a.vote.has_value());
    if (a.vote) w.u64(*a.vote);
  });
}

Bytes encode_record(const Durable& d) {
  return record(RecordKind::kDurable, 9, [&](Writer& w) { w.u64(d.log); });
}

Bytes encode_left_without_digest(const std::vector<ValidatorId>& to) {
  return record(RecordKind::kLeft, 5 + 2 * to.size() + Hash::kSize, [&](Writer& w) {
    w.u32(static_cast<uint32_t>(to.size()));
    for (ValidatorId id : to) w.u16(id);
  });
}

void append_digest(Bytes& left, const Blob& message) {
  const Hash digest = tagged_hash("tieline/msg/1", {message.view()});  // consensus/messages.h
  left.insert(left.end(), digest.bytes.begin(), digest.bytes.end());
}

Bytes encode_record(const Left& left) {
  Bytes out = encode_left_without_digest(left.to);
  out.insert(out.end(), left.message.bytes.begin(), left.message.bytes.end());
  return out;
}

Bytes encode_record(const UnderWay& u) {
  return record(RecordKind::kUnderWay, 1'024, [&](Writer& w) {
    w.u64(u.number);
    put(w, u.now);
    encode(w, u.input);
    w.string(u.why);
  });
}

Bytes encode_record(const End& e) {
  return record(RecordKind::kEnd, 64, [&](Writer& w) { w.string(e.reason); });
}

Bytes encode_step(uint64_t number, const Now& now, const consensus::Input& input, const std::vector<Signed>& made,
                  const consensus::Effects& effects) {
  return record(RecordKind::kStep, 1'024, [&](Writer& w) {
    w.u64(number);
    put(w, now);
    encode(w, input);
    put(w, made);
    w.u32(static_cast<uint32_t>(effects.size()));
    for (const consensus::Effect& effect : effects) encode(w, effect);
  });
}

Bytes encode_record(const Step& s) { return encode_step(s.number, s.now, s.input, s.made, s.effects); }

Bytes encode_record(const Record& r) {
  return std::visit([](const auto& one) { return encode_record(one); }, r);
}

Result<Record> decode_record(ByteView bytes) {
  Reader r(bytes);
  Record out = decode_kind(r);
  if (!r.ok()) return Error{"malformed", "the bytes of a record end early, break a bound, or are of no known kind"};
  if (!r.done()) return Error{"malformed", "bytes are left over at the end of a record"};
  return out;
}

}  // namespace tieline::trace
