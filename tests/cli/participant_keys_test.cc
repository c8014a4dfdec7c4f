#include "cli/participant_keys.h"

#include <gtest/gtest.h>

namespace tieline::cli {
namespace {

Secret seed_of(uint8_t byte) {
  std::array<uint8_t, Secret::kSize> bytes;
  bytes.fill(byte);
  return Secret(bytes);
}

Genesis genesis_with(const std::string& name, uint8_t seed) {
  Genesis genesis;
  GenesisParticipant one;
  one.id = 1;
  one.name = name;
  one.key = make_card(name, seed_of(seed)).key;
  genesis.participants.push_back(one);
  return genesis;
}

std::string code(const Result<ParticipantCard>& card) { return card.ok() ? "" : card.error().code; }

TEST(ParticipantCard, ShowsTheKeysThatTheSecretHolds) {
  const ParticipantCard card = make_card("bakery", seed_of(1));
  EXPECT_EQ(card.bls_key, participant_bls_key(seed_of(1)).public_key());
  EXPECT_EQ(card.seal_key, participant_seal_key(seed_of(1)).public_key());
  EXPECT_NE(card.seal_key, participant_seal_key(seed_of(2)).public_key());
  auto back = card_from_json(card_json(card), genesis_with("bakery", 1));
  ASSERT_TRUE(back.ok()) << back.error().why;
  EXPECT_TRUE(*back == card);
}

TEST(ParticipantCard, IsRefusedWithAnyFieldOfAnother) {
  const Genesis genesis = genesis_with("bakery", 1);
  const Json good = card_json(make_card("bakery", seed_of(1)));
  const Json other = card_json(make_card("bakery", seed_of(2)));
  for (const auto& item : good.items()) {
    if (item.key() == "name") continue;
    Json mixed = good;
    mixed[item.key()] = other[item.key()];
    EXPECT_EQ(code(card_from_json(mixed, genesis)), "card_invalid") << item.key();
    mixed.erase(item.key());
    EXPECT_EQ(code(card_from_json(mixed, genesis)), "card_invalid") << item.key();
  }
  EXPECT_EQ(code(card_from_json(other, genesis)), "card_invalid") << "genesis registers another key";
  EXPECT_EQ(code(card_from_json(good, genesis_with("school", 1))), "participant_unknown");
}

}  // namespace
}  // namespace tieline::cli
