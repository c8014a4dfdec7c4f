#include <gmock/gmock.h>

#include "chain.h"

namespace tieline::testing {
namespace {

using ::testing::HasSubstr;

class Judge : public ::testing::Test {
 protected:
  Judge() {
    chain_.add({}, 1'000);
    chain_.add({}, 1'000);
    const BlockDraft d = chain_.next({chain_.data(kUser, 1), chain_.data(kPlant, 1)});
    block_ = TestChain::block_of(d, *chain_.ledger.execute(d, chain_.tip, chain_.view()));
  }
  // The verdict on the block with its header changed.
  std::string refused(const std::function<void(Header&)>& change) {
    Block other = block_;
    change(other.header);
    other.digest = other.header.digest();
    const auto judged = chain_.ledger.judge(other, chain_.tip, chain_.view());
    if (judged.ok()) return "accepted";
    EXPECT_EQ(judged.error().code, "block_invalid");
    return judged.error().why;
  }

  TestChain chain_;
  Block block_;
};

TEST_F(Judge, AcceptsWhatItWouldHaveBuiltItself) {
  EXPECT_TRUE(chain_.ledger.judge(block_, chain_.tip, chain_.view()).ok());
}

TEST_F(Judge, RefusesEveryChangedFieldOfTheHeader) {
  const auto flip = [](Hash& h) { h.bytes[17] ^= 4; };
  EXPECT_THAT(refused([](Header& h) { h.version = 2; }), HasSubstr("version"));
  EXPECT_THAT(refused([](Header& h) { h.is_void = true; }), HasSubstr("void"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.chain); }), HasSubstr("chain"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.parent); }), HasSubstr("parent"));
  EXPECT_THAT(refused([](Header& h) { h.height += 1; }), HasSubstr("height"));
  EXPECT_THAT(refused([](Header& h) { h.epoch += 1; }), HasSubstr("epoch"));
  EXPECT_THAT(refused([&](Header& h) { h.time_ms = chain_.tip.time_ms - 1; }), HasSubstr("time"));
  EXPECT_THAT(refused([](Header& h) { h.tx_count += 1; }), HasSubstr("tx_count"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.tx_root); }), HasSubstr("tx_root"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.evidence_root); }), HasSubstr("evidence_root"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.result_root); }), HasSubstr("result_root"));
  EXPECT_THAT(refused([&](Header& h) { flip(h.writes_digest); }), HasSubstr("writes_digest"));
  EXPECT_THAT(refused([](Header& h) { h.next_committee = Hash{}; }), HasSubstr("next_committee"));
}

TEST_F(Judge, RefusesABodyThatIsNotTheHeaders) {
  Block other = block_;
  std::swap(other.txs[0], other.txs[1]);
  EXPECT_FALSE(chain_.ledger.judge(other, chain_.tip, chain_.view()).ok());
  other = block_;
  other.txs.pop_back();
  EXPECT_FALSE(chain_.ledger.judge(other, chain_.tip, chain_.view()).ok());
  other = block_;
  other.evidence = Bytes{0};
  EXPECT_FALSE(chain_.ledger.judge(other, chain_.tip, chain_.view()).ok());
  other = block_;
  other.digest.bytes[0] ^= 1;
  EXPECT_FALSE(chain_.ledger.judge(other, chain_.tip, chain_.view()).ok());
}

TEST_F(Judge, RefusesAnEpochsEndWithoutTheNextCommitteeOrWithAnother) {
  while (chain_.tip.height < 4) chain_.add({}, 1'000);
  const BlockDraft d = chain_.next({}, 1'000);
  const auto e = chain_.ledger.execute(d, chain_.tip, chain_.view());
  ASSERT_TRUE(e->header.ends_epoch());
  block_ = TestChain::block_of(d, *e);
  EXPECT_THAT(refused([](Header& h) { h.next_committee.reset(); }), HasSubstr("next_committee"));
  EXPECT_THAT(refused([](Header& h) { h.next_committee->bytes[0] ^= 1; }), HasSubstr("next_committee"));
}

TEST_F(Judge, ATransactionThatALeaderShouldNotHaveIncludedDoesNotSpoilTheBlock) {
  chain_.add({chain_.data(kUser, 1)});
  const BlockDraft d = chain_.next({chain_.data(kUser, 1), chain_.data(kPlant, 5)});
  const auto e = chain_.ledger.execute(d, chain_.tip, chain_.view());
  ASSERT_TRUE(e.ok());
  EXPECT_TRUE(chain_.ledger.judge(TestChain::block_of(d, *e), chain_.tip, chain_.view()).ok());
  EXPECT_EQ(e->results[0].code, number(TxCode::duplicate));
  EXPECT_EQ(e->results[1].code, number(TxCode::ok));
}

}  // namespace
}  // namespace tieline::testing
