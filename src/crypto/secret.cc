#include "crypto/secret.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "crypto/random.h"
#include "tieline_crypto.h"

namespace tieline {
namespace {

tc_bytes ffi(ByteView bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Secret::Secret(std::span<const uint8_t, kSize> bytes) { std::copy(bytes.begin(), bytes.end(), bytes_.begin()); }

Secret Secret::generate() {
  std::array<uint8_t, kSize> bytes;
  fill_random(bytes);
  const Secret out(bytes);
  explicit_bzero(bytes.data(), bytes.size());
  return out;
}

Secret::~Secret() { explicit_bzero(bytes_.data(), bytes_.size()); }

void hkdf_sha512(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info,
                 std::span<uint8_t> out) {
  TL_CHECK(!tag.empty());
  TL_CHECK(out.size() <= kHkdfSizeMax);
  std::vector<tc_bytes> parts;
  parts.reserve(info.size());
  for (const ByteView part : info) parts.push_back(ffi(part));
  tc_hkdf_sha512(ffi(view_of(tag)), secret.data(), parts.data(), parts.size(), out.data(), out.size());
}

Secret derive_secret(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info) {
  std::array<uint8_t, Secret::kSize> bytes;
  hkdf_sha512(tag, secret, info, bytes);
  const Secret out(bytes);
  explicit_bzero(bytes.data(), bytes.size());
  return out;
}

Hash keyed_hash(std::string_view tag, const Secret& key, std::initializer_list<ByteView> parts) {
  TL_CHECK(!tag.empty() && tag.size() <= 255);
  const uint8_t length = static_cast<uint8_t>(tag.size());
  std::vector<tc_bytes> all = {{&length, 1}, ffi(view_of(tag))};
  for (const ByteView part : parts) all.push_back(ffi(part));
  Hash out;
  tc_hmac_sha256(key.data(), all.data(), all.size(), out.bytes.data());
  return out;
}

}  // namespace tieline
