#include "trace/consensus_codec.h"

namespace tieline::trace {

using namespace consensus;  // NOLINT: every name here is one of its

namespace {

// Whoever adds an input or an effect adds it here and in trace/text.cc, and raises kTraceVersion.
static_assert(std::variant_size_v<Input> == 11);
static_assert(std::variant_size_v<Effect> == 11);

using Codes = std::vector<std::shared_ptr<const std::string>>;

// --- parts ----------------------------------------------------------------------------------------------------------

void put(Writer& w, const std::vector<ValidatorId>& ids) {
  w.u32(static_cast<uint32_t>(ids.size()));
  for (ValidatorId id : ids) w.u16(id);
}
void get(Reader& r, std::vector<ValidatorId>& ids) {
  ids.resize(r.count(kItemsMax, 2));
  for (ValidatorId& id : ids) id = r.u16();
}
void put(Writer& w, const std::vector<Hash>& hashes) { encode_list(w, hashes); }
void get(Reader& r, std::vector<Hash>& hashes) { decode_list(r, hashes, kItemsMax, Hash::kSize); }
void put(Writer& w, const std::vector<Header>& headers) { encode_list(w, headers); }
void get(Reader& r, std::vector<Header>& headers) { decode_list(r, headers, kItemsMax, kHeaderBytesMin); }
void put(Writer& w, const Bytes& bytes) { w.bytes(bytes); }
void get(Reader& r, Bytes& bytes) {
  const ByteView view = r.bytes(kRecordBytesMax);
  bytes.assign(view.begin(), view.end());
}
void put(Writer& w, std::optional<int64_t> value) {
  w.boolean(value.has_value());
  if (value) w.i64(*value);
}
void get(Reader& r, std::optional<int64_t>& value) {
  value.reset();
  if (r.boolean()) value = r.i64();
}
template <class T>
void put(Writer& w, const std::optional<T>& value) {
  w.boolean(value.has_value());
  if (value) encode(w, *value);
}
template <class T>
void get(Reader& r, std::optional<T>& value) {
  value.reset();
  if (r.boolean()) decode(r, value.emplace());
}

void put(Writer& w, const MessagePtr& message) {  // no bytes: none
  w.bytes(message ? message->bytes.view() : ByteView{});
}
void get(Reader& r, MessagePtr& message) {
  message = nullptr;
  const ByteView bytes = r.bytes(kMessageBytesMax);
  if (bytes.empty()) return;
  auto decoded = decode_message(Blob::copy_of(bytes));
  if (!decoded.ok()) return r.fail();
  message = std::move(*decoded);
}
void put(Writer& w, const std::vector<MessagePtr>& messages) {
  w.u32(static_cast<uint32_t>(messages.size()));
  for (const MessagePtr& m : messages) put(w, m);
}
void get(Reader& r, std::vector<MessagePtr>& messages) {
  messages.resize(r.count(kItemsMax, 4));
  for (MessagePtr& m : messages) get(r, m);
}

void put(Writer& w, const BlockPtr& block) {  // no bytes: none
  Writer bytes;
  if (block) encode_block(bytes, *block);
  w.bytes(bytes.view());
}
void get(Reader& r, BlockPtr& block) {
  block = nullptr;
  const ByteView bytes = r.bytes(kRecordBytesMax);
  if (bytes.empty()) return;
  auto decoded = decode_block(Blob::copy_of(bytes));
  if (!decoded.ok()) return r.fail();
  block = std::move(*decoded);
}

void put(Writer& w, TimerId id) { w.u8(static_cast<uint8_t>(id)); }
void get(Reader& r, TimerId& id) {
  const uint8_t value = r.u8();
  if (value >= static_cast<uint8_t>(TimerId::kCount)) return r.fail();
  id = static_cast<TimerId>(value);
}

// --- inputs ---------------------------------------------------------------------------------------------------------

void put(Writer&, const Started&) {}
void get(Reader&, Started&) {}
void put(Writer& w, const Received& i) {
  w.u16(i.from);
  put(w, i.message);
}
void get(Reader& r, Received& i) {
  i.from = r.u16();
  get(r, i.message);
  if (!i.message) r.fail();
}
void put(Writer& w, const TimerFired& i) {
  put(w, i.id);
  w.u64(i.generation);
}
void get(Reader& r, TimerFired& i) {
  get(r, i.id);
  i.generation = r.u64();
}
void put(Writer& w, const BlockBuilt& i) {
  w.u64(i.ticket);
  put(w, i.block);
}
void get(Reader& r, BlockBuilt& i) {
  i.ticket = r.u64();
  get(r, i.block);
  if (!i.block) r.fail();
}
void put(Writer& w, const Judged& i) {
  encode(w, i.block);
  w.boolean(i.valid);
  w.string(i.why);
  put(w, i.body);
  put(w, i.bad);
}
void get(Reader& r, Judged& i) {
  decode(r, i.block);
  i.valid = r.boolean();
  i.why = r.string(kTextBytesMax);
  get(r, i.body);
  get(r, i.bad);
}
void put(Writer& w, const Applied& i) {
  encode(w, i.header);
  encode(w, i.block);
  put(w, i.next_committee);
}
void get(Reader& r, Applied& i) {
  decode(r, i.header);
  decode(r, i.block);
  get(r, i.next_committee);
}
void put(Writer& w, const Pending& i) { put(w, i.oldest_us); }
void get(Reader& r, Pending& i) { get(r, i.oldest_us); }
void put(Writer& w, const CaughtUp& i) {
  put(w, i.headers);
  encode(w, i.proof);
}
void get(Reader& r, CaughtUp& i) {
  get(r, i.headers);
  decode(r, i.proof);
}
void put(Writer& w, const Installed& i) {
  encode(w, i.header);
  encode(w, i.block);
  encode(w, i.committee);
  encode(w, i.epoch_start);
  w.u64(i.epoch_base);
  w.i64(i.epoch_start_ms);
  encode(w, i.proof);
}
void get(Reader& r, Installed& i) {
  decode(r, i.header);
  decode(r, i.block);
  decode(r, i.committee);
  decode(r, i.epoch_start);
  i.epoch_base = r.u64();
  i.epoch_start_ms = r.i64();
  decode(r, i.proof);
}
void put(Writer& w, const CheckpointReached& i) {
  w.u64(i.height);
  encode(w, i.block);
  encode(w, i.state_root);
}
void get(Reader& r, CheckpointReached& i) {
  i.height = r.u64();
  decode(r, i.block);
  decode(r, i.state_root);
}

void put(Writer& w, const SubmissionRejected& i) { encode(w, i.proof); }
void get(Reader& r, SubmissionRejected& i) { decode(r, i.proof); }

// --- effects --------------------------------------------------------------------------------------------------------

void put(Writer& w, const Persist& e) {
  w.u64(e.lsn);
  encode(w, e.record);
  put(w, e.body);
  put(w, e.high_qc);
  put(w, e.messages);
}
void get(Reader& r, Persist& e, Codes&) {
  e.lsn = r.u64();
  decode(r, e.record);
  get(r, e.body);
  get(r, e.high_qc);
  get(r, e.messages);
}
void put(Writer& w, const Send& e) {
  put(w, e.to);
  put(w, e.message);
  w.u64(e.after);
}
void get(Reader& r, Send& e, Codes&) {
  get(r, e.to);
  get(r, e.message);
  if (!e.message) r.fail();
  e.after = r.u64();
}
void put(Writer& w, const ArmTimer& e) {
  put(w, e.id);
  w.u64(e.generation);
  put(w, e.deadline_us);
}
void get(Reader& r, ArmTimer& e, Codes&) {
  get(r, e.id);
  e.generation = r.u64();
  get(r, e.deadline_us);
}
void put(Writer& w, const WantBlock& e) {
  w.u64(e.ticket);
  encode(w, e.parent);
  encode(w, e.parent_header);
  w.u64(e.epoch);
  w.boolean(e.is_void);
  w.boolean(e.allow_empty);
  encode(w, e.evidence);
}
void get(Reader& r, WantBlock& e, Codes&) {
  e.ticket = r.u64();
  decode(r, e.parent);
  decode(r, e.parent_header);
  e.epoch = r.u64();
  e.is_void = r.boolean();
  e.allow_empty = r.boolean();
  decode(r, e.evidence);
}
void put(Writer& w, const Judge& e) {
  encode(w, e.header);
  encode(w, e.block);
  encode_list(w, e.txs);
  put(w, e.evidence);
  w.boolean(e.known_by_digest);
  w.boolean(e.fresh);
  put(w, e.holders);
}
void get(Reader& r, Judge& e, Codes&) {
  decode(r, e.header);
  decode(r, e.block);
  decode_list(r, e.txs, kItemsMax, Hash::kSize);
  get(r, e.evidence);
  e.known_by_digest = r.boolean();
  e.fresh = r.boolean();
  get(r, e.holders);
}
void put(Writer& w, const Commit& e) {
  put(w, e.blocks);
  put(w, e.headers);
  encode(w, e.proof);
  w.u64(e.after);
}
void get(Reader& r, Commit& e, Codes&) {
  get(r, e.blocks);
  get(r, e.headers);
  decode(r, e.proof);
  e.after = r.u64();
}
void put(Writer& w, const Behind& e) {
  w.u64(e.height);
  w.u64(e.epoch);
  put(w, e.holders);
}
void get(Reader& r, Behind& e, Codes&) {
  e.height = r.u64();
  e.epoch = r.u64();
  get(r, e.holders);
}
void put(Writer& w, const StableCheckpoint& e) { encode(w, e.certificate); }
void get(Reader& r, StableCheckpoint& e, Codes&) { decode(r, e.certificate); }
void put(Writer& w, const Drop& e) {
  w.u16(e.from);
  w.string(e.code);
}
void get(Reader& r, Drop& e, Codes& codes) {
  e.from = r.u16();
  codes.push_back(std::make_shared<const std::string>(r.string(kTextBytesMax)));
  e.code = codes.back()->c_str();
}
void put(Writer& w, const Trace& e) { w.string(e.event); }
void get(Reader& r, Trace& e, Codes&) { e.event = r.string(kTextBytesMax); }
void put(Writer& w, const Broken& e) { w.string(e.why); }
void get(Reader& r, Broken& e, Codes&) { e.why = r.string(kTextBytesMax); }

// Reads the alternative that `index` names.
template <class Variant, size_t I = 0, class... More>
void get_alternative(Reader& r, size_t index, Variant& out, More&... more) {
  if constexpr (I == std::variant_size_v<Variant>) {
    r.fail();
  } else if (index == I) {
    get(r, out.template emplace<I>(), more...);
  } else {
    get_alternative<Variant, I + 1>(r, index, out, more...);
  }
}

}  // namespace

// --- construction ---------------------------------------------------------------------------------------------------

void encode(Writer& w, const EngineConfig& c) {
  encode(w, c.chain);
  encode(w, c.params);
  w.u16(c.self);
  encode(w, c.rejoin_nonce);
  w.boolean(c.trace);
}
void decode(Reader& r, EngineConfig& c) {
  decode(r, c.chain);
  decode(r, c.params);
  c.self = r.u16();
  decode(r, c.rejoin_nonce);
  c.trace = r.boolean();
}

void encode(Writer& w, const ChainState& c) {
  encode(w, c.tip);
  encode(w, c.tip_digest);
  put(w, c.tip_proof);
  encode(w, c.committee);
  encode(w, c.epoch_start);
  w.u64(c.epoch_base);
  w.i64(c.epoch_start_ms);
  put(w, c.stable);
  put(w, c.epoch_start_proof);
}
void decode(Reader& r, ChainState& c) {
  decode(r, c.tip);
  decode(r, c.tip_digest);
  get(r, c.tip_proof);
  decode(r, c.committee);
  decode(r, c.epoch_start);
  c.epoch_base = r.u64();
  c.epoch_start_ms = r.i64();
  get(r, c.stable);
  get(r, c.epoch_start_proof);
}

void encode(Writer& w, const Recovered& v) {
  put(w, v.vote);
  w.boolean(v.damaged);
  put(w, v.high_qc);
  put(w, v.new_view);
  put(w, v.own_proposal);
  put(w, v.own_view_change);
  put(w, v.uncommitted);
}
void decode(Reader& r, Recovered& v) {
  get(r, v.vote);
  v.damaged = r.boolean();
  get(r, v.high_qc);
  get(r, v.new_view);
  get(r, v.own_proposal);
  get(r, v.own_view_change);
  get(r, v.uncommitted);
}

void encode(Writer& w, const Input& input) {
  w.u8(static_cast<uint8_t>(input.index()));
  std::visit([&](const auto& i) { put(w, i); }, input);
}
void decode(Reader& r, Input& input) { get_alternative(r, r.u8(), input); }

void encode(Writer& w, const Effect& effect) {
  w.u8(static_cast<uint8_t>(effect.index()));
  std::visit([&](const auto& e) { put(w, e); }, effect);
}
void decode(Reader& r, Effect& effect, Codes& codes) { get_alternative(r, r.u8(), effect, codes); }

}  // namespace tieline::trace
