#include "energy/market_actions.h"
#include "energy/private_actions.h"

#include <gtest/gtest.h>

#include <set>

#include "canonical.h"
#include "market_action_samples.h"

namespace tieline::energy {
namespace {

using testing::fixed_of;
using testing::sample_actions;
using testing::SampleAction;

std::optional<Bytes> again(ActionType type, const Bytes& payload) {
  const auto action = decode_market_action(type, payload);
  if (!action.ok()) return std::nullopt;
  EXPECT_EQ(type_of(*action), type);
  return encode_market_action(*action);
}

std::string code_of(ActionType type, const Bytes& payload) {
  const auto action = decode_market_action(type, payload);
  return action.ok() ? "ok" : action.error().code;
}

TEST(MarketAction, HasOneEncodingWhateverItsType) {
  for (const SampleAction& sample : sample_actions()) {
    SCOPED_TRACE(sample.name);
    const ActionType type = type_of(sample.action);
    const Bytes payload = encode_market_action(sample.action);
    const auto back = decode_market_action(type, payload);
    ASSERT_TRUE(back.ok()) << back.error().why;
    EXPECT_TRUE(*back == sample.action);
    testing::expect_canonical_bytes(payload, [&](const Bytes& bytes) { return again(type, bytes); });
  }
}

TEST(MarketAction, OfGarbageIsRefusedAndHarmless) {
  for (const SampleAction& sample : sample_actions()) {
    const ActionType type = type_of(sample.action);
    testing::expect_garbage_is_harmless(
        encode_market_action(sample.action), [&](const Bytes& bytes) { return again(type, bytes); }, 3, 500);
  }
}

TEST(MarketAction, NoFlippedBitLeavesItsMeaning) {
  for (const SampleAction& sample : sample_actions()) {
    const Bytes payload = encode_market_action(sample.action);
    for (size_t bit = 0; bit < 8 * payload.size(); ++bit) {
      Bytes flipped = payload;
      flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      const auto other = decode_market_action(type_of(sample.action), flipped);
      ASSERT_FALSE(other.ok() && *other == sample.action) << sample.name << ", bit " << bit;
    }
  }
}

TEST(MarketAction, StandsInATransactionAndEveryTypeHasASample) {
  std::set<ActionType> types;
  for (const SampleAction& sample : sample_actions()) types.insert(type_of(sample.action));
  EXPECT_EQ(types.size(), std::variant_size_v<MarketAction>);
  for (int number = 0; number < 256; ++number) {
    const auto type = static_cast<ActionType>(number);
    EXPECT_EQ(is_market_action(type), types.contains(type)) << number;
    const bool other = type == ActionType::kReadings || type == ActionType::kData ||
                       type == ActionType::kDeclarations || is_private_action(type);
    EXPECT_EQ(is_known(type), other || types.contains(type)) << number;
  }
}

TEST(MarketAction, OfATypeThatIsNoneIsMalformed) {
  EXPECT_EQ(code_of(ActionType::kData, {}), "malformed");
  EXPECT_EQ(code_of(static_cast<ActionType>(200), {}), "malformed");
  EXPECT_EQ(code_of(ActionType::kWithdraw, {}), "ok");
  EXPECT_EQ(code_of(ActionType::kWithdraw, {0}), "malformed");
}

TEST(MarketAction, OutsideItsEnumerationsIsMalformed) {
  const auto with_byte = [](const MarketAction& action, size_t at, int value) {
    Bytes payload = encode_market_action(action);
    payload[at] = static_cast<uint8_t>(value);
    return code_of(type_of(action), payload);
  };
  const Correct correction{1, 1, 2, 1, 5, Quality::kMeasured};
  const size_t quality = encode_market_action(correction).size() - 1;
  for (int value = 0; value < 6; ++value) {
    EXPECT_EQ(with_byte(correction, quality, value), value >= 1 && value <= 4 ? "ok" : "malformed") << value;
  }
  const Propose proposal{ProposalKind::kConfiscation, ParticipantId{7}};
  EXPECT_EQ(with_byte(proposal, 0, 3), "ok") << "restore trust names a participant too";
  EXPECT_EQ(with_byte(proposal, 0, 5), "malformed");
  EXPECT_EQ(with_byte(CastVote{Hash(), true}, 32, 2), "malformed");
  const Propose membership{ProposalKind::kMembership, testing::sample_registration()};
  const size_t role = 1 + 4 + testing::sample_registration().name.size() + 2;
  for (int value = 0; value < 8; ++value) {
    EXPECT_EQ(with_byte(membership, role, value), value >= 1 && value <= 6 ? "ok" : "malformed") << value;
  }
}

TEST(MarketAction, KeepsItsBoundsExactly) {
  const auto rule = [](size_t bytes) {
    const Propose p{ProposalKind::kRules, RuleChanges{{std::string(bytes, 'a'), 1}}};
    return code_of(ActionType::kPropose, encode_market_action(p));
  };
  EXPECT_EQ(rule(kRuleNameBytesMax), "ok");
  EXPECT_EQ(rule(kRuleNameBytesMax + 1), "malformed");
  const auto rules = [](size_t count, bool twice) {
    RuleChanges changes;
    for (size_t i = 0; i < count; ++i) changes.push_back({"rule-" + std::to_string(twice && i == 1 ? 0 : i), i});
    return code_of(ActionType::kPropose, encode_market_action(Propose{ProposalKind::kRules, changes}));
  };
  EXPECT_EQ(rules(0, false), "malformed");
  EXPECT_EQ(rules(2, true), "malformed") << "which of the two would count?";
  EXPECT_EQ(rules(kRuleChangesMax, false), "ok");
  EXPECT_EQ(rules(kRuleChangesMax + 1, false), "malformed");
  const auto member = [](size_t name, size_t meters) {
    Registration r = testing::sample_registration();
    r.name.assign(name, 'a');
    r.meters.assign(meters, "m");
    const Propose p{ProposalKind::kMembership, r};
    return code_of(ActionType::kPropose, encode_market_action(p));
  };
  EXPECT_EQ(member(kMemberNameBytesMax, kMemberMetersMax), "ok");
  EXPECT_EQ(member(kMemberNameBytesMax + 1, 1), "malformed");
  EXPECT_EQ(member(1, kMemberMetersMax + 1), "malformed");
}

TEST(MarketAction, IdsOfWhatIsCreatedDifferInEveryPart) {
  const auto chain = fixed_of<ChainId>(1);
  const std::set<Hash> ids = {trade_id(chain, 1, 2, 3),   trade_id(fixed_of<ChainId>(2), 1, 2, 3),
                              trade_id(chain, 2, 2, 3),   trade_id(chain, 1, 3, 3),
                              trade_id(chain, 1, 2, 4),   proposal_id(chain, 1, 2, 3),
                              proposal_id(chain, 1, 2, 4)};
  EXPECT_EQ(ids.size(), 7u);
  EXPECT_EQ(trade_id(chain, 1, 2, 3), trade_id(chain, 1, 2, 3));
}

TEST(MarketAction, KeyMessagesSayWhatTheyAreFor) {
  const auto chain = fixed_of<ChainId>(1);
  const auto key = fixed_of<PublicKey>(2);
  RevokeKey revocation{1, key, fixed_of<PublicKey>(3), 4, fixed_of<Signature>(5)};
  std::set<Hash> messages = {key_message(chain, ActionType::kRotateKey, 1, key),
                             key_message(chain, ActionType::kSetRecoveryKey, 1, key),
                             key_message(chain, ActionType::kRotateKey, 2, key), revocation_message(chain, revocation)};
  revocation.doubtful_from_ms = 5;
  messages.insert(revocation_message(chain, revocation));
  EXPECT_EQ(messages.size(), 5u);
  const Hash before = revocation_message(chain, revocation);
  revocation.recovery = fixed_of<Signature>(6);
  EXPECT_EQ(revocation_message(chain, revocation), before) << "a signature is not over itself";
}

}  // namespace
}  // namespace tieline::energy
