#include <gtest/gtest.h>

#include "chain.h"

namespace tieline::testing {
namespace {

// A sound execution, then one thing in it spoiled.
class Invariants : public ::testing::Test {
 protected:
  Invariants() {
    chain_.add({chain_.data(kUser, 1)});
    execution_ = *chain_.ledger.execute(
        chain_.next({chain_.data(kUser, 2), chain_.readings(kUser, 3, {reading(kUserMeter, kStartS - 900)}),
                     chain_.readings(kUser, 4, {reading(kPlantMeter, kStartS - 900)})}),
        chain_.tip, chain_.view());
    writes_ = *execution_.writes;
  }
  std::string broken() {
    execution_.writes = std::make_shared<const WriteSet>(writes_);
    return chain_.ledger.broken_invariant(execution_, chain_.view(), chain_.tip).value_or("none");
  }
  template <class T, class Change>
  void change(const Bytes& key, Change spoil) {
    T record = *decoded<T>(*writes_.at(key), "record");
    spoil(record);
    writes_[key] = encoded(record);
  }

  TestChain chain_;
  Execution execution_;
  WriteSet writes_;
};

TEST_F(Invariants, HoldForASoundBlock) { EXPECT_EQ(broken(), "none"); }

TEST_F(Invariants, HeightsAndTimesRise) {
  execution_.header.time_ms = chain_.tip.time_ms - 1;
  EXPECT_EQ(broken(), "heights_and_times");
  execution_.header.time_ms = chain_.tip.time_ms;
  execution_.header.height += 1;
  EXPECT_EQ(broken(), "heights_and_times");
}

TEST_F(Invariants, NoKeyStandsOutsideItsBucket) {
  writes_[Bytes{0, 0, 'x', 'y'}] = Bytes{};
  EXPECT_EQ(broken(), "keys_in_buckets");
}

TEST_F(Invariants, TotalsMatchTheResults) {
  change<state::Totals>(state::totals_key(), [](state::Totals& t) { ++t.accepted; });
  EXPECT_EQ(broken(), "totals_match");
}

TEST_F(Invariants, TotalsAreWritten) {
  writes_.erase(state::totals_key());
  EXPECT_EQ(broken(), "totals_match");
}

TEST_F(Invariants, EveryTransactionThatCountsUsesOneSequenceNumber) {
  change<state::SignerRecord>(state::signer_key(kUser), [](state::SignerRecord& s) {
    s.used += 1;
    s.window.use(9);
  });
  EXPECT_EQ(broken(), "sequence_numbers_used_once");
}

TEST_F(Invariants, ASignerThatCountsIsWritten) {
  writes_.erase(state::signer_key(kUser));
  EXPECT_EQ(broken(), "sequence_numbers_used_once");
}

TEST_F(Invariants, ReadingsInTotalAreThoseOfTheMeters) {
  change<energy::MeterSeries>(state::series_key(kUserMeter, Obis::kImport),
                              [](energy::MeterSeries& s) { s.readings += 1; });
  EXPECT_EQ(broken(), "readings_match_meters");
}

TEST_F(Invariants, TheTablesOfTheRunningEpochArePresent) {
  writes_[state::committee_key(1)] = std::nullopt;
  EXPECT_EQ(broken(), "epoch_tables_present");
}

TEST_F(Invariants, VoidBlocksWriteNothing) {
  TestChain chain;
  chain.end_epoch();
  BlockDraft d;
  d.is_void = true;
  d.parent = chain.tip.digest();
  d.height = chain.tip.height;
  d.epoch = chain.tip.epoch;
  d.time_ms = chain.tip.time_ms;
  Execution e = *chain.ledger.execute(d, chain.tip, chain.view());
  e.writes = execution_.writes;
  EXPECT_EQ(chain.ledger.broken_invariant(e, chain.view(), chain.tip), "void_blocks_write_nothing");
}

}  // namespace
}  // namespace tieline::testing
