#include "crypto/ed25519_scheme.h"

#include <gtest/gtest.h>

#include <thread>

#include "crypto_testing.h"

namespace tieline {
namespace {

using testing::fixed;
using testing::seed_of;
using testing::with_bit_flipped;

Ed25519Signer signer(uint32_t number) {
  return Ed25519Signer(ed25519::SecretKey::from_seed(seed_of<ed25519::Seed>(number)));
}

const Bytes kMessage = {1, 2, 3};

SignedItem item(uint32_t number) {
  const Ed25519Signer who = signer(number);
  return {who.public_key(), kMessage, who.sign(kMessage)};
}

TEST(Ed25519Verifier, JudgesABatchAsItJudgesTheItemsAlone) {
  const Ed25519Verifier verifier;
  std::vector<SignedItem> items;
  for (uint32_t i = 0; i < 40; ++i) items.push_back(item(i % 10));
  items[7].signature = with_bit_flipped(items[7].signature, 400);
  items[20].key = fixed<PublicKey>("02" + std::string(62, '0'));  // no point of the curve
  items[39].key = items[38].key;
  for (int round = 0; round < 2; ++round) {  // without and with cached keys
    std::vector<uint8_t> ok(items.size(), 7);
    verifier.verify_batch(items, ok);
    for (size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(ok[i], i != 7 && i != 20 && i != 39) << i;
      EXPECT_EQ(verifier.verify(items[i].key, items[i].message, items[i].signature), ok[i] == 1) << i;
    }
  }
}

TEST(Ed25519Verifier, KeepsNoKeyUnderWhichNothingHasVerified) {
  const Ed25519Verifier verifier;
  SignedItem bad = item(1);
  bad.signature = with_bit_flipped(bad.signature, 0);
  EXPECT_FALSE(verifier.verify(bad.key, bad.message, bad.signature));
  std::vector<uint8_t> ok(1);
  verifier.verify_batch(std::vector<SignedItem>{bad}, ok);
  EXPECT_EQ(verifier.cached_keys(), 0u);
  const SignedItem good = item(1);
  EXPECT_TRUE(verifier.verify(good.key, good.message, good.signature));
  EXPECT_EQ(verifier.cached_keys(), 1u);
}

TEST(Ed25519Verifier, NeverHoldsMoreKeysThanItsBound) {
  const Ed25519Verifier verifier(8);
  std::vector<SignedItem> items;
  for (uint32_t i = 0; i < 30; ++i) items.push_back(item(i));
  std::vector<uint8_t> ok(items.size());
  verifier.verify_batch(items, ok);
  EXPECT_LE(verifier.cached_keys(), 8u);
  for (const SignedItem& i : items) {
    EXPECT_TRUE(verifier.verify(i.key, i.message, i.signature));
    EXPECT_LE(verifier.cached_keys(), 8u);
  }
}

TEST(Ed25519Verifier, ServesSeveralThreadsAtOnce) {
  const Ed25519Verifier verifier(6);
  std::vector<SignedItem> items;
  for (uint32_t i = 0; i < 12; ++i) items.push_back(item(i));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        std::vector<uint8_t> ok(items.size());
        verifier.verify_batch(items, ok);
        EXPECT_EQ(ok, std::vector<uint8_t>(items.size(), 1));
        const SignedItem& one = items[static_cast<size_t>(round) % items.size()];
        EXPECT_TRUE(verifier.verify(one.key, one.message, one.signature));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Ed25519Signer, SignsTheSameBytesThroughTheInterface) {
  const Ed25519Signer who = signer(4);
  const Signer& as_signer = who;
  EXPECT_EQ(as_signer.sign(kMessage), ed25519::SecretKey::from_seed(seed_of<ed25519::Seed>(4)).sign(kMessage));
}

}  // namespace
}  // namespace tieline
