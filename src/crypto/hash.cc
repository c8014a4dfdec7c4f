#include "crypto/hash.h"

#include <array>
#include <vector>

#include "base/check.h"
#include "tieline_crypto.h"

namespace tieline {
namespace {

tc_bytes ffi(ByteView bytes) { return {bytes.data(), bytes.size()}; }

// `head` parts stand before `parts`.
Hash hash_parts(std::span<const ByteView> head, std::span<const ByteView> parts) {
  const size_t count = head.size() + parts.size();
  std::array<tc_bytes, kHashPartsInline> few;
  std::vector<tc_bytes> many;
  tc_bytes* at = few.data();
  if (count > few.size()) {
    many.resize(count);
    at = many.data();
  }
  for (size_t i = 0; i < head.size(); ++i) at[i] = ffi(head[i]);
  for (size_t i = 0; i < parts.size(); ++i) at[head.size() + i] = ffi(parts[i]);
  Hash out;
  tc_sha256(at, count, out.bytes.data());
  return out;
}

}  // namespace

Hash sha256(ByteView bytes) {
  const tc_bytes part = ffi(bytes);
  Hash out;
  tc_sha256(&part, 1, out.bytes.data());
  return out;
}

Hash sha256(std::initializer_list<ByteView> parts) { return hash_parts({}, {parts.begin(), parts.size()}); }

Hash sha256(std::span<const ByteView> parts) { return hash_parts({}, parts); }

Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts) {
  TL_CHECK(!tag.empty() && tag.size() <= 255);
  const uint8_t length = static_cast<uint8_t>(tag.size());
  const std::array<ByteView, 2> head = {ByteView{&length, 1}, view_of(tag)};
  return hash_parts(head, {parts.begin(), parts.size()});
}

}  // namespace tieline
