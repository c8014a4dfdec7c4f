#include <gtest/gtest.h>

#include "chain.h"

namespace tieline::testing {
namespace {

TxCode door(const TestChain& chain, const TransactionDraft& d) {
  return static_cast<TxCode>(chain.ledger.precheck(*TestChain::make(d), chain.view(), chain.tip));
}

TEST(Precheck, GivesTheCodeThatExecutionWouldGive) {
  TestChain chain;
  chain.add({chain.data(kUser, 1'000)});
  const auto check = [&](const char* what, const std::function<void(TransactionDraft&)>& change) {
    TransactionDraft d = chain.draft(kUser, 1'001);
    change(d);
    const TxCode at_the_door = door(chain, d);
    const auto e = chain.ledger.execute(chain.next({TestChain::make(d)}), chain.tip, chain.view());
    EXPECT_EQ(number(at_the_door), e->results[0].code) << what;
    return at_the_door;
  };
  EXPECT_EQ(check("fine", [](TransactionDraft&) {}), TxCode::ok);
  EXPECT_EQ(check("chain", [](TransactionDraft& d) { d.chain.bytes[9] ^= 1; }), TxCode::wrong_chain);
  EXPECT_EQ(check("signer", [](TransactionDraft& d) { d.signatories = {50}; }), TxCode::unknown_signer);
  EXPECT_EQ(check("used", [](TransactionDraft& d) { d.sequence = 1'000; }), TxCode::duplicate);
  EXPECT_EQ(check("far", [](TransactionDraft& d) { d.sequence = 2'025; }), TxCode::sequence_too_far);
  EXPECT_EQ(check("zero", [](TransactionDraft& d) { d.sequence = 0; }), TxCode::sequence_too_old);
  EXPECT_EQ(check("expired", [&](TransactionDraft& d) { d.expiry_height = chain.tip.height; }), TxCode::expired);
  EXPECT_EQ(check("not yet", [&](TransactionDraft& d) { d.expiry_height = chain.tip.height + 1; }), TxCode::ok);
  EXPECT_EQ(check("expiry", [](TransactionDraft& d) { d.expiry_height = UINT64_MAX; }), TxCode::expiry_too_far);
  EXPECT_EQ(check("old", [](TransactionDraft& d) { d.timestamp_ms = kStartMs - 600'001; }), TxCode::timestamp_old);
  EXPECT_EQ(check("just", [](TransactionDraft& d) { d.timestamp_ms = kStartMs - 600'000; }), TxCode::ok);
}

TEST(Precheck, AnIdleChainsOldTipRefusesNoTimestamp) {
  TestChain chain;
  TransactionDraft d = chain.draft(kUser, 1);
  d.timestamp_ms += 86'400'000;
  EXPECT_EQ(door(chain, d), TxCode::ok);
}

TEST(SigningKeys, AreTheSignatoriesInTheirOrder) {
  TestChain chain;
  TransactionDraft d = chain.draft(kUser, 1);
  d.signatories = {kUser, kSecondPlant};
  const auto keys = chain.ledger.signing_keys(*TestChain::make(d), chain.view());
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(*keys,
            (std::vector<PublicKey>{participant_key(kUser).public_key(), participant_key(kSecondPlant).public_key()}));
  d.signatories = {kUser, 50};
  EXPECT_EQ(chain.ledger.signing_keys(*TestChain::make(d), chain.view()).error().code, "unknown_signer");
}

}  // namespace
}  // namespace tieline::testing
