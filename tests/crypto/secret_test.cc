#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <vector>

#include "crypto_testing.h"

namespace tieline {
namespace {

constexpr std::string_view kTag = "tieline/test/1";

Secret secret_of(uint8_t byte) {
  std::array<uint8_t, Secret::kSize> bytes;
  bytes.fill(byte);
  return Secret(bytes);
}

TEST(Secret, HkdfGivesTheAnswersOfAnIndependentImplementation) {
  // pyca/cryptography 48: HKDF(SHA512, 100, salt=b"tieline/test/1", info=b"onetwo").derive(bytes([7] * 32)).
  const std::string expected =
      "bbd7f0fd9be71a19e1e47cdcdb59d2a5c6897f480082002e9abac688f2d08c463cf3939e301388f5350e826a98d3f91005559ab27659f29f"
      "71196af0794e6dd72ae33a7c319c8d099728ddc74b5aafe9a8202d4dacb81e548e4bdc6b1b27c41f101aa551";
  std::vector<uint8_t> out(100);
  hkdf_sha512(kTag, secret_of(7), {view_of("one"), view_of("two")}, out);
  EXPECT_EQ(to_hex(out), expected);
  const Secret derived = derive_secret(kTag, secret_of(7), {view_of("onetwo")});
  EXPECT_EQ(to_hex(derived.bytes()), expected.substr(0, 64));
}

TEST(Secret, HkdfServesTheLongestOutputThereIs) {
  std::vector<uint8_t> out(kHkdfSizeMax);
  hkdf_sha512(kTag, secret_of(7), {view_of("onetwo")}, out);
  EXPECT_EQ(to_hex(ByteView(out).first(8)), "bbd7f0fd9be71a19");
  EXPECT_NE(to_hex(ByteView(out).last(64)), std::string(128, '0'));
}

TEST(Secret, KeyedHashIsHmacOverTheTagsLengthTheTagAndTheParts) {
  // hmac.new(bytes([7] * 32), bytes([14]) + b"tieline/test/1" + b"abc", hashlib.sha256)
  const Hash hash = keyed_hash(kTag, secret_of(7), {view_of("ab"), view_of("c")});
  EXPECT_EQ(to_hex(hash), "c2ae97962a0c4c6d20afbe0078bdb5286de06857c234341d795e4dce16088ba9");
  EXPECT_NE(keyed_hash(kTag, secret_of(8), {view_of("abc")}), hash);
  EXPECT_NE(keyed_hash("tieline/test/2", secret_of(7), {view_of("abc")}), hash);
}

TEST(Secret, TwoGeneratedSecretsDiffer) {
  EXPECT_NE(to_hex(Secret::generate().bytes()), to_hex(Secret::generate().bytes()));
}

}  // namespace
}  // namespace tieline
