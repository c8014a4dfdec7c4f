#include "net/framing.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tieline::net {
namespace {

uint32_t read_length(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) | static_cast<uint32_t>(at[1]) << 8 | static_cast<uint32_t>(at[2]) << 16 |
         static_cast<uint32_t>(at[3]) << 24;
}

}  // namespace

std::span<uint8_t> FrameReader::space() {
  if (in_long_) {
    if (long_filled_ == long_.size()) long_.resize(std::min(long_size_, long_.size() * 2));
    return {long_.data() + long_filled_, long_.size() - long_filled_};
  }
  if (begin_ > 0) {
    std::memmove(staging_.data(), staging_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  TL_CHECK_MSG(end_ < staging_.size(), "next() is called until there is no frame");
  return {staging_.data() + end_, staging_.size() - end_};
}

void FrameReader::filled(size_t n) {
  if (in_long_) {
    long_filled_ += n;
    TL_CHECK(long_filled_ <= long_.size());
  } else {
    end_ += n;
    TL_CHECK(end_ <= staging_.size());
  }
}

Result<std::optional<Frame>> FrameReader::next() {
  if (in_long_) {
    if (long_filled_ < long_size_) return std::optional<Frame>();
    in_long_ = false;
    return std::optional<Frame>(Frame{long_kind_, Blob(std::exchange(long_, {}))});
  }
  const size_t have = end_ - begin_;
  if (have < kFrameHeaderBytes) {
    // A length of zero is four bytes and will never be five.
    if (have == 4 && read_length(staging_.data() + begin_) == 0)
      return Error{"frame_empty", "a frame of length 0: it has not even a kind"};
    return std::optional<Frame>();
  }
  const size_t length = read_length(staging_.data() + begin_);
  if (length == 0) return Error{"frame_empty", "a frame of length 0: it has not even a kind"};
  if (length > length_max_)
    return Error{"frame_too_long", "a frame of " + std::to_string(length) + " bytes; at most " +
                                       std::to_string(length_max_) + " are allowed"};
  const uint8_t kind = staging_[begin_ + 4];
  const size_t size = length - 1;
  const uint8_t* body = staging_.data() + begin_ + kFrameHeaderBytes;
  const size_t arrived = have - kFrameHeaderBytes;
  if (arrived >= size) {
    begin_ += kFrameHeaderBytes + size;
    return std::optional<Frame>(Frame{kind, Blob(Bytes(body, body + size))});
  }
  if (kFrameHeaderBytes + size <= staging_.size() / 2) return std::optional<Frame>();
  in_long_ = true;
  long_kind_ = kind;
  long_size_ = size;
  long_filled_ = arrived;
  long_.resize(std::min(size, std::max(kFrameGrowBytes, arrived)));
  std::memcpy(long_.data(), body, arrived);
  begin_ = end_ = 0;
  return std::optional<Frame>();
}

void append_frame(Bytes& out, uint8_t kind, ByteView body) {
  TL_CHECK(body.size() < UINT32_MAX);
  const auto length = static_cast<uint32_t>(body.size() + 1);
  const uint8_t header[kFrameHeaderBytes] = {static_cast<uint8_t>(length), static_cast<uint8_t>(length >> 8),
                                             static_cast<uint8_t>(length >> 16), static_cast<uint8_t>(length >> 24),
                                             kind};
  out.insert(out.end(), header, header + kFrameHeaderBytes);
  out.insert(out.end(), body.begin(), body.end());
}

}  // namespace tieline::net
