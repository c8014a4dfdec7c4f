#pragma once
// Frames on a byte stream, for links between validators and for clients' binary streams (docs/formats/link.md):
//
//   u32 length (little-endian) of what follows, u8 kind, body (length - 1 bytes)
//
// A FrameReader turns reads of any size into frames without a second copy of large ones: bytes are read straight into
// the frame's own buffer. A buffer grows with what has arrived, never with what was announced. Errors: frame_empty
// (length 0), frame_too_long (length above the bound); the connection cannot go on after either.

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace tieline::net {

inline constexpr size_t kFrameHeaderBytes = 5;          // length and kind
inline constexpr size_t kReadStagingBytes = 64 * 1024;  // one read takes at most this much
inline constexpr size_t kFrameGrowBytes = 256 * 1024;   // a long frame's first buffer

struct Frame {
  uint8_t kind = 0;
  Blob body;
};

class FrameReader {
 public:
  // `length_max` bounds the length field: kind and body.
  explicit FrameReader(size_t length_max) : length_max_(length_max), staging_(kReadStagingBytes) {}

  std::span<uint8_t> space();  // where the next bytes go; never empty after next() returned none
  void filled(size_t n);       // n bytes were put there
  // The next whole frame, or none: read more. Call until none before space().
  Result<std::optional<Frame>> next();
  bool mid_frame() const { return end_ > begin_ || in_long_; }  // the stream must not end here

 private:
  size_t length_max_;
  Bytes staging_;
  size_t begin_ = 0, end_ = 0;  // of unread bytes in staging_
  bool in_long_ = false;        // a frame that does not fit the rest of staging_
  uint8_t long_kind_ = 0;
  size_t long_size_ = 0, long_filled_ = 0;
  Bytes long_;
};

void append_frame(Bytes& out, uint8_t kind, ByteView body);

}  // namespace tieline::net
