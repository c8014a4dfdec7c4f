#include "cli/audit.h"

#include <gtest/gtest.h>

#include "audit_chain.h"
#include "ledger/block_record.h"

namespace tieline::cli {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() { chain_.fill(); }
  AuditReport audit() {
    auto report = audit_store(chain_.store, chain_.ledger.genesis(), chain_.verifier, nullptr);
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().why);
    return report.ok() ? *report : AuditReport{};
  }
  AuditFinding finding() {
    const AuditReport report = audit();
    EXPECT_TRUE(report.finding.has_value()) << "the damage was not found";
    return report.finding.value_or(AuditFinding{});
  }
  std::vector<std::pair<Bytes, Bytes>> entries(Column column) {
    std::vector<std::pair<Bytes, Bytes>> out;
    chain_.store.scan(column, {}, {}, false, [&](ByteView key, ByteView value) {
      out.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
      return true;
    });
    return out;
  }
  void put(Column column, const Bytes& key, std::optional<Bytes> value) {
    chain_.store.apply({{column, key, std::move(value)}});
  }
  // Takes a block's record apart, lets the test change it, and puts it back with a digest that fits.
  void rewrite_record(Height height, const std::function<void(Bytes&)>& change) {
    const Bytes key = block_key(height);
    Bytes record = *chain_.store.get(Column::kBlocks, key);
    record.resize(record.size() - Hash::kSize);
    change(record);
    const Hash digest = sha256({key, record});
    record.insert(record.end(), digest.bytes.begin(), digest.bytes.end());
    put(Column::kBlocks, key, record);
  }

  testing::ProvenChain chain_;
};

TEST_F(AuditTest, AnHonestStoreHoldsAndEverythingIsCounted) {
  const AuditReport report = audit();
  ASSERT_FALSE(report.finding.has_value()) << finding_text(*report.finding);
  EXPECT_EQ(report.blocks, 12u);
  EXPECT_EQ(report.transactions, 36u);
  EXPECT_EQ(report.tx_signatures, 36u);
  EXPECT_EQ(report.vote_signatures, 48u);
  EXPECT_EQ(report.index_entries, 36u + 12u);
  EXPECT_EQ(report.checkpoints, 1u + report.epoch);
  EXPECT_EQ(report.state_root, state_root_of(chain_.store));
  EXPECT_TRUE(report.state_checked);
  EXPECT_GE(report.epoch, 2u);
}

TEST_F(AuditTest, AnyFlippedBitOfTheStateIsFoundAtItsByte) {
  for (const auto& [key, value] : entries(Column::kState)) {
    Bytes damaged = value;
    damaged[damaged.size() / 2] ^= 4;
    put(Column::kState, key, damaged);
    const AuditFinding f = finding();
    EXPECT_EQ(f.column, "state");
    EXPECT_EQ(f.key, key);
    EXPECT_EQ(f.code, "wrong_value");
    EXPECT_EQ(f.byte, damaged.size() / 2);
    put(Column::kState, key, value);
  }
  EXPECT_FALSE(audit().finding.has_value());
}

TEST_F(AuditTest, AnyFlippedBitOfAnyColumnIsFound) {
  for (Column column : {Column::kBlocks, Column::kTxs, Column::kReadings, Column::kMeta}) {
    for (const auto& [key, value] : entries(column)) {
      for (size_t byte : {size_t{0}, value.size() / 3, value.size() - 1}) {
        Bytes damaged = value;
        damaged[byte] ^= 1;
        put(column, key, damaged);
        EXPECT_TRUE(audit().finding.has_value()) << column_name(column) << " " << to_hex(key) << " byte " << byte;
      }
      put(column, key, value);
    }
  }
}

TEST_F(AuditTest, ABlockRecordWithAFittingDigestIsStillFound) {
  // An attacker with the disk fixes the record's own digest; the signatures he cannot fix.
  rewrite_record(5, [](Bytes& record) { record[record.size() - 10] ^= 1; });
  AuditFinding f = finding();
  EXPECT_EQ(f.height, 5u);
  EXPECT_EQ(f.code, "certificate_bad_signature");
}

TEST_F(AuditTest, MissingAndAddedEntriesAreFound) {
  const auto states = entries(Column::kState);
  put(Column::kState, states[3].first, std::nullopt);
  EXPECT_EQ(finding().code, "missing_entry");
  EXPECT_EQ(finding().key, states[3].first);
  put(Column::kState, states[3].first, states[3].second);

  const Bytes added(8, 0);
  put(Column::kState, added, Bytes{1});
  EXPECT_EQ(finding().code, "extra_entries");
  put(Column::kState, added, std::nullopt);

  put(Column::kTxs, Bytes(32, 7), Bytes(12, 0));
  EXPECT_EQ(finding().code, "extra_entries");
  put(Column::kTxs, Bytes(32, 7), std::nullopt);

  const auto readings = entries(Column::kReadings);
  put(Column::kReadings, readings[0].first, std::nullopt);
  EXPECT_EQ(finding().code, "missing_entry");
}

TEST_F(AuditTest, AHoleInTheBlocksIsFound) {
  put(Column::kBlocks, block_key(9), std::nullopt);
  EXPECT_EQ(finding().code, "missing_block");
  EXPECT_EQ(finding().height, 9u);
}

TEST_F(AuditTest, ACheckpointThatAnotherStateSignedIsFound) {
  auto cert = **replica::stored_stable(chain_.store);
  cert.state_root.bytes[0] ^= 1;
  chain_.store.apply({replica::stable_write(cert)});
  EXPECT_EQ(finding().code, "wrong_state_root");
}

TEST_F(AuditTest, AStoreThatBeganWithASnapshotIsCheckedAsFarAsItGoes) {
  // As a validator that took the snapshot of height 8 holds it: no blocks below, none of their index entries.
  MemoryStore joined;
  StoreBatch batch;
  for (const auto& [key, value] : entries(Column::kState)) batch.push_back({Column::kState, key, value});
  for (const auto& [key, value] : entries(Column::kMeta)) batch.push_back({Column::kMeta, key, value});
  for (const auto& [key, value] : entries(Column::kBlocks)) {
    if (key.back() >= 8) batch.push_back({Column::kBlocks, key, value});
  }
  for (const auto& [key, value] : entries(Column::kTxs)) {
    if (value[7] >= 8) batch.push_back({Column::kTxs, key, value});
  }
  for (const auto& [key, value] : entries(Column::kReadings)) {
    if (key[19] >= 8) batch.push_back({Column::kReadings, key, value});
  }
  const Header first = (*stored_block(chain_.store, 8)).block->header;
  batch.push_back(replica::history_write(replica::HistoryMark{8, first.parent}));
  joined.apply(batch);
  auto report = audit_store(joined, chain_.ledger.genesis(), chain_.verifier, nullptr);
  ASSERT_TRUE(report.ok());
  ASSERT_FALSE(report->finding.has_value()) << finding_text(*report->finding);
  EXPECT_EQ(report->from_snapshot, 8u);
  EXPECT_EQ(report->blocks, 5u);
  EXPECT_FALSE(report->state_checked);
}

TEST_F(AuditTest, AnEmptyStoreIsAnErrorOfItsOwn) {
  MemoryStore empty;
  auto report = audit_store(empty, chain_.ledger.genesis(), chain_.verifier, nullptr);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, "store_empty");
}

}  // namespace
}  // namespace tieline::cli
