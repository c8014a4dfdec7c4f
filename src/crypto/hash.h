#pragma once
// SHA-256, over one or several byte strings as if they were one, and domain-separated (tagged) hashes. Nothing is
// allocated for up to kHashPartsInline parts.

#include <initializer_list>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace tieline {

inline constexpr size_t kHashPartsInline = 12;

Hash sha256(ByteView bytes);
Hash sha256(std::initializer_list<ByteView> parts);
Hash sha256(std::span<const ByteView> parts);

// SHA-256(u8 length of tag || tag || parts). Two tags never share an input, because the length comes first. A tag names
// what is hashed and its version, e.g. "tieline/block/1"; 1 to 255 bytes. The parts are joined without separators:
// whoever hashes several parts of variable length must make their borders unambiguous.
Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts);

}  // namespace tieline
