#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "crypto_testing.h"
#include "tieline_crypto.h"

namespace tieline::ed25519 {
namespace {

using testing::bytes_of_hex;
using testing::fixed;
using testing::seed_of;
using testing::with_bit_flipped;

// Points of order 1, 2, 4 and 8: the canonical spellings, then the others.
const char* const kSmallOrder[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

struct Signed {
  VerifyingKey key;
  Bytes message;
  Signature signature;
};

Signed signed_by(uint32_t who, size_t message_size) {
  const SecretKey secret = SecretKey::from_seed(seed_of<Seed>(who));
  Bytes message(message_size, static_cast<uint8_t>(who));
  return {VerifyingKey::parse(secret.public_key()).value(), message, secret.sign(message)};
}

std::vector<uint8_t> batch_verdicts(const std::vector<Signed>& claims, uint32_t seed) {
  std::vector<VerifyItem> items;
  for (const Signed& claim : claims) items.push_back({&claim.key, claim.message, &claim.signature});
  std::vector<uint8_t> ok(items.size(), 7);
  verify_batch(items, ok, seed_of<Seed>(seed));
  return ok;
}

std::vector<uint8_t> single_verdicts(const std::vector<Signed>& claims) {
  std::vector<uint8_t> ok;
  for (const Signed& claim : claims) ok.push_back(verify(claim.key, claim.message, claim.signature));
  return ok;
}

TEST(Ed25519, GivesTheKnownAnswersOfRfc8032) {
  struct {
    const char *seed, *key, *message, *signature;
  } const vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
       "465"
       "5141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
       "eb0"
       "0d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28"
       "dc0"
       "27beceea1ec40a"},
  };
  for (const auto& v : vectors) {
    Seed seed;
    std::ranges::copy(bytes_of_hex(v.seed), seed.begin());
    const SecretKey secret = SecretKey::from_seed(seed);
    const Bytes message = bytes_of_hex(v.message);
    EXPECT_EQ(to_hex(secret.public_key()), v.key);
    EXPECT_EQ(to_hex(secret.sign(message)), v.signature);
    EXPECT_TRUE(verify(VerifyingKey::parse(secret.public_key()).value(), message, fixed<Signature>(v.signature)));
  }
}

TEST(Ed25519, RefusesEveryFlippedBitOfSignatureAndMessageAndEveryOtherKey) {
  const Signed claim = signed_by(1, 20);
  ASSERT_TRUE(verify(claim.key, claim.message, claim.signature));
  for (size_t bit = 0; bit < 512; ++bit) {
    EXPECT_FALSE(verify(claim.key, claim.message, with_bit_flipped(claim.signature, bit))) << bit;
  }
  for (size_t bit = 0; bit < 160; ++bit) {
    Bytes message = claim.message;
    message[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify(claim.key, message, claim.signature)) << bit;
  }
  EXPECT_FALSE(verify(signed_by(2, 1).key, claim.message, claim.signature));
}

TEST(Ed25519, RefusesAScalarThatIsNotReduced) {
  const Signed claim = signed_by(1, 20);
  const Bytes order = bytes_of_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Signature moved = claim.signature;
  unsigned carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += moved.bytes[32 + i] + order[i];
    moved.bytes[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(verify(claim.key, claim.message, moved));
  EXPECT_EQ(batch_verdicts({claim, {claim.key, claim.message, moved}}, 1), (std::vector<uint8_t>{1, 0}));
}

TEST(Ed25519, RefusesBytesThatAreNoPointOfTheCurve) {
  const auto parsed = VerifyingKey::parse(fixed<PublicKey>("02" + std::string(62, '0')));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, "bad_public_key");
}

TEST(Ed25519, CallsKeysOfSmallOrderWeakAndGeneratedKeysNot) {
  for (const char* hex : kSmallOrder) EXPECT_TRUE(VerifyingKey::parse(fixed<PublicKey>(hex)).value().is_weak()) << hex;
  for (uint32_t i = 0; i < 20; ++i) EXPECT_FALSE(signed_by(i, 1).key.is_weak());
}

TEST(Ed25519, AcceptsAllSmallOrderPairsOfZip215AloneAndInABatch) {
  std::vector<Signed> claims;
  for (const char* key : kSmallOrder) {
    for (const char* r : kSmallOrder) {
      claims.push_back({VerifyingKey::parse(fixed<PublicKey>(key)).value(), Bytes{'Z', 'c', 'a', 's', 'h'},
                        fixed<Signature>(r + std::string(64, '0'))});
    }
  }
  EXPECT_EQ(single_verdicts(claims), std::vector<uint8_t>(claims.size(), 1));
  EXPECT_EQ(batch_verdicts(claims, 1), std::vector<uint8_t>(claims.size(), 1));
}

TEST(Ed25519, BatchAndSingleAgreeOnAnyMixOfHonestBrokenAndSmallOrderItems) {
  std::mt19937_64 random(20240611);
  for (uint32_t round = 0; round < 60; ++round) {
    const size_t count = random() % 70;
    const size_t one_in = 1 + random() % 30;  // how often an item is spoilt
    std::vector<Signed> claims;
    for (size_t i = 0; i < count; ++i) {
      Signed claim = signed_by(static_cast<uint32_t>(random() % 12), random() % 100);
      if (random() % one_in == 0) {
        switch (random() % 4) {
          case 0:
            claim.signature = with_bit_flipped(claim.signature, random() % 512);
            break;
          case 1:
            claim.message.push_back(0);
            break;
          case 2:
            claim.key = VerifyingKey::parse(fixed<PublicKey>(kSmallOrder[random() % 14])).value();
            break;
          default:
            claim.key = VerifyingKey::parse(fixed<PublicKey>(kSmallOrder[random() % 14])).value();
            claim.signature = fixed<Signature>(kSmallOrder[random() % 14] + std::string(64, '0'));
        }
      }
      claims.push_back(std::move(claim));
    }
    const auto expected = single_verdicts(claims);
    for (uint32_t seed = 0; seed < 3; ++seed) ASSERT_EQ(batch_verdicts(claims, seed), expected) << "round " << round;
  }
}

TEST(Ed25519, ABatchNamesExactlyTheBadItemsWhereverTheyStand) {
  std::vector<Signed> claims;
  for (uint32_t i = 0; i < 33; ++i) claims.push_back(signed_by(i, i));
  for (size_t bad = 0; bad < claims.size(); ++bad) {
    auto spoilt = claims;
    spoilt[bad].signature = with_bit_flipped(spoilt[bad].signature, 300);
    std::vector<uint8_t> expected(claims.size(), 1);
    expected[bad] = 0;
    EXPECT_EQ(batch_verdicts(spoilt, 1), expected);
  }
}

TEST(Ed25519, ABatchOfOnlyBadItemsAndOneBeyondTheInnerChunkSizeIsJudgedItemByItem) {
  const Signed good = signed_by(1, 10);
  Signed bad = good;
  bad.signature = with_bit_flipped(bad.signature, 500);
  EXPECT_EQ(batch_verdicts(std::vector<Signed>(200, bad), 1), std::vector<uint8_t>(200, 0));
  std::vector<Signed> many(2100, good);
  std::vector<uint8_t> expected(many.size(), 1);
  for (const size_t i : {0, 1023, 1024, 2047, 2048, 2099}) {
    many[i] = bad;
    expected[i] = 0;
  }
  EXPECT_EQ(batch_verdicts(many, 1), expected);
}

// How many items of a batch were verified on their own, after the C ABI.
size_t singles_needed(const std::vector<Signed>& claims) {
  std::vector<tc_ed25519_item> items;
  for (const Signed& claim : claims) {
    items.push_back({claim.key.handle(), claim.message.data(), claim.message.size(), claim.signature.bytes.data()});
  }
  std::vector<uint8_t> ok(items.size());
  return tc_ed25519_verify_batch(items.data(), items.size(), seed_of<Seed>(1).data(), ok.data());
}

TEST(Ed25519, AGoodBatchIsJudgedByOneEquationAndOneBadItemCostsFewSingles) {
  std::vector<Signed> claims;
  for (uint32_t i = 0; i < 240; ++i) {
    claims.push_back(signed_by(i % 100, i));
    if (i >= 100) claims[i].key = claims[i - 100].key;  // the same handle, whose terms are joined
  }
  for (const char* hex : kSmallOrder) {
    claims.push_back(
        {VerifyingKey::parse(fixed<PublicKey>(hex)).value(), {}, fixed<Signature>(hex + std::string(64, '0'))});
  }
  EXPECT_EQ(singles_needed(claims), 0u);
  for (const size_t bad : {0, 100, 253}) {
    auto spoilt = claims;
    spoilt[bad].signature = with_bit_flipped(claims[bad].signature, 256);
    EXPECT_LE(singles_needed(spoilt), 8u) << bad;
    EXPECT_GE(singles_needed(spoilt), 1u) << bad;
  }
}

TEST(Ed25519, ErrorsOfTwoItemsThatCancelOutAreBothFound) {
  // Two signatures of one key and message whose scalars are moved by +1 and -1: their plain sum is still right.
  const Signed claim = signed_by(3, 10);
  Signed up = claim;
  Signed down = claim;
  ASSERT_LT(up.signature.bytes[32], 255);
  ASSERT_GT(down.signature.bytes[32], 0);
  up.signature.bytes[32] += 1;
  down.signature.bytes[32] -= 1;
  EXPECT_EQ(batch_verdicts({up, down}, 1), (std::vector<uint8_t>{0, 0}));
}

TEST(Ed25519, AnEmptyBatchIsFineAndTheSystemSeededBatchAgrees) {
  verify_batch({}, {});
  const Signed claim = signed_by(3, 0);
  const std::vector<VerifyItem> items(5, VerifyItem{&claim.key, claim.message, &claim.signature});
  std::vector<uint8_t> ok(5);
  verify_batch(items, ok);
  EXPECT_EQ(ok, std::vector<uint8_t>(5, 1));
}

TEST(Ed25519, GeneratedKeysDifferAndComeBackFromTheirSeed) {
  std::set<PublicKey> keys;
  for (int i = 0; i < 50; ++i) keys.insert(SecretKey::generate().public_key());
  EXPECT_EQ(keys.size(), 50u);
  Seed seed;
  const SecretKey secret = SecretKey::generate(seed);
  EXPECT_EQ(SecretKey::from_seed(seed).public_key(), secret.public_key());
}

TEST(Ed25519DeathTest, SigningWithAMovedKeyAborts) {
  SecretKey secret = SecretKey::generate();
  const SecretKey moved = std::move(secret);
  EXPECT_DEATH((void)secret.sign({}), "moved");  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace tieline::ed25519
