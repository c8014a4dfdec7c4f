// The cheap signature scheme: nobody but the owner of a key can sign, and what it computes is SipHash.

#include "crypto/sim_scheme.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "crypto/hash.h"

namespace tieline {
namespace {

// From the reference implementation's vectors.h (SipHash-2-4, 128-bit output): key 00..0f, message 00..len-1.
TEST(SipHash, GivesTheAnswersOfTheReferenceImplementation) {
  const SimSecret key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  struct Vector {
    size_t length;
    uint64_t low, high;
  };
  const Vector vectors[] = {{0, 0xe6a825ba047f81a3ULL, 0x930255c71472f66dULL},
                            {1, 0x44af996bd8c187daULL, 0x45fc229b11597634ULL}};
  for (const Vector& v : vectors) {
    Bytes message;
    for (size_t i = 0; i < v.length; ++i) message.push_back(static_cast<uint8_t>(i));
    const auto tag = siphash128(key, message);
    EXPECT_EQ(tag[0], v.low) << v.length;
    EXPECT_EQ(tag[1], v.high) << v.length;
  }
}

TEST(SimScheme, AcceptsWhatTheOwnerSigned) {
  const SimKeys keys(1, 5);
  const Hash message = sha256(view_of("a vote"));
  for (size_t i = 0; i < keys.size(); ++i)
    EXPECT_TRUE(keys.verify(keys.key(i), message.view(), keys.signer(i).sign(message.view())));
}

TEST(SimScheme, RefusesASignatureWithAnyBitChanged) {
  const SimKeys keys(2, 3);
  const Hash message = sha256(view_of("a vote"));
  const Signature good = keys.signer(1).sign(message.view());
  for (size_t bit = 0; bit < 8 * Signature::kSize; ++bit) {
    Signature bad = good;
    bad.bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(keys.verify(keys.key(1), message.view(), bad)) << bit;
  }
}

TEST(SimScheme, RefusesASignatureForAnotherMessageOrAnotherKey) {
  const SimKeys keys(3, 3);
  const Hash message = sha256(view_of("a vote"));
  const Signature good = keys.signer(1).sign(message.view());
  EXPECT_FALSE(keys.verify(keys.key(0), message.view(), good));
  for (size_t bit = 0; bit < 8 * Hash::kSize; ++bit) {
    Hash other = message;
    other.bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(keys.verify(keys.key(1), other.view(), good)) << bit;
  }
}

TEST(SimScheme, KnowsNoKeyThatItDidNotMake) {
  const SimKeys keys(4, 3);
  const SimKeys others(5, 8);
  const Hash message = sha256(view_of("a vote"));
  for (size_t i = 0; i < others.size(); ++i)
    EXPECT_FALSE(keys.verify(others.key(i), message.view(), others.signer(i).sign(message.view())));
  PublicKey bent = keys.key(0);
  bent.bytes[31] ^= 1;
  EXPECT_FALSE(keys.verify(bent, message.view(), keys.signer(0).sign(message.view())));
}

TEST(SimScheme, ChecksABatchAsItChecksEachAlone) {
  const SimKeys keys(6, 4);
  const Hash message = sha256(view_of("a vote"));
  std::vector<SignedItem> items;
  for (size_t i = 0; i < 4; ++i)
    items.push_back({keys.key(i), message.view(), keys.signer(i % 2).sign(message.view())});
  std::vector<uint8_t> ok(items.size(), 7);
  keys.verify_batch(items, ok);
  EXPECT_EQ(ok, (std::vector<uint8_t>{1, 1, 0, 0}));
}

}  // namespace
}  // namespace tieline
