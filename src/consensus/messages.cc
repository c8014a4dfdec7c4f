#include "consensus/messages.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "consensus/said_once.h"
#include "crypto/hash.h"

namespace tieline::consensus {
namespace {

constexpr size_t kAckBytes = 2 + 64;
constexpr size_t kSenderBytes = 2 + 8 + 8 + 2 + 1;  // signer, epoch, view, leader and kind of a VIEW-CHANGE
constexpr size_t kStatementBytesMax = 1024;         // all that follows its certificates: last vote and signatures
constexpr size_t kEntryBytesMin = kSenderBytes + 1 + 1 + 4 + 4;
constexpr size_t kNestedBytesMin = 4 + 1;
constexpr size_t kLateBytesMin = 2 + 24 + 8 + 32 + kVoteSignatureBytesMin;
constexpr uint8_t kFirstType = 1;
constexpr size_t kTypes = std::variant_size_v<Payload>;

constexpr std::array<const char*, kTypes> kNames = {
    "PROPOSE",      "CONFIRM",    "VIEW-CHANGE",    "VIEW-CHANGE-ACK", "NEW-VIEW", "CHECKPOINT-VOTE",
    "HEARTBEAT",    "DECIDED",    "REJOIN-REQUEST", "REJOIN-REPLY",    "PREPARE",  "COMMIT",
    "REQUEST-VOTE", "TERM-REPLY", "LATE-CONFIRM",   "PROBE",           "MEASURED", "CHECKPOINT"};
static_assert(kNames.back() != nullptr, "every message has a name");

// A reader that knows the buffer it reads from, so that a message inside keeps a slice of it instead of a copy.
struct Source {
  const Blob& blob;
  Reader& r;
};

Result<MessagePtr> decode_any(const Blob& bytes);

// The type byte of T: its place in the Payload variant.
template <class T, size_t I = 0>
constexpr uint8_t type_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, Payload>>) {
    return kFirstType + I;
  } else {
    return type_of<T, I + 1>();
  }
}

void encode_nested(Writer& w, const MessagePtr& m) {
  TL_CHECK(m != nullptr);
  w.bytes(m->bytes.view());
}

// The types that may stand here are the whole bound on nesting: only a NEW-VIEW holds messages that are held again, and
// its entries are VIEW-CHANGEs, which hold none. The type is looked at before anything is decoded.
template <class... Allowed>
MessagePtr decode_nested(const Source& in, size_t max) {
  const ByteView raw = in.r.bytes(max);
  if (raw.empty() || !((raw[0] == type_of<Allowed>()) || ...)) {
    in.r.fail();
    return nullptr;
  }
  auto nested = decode_any(in.blob.slice(in.r.offset() - raw.size(), raw.size()));
  if (!nested.ok()) {
    in.r.fail();
    return nullptr;
  }
  return std::move(*nested);
}

// A justify without a certificate.
void encode_start(Writer& w, const Justify& j) {
  encode(w, j.slot);
  encode(w, j.block);
  w.u64(j.height);
}

void decode_start(Reader& r, Justify& j) {
  decode(r, j.slot);
  decode(r, j.block);
  j.height = r.u64();
  if (!j.slot.is_epoch_start()) r.fail();
}

// Each message: `put_body` writes what its signature covers, `put` all of it. What the digests below cover is therefore
// what travels, in the same order.

void put(Writer& w, const Propose& m) {
  encode(w, m.slot);
  encode(w, m.header);
  encode_list(w, m.txs);
  w.bytes(m.evidence);
  encode(w, m.justify);
  w.boolean(m.new_view != nullptr);
  if (m.new_view) encode_nested(w, m.new_view);
  encode(w, m.signature);
}

void get(const Source& in, Propose& m) {
  Reader& r = in.r;
  decode(r, m.slot);
  decode(r, m.header);
  decode_list(r, m.txs, kBlockTxMax, Hash::kSize);
  const ByteView evidence = r.bytes(kEvidenceBytesMax);
  m.evidence.assign(evidence.begin(), evidence.end());
  decode(r, m.justify);
  if (r.boolean()) m.new_view = decode_nested<NewView>(in, kNewViewBytesMax);
  decode(r, m.signature);
}

// CONFIRM, PREPARE and COMMIT say the same of a block; their signatures tell them apart.
template <class Vote>
void put_vote(Writer& w, const Vote& m) {
  w.u16(m.signer);
  encode(w, m.slot);
  w.u64(m.height);
  encode(w, m.block);
  encode(w, m.signature);
}

template <class Vote>
void get_vote(Reader& r, Vote& m) {
  m.signer = r.u16();
  decode(r, m.slot);
  m.height = r.u64();
  decode(r, m.block);
  decode(r, m.signature);
}

void put(Writer& w, const Confirm& m) { put_vote(w, m); }
void get(const Source& in, Confirm& m) { get_vote(in.r, m); }
void put(Writer& w, const PrepareVote& m) { put_vote(w, m); }
void get(const Source& in, PrepareVote& m) { get_vote(in.r, m); }
void put(Writer& w, const CommitVote& m) { put_vote(w, m); }
void get(const Source& in, CommitVote& m) { get_vote(in.r, m); }

void put_body(Writer& w, const ViewChange& m) {
  w.u16(m.signer);
  w.u64(m.epoch);
  w.u64(m.view);
  w.u16(m.leader);
  w.u8(static_cast<uint8_t>(m.kind));
  encode(w, m.checkpoint);
  encode(w, m.high_qc);
  encode(w, m.last_vote);
  encode(w, m.timeout_signature);
}

void put(Writer& w, const ViewChange& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void get(const Source& in, ViewChange& m) {
  Reader& r = in.r;
  m.signer = r.u16();
  m.epoch = r.u64();
  m.view = r.u64();
  m.leader = r.u16();
  const uint8_t kind = r.u8();
  if (kind < static_cast<uint8_t>(ViewChangeKind::kTimeout) || kind > static_cast<uint8_t>(ViewChangeKind::kJoined)) {
    return r.fail();
  }
  m.kind = static_cast<ViewChangeKind>(kind);
  decode(r, m.checkpoint);
  decode(r, m.high_qc);
  decode(r, m.last_vote);
  decode(r, m.timeout_signature);
  decode(r, m.signature);
}

void put_body(Writer& w, const ViewChangeAck& m) {
  w.u16(m.signer);
  w.u64(m.epoch);
  w.u64(m.view);
  w.u16(m.subject);
  encode(w, m.view_change);
}

void put(Writer& w, const ViewChangeAck& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void get(const Source& in, ViewChangeAck& m) {
  Reader& r = in.r;
  m.signer = r.u16();
  m.epoch = r.u64();
  m.view = r.u64();
  m.subject = r.u16();
  decode(r, m.view_change);
  decode(r, m.signature);
}

// What the VIEW-CHANGEs of a NEW-VIEW, and its X, say of certificates.
struct Said {
  SaidOnce<CheckpointCert> checkpoints;
  SaidOnce<Certificate> certificates;
};

template <class C>
void put_ref(Writer& w, SaidOnce<C>& said, const std::optional<C>& certificate) {
  w.boolean(certificate.has_value());
  if (!certificate) return;
  const auto ref = said.add(*certificate);
  w.u16(ref.number);
  encode(w, ref.signers);
}

template <class C>
std::optional<C> get_ref(Reader& r, const SaidOnce<C>& said) {
  if (!r.boolean()) return std::nullopt;
  typename SaidOnce<C>::Ref ref;
  ref.number = r.u16();
  decode(r, ref.signers);
  return said.get(r, ref);
}

void put_view_change(Writer& w, Said& said, const Message& message) {
  const auto& vc = std::get<ViewChange>(message.payload);
  const ByteView bytes = message.bytes.view().subspan(1);
  w.raw(bytes.first(kSenderBytes));
  put_ref(w, said.checkpoints, vc.checkpoint);
  put_ref(w, said.certificates, vc.high_qc.certificate);
  if (!vc.high_qc.certificate) encode_start(w, vc.high_qc);
  Writer certificates(512);
  encode(certificates, vc.checkpoint);
  encode(certificates, vc.high_qc);
  w.bytes(bytes.subspan(kSenderBytes + certificates.size()));
}

// The VIEW-CHANGE's own bytes are put together again: they are what its signature and its ACKs are over.
MessagePtr get_view_change(Reader& r, const Said& said) {
  Writer w(512);
  w.u8(type_of<ViewChange>());
  w.raw(r.raw(kSenderBytes));
  encode(w, get_ref(r, said.checkpoints));
  Justify high_qc;
  high_qc.certificate = get_ref(r, said.certificates);
  if (!high_qc.certificate) decode_start(r, high_qc);
  encode(w, high_qc);
  w.raw(r.bytes(kStatementBytesMax));
  if (!r.ok()) return nullptr;
  auto view_change = decode_any(Blob(w.take()));
  if (view_change.ok()) return std::move(*view_change);
  r.fail();
  return nullptr;
}

void put_body(Writer& w, const NewView& m) {
  w.u64(m.epoch);
  w.u64(m.view);
  Said said;
  Writer entries(512);
  entries.u32(static_cast<uint32_t>(m.entries.size()));
  for (const NewView::Entry& entry : m.entries) {
    put_view_change(entries, said, *entry.view_change);
    entries.u32(static_cast<uint32_t>(entry.acks.size()));
    for (const NewView::Ack& ack : entry.acks) {
      entries.u16(ack.signer);
      encode(entries, ack.signature);
    }
  }
  put_ref(entries, said.checkpoints, m.checkpoint);
  said.checkpoints.encode(w);
  said.certificates.encode(w);
  w.raw(entries.view());
  encode(w, m.justify_slot);
  encode(w, m.justify_block);
  encode(w, m.repropose);
}

void put(Writer& w, const NewView& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void get(const Source& in, NewView& m) {
  Reader& r = in.r;
  const size_t body_at = r.offset();
  m.epoch = r.u64();
  m.view = r.u64();
  Said said;
  said.checkpoints.decode(r, kCommitteeMax);
  said.certificates.decode(r, kCommitteeMax);
  const size_t entries = r.count(kCommitteeMax, kEntryBytesMin);
  m.entries.reserve(entries);
  for (size_t i = 0; i < entries; ++i) {
    NewView::Entry& entry = m.entries.emplace_back();
    entry.view_change = get_view_change(r, said);
    const size_t acks = r.count(kCommitteeMax, kAckBytes);
    entry.acks.resize(acks);
    for (size_t k = 0; k < acks; ++k) {
      entry.acks[k].signer = r.u16();
      decode(r, entry.acks[k].signature);
      if (k > 0 && entry.acks[k - 1].signer >= entry.acks[k].signer) r.fail();
    }
    if (!r.ok()) return;
    const auto signer = [&](size_t at) { return std::get<ViewChange>(m.entries[at].view_change->payload).signer; };
    if (i > 0 && signer(i - 1) >= signer(i)) return r.fail();
  }
  m.checkpoint = get_ref(r, said.checkpoints);
  decode(r, m.justify_slot);
  decode(r, m.justify_block);
  decode(r, m.repropose);
  const size_t body_end = r.offset();
  decode(r, m.signature);
  if (!r.ok()) return;
  // There is more than one way to fill the table; only the one in which it is written is taken.
  Writer again(body_end - body_at);
  put_body(again, m);
  const ByteView body = in.blob.view().subspan(body_at, body_end - body_at);
  if (!std::ranges::equal(again.view(), body)) r.fail();
}

void put(Writer& w, const CheckpointVote& m) {
  w.u16(m.signer);
  w.u64(m.epoch);
  w.u64(m.height);
  encode(w, m.block);
  encode(w, m.state_root);
  encode(w, m.signature);
}

void get(const Source& in, CheckpointVote& m) {
  Reader& r = in.r;
  m.signer = r.u16();
  m.epoch = r.u64();
  m.height = r.u64();
  decode(r, m.block);
  decode(r, m.state_root);
  decode(r, m.signature);
}

void put(Writer& w, const Heartbeat& m) {
  w.u64(m.epoch);
  w.u64(m.view);
  w.u64(m.committed);
}

void get(const Source& in, Heartbeat& m) {
  m.epoch = in.r.u64();
  m.view = in.r.u64();
  m.committed = in.r.u64();
}

void put(Writer& w, const Decided& m) {
  encode(w, m.header);
  encode(w, m.proof);
}

void get(const Source& in, Decided& m) {
  decode(in.r, m.header);
  decode(in.r, m.proof);
}

void put_body(Writer& w, const RejoinRequest& m) {
  w.u16(m.signer);
  encode(w, m.nonce);
  w.u64(m.epoch);
}

void put(Writer& w, const RejoinRequest& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void get(const Source& in, RejoinRequest& m) {
  m.signer = in.r.u16();
  decode(in.r, m.nonce);
  m.epoch = in.r.u64();
  decode(in.r, m.signature);
}

void put_body(Writer& w, const RejoinReply& m) {
  w.u16(m.signer);
  encode(w, m.nonce);
  w.u64(m.epoch);
  w.u64(m.view);
  w.u32(static_cast<uint32_t>(m.view_changes.size()));
  for (const MessagePtr& proof : m.view_changes) encode_nested(w, proof);
  encode(w, m.certificate);
}

void put(Writer& w, const RejoinReply& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void get(const Source& in, RejoinReply& m) {
  Reader& r = in.r;
  m.signer = r.u16();
  decode(r, m.nonce);
  m.epoch = r.u64();
  m.view = r.u64();
  const size_t proofs = r.count(kCommitteeMax, kNestedBytesMin);
  m.view_changes.reserve(proofs);
  for (size_t i = 0; i < proofs && r.ok(); ++i) {
    m.view_changes.push_back(decode_nested<ViewChange, NewView>(in, kNewViewBytesMax));
  }
  decode(r, m.certificate);
  decode(r, m.signature);
}

void put(Writer& w, const StableCertificate& m) { encode(w, m.certificate); }
void get(const Source& in, StableCertificate& m) { decode(in.r, m.certificate); }

void put(Writer& w, const RequestVote& m) {
  w.u16(m.candidate);
  w.u64(m.epoch);
  w.u64(m.term);
  w.boolean(m.pre);
  w.boolean(m.planned);
  encode(w, m.last);
}

void get(const Source& in, RequestVote& m) {
  Reader& r = in.r;
  m.candidate = r.u16();
  m.epoch = r.u64();
  m.term = r.u64();
  m.pre = r.boolean();
  m.planned = r.boolean();
  decode(r, m.last);
}

void put(Writer& w, const TermReply& m) {
  w.u64(m.epoch);
  w.u64(m.term);
  w.u8(static_cast<uint8_t>(m.kind));
  w.boolean(m.granted);
  w.u64(m.asked);
  w.u16(m.candidate);
  encode(w, m.last);
  w.u64(m.committed);
}

void get(const Source& in, TermReply& m) {
  Reader& r = in.r;
  m.epoch = r.u64();
  m.term = r.u64();
  const uint8_t kind = r.u8();
  if (kind < static_cast<uint8_t>(TermReplyKind::kHeartbeat) || kind > static_cast<uint8_t>(TermReplyKind::kVote))
    return r.fail();
  m.kind = static_cast<TermReplyKind>(kind);
  m.granted = r.boolean();
  m.asked = r.u64();
  m.candidate = r.u16();
  decode(r, m.last);
  m.committed = r.u64();
}

void put(Writer& w, const LateConfirms& m) { encode_list(w, m.votes); }
void get(const Source& in, LateConfirms& m) { decode_list(in.r, m.votes, kLatePerMessageMax, kLateBytesMin); }

void put(Writer& w, const Probe& m) {
  w.u64(m.number);
  w.boolean(m.answer);
}
void get(const Source& in, Probe& m) {
  m.number = in.r.u64();
  m.answer = in.r.boolean();
}

void put(Writer& w, const Measured& m) { encode(w, m.report); }
void get(const Source& in, Measured& m) { decode(in.r, m.report); }

// Default-constructs the alternative number `index` of the variant.
template <size_t I = 0>
void emplace_payload(Payload& payload, size_t index) {
  if constexpr (I < kTypes) {
    if (index == I) {
      payload.emplace<I>();
    } else {
      emplace_payload<I + 1>(payload, index);
    }
  }
}

Hash message_digest(ByteView bytes) { return tagged_hash("tieline/msg/1", {bytes}); }

Result<MessagePtr> decode_any(const Blob& bytes) {
  Reader r(bytes.view());
  const uint8_t type = r.u8();
  if (!r.ok()) return Error{"malformed", "malformed message: no bytes at all"};
  if (type < kFirstType || type >= kFirstType + kTypes) {
    return Error{"unknown_type", "a message of unknown type " + std::to_string(type)};
  }
  auto message = std::make_shared<Message>();
  emplace_payload(message->payload, type - kFirstType);
  std::visit([&](auto& payload) { get(Source{bytes, r}, payload); }, message->payload);
  if (!r.done()) {
    return Error{"malformed", std::string("malformed ") + message_name(*message) +
                                  ": its bytes end early, are left over, or break a bound"};
  }
  message->bytes = bytes;
  message->digest = message_digest(bytes.view());
  return MessagePtr(std::move(message));
}

constexpr std::string_view kViewChangeTag = "tieline/view-change/1";
constexpr std::string_view kAckTag = "tieline/ack/1";
constexpr std::string_view kNewViewTag = "tieline/new-view/1";
constexpr std::string_view kRejoinRequestTag = "tieline/rejoin-request/1";
constexpr std::string_view kRejoinReplyTag = "tieline/rejoin-reply/1";

std::string_view tag_of(const Payload& payload) {
  if (std::holds_alternative<ViewChange>(payload)) return kViewChangeTag;
  if (std::holds_alternative<ViewChangeAck>(payload)) return kAckTag;
  if (std::holds_alternative<NewView>(payload)) return kNewViewTag;
  if (std::holds_alternative<RejoinRequest>(payload)) return kRejoinRequestTag;
  TL_CHECK(std::holds_alternative<RejoinReply>(payload));
  return kRejoinReplyTag;
}

template <class T>
Hash body_digest(std::string_view tag, const ChainId& chain, const T& m) {
  Writer w(512);
  encode(w, chain);
  put_body(w, m);
  return tagged_hash(tag, {w.view()});
}

}  // namespace

void encode(Writer& w, const Justify& j) {
  encode(w, j.certificate);
  if (!j.certificate) encode_start(w, j);
}

void decode(Reader& r, Justify& j) {
  decode(r, j.certificate);
  if (j.certificate) {
    j.slot = j.certificate->slot;
    j.block = j.certificate->block;
    j.height = j.certificate->height;
  } else {
    decode_start(r, j);
  }
}

void encode(Writer& w, const LastVote& v) {
  encode(w, v.slot);
  encode(w, v.block);
  w.u64(v.height);
  encode(w, v.primary_signature);
  encode(w, v.new_view);
}

void decode(Reader& r, LastVote& v) {
  decode(r, v.slot);
  decode(r, v.block);
  v.height = r.u64();
  decode(r, v.primary_signature);
  decode(r, v.new_view);
}

MessagePtr make_message(Payload payload) {
  Writer w(512);
  w.u8(static_cast<uint8_t>(kFirstType + payload.index()));
  std::visit([&](const auto& p) { put(w, p); }, payload);
  auto message = std::make_shared<Message>();
  message->payload = std::move(payload);
  message->bytes = Blob(w.take());
  message->digest = message_digest(message->bytes.view());
  return message;
}

Result<MessagePtr> decode_message(Blob bytes) {
  if (bytes.size() > kMessageBytesMax) {
    return Error{"oversized", "a message of " + std::to_string(bytes.size()) + " bytes; at most " +
                                  std::to_string(kMessageBytesMax) + " are allowed"};
  }
  return decode_any(bytes);
}

const char* message_name(const Message& message) { return kNames[message.payload.index()]; }

Hash view_change_digest(const ChainId& chain, const ViewChange& m) { return body_digest(kViewChangeTag, chain, m); }
Hash ack_digest(const ChainId& chain, const ViewChangeAck& m) { return body_digest(kAckTag, chain, m); }
Hash new_view_digest(const ChainId& chain, const NewView& m) { return body_digest(kNewViewTag, chain, m); }
Hash rejoin_request_digest(const ChainId& chain, const RejoinRequest& m) {
  return body_digest(kRejoinRequestTag, chain, m);
}
Hash rejoin_reply_digest(const ChainId& chain, const RejoinReply& m) { return body_digest(kRejoinReplyTag, chain, m); }

Hash signed_digest(const ChainId& chain, const Message& message) {
  const ByteView bytes = message.bytes.view();
  TL_CHECK(bytes.size() > 1 + Signature::kSize);
  return tagged_hash(tag_of(message.payload), {chain.view(), bytes.subspan(1, bytes.size() - 1 - Signature::kSize)});
}

}  // namespace tieline::consensus
