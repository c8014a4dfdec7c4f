#pragma once
// Offline audit of a validator's store: executes every block again from genesis in memory and holds what the store says
// against it. Checked are: the chain of headers, every transaction's signature, every block's commit proof and
// evidence, every result, index entry and state write, the state as it stands, and the state root of every stored
// checkpoint.
//
// A validator that took a snapshot has no blocks before it, and so nothing to execute the state from. There everything
// that needs no state is checked (headers, signatures, proofs, evidence, roots, index entries, checkpoints), with
// committees from the stored links, and the report says `from_snapshot`; the state is compared with the checkpoint only
// when the chain stands at its height.
//
// A finding names the first record that is wrong: its column and key, the height, and the first byte that differs where
// what should stand there is known. Errors: store_empty, and those of storage/ (thrown as StoreError: caller).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/scheme.h"
#include "ledger/store.h"
#include "model/genesis.h"

namespace tieline::cli {

struct AuditFinding {
  std::string column;  // kBlocks, kState, ...
  Bytes key;
  Height height = 0;  // where the audit stood
  std::string code;   // stable
  std::string why;
  std::optional<size_t> byte;  // first that differs in the value
};

struct AuditReport {
  Height first = 0, last = 0;  // blocks that are held
  uint64_t blocks = 0;
  uint64_t transactions = 0;
  uint64_t tx_signatures = 0;
  uint64_t vote_signatures = 0;
  uint64_t index_entries = 0;
  uint64_t state_entries = 0;
  uint64_t checkpoints = 0;  // stored checkpoint certificates and committee links that verify
  std::optional<Height> from_snapshot;
  bool state_checked = false;
  Epoch epoch = 0;
  Hash tip;
  Hash state_root;
  std::optional<AuditFinding> finding = std::nullopt;
};

const char* column_name(Column column);
std::string finding_text(const AuditFinding& finding);

Result<AuditReport> audit_store(const StoreReader& store, const Genesis& genesis, const Verifier& verifier,
                                const std::function<void(Height at, Height last)>& progress);

}  // namespace tieline::cli
