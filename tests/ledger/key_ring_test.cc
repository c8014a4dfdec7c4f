// A participant's keys, epoch by epoch.

#include "ledger/key_ring.h"

#include <gtest/gtest.h>

namespace tieline {
namespace {

PublicKey key(uint8_t n) {
  PublicKey k;
  k.bytes[0] = n;
  return k;
}
KeyRing first() { return {{{key(1), 0, std::nullopt}}, std::nullopt}; }

TEST(KeyRing, AKeyIsInForceFromTheNextEpochOn) {
  KeyRing ring = first();
  ASSERT_EQ(rotate(ring, key(2), 7), TxCode::ok);
  EXPECT_EQ(*key_in_force(ring, 7), key(1));
  EXPECT_EQ(*key_in_force(ring, 8), key(2));
  ring.keys.front().from = 3;
  EXPECT_EQ(key_in_force(ring, 2), nullptr) << "registered later";
}

TEST(KeyRing, OneChangeAnEpochAndNeverAnOldKey) {
  KeyRing ring = first();
  ASSERT_EQ(rotate(ring, key(2), 7), TxCode::ok);
  EXPECT_EQ(rotate(ring, key(3), 7), TxCode::key_pending);
  EXPECT_EQ(rotate(ring, key(1), 8), TxCode::key_used);
  EXPECT_EQ(rotate(ring, key(2), 8), TxCode::key_used);
  EXPECT_EQ(rotate(ring, key(3), 8), TxCode::ok);
}

TEST(KeyRing, ARevocationTakesThePlaceOfWhatAThiefMadePending) {
  KeyRing ring = first();
  ASSERT_EQ(rotate(ring, key(66), 7), TxCode::ok);
  EXPECT_EQ(revoke(ring, key(5), key(2), 1'000, 7), TxCode::bad_key);
  EXPECT_EQ(revoke(ring, key(1), key(1), 1'000, 7), TxCode::key_used);
  ASSERT_EQ(revoke(ring, key(1), key(2), 1'000, 7), TxCode::ok);
  EXPECT_EQ(*key_in_force(ring, 8), key(2)) << "the thief's was never in force";
  EXPECT_EQ(revoke(ring, key(1), key(2), 1'000, 8), TxCode::bad_key) << "a replay";
  EXPECT_TRUE(is_doubtful(ring, key(1), 1'000));
  EXPECT_FALSE(is_doubtful(ring, key(1), 999));
  EXPECT_FALSE(is_doubtful(ring, key(2), 5'000));
}

TEST(KeyRing, TheThiefsKeyInForceIsRevokedToo) {
  KeyRing ring = first();
  ASSERT_EQ(rotate(ring, key(66), 7), TxCode::ok);
  ASSERT_EQ(revoke(ring, key(66), key(2), 5, 9), TxCode::ok);
  EXPECT_EQ(*key_in_force(ring, 9), key(66));
  EXPECT_EQ(*key_in_force(ring, 10), key(2));
}

TEST(KeyRing, KeysAreBoundedForLife) {
  KeyRing ring = first();
  Epoch epoch = 0;
  for (uint8_t i = 2; i <= kParticipantKeysMax; ++i) ASSERT_EQ(rotate(ring, key(i), epoch++), TxCode::ok);
  EXPECT_EQ(rotate(ring, key(100), epoch), TxCode::too_many_keys);
  EXPECT_EQ(revoke(ring, key(kParticipantKeysMax), key(100), 0, epoch), TxCode::too_many_keys);
}

TEST(KeyRing, ItsBytesReadBackAndAnotherOrderDoesNot) {
  KeyRing ring = first();
  ASSERT_EQ(rotate(ring, key(2), 7), TxCode::ok);
  ASSERT_EQ(revoke(ring, key(2), key(3), 1'000, 8), TxCode::ok);
  ring.recovery = key(9);
  const auto again = decoded<KeyRing>(encoded(ring), "ring");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, ring);
  std::swap(ring.keys[0], ring.keys[1]);
  EXPECT_FALSE(decoded<KeyRing>(encoded(ring), "ring").ok());
}

}  // namespace
}  // namespace tieline
