#include "cli/import_run.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "../temporary_folder.h"
#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "ledger/codes.h"

namespace tieline::cli {
namespace {

// A ledger with one signer: sequence numbers count once, an interval is recorded once, the same bytes are answered with
// their place. It can lose its voice after a number of transactions, as a network does when a cable is pulled.
class FakeNetwork final : public ImportNetwork {
 public:
  Result<Height> height() override { return height_; }
  Result<uint64_t> highest_sequence(ParticipantId) override { return highest_; }
  int64_t now_ms() override { return ++clock_; }
  void pause() override { ++pauses; }
  Result<std::vector<ImportOutcome>> submit(const std::vector<Blob>& transactions) override {
    std::vector<ImportOutcome> out;
    for (const Blob& bytes : transactions) {
      if (submitted++ >= silent_after) return Error{"timed_out", "silence"};
      out.push_back(take(bytes));
    }
    if (deaf_once) {
      deaf_once = false;
      return Error{"timed_out", "recorded, but the answer is lost"};
    }
    return out;
  }
  Result<std::optional<ImportOutcome>> find(const TxId& id) override {
    const auto at = known_.find(id);
    return at == known_.end() ? std::nullopt : std::optional(at->second);
  }
  Result<std::vector<Reading>> recorded(MeterId meter, int64_t from_s, int64_t to_s) override {
    std::vector<Reading> out;
    for (const auto& [start, wh] : readings) {
      if (start >= from_s && start < to_s)
        out.push_back({meter, Obis::kExport, start, 900, wh, Quality::kMeasured, {}});
    }
    return out;
  }
  Result<Bytes> verified_receipt(const TxId& id) override {
    ++receipts;
    return Bytes(id.bytes.begin(), id.bytes.end());
  }

  std::map<int64_t, uint64_t> readings;  // start -> wh
  std::set<uint64_t> forbidden_wh;       // over capacity
  size_t submitted = 0, silent_after = SIZE_MAX, receipts = 0, pauses = 0, busy = 0;
  bool deaf_once = false;
  uint64_t foreign_sequences = 0;  // that someone else uses just before us
  Height height_ = 10;

 private:
  ImportOutcome take(const Blob& bytes) {
    auto tx = Transaction::parse(bytes);
    TL_CHECK(tx.ok());
    const TxId id = (*tx)->id();
    if (const auto at = known_.find(id); at != known_.end()) return at->second;
    ImportOutcome out{id, false, 0, 0};
    if (busy > 0) {
      --busy;
      out.code = number(TxCode::pool_full);
      return out;
    }
    for (; foreign_sequences > 0; --foreign_sequences) used_.insert(++highest_);
    if ((*tx)->expiry_height() < height_) {
      out.code = number(TxCode::expired);
      return out;
    }
    if (used_.contains((*tx)->sequence())) {
      out.code = number(TxCode::duplicate);
      return out;
    }
    used_.insert((*tx)->sequence());
    highest_ = std::max(highest_, (*tx)->sequence());
    out.committed = true;
    out.height = ++height_;
    auto list = decode_readings((*tx)->actions().front().payload);
    TL_CHECK(list.ok());
    for (const Reading& r : *list) {
      if (readings.contains(r.start_s)) out.code = number(TxCode::overlap);
      if (forbidden_wh.contains(r.wh)) out.code = number(TxCode::over_capacity);
    }
    if (out.code == 0) {
      for (const Reading& r : *list) readings[r.start_s] = r.wh;
    }
    known_[id] = out;
    return out;
  }

  std::map<TxId, ImportOutcome> known_;
  std::set<uint64_t> used_;
  uint64_t highest_ = 0;
  int64_t clock_ = 0;
};

class ImportRunTest : public ::testing::Test {
 protected:
  ImportRunTest() {
    for (uint64_t i = 0; i < 100; ++i) {
      rows_.push_back({i + 2, {1, Obis::kExport, static_cast<int64_t>(i) * 900, 900, i, Quality::kMeasured, {}}});
    }
    plan_.chain = whose_.chain;
    plan_.participant = 1;
    plan_.signer = &signer_;
    plan_.rows = &rows_;
    plan_.batch = 10;
  }
  Result<ImportResult> run() {
    auto journal = ImportJournal::open(ImportJournal::path_for(folder_.path(), whose_), whose_);
    TL_CHECK(journal.ok());
    return run_import(plan_, *journal, network_);
  }
  std::vector<uint64_t> lines(const ImportResult& result) {
    std::vector<uint64_t> out;
    for (const auto& one : result.rejected) out.push_back(one.line);
    return out;
  }

  TemporaryFolder folder_;
  ImportJournal::Identity whose_{sha256(view_of("chain")), sha256(view_of("file")), "sunfield"};
  Ed25519Signer signer_{ed25519::SecretKey::from_seed(sha256(view_of("seed")).bytes)};
  std::vector<CsvRow> rows_;
  ImportPlan plan_;
  FakeNetwork network_;
};

TEST_F(ImportRunTest, RecordsEveryRowInBatchesAndChecksEveryReceipt) {
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_EQ(result->transactions, 10u);
  EXPECT_EQ(network_.receipts, 10u);
  EXPECT_EQ(network_.readings.size(), 100u);
  EXPECT_FALSE(result->resumed);
}

TEST_F(ImportRunTest, GoesOnAfterAnInterruptionAndRecordsNothingTwice) {
  for (size_t cut = 0; cut < 10; ++cut) {
    network_.silent_after = network_.submitted + cut;
    EXPECT_FALSE(run().ok());
  }
  network_.silent_after = SIZE_MAX;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_TRUE(result->rejected.empty());
  EXPECT_TRUE(result->resumed);
  EXPECT_EQ(network_.readings.size(), 100u);
}

TEST_F(ImportRunTest, AnAnswerThatWasLostIsNotARefusal) {
  network_.deaf_once = true;
  EXPECT_FALSE(run().ok());
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_EQ(result->already, 100u);
  EXPECT_EQ(result->transactions, 10u);
}

TEST_F(ImportRunTest, ASecondRunOfAFinishedImportRecordsNothing) {
  ASSERT_TRUE(run().ok());
  const Height height = network_.height_;
  auto again = run();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->already, 100u);
  EXPECT_EQ(network_.height_, height);
}

TEST_F(ImportRunTest, FindsTheRowsThatARefusalIsAbout) {
  network_.forbidden_wh = {13, 57, 58};
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 97u);
  EXPECT_EQ(lines(*result), (std::vector<uint64_t>{15, 59, 60}));
  EXPECT_EQ(result->rejected[0].code, "over_capacity");
}

TEST_F(ImportRunTest, RejectsWhatIsRecordedAlreadyAndRecordsTheRest) {
  for (int64_t i : {3, 4, 5, 42}) network_.readings[i * 900] = 1;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 96u);
  EXPECT_EQ(lines(*result), (std::vector<uint64_t>{5, 6, 7, 44}));
  EXPECT_EQ(result->rejected[0].code, "overlap");
  EXPECT_LT(network_.submitted, 20u) << "what is recorded is looked up, not searched for with transactions";
}

TEST_F(ImportRunTest, SignsAgainWhatExpiredBeforeItWasSent) {
  network_.silent_after = 0;
  EXPECT_FALSE(run().ok());
  network_.silent_after = SIZE_MAX;
  network_.height_ += kImportLifetime + 1;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_EQ(network_.readings.size(), 100u);
}

TEST_F(ImportRunTest, TakesNewSequenceNumbersWhenSomeoneElseUsedThem) {
  network_.foreign_sequences = 25;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_EQ(network_.readings.size(), 100u);
}

TEST_F(ImportRunTest, WaitsForValidatorsWhosePoolsAreFull) {
  network_.busy = 25;
  auto result = run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted, 100u);
  EXPECT_GE(network_.pauses, 2u);
}

}  // namespace
}  // namespace tieline::cli
