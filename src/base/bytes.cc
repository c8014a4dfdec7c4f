#include "base/bytes.h"

#include "base/check.h"

namespace tieline {

Blob::Blob(Bytes bytes) : owner_(std::make_shared<const Bytes>(std::move(bytes))) {
  data_ = owner_->data();
  size_ = owner_->size();
}

Blob Blob::copy_of(ByteView bytes) { return Blob(Bytes(bytes.begin(), bytes.end())); }

Blob Blob::slice(size_t offset, size_t length) const {
  TL_CHECK(offset <= size_ && length <= size_ - offset);
  Blob out = *this;
  out.data_ += offset;
  out.size_ = length;
  return out;
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Bytes out(hex.size() / 2);
  for (size_t i = 0; i < out.size(); ++i) {
    int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return out;
}

}  // namespace tieline
