#pragma once
// An import from good rows to recorded readings: plans transactions, journals them before they are sent, sends them in
// waves that fit the signer's sequence window, and finds out which rows a refusal was about. What it needs of the
// network is an interface, so that every turn can be tested without one.
//
// A row ends accepted (its transaction's receipt verified) or rejected with a ledger code. A transaction refused for
// its content is split until the guilty rows stand alone; rows refused as `overlap` are looked up and not sent again.
//
// Errors of run(): those of the journal and of the network (nothing is lost: run it again).

#include <functional>
#include <optional>
#include <vector>

#include "cli/import_journal.h"
#include "cli/readings_csv.h"
#include "crypto/scheme.h"

namespace tieline::cli {

inline constexpr size_t kImportBatchDefault = 500;
inline constexpr size_t kImportWaveMax = 64;        // transactions on their way; the sequence window holds 1,024
inline constexpr Height kImportLifetime = 50'000;   // blocks until a signed transaction is void
inline constexpr size_t kImportReplansMax = 8;      // of one row, when others use the same sequence numbers
inline constexpr size_t kImportBusyTriesMax = 100;  // when validators say that their pools are full

struct ImportOutcome {
  TxId id;
  bool committed = false;
  uint16_t code = 0;  // ledger/codes.h
  Height height = 0;
};

class ImportNetwork {
 public:
  virtual ~ImportNetwork() = default;
  virtual Result<Height> height() = 0;
  virtual Result<uint64_t> highest_sequence(ParticipantId participant) = 0;
  virtual int64_t now_ms() = 0;
  virtual void pause() = 0;  // before asking again a validator that was busy
  // Outcomes in the order of the transactions. Bytes that are recorded already are answered with their place.
  virtual Result<std::vector<ImportOutcome>> submit(const std::vector<Blob>& transactions) = 0;
  virtual Result<std::optional<ImportOutcome>> find(const TxId& id) = 0;
  virtual Result<std::vector<Reading>> recorded(MeterId meter, int64_t from_s, int64_t to_s) = 0;
  // The receipt, verified offline against genesis; error when it does not verify.
  virtual Result<Bytes> verified_receipt(const TxId& id) = 0;
};

struct ImportRejection {
  uint64_t line = 0;
  std::string code;
  std::string why;
};
struct ImportResult {
  uint64_t accepted = 0;
  uint64_t already = 0;  // of the accepted: recorded by an earlier, interrupted run
  uint64_t transactions = 0;
  std::vector<ImportRejection> rejected;
  bool resumed = false;
};

struct ImportPlan {
  ChainId chain;
  ParticipantId participant = 0;
  const Signer* signer = nullptr;
  const std::vector<CsvRow>* rows = nullptr;
  size_t batch = kImportBatchDefault;  // readings a transaction, 1 to kReadingsPerTxMax
  std::function<void(uint64_t done)> progress;
  std::function<Status(const TxId&, const Bytes& receipt)> keep_receipt;  // may be empty
};

Blob import_transaction(const ImportPlan& plan, const ImportRecord& record);

Result<ImportResult> run_import(const ImportPlan& plan, ImportJournal& journal, ImportNetwork& network);

}  // namespace tieline::cli
