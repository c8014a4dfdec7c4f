#include "crypto/hash.h"

#include <array>
#include <vector>

#include "base/check.h"
#include "crypto/hash_memo.h"
#include "tieline_crypto.h"

namespace tieline {
namespace {

tc_bytes ffi(ByteView bytes) { return {bytes.data(), bytes.size()}; }

using Parts = std::span<const ByteView>;

Hash remembered(HashMemo& memo, Parts head, Parts parts, size_t size) {
  std::array<uint8_t, kHashMemoBytesMax + HashMemo::kPadding> input;
  uint8_t* at = input.data();
  for (const Parts list : {head, parts})
    for (const ByteView part : list) {
      if (!part.empty()) std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
  std::memset(at, 0, HashMemo::kPadding);
  HashMemo::Entry& entry = memo.entry_of(input.data(), size);
  if (entry.size == size && std::memcmp(entry.input.data(), input.data(), size) == 0) return entry.hash;
  const tc_bytes whole{input.data(), size};
  tc_sha256(&whole, 1, entry.hash.bytes.data());
  entry.size = size;
  std::memcpy(entry.input.data(), input.data(), size);
  return entry.hash;
}

size_t size_of(Parts parts) {
  size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  return size;
}

// `head` parts stand before `parts`.
Hash hash_parts(Parts head, Parts parts) {
  if (HashMemo* memo = hash_memo()) {
    const size_t size = size_of(head) + size_of(parts);
    if (size > 0 && size <= kHashMemoBytesMax) return remembered(*memo, head, parts, size);
  }
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

Hash sha256(ByteView bytes) { return hash_parts({}, {&bytes, 1}); }

Hash sha256(std::initializer_list<ByteView> parts) { return hash_parts({}, {parts.begin(), parts.size()}); }

Hash sha256(std::span<const ByteView> parts) { return hash_parts({}, parts); }

Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts) {
  TL_CHECK(!tag.empty() && tag.size() <= 255);
  const uint8_t length = static_cast<uint8_t>(tag.size());
  const std::array<ByteView, 2> head = {ByteView{&length, 1}, view_of(tag)};
  return hash_parts(head, {parts.begin(), parts.size()});
}

}  // namespace tieline
