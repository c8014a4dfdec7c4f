#include "crypto/seal.h"

#include <gtest/gtest.h>

#include <random>

#include "crypto_testing.h"

namespace tieline::seal {
namespace {

using testing::bytes_of_hex;
using testing::with_bit_flipped;

Secret secret_of(const std::string& hex) {
  const Bytes bytes = bytes_of_hex(hex);
  return Secret(std::span<const uint8_t, Secret::kSize>(bytes.data(), Secret::kSize));
}

Secret secret_of(uint8_t byte) { return secret_of(to_hex(Bytes(Secret::kSize, byte))); }

// RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode, sequence number 0.
const char* const kIkmE = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
const char* const kIkmR = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
const char* const kPkR = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
const char* const kEnc = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
const char* const kInfo = "4f6465206f6e2061204772656369616e2055726e";
const char* const kAad = "436f756e742d30";
const char* const kPlain = "4265617574792069732074727574682c20747275746820626561757479";
const char* const kCipher =
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";

TEST(Seal, GivesTheBytesOfTheRfcsVector) {
  const SecretKey receiver = SecretKey::derive(secret_of(kIkmR));
  EXPECT_EQ(to_hex(receiver.public_key()), kPkR);
  const Sealed sealed =
      seal(receiver.public_key(), secret_of(kIkmE), bytes_of_hex(kInfo), bytes_of_hex(kAad), bytes_of_hex(kPlain))
          .value();
  EXPECT_EQ(to_hex(sealed.enc), kEnc);
  EXPECT_EQ(to_hex(sealed.cipher), kCipher);
  EXPECT_EQ(to_hex(receiver.open(sealed, bytes_of_hex(kInfo), bytes_of_hex(kAad)).value()), kPlain);
}

struct Fixture {
  SecretKey receiver = SecretKey::derive(secret_of(1));
  SecretKey other = SecretKey::derive(secret_of(2));
  Bytes info = {'i', 'n', 'f', 'o'};
  Bytes aad = {'a'};
  Bytes plain = {1, 2, 3, 4, 5};
  Sealed sealed = seal(receiver.public_key(), secret_of(3), info, aad, plain).value();
};

TEST(Seal, EveryFlippedBitKeepsItShut) {
  const Fixture f;
  ASSERT_EQ(f.receiver.open(f.sealed, f.info, f.aad).value(), f.plain);
  for (size_t bit = 0; bit < 256; ++bit) {
    Sealed bad = f.sealed;
    bad.enc = with_bit_flipped(bad.enc, bit);
    // X25519 masks the highest bit of a key; HPKE hashes the encapsulation as it came, so that bit counts too.
    EXPECT_FALSE(f.receiver.open(bad, f.info, f.aad).ok()) << bit;
  }
  for (size_t bit = 0; bit < f.sealed.cipher.size() * 8; ++bit) {
    Sealed bad = f.sealed;
    bad.cipher[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto opened = f.receiver.open(bad, f.info, f.aad);
    ASSERT_FALSE(opened.ok()) << bit;
    EXPECT_EQ(opened.error().code, "does_not_open");
  }
}

TEST(Seal, OpensOnlyUnderItsKeyItsInfoAndItsAad) {
  const Fixture f;
  EXPECT_FALSE(f.other.open(f.sealed, f.info, f.aad).ok());
  EXPECT_FALSE(f.receiver.open(f.sealed, f.aad, f.aad).ok());
  EXPECT_FALSE(f.receiver.open(f.sealed, f.info, f.info).ok());
}

TEST(Seal, AnythingShorterThanATagOrOfRandomBytesStaysShut) {
  const Fixture f;
  std::mt19937_64 random(7);
  for (size_t size = 0; size < 200; ++size) {
    Sealed bad;
    for (uint8_t& byte : bad.enc.bytes) byte = static_cast<uint8_t>(random());
    bad.cipher.resize(size);
    for (uint8_t& byte : bad.cipher) byte = static_cast<uint8_t>(random());
    EXPECT_FALSE(f.receiver.open(bad, f.info, f.aad).ok()) << size;
  }
  EXPECT_FALSE(f.receiver.open(Sealed{}, f.info, f.aad).ok());
}

TEST(Seal, AKeyOfSmallOrderIsRefusedOnBothSides) {
  const Fixture f;
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto refused = seal(testing::fixed<PublicKey>(hex), secret_of(3), f.info, f.aad, f.plain);
    ASSERT_FALSE(refused.ok()) << hex;
    EXPECT_EQ(refused.error().code, "bad_seal_key");
    Sealed bad = f.sealed;
    bad.enc = testing::fixed<Encapsulation>(hex);
    EXPECT_FALSE(f.receiver.open(bad, f.info, f.aad).ok()) << hex;
  }
}

TEST(Seal, TheSeedRepeatsASealingBitByBitAndAnotherSeedGivesOther) {
  const Fixture f;
  EXPECT_EQ(seal(f.receiver.public_key(), secret_of(3), f.info, f.aad, f.plain).value(), f.sealed);
  const Sealed other = seal(f.receiver.public_key(), secret_of(4), f.info, f.aad, f.plain).value();
  EXPECT_NE(other.enc, f.sealed.enc);
  EXPECT_NE(other.cipher, f.sealed.cipher);
}

TEST(Seal, AnEmptyPlaintextIsSealedToo) {
  const Fixture f;
  const Sealed sealed = seal(f.receiver.public_key(), secret_of(5), {}, {}, {}).value();
  EXPECT_EQ(sealed.cipher.size(), kTagSize);
  EXPECT_TRUE(f.receiver.open(sealed, {}, {}).value().empty());
}

TEST(Seal, GeneratedKeysDiffer) { EXPECT_NE(SecretKey::generate().public_key(), SecretKey::generate().public_key()); }

}  // namespace
}  // namespace tieline::seal
