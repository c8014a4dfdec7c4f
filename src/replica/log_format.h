#pragma once
// The log's records and the vote sectors, byte by byte (docs/formats/log.md). A record is
//
//   u32 length of all that follows the checksum, u32 masked CRC-32C of the length and of that, u64 lsn, u8 type, body
//
// and the lsns of consecutive records differ by one, across segments too. A sector is kVoteSectorBytes with a SHA-256
// of its own. Nothing here does I/O.

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/codec.h"
#include "consensus/engine.h"

namespace tieline::replica {

using consensus::Lsn;

inline constexpr size_t kVoteSectorBytes = 512;
inline constexpr uint32_t kVoteSectorVersion = 1;
inline constexpr size_t kRecordPrefixBytes = 4 + 4;                       // length, checksum
inline constexpr size_t kRecordHeaderBytes = kRecordPrefixBytes + 8 + 1;  // lsn, type
inline constexpr size_t kRecordBodyMax = 20 * 1024 * 1024;

enum class RecordType : uint8_t {
  kBody = 1,         // a block in transfer form
  kVote = 2,         // VoteRecord
  kCertificate = 3,  // the vote's high_qc
  kMessage = 4,      // NEW-VIEW, own PROPOSE, own VIEW-CHANGE, as they travel
  kCommit = 5,       // CommitRecord
  kReset = 6,        // a VoteRecord: a recovery found the log damaged and starts anew here; first in its segment
};

struct LogRecord {
  Lsn lsn = 0;
  RecordType type{};
  Blob body;
};

struct CommitRecord {
  Height height = 0;
  Hash block;
  CommitProof proof;
};
void encode(Writer& w, const CommitRecord& c);
void decode(Reader& r, CommitRecord& c);

// Builds the bytes of one LogAppend: whole records, one copy of everything.
class RecordWriter {
 public:
  explicit RecordWriter(Lsn first) : next_(first) {}
  template <class WriteBody>
  Lsn add(RecordType type, WriteBody&& write_body) {
    const size_t at = begin(type);
    write_body(w_);
    starts_.push_back(at);
    return next_++;
  }
  Lsn next() const { return next_; }
  bool empty() const { return starts_.empty(); }
  Bytes take();  // fills in lengths and checksums

 private:
  size_t begin(RecordType type);
  Writer w_;
  std::vector<size_t> starts_;
  Lsn next_;
};

// What the segments hold. `last` is the lsn up to which nothing is missing since the newest kReset (or the start).
struct ParsedLog {
  std::vector<LogRecord> records;  // every valid one, in order
  Lsn last = 0;
  bool hole = false;  // a segment does not follow on the valid end of the one before
};
ParsedLog parse_log(const std::vector<Blob>& segments);

struct VoteSector {
  Lsn lsn = 0;  // of the vote's record in the log
  consensus::VoteRecord vote;
};
Bytes encode_sector(const VoteSector& sector);
std::optional<VoteSector> decode_sector(ByteView bytes);  // none: torn, damaged or never written
// How new a sector is, for the host, which must keep the newer of the two when it writes.
std::optional<uint64_t> sector_newness(ByteView bytes);

}  // namespace tieline::replica
