#pragma once
// What an import has signed, written and synced BEFORE it is sent (docs/formats/import-journal.md). Signing is
// deterministic, so a record gives the same bytes again after an interruption; validators record the same bytes once
// and answer with the place they already have. A text file, one record a line:
//
//   tieline-import 1 <chain id> <sha-256 of the CSV file> <participant>
//   <first row> <rows> <sequence> <timestamp_ms> <expiry_height> <check>
//
// Rows are counted among the good rows of the file, from 0. `check` is the first 8 hex digits of the SHA-256 of the
// line before it: a torn last line was never sent and is dropped. A later record that covers a row of an earlier one
// replaces the earlier one: it is only written once that one can no longer be committed.
//
// Errors: journal_unreadable, journal_unwritable, journal_foreign (of another chain, file or participant),
// journal_damaged (not at its end).

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"

namespace tieline::cli {

struct ImportRecord {
  uint64_t first_row = 0;
  uint64_t rows = 0;
  uint64_t sequence = 0;
  int64_t timestamp_ms = 0;
  Height expiry_height = 0;
  bool operator==(const ImportRecord&) const = default;
};

class ImportJournal {
 public:
  struct Identity {
    ChainId chain;
    Hash file;
    std::string participant;
  };
  static std::filesystem::path path_for(const std::filesystem::path& network, const Identity& identity);

  // Opens or makes it, and takes a lock: two imports of one file at a time would sign the same rows twice.
  static Result<ImportJournal> open(const std::filesystem::path& path, const Identity& identity);
  ImportJournal(ImportJournal&& other) noexcept;
  ImportJournal& operator=(ImportJournal&&) = delete;
  ~ImportJournal();

  // Those that no later record replaced, by first row.
  std::vector<ImportRecord> active() const;
  uint64_t highest_sequence() const { return highest_sequence_; }  // of all records, replaced ones too; 0: none
  bool was_empty() const { return was_empty_; }

  // Durable when it returns. All or nothing is not promised: rows of a torn end are simply not covered.
  Status append(const std::vector<ImportRecord>& records);

 private:
  explicit ImportJournal(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
  std::vector<ImportRecord> records_;
  uint64_t highest_sequence_ = 0;
  bool was_empty_ = true;
};

}  // namespace tieline::cli
