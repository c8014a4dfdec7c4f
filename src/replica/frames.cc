#include "replica/frames.h"

#include "base/codec.h"
#include "consensus/messages.h"

namespace tieline::replica {
namespace {

constexpr size_t kHashBytes = Hash::kSize;
constexpr size_t kLengthBytes = sizeof(uint32_t);

// A Reader over a frame that hands out slices of it.
class FrameReader : public Reader {
 public:
  explicit FrameReader(const Blob& frame) : Reader(frame.view()), frame_(frame) {}
  Blob blob(size_t max) {
    const ByteView b = bytes(max);
    return b.empty() ? Blob() : frame_.slice(static_cast<size_t>(b.data() - frame_.data()), b.size());
  }
  Blob rest(size_t max) {
    if (left() > max) fail();
    const ByteView b = raw(left());
    return b.empty() ? Blob() : frame_.slice(static_cast<size_t>(b.data() - frame_.data()), b.size());
  }
  std::vector<Blob> blobs(size_t count_max, size_t size_max) {
    const size_t n = count(count_max, kLengthBytes);
    std::vector<Blob> out;
    out.reserve(n);
    for (size_t i = 0; i < n && ok(); ++i) out.push_back(blob(size_max));
    return out;
  }
  Bytes copied(size_t max) {
    const ByteView b = bytes(max);
    return {b.begin(), b.end()};
  }

 private:
  const Blob& frame_;
};

void put_blobs(Writer& w, const std::vector<Blob>& list) {
  w.u32(static_cast<uint32_t>(list.size()));
  for (const Blob& b : list) w.bytes(b.view());
}

void write(Writer& w, const ConsensusFrame& f) { w.raw(f.message.view()); }
void read(FrameReader& r, ConsensusFrame& f) { f.message = r.rest(consensus::kMessageBytesMax); }

void write(Writer& w, const TransactionsFrame& f) {
  put_blobs(w, f.transactions);
  w.boolean(f.seal.has_value());
  if (!f.seal) return;
  w.u64(f.seal->epoch);
  encode(w, f.seal->signature);
}
void read(FrameReader& r, TransactionsFrame& f) {
  f.transactions = r.blobs(kFrameTransactionsMax, kTxBytesMax);
  if (!r.boolean()) return;
  BatchSeal& seal = f.seal.emplace();
  seal.epoch = r.u64();
  decode(r, seal.signature);
}

void write(Writer& w, const TransactionsRequest& f) { encode_list(w, f.ids); }
void read(FrameReader& r, TransactionsRequest& f) { decode_list(r, f.ids, kBlockTxMax, kHashBytes); }

void write(Writer& w, const TransactionsAnswer& f) {
  put_blobs(w, f.transactions);
  encode_list(w, f.missing);
}
void read(FrameReader& r, TransactionsAnswer& f) {
  f.transactions = r.blobs(kBlockTxMax, kTxBytesMax);
  decode_list(r, f.missing, kBlockTxMax, kHashBytes);
}

void write(Writer& w, const BlockRequest& f) { encode(w, f.digest); }
void read(FrameReader& r, BlockRequest& f) { decode(r, f.digest); }

void write(Writer& w, const BlockAnswer& f) {
  encode(w, f.digest);
  w.boolean(f.block.has_value());
  if (f.block) w.bytes(f.block->view());
}
void read(FrameReader& r, BlockAnswer& f) {
  decode(r, f.digest);
  if (r.boolean()) f.block = r.blob(kBlockTransferBytesMax);
}

void write(Writer& w, const BlocksRequest& f) { w.u64(f.from); }
void read(FrameReader& r, BlocksRequest& f) { f.from = r.u64(); }

void write(Writer& w, const BlocksAnswer& f) {
  w.u64(f.from);
  w.u64(f.tip);
  put_blobs(w, f.blocks);
  encode(w, f.proof);
  encode(w, f.link);
}
void read(FrameReader& r, BlocksAnswer& f) {
  f.from = r.u64();
  f.tip = r.u64();
  f.blocks = r.blobs(kFrameBlocksMax, kBlockTransferBytesMax);
  decode(r, f.proof);
  decode(r, f.link);
  if (f.proof.has_value() == f.blocks.empty()) r.fail();
}

void write(Writer& w, const SnapshotRequest& f) { w.u64(f.above); }
void read(FrameReader& r, SnapshotRequest& f) { f.above = r.u64(); }

void write(Writer& w, const SnapshotOffer& f) {
  w.boolean(f.body.has_value());
  if (!f.body) return;
  encode(w, f.body->certificate);
  w.bytes(f.body->block.view());
  encode_list(w, f.body->results);
  encode(w, f.body->proof);
  encode_list(w, f.body->links);
}
void read(FrameReader& r, SnapshotOffer& f) {
  if (!r.boolean()) return;
  SnapshotOffer::Body& body = f.body.emplace();
  decode(r, body.certificate);
  body.block = r.blob(kBlockTransferBytesMax);
  decode_list(r, body.results, kBlockTxMax, kHashBytes);
  decode(r, body.proof);
  decode_list(r, body.links, kFrameLinksMax);
}

void write(Writer& w, const ChunkRequest& f) {
  w.u64(f.height);
  w.bytes(f.from);
}
void read(FrameReader& r, ChunkRequest& f) {
  f.height = r.u64();
  f.from = r.copied(kStateKeyBytesMax);
}

void write(Writer& w, const Chunk& f) {
  w.u64(f.height);
  w.bytes(f.from);
  w.boolean(f.had);
  w.boolean(f.last);
  w.u32(static_cast<uint32_t>(f.entries.size()));
  for (const auto& [key, value] : f.entries) {
    w.bytes(key);
    w.bytes(value);
  }
}
void read(FrameReader& r, Chunk& f) {
  f.height = r.u64();
  f.from = r.copied(kStateKeyBytesMax);
  f.had = r.boolean();
  f.last = r.boolean();
  const size_t n = r.count(kFrameEntriesMax, 2 * kLengthBytes);
  f.entries.reserve(n);
  for (size_t i = 0; i < n && r.ok(); ++i) {
    Bytes key = r.copied(kStateKeyBytesMax);
    Bytes value = r.copied(kStateValueBytesMax);
    f.entries.emplace_back(std::move(key), std::move(value));
  }
}

void write(Writer& w, const StatusFrame& f) {
  w.u64(f.epoch);
  w.u64(f.view);
  w.u64(f.applied);
  encode(w, f.tip);
  w.u64(f.checkpoint);
}
void read(FrameReader& r, StatusFrame& f) {
  f.epoch = r.u64();
  f.view = r.u64();
  f.applied = r.u64();
  decode(r, f.tip);
  f.checkpoint = r.u64();
}

void write(Writer& w, const HistoryRequest& f) { w.u64(f.below); }
void read(FrameReader& r, HistoryRequest& f) { f.below = r.u64(); }

void write(Writer& w, const HistoryAnswer& f) {
  w.u64(f.below);
  w.u32(static_cast<uint32_t>(f.entries.size()));
  for (const HistoryAnswer::Entry& e : f.entries) {
    w.bytes(e.block.view());
    encode_list(w, e.codes);
    encode(w, e.proof);
  }
  encode_list(w, f.links);
}
void read(FrameReader& r, HistoryAnswer& f) {
  f.below = r.u64();
  const size_t n = r.count(kFrameBlocksMax, 2 * kLengthBytes);
  for (size_t i = 0; i < n && r.ok(); ++i) {
    HistoryAnswer::Entry& e = f.entries.emplace_back();
    e.block = r.blob(kBlockTransferBytesMax);
    decode_list(r, e.codes, kBlockTxMax, sizeof(uint16_t));
    decode(r, e.proof);
  }
  decode_list(r, f.links, kFrameLinksMax);
}

void write(Writer& w, const RelayFrame& f) {
  w.u16(f.origin);
  encode(w, f.have);
  encode(w, f.signature);
  w.raw(f.message.view());
}
void read(FrameReader& r, RelayFrame& f) {
  f.origin = r.u16();
  decode(r, f.have);
  decode(r, f.signature);
  f.message = r.rest(consensus::kMessageBytesMax);
}

void write(Writer& w, const RelayHave& f) {
  w.u16(f.origin);
  encode(w, f.slot);
  encode(w, f.message);
  encode(w, f.have);
}
void read(FrameReader& r, RelayHave& f) {
  f.origin = r.u16();
  decode(r, f.slot);
  decode(r, f.message);
  decode(r, f.have);
}

void write(Writer& w, const RelayPull& f) { encode(w, f.message); }
void read(FrameReader& r, RelayPull& f) { decode(r, f.message); }

// The kind on the wire is the position in Frame plus one.
template <size_t kIndex = 0>
bool read_kind(size_t index, FrameReader& r, Frame& frame) {
  if constexpr (kIndex < std::variant_size_v<Frame>) {
    if (index != kIndex) return read_kind<kIndex + 1>(index, r, frame);
    read(r, frame.emplace<kIndex>());
    return true;
  }
  return false;
}

size_t size_hint(const Frame& frame) {
  if (const auto* f = std::get_if<ConsensusFrame>(&frame)) return 2 + f->message.size();
  if (const auto* f = std::get_if<RelayFrame>(&frame)) return 256 + f->message.size();
  if (const auto* f = std::get_if<TransactionsFrame>(&frame)) {
    size_t n = 2 + kLengthBytes + 1 + sizeof(Epoch) + Signature::kSize;
    for (const Blob& b : f->transactions) n += kLengthBytes + b.size();
    return n;
  }
  return 256;
}

}  // namespace

Result<Frame> decode_frame(const Blob& bytes, size_t bytes_max) {
  if (bytes.size() > bytes_max)
    return Error{"frame_over_size", "a frame of " + std::to_string(bytes.size()) + " bytes"};
  FrameReader r(bytes);
  const uint8_t version = r.u8();
  const uint8_t kind = r.u8();
  if (!r.ok()) return Error{"frame_malformed", "a frame has at least a version and a kind"};
  if (version != kFrameVersion) return Error{"frame_unknown_version", "frame version " + std::to_string(version)};
  Frame frame;
  if (kind == 0 || !read_kind(kind - size_t{1}, r, frame))
    return Error{"frame_unknown_kind", "frame kind " + std::to_string(kind)};
  if (!r.done())
    return Error{"frame_malformed",
                 "a frame of kind " + std::to_string(kind) + " ends early, breaks a bound or is too long"};
  return frame;
}

Blob encode_frame(const Frame& frame) {
  Writer w(size_hint(frame));
  w.u8(kFrameVersion);
  w.u8(static_cast<uint8_t>(frame.index() + 1));
  std::visit([&](const auto& f) { write(w, f); }, frame);
  return Blob(w.take());
}

}  // namespace tieline::replica
