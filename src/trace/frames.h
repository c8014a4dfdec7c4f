#pragma once
// The file around the records (docs/formats/trace.md): eight bytes of magic, then frames
//
//   u32 length of the record, u32 masked CRC-32C of these four bytes, the record,
//   u32 masked CRC-32C of the record, [32] chain
//
// with chain = SHA-256(tag "tieline/trace/1", the chain before, the record), zeros before the first. The checksums
// find accidents, and where; the chain makes every record depend on all before it, so that one that was changed, taken
// out or moved shows unless everything after it was written anew. Whoever does that must be found by the replay.
//
// A file that ends inside a frame was cut by the death of its writer: everything before holds. Everything else that is
// not a frame is damage.
//
// Errors: not_a_trace (no magic), trace_damaged.

#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace tieline::trace {

inline constexpr char kMagic[] = "TLTRACE\n";  // 8 bytes
inline constexpr size_t kMagicBytes = 8;
inline constexpr size_t kFramePrefixBytes = 4 + 4;
inline constexpr size_t kFrameSuffixBytes = 4 + Hash::kSize;

// Appends frames to bytes.
class FrameWriter {
 public:
  void begin(Bytes& out) const;  // the magic
  void add(ByteView record, Bytes& out);

 private:
  Hash chain_;
};

// Reads up to `size` bytes to `out`; fewer only at the end.
using ReadBytes = std::function<size_t(uint8_t* out, size_t size)>;

class FrameReader {
 public:
  explicit FrameReader(ReadBytes read) : read_(std::move(read)) {}
  // None: the end. Nothing may be read after an error.
  Result<std::optional<Bytes>> next();
  bool torn() const { return torn_; }  // at the end: it is inside a frame
  uint64_t records() const { return records_; }
  uint64_t offset() const { return at_; }  // where the last record's frame begins; in the file, in bytes

 private:
  enum class Got { kAll, kPart, kNothing };
  Got fill(uint8_t* out, size_t size);

  ReadBytes read_;
  Hash chain_;
  bool begun_ = false;
  bool torn_ = false;
  uint64_t records_ = 0;
  uint64_t at_ = 0;
  uint64_t read_to_ = 0;
};

// From bytes in memory, which must outlive the reader.
ReadBytes read_from(ByteView bytes);

}  // namespace tieline::trace
