#pragma once
// Files that hold one secret key: validators' consensus.key and bls.key, and participants' NAME.key. One line of text:
//
//   ed25519 SEED      or      bls SEED          SEED: 32 bytes, 64 hex digits
//
// Errors: key_exposed (group or others may read it), key_unreadable, key_malformed, key_exists, key_unwritable; every
// message names the file.

#include <array>
#include <filesystem>
#include <span>

#include "base/result.h"

namespace tieline::node {

inline constexpr size_t kKeySeedBytes = 32;
inline constexpr size_t kKeyFileBytesMax = 4096;

enum class KeyKind { kEd25519, kBls };
const char* key_kind_name(KeyKind kind);

// Wiped when destroyed.
class KeySeed {
 public:
  KeySeed() = default;
  KeySeed(const KeySeed&) = delete;
  KeySeed& operator=(const KeySeed&) = delete;
  KeySeed(KeySeed&& other) noexcept;
  KeySeed& operator=(KeySeed&& other) noexcept;
  ~KeySeed();
  std::array<uint8_t, kKeySeedBytes> bytes{};
};

Result<KeySeed> read_key_file(const std::filesystem::path& file, KeyKind kind);
Status write_key_file(const std::filesystem::path& file, KeyKind kind, std::span<const uint8_t, kKeySeedBytes> seed);

}  // namespace tieline::node
