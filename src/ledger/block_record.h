#pragma once
// How committed blocks are kept (docs/formats/state.md): Column::kBlocks, height big-endian ->
//
//   u8 version=1, bytes block (transfer form), u32 n + n x u16 result codes, commit proof, [32] SHA-256 over the key
//   and all that stands before
//
// The digest at the end finds any flipped bit, also in what no root covers (the proof).

#include "ledger/ledger.h"

namespace tieline {

Bytes block_key(Height height);
StoreWrite applied_write(const Header& header, const Hash& digest);  // kMeta "applied"

// The record taken apart without decoding what is not asked for. Checks the digest.
struct BlockRecord {
  Blob block;  // transfer form
  std::vector<uint16_t> codes;
  CommitProof proof;
};
Result<BlockRecord> read_block_record(const StoreReader& store, Height height);

Bytes reading_key(MeterId meter, int64_t first_start_s, Height height, uint32_t index);

// A transaction's readings of one meter in one stretch of time: one entry of the index.
inline constexpr int64_t kIndexSpanSeconds =
    31 * 86'400;  // no entry covers more, so that a scan knows how far back to start
struct ReadingSpan {
  MeterId meter = 0;
  int64_t first_start_s = 0;
  int64_t last_end_s = 0;
};
// Ascending (meter, first start). A reading belongs to the last stretch of its meter that starts no later than itself.
std::vector<ReadingSpan> reading_spans(const Transaction& tx);

}  // namespace tieline
