#include "cli/import_journal.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../temporary_folder.h"
#include "crypto/hash.h"

namespace tieline::cli {
namespace {

class ImportJournalTest : public ::testing::Test {
 protected:
  ImportJournal open() {
    auto journal = ImportJournal::open(path_, whose_);
    TL_CHECK_MSG(journal.ok(), journal.ok() ? "" : journal.error().why.c_str());
    return std::move(*journal);
  }
  std::string refusal() {
    auto journal = ImportJournal::open(path_, whose_);
    return journal.ok() ? "" : journal.error().code;
  }
  std::string text() {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& content) { std::ofstream(path_, std::ios::binary | std::ios::trunc) << content; }

  TemporaryFolder folder_;
  ImportJournal::Identity whose_{sha256(view_of("chain")), sha256(view_of("file")), "sunfield"};
  std::filesystem::path path_ = ImportJournal::path_for(folder_.path(), whose_);
};

TEST_F(ImportJournalTest, GivesBackWhatWasAppendedAfterAnInterruption) {
  const std::vector<ImportRecord> records = {{0, 500, 7, 1000, 50'000}, {500, 200, 8, 1001, 50'000}};
  {
    ImportJournal journal = open();
    EXPECT_TRUE(journal.was_empty());
    ASSERT_TRUE(journal.append(records).ok());
  }
  ImportJournal again = open();
  EXPECT_FALSE(again.was_empty());
  EXPECT_EQ(again.active(), records);
  EXPECT_EQ(again.highest_sequence(), 8u);
}

TEST_F(ImportJournalTest, ALaterRecordReplacesTheEarlierOnesOfItsRows) {
  ImportJournal journal = open();
  ASSERT_TRUE(journal.append({{0, 4, 1, 0, 9}, {4, 4, 2, 0, 9}}).ok());
  ASSERT_TRUE(journal.append({{0, 2, 3, 0, 9}, {2, 2, 4, 0, 9}}).ok());
  EXPECT_EQ(journal.active(), (std::vector<ImportRecord>{{0, 2, 3, 0, 9}, {2, 2, 4, 0, 9}, {4, 4, 2, 0, 9}}));
  EXPECT_EQ(journal.highest_sequence(), 4u);
}

TEST_F(ImportJournalTest, ATornEndIsDroppedWhereverItIsTorn) {
  { ASSERT_TRUE(open().append({{0, 500, 7, 1000, 50'000}, {500, 200, 8, 1001, 50'000}}).ok()); }
  const std::string whole = text();
  const size_t first_end = whole.find('\n', whole.find('\n') + 1) + 1;
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    write(whole.substr(0, cut));
    ImportJournal journal = open();
    const size_t wanted = cut < first_end ? 0 : 1;
    EXPECT_EQ(journal.active().size(), wanted) << "cut at " << cut;
    ASSERT_TRUE(journal.append({{wanted * 500, 1, 9, 0, 1}}).ok());
    EXPECT_EQ(journal.active().size(), wanted + 1);
  }
}

TEST_F(ImportJournalTest, DamageBeforeTheEndIsRefused) {
  { ASSERT_TRUE(open().append({{0, 500, 7, 1000, 50'000}, {500, 200, 8, 1001, 50'000}}).ok()); }
  std::string damaged = text();
  damaged[damaged.find('\n') + 1] ^= 1;
  write(damaged);
  EXPECT_EQ(refusal(), "journal_damaged");
}

TEST_F(ImportJournalTest, AnotherFilesJournalIsRefused) {
  { open(); }
  whose_.file = sha256(view_of("another file"));
  EXPECT_EQ(refusal(), "journal_foreign");
}

TEST_F(ImportJournalTest, TwoImportsOfOneFileAtATimeAreRefused) {
  ImportJournal first = open();
  EXPECT_EQ(refusal(), "journal_unwritable");
}

}  // namespace
}  // namespace tieline::cli
