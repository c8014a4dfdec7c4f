#include "ledger/block_record.h"

#include <algorithm>
#include <tuple>

#include "crypto/hash.h"
#include "ledger/codes.h"

namespace tieline {
namespace {

constexpr uint8_t kRecordVersion = 1;
constexpr size_t kRecordBlockBytesMax = kBlockBytesMax + kEvidenceBytesMax + kBlockTxMax * 4 + 4'096;
constexpr std::string_view kAppliedName = "applied";

template <std::unsigned_integral U>
void big_endian(Bytes& out, U value) {
  for (size_t i = sizeof(U); i-- > 0;) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Error corrupt(Height height, const std::string& why) {
  return Error{"corrupt_store", "block " + std::to_string(height) + " in the store is damaged: " + why};
}

Bytes tx_place(Height height, uint32_t index) {
  Bytes out;
  big_endian(out, height);
  big_endian(out, index);
  return out;
}

}  // namespace

Bytes block_key(Height height) {
  Bytes key;
  big_endian(key, height);
  return key;
}

Bytes reading_key(MeterId meter, int64_t first_start_s, Height height, uint32_t index) {
  Bytes key;
  key.reserve(24);
  big_endian(key, meter);
  big_endian(key, static_cast<uint64_t>(first_start_s));
  big_endian(key, height);
  big_endian(key, index);
  return key;
}

StoreWrite applied_write(const Header& header, const Hash& digest) {
  Writer w(320);
  encode(w, digest);
  encode(w, header);
  const ByteView name = view_of(kAppliedName);
  return {Column::kMeta, Bytes(name.begin(), name.end()), w.take()};
}

std::vector<ReadingSpan> reading_spans(const Transaction& tx) {
  std::vector<ReadingSpan> spans;
  for (const Action& action : tx.actions()) {
    if (action.type != ActionType::kReadings) continue;
    const Result<std::vector<Reading>> readings = decode_readings(action.payload);
    TL_CHECK_MSG(readings.ok(), "an accepted transaction has readings that do not decode");
    for (const Reading& r : *readings) spans.push_back({r.meter, r.start_s, r.start_s + r.duration_s});
  }
  const auto before = [](const ReadingSpan& a, const ReadingSpan& b) {
    return std::tuple(a.meter, a.first_start_s) < std::tuple(b.meter, b.first_start_s);
  };
  if (!std::is_sorted(spans.begin(), spans.end(), before)) std::sort(spans.begin(), spans.end(), before);
  // Neighbours melt into one stretch as long as it stays short enough.
  size_t kept = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (kept > 0) {
      ReadingSpan& last = spans[kept - 1];
      if (last.meter == spans[i].meter && spans[i].last_end_s - last.first_start_s <= kIndexSpanSeconds) {
        last.last_end_s = std::max(last.last_end_s, spans[i].last_end_s);
        continue;
      }
    }
    spans[kept++] = spans[i];
  }
  spans.resize(kept);
  return spans;
}

StoreBatch Ledger::commit_batch(const Block& block, const Execution& execution, const CommitProof& proof) const {
  TL_CHECK_MSG(!block.header.is_void, "a void block is never committed");
  TL_CHECK(execution.results.size() == block.txs.size() && execution.header == block.header);
  StoreBatch batch;
  batch.reserve(execution.writes->size() + 2 * block.txs.size() + 2);
  for (const auto& [key, value] : *execution.writes) batch.push_back({Column::kState, key, value});

  for (uint32_t index = 0; index < block.txs.size(); ++index) {
    const TxResult& result = execution.results[index];
    // A transaction that counts for nothing here may stand in an earlier or a later block where it does count; the
    // index leads to that one.
    if (!code_consumes_sequence(result.code)) continue;
    batch.push_back(
        {Column::kTxs, Bytes(result.id.bytes.begin(), result.id.bytes.end()), tx_place(block.header.height, index)});
    if (result.code != number(TxCode::ok)) continue;
    for (const ReadingSpan& span : reading_spans(*block.txs[index])) {
      Bytes last_end;
      big_endian(last_end, static_cast<uint64_t>(span.last_end_s));
      batch.push_back({Column::kReadings, reading_key(span.meter, span.first_start_s, block.header.height, index),
                       std::move(last_end)});
    }
  }

  size_t bytes = 4'096 + block.evidence.size() + 2 * block.txs.size();
  for (const TxPtr& tx : block.txs) bytes += 4 + tx->bytes().size();
  Writer body(bytes);
  encode_block(body, block);
  Writer w(body.size() + bytes);
  w.u8(kRecordVersion);
  w.bytes(body.view());
  w.u32(static_cast<uint32_t>(execution.results.size()));
  for (const TxResult& result : execution.results) w.u16(result.code);
  encode(w, proof);
  Bytes key = block_key(block.header.height);
  encode(w, sha256({key, w.view()}));
  batch.push_back({Column::kBlocks, std::move(key), w.take()});
  batch.push_back(applied_write(block.header, block.digest));
  return batch;
}

Result<BlockRecord> read_block_record(const StoreReader& store, Height height) {
  const Bytes key = block_key(height);
  std::optional<Bytes> raw = store.get(Column::kBlocks, key);
  if (!raw) return Error{"not_found", "no block " + std::to_string(height) + " in the store"};
  if (raw->size() < Hash::kSize) return corrupt(height, "it is cut short");
  const Blob bytes(std::move(*raw));
  const ByteView content = bytes.view().first(bytes.size() - Hash::kSize);
  const Hash digest = sha256({key, content});
  if (std::memcmp(digest.bytes.data(), content.data() + content.size(), Hash::kSize) != 0) {
    return corrupt(height, "its digest does not match");
  }
  BlockRecord out;
  Reader r(content);
  if (r.u8() != kRecordVersion) return corrupt(height, "its version is unknown");
  const ByteView block = r.bytes(kRecordBlockBytesMax);
  out.block = bytes.slice(r.offset() - block.size(), block.size());
  const size_t count = r.count(kBlockTxMax, 2);
  out.codes.reserve(count);
  for (size_t i = 0; i < count; ++i) out.codes.push_back(r.u16());
  decode(r, out.proof);
  if (!r.done()) return corrupt(height, "it does not decode");
  return out;
}

Result<StoredBlock> stored_block(const StoreReader& store, Height height) {
  Result<BlockRecord> record = read_block_record(store, height);
  if (!record.ok()) return record.error();
  Result<BlockPtr> block = decode_block(record->block);
  if (!block.ok()) return corrupt(height, block.error().why);
  StoredBlock out;
  out.block = std::move(*block);
  if (out.block->header.height != height || record->codes.size() != out.block->txs.size()) {
    return corrupt(height, "it is another block's");
  }
  out.results.reserve(record->codes.size());
  for (size_t i = 0; i < record->codes.size(); ++i) out.results.push_back({out.block->txs[i]->id(), record->codes[i]});
  if (result_root(out.results) != out.block->header.result_root)
    return corrupt(height, "its results do not match the header");
  out.proof = std::move(record->proof);
  return out;
}

std::optional<AppliedTip> applied_tip(const StoreReader& store) {
  const std::optional<Bytes> raw = store.get(Column::kMeta, view_of(kAppliedName));
  if (!raw) return std::nullopt;
  Reader r(*raw);
  AppliedTip tip;
  decode(r, tip.digest);
  decode(r, tip.header);
  TL_CHECK_MSG(r.done() && tip.header.digest() == tip.digest, "the store's record of the applied block is damaged");
  tip.height = tip.header.height;
  return tip;
}

std::optional<TxPlace> find_tx(const StoreReader& store, const TxId& id) {
  const std::optional<Bytes> raw = store.get(Column::kTxs, id.view());
  if (!raw) return std::nullopt;
  TL_CHECK_MSG(raw->size() == 12, "the store's index of transactions is damaged");
  TxPlace place;
  for (size_t i = 0; i < 8; ++i) place.height = place.height << 8 | (*raw)[i];
  for (size_t i = 8; i < 12; ++i) place.index = place.index << 8 | (*raw)[i];
  return place;
}

}  // namespace tieline
