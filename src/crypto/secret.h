#pragma once
// Thirty-two secret bytes, and keys derived from them. A Secret is wiped when it goes away and does not compare or
// print. Derivation: HKDF (RFC 5869) with SHA-512; keyed digests: HMAC (RFC 2104) with SHA-256.

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace tieline {

class Secret {
 public:
  static constexpr size_t kSize = 32;

  explicit Secret(std::span<const uint8_t, kSize> bytes);
  static Secret generate();  // from the operating system's randomness
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();

  const uint8_t* data() const { return bytes_.data(); }
  std::span<const uint8_t, kSize> bytes() const { return bytes_; }

 private:
  std::array<uint8_t, kSize> bytes_;
};

inline constexpr size_t kHkdfSizeMax = 255 * 64;

// Fills `out` (at most kHkdfSizeMax bytes). The tag is HKDF's salt and says what is derived; the parts are its info,
// joined without separators, so at most one of them may be of variable length.
void hkdf_sha512(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info,
                 std::span<uint8_t> out);
Secret derive_secret(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info);

// HMAC over (u8 length of tag || tag || parts), so that two tags never share an input.
Hash keyed_hash(std::string_view tag, const Secret& key, std::initializer_list<ByteView> parts);

}  // namespace tieline
