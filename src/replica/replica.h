#pragma once
// Everything of a validator that does no I/O: the pool, block building, dissemination, judging, catch-up, snapshots,
// and the driver that carries out the engine's effects in order behind the durability gate (nothing leaves before what
// it depends on is on disk). One thread calls step(); the host (node/ or sim/) carries out the effects that come back,
// in order, and answers with inputs. The same code runs in both.
//
// The host promises: frames of one peer arrive in order or not at all; a LogAppend is written in the order given and
// its LogDurable comes only after fdatasync; StoreApply batches are applied in order; timers fire no earlier than
// asked.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "consensus/engine.h"
#include "ledger/ledger.h"
#include "ledger/store.h"
#include "model/receipt.h"
#include "replica/decoded.h"

namespace tieline::replica {

using consensus::Lsn;

// --- inputs ---------------------------------------------------------------------------------------------------------

struct Start {};
struct PeerUp {
  ValidatorId peer = 0;
};
struct PeerDown {
  ValidatorId peer = 0;
};
struct PeerFrame {  // one frame of an authenticated link (replica/frames.h)
  ValidatorId from = 0;
  Blob frame;
  DecodedPtr decoded = nullptr;  // of `frame`, if the host has done it (replica/decoded.h)
};
// Transactions from clients of this validator, as they came. `client` names the stream they came on and `tag` the first
// of them there (the i-th has tag + i); both come back in TxOutcome.
struct ClientSubmit {
  uint64_t client = 0;
  uint64_t tag = 0;
  std::vector<Blob> transactions;
  std::vector<TxPtr> parsed = {};  // empty, or one for each by parse_transaction (replica/decoded.h)
};
struct ClientGone {
  uint64_t client = 0;
};
struct Verified {  // answer to VerifyJob, same order
  uint64_t ticket = 0;
  std::vector<uint8_t> ok;
  std::vector<uint8_t> endorsed = {};  // of VerifyJob::endorsements, in order; empty: not checked
};
struct LogDurable {
  Lsn lsn = 0;
};
struct StoreApplied {  // answer to StoreApply
  Height height = 0;
  std::shared_ptr<const StoreReader> snapshot;  // when it was asked for
};
struct StoreFlushed {
  Height height = 0;
};               // the store would survive power loss up to here
struct Wake {};  // next_deadline() has come

using Input = std::variant<Start, PeerUp, PeerDown, PeerFrame, ClientSubmit, ClientGone, Verified, LogDurable,
                           StoreApplied, StoreFlushed, Wake>;

// --- effects --------------------------------------------------------------------------------------------------------

struct SendFrame {
  std::vector<ValidatorId> to;  // never this validator
  Blob frame;
  bool bulk = false;  // transactions, blocks, snapshots: behind consensus messages in the peer's queue
};
struct LogAppend {
  Lsn lsn = 0;
  Bytes bytes;                       // whole records (replica/log_format.h), to the end of the log
  std::optional<Bytes> vote_sector;  // kVoteSectorBytes, to the sector that does not hold the newest
  bool sync = true;                  // answer with LogDurable after fdatasync; otherwise just write
};
struct LogTrim {
  Lsn before = 0;
};                  // records with smaller lsns are no longer needed
struct VerifyJob {  // signatures to check, in any thread
  struct Item {
    PublicKey key;
    Hash digest;
    Signature signature;
  };
  uint64_t ticket = 0;
  std::vector<Item> items;
  std::vector<EndorsementClaim> endorsements = {};  // may be checked too: execution then need not
};
struct StoreApply {
  Height height = 0;
  StoreBatch batch;
  bool take_snapshot = false;
  // A snapshot was installed: all of kState goes first. Blocks, indexes and links of committed blocks stay true and
  // stay.
  bool replace_state = false;
};
struct TxOutcome {  // of a transaction that a client submitted here
  uint64_t client = 0;
  uint64_t tag = 0;
  TxId id;
  bool committed = false;  // false: refused at the door, nothing was recorded
  uint16_t code = 0;       // ledger/codes.h; 0 = ok
  Height height = 0;
  uint32_t index = 0;
};
struct BlockCommitted {  // for event streams, metrics, receipts
  BlockPtr block;
  std::shared_ptr<const Execution> execution;
  std::shared_ptr<const CommitProof> proof;
  int64_t proposed_us = 0;  // mono_us when this validator first saw the proposal; 0 when caught up
};
struct Counted {
  const char* name = "";
  uint64_t by = 1;
};  // counters: dropped frames and why, view changes, fetches
struct Note {
  std::string text;
};  // one line for the operator's log
struct Fatal {
  std::string why;
};  // stop: nothing may be signed any more

using Effect =
    std::variant<SendFrame, LogAppend, LogTrim, VerifyJob, StoreApply, TxOutcome, BlockCommitted, Counted, Note, Fatal>;
using Effects = std::vector<Effect>;

// --- the replica ----------------------------------------------------------------------------------------------------

// Every bound has a name.
struct Limits {
  size_t pool_transactions_max = 100'000;
  size_t pool_bytes_max = 256 * 1024 * 1024;
  size_t pool_per_signer_max = 20'000;
  size_t spread_batch_bytes = 64 * 1024;  // a frame of transactions to peers closes at this size
  int64_t spread_wait_us = 1'000;         // or after this time
  size_t verify_batch_max = 512;
  size_t verify_batch_min = 128;  // or verify_wait_us
  int64_t verify_wait_us = 1'000;
  int64_t fetch_wait_us = 5'000;     // before a missing transaction is asked for
  int64_t fetch_retry_us = 100'000;  // then the next holder is asked
  int64_t status_interval_us = 500'000;
  size_t catch_up_blocks_max = 64;  // blocks in one answer
  size_t catch_up_bytes_max = 4 * 1024 * 1024;
  size_t snapshot_chunk_bytes = 512 * 1024;
  Height snapshot_after_blocks = 512;  // further behind than this: by snapshot, if a peer has one
  size_t frame_bytes_max = 16 * 1024 * 1024;
};

struct Config {
  Genesis genesis;
  ValidatorId self = 0;
  Limits limits;
  Hash rejoin_nonce;
  bool record_trace = false;
};

// What the host read from disk before the start (bytes as they are; replica/log_format.h makes sense of them).
struct DiskImage {
  bool fresh = true;  // never voted: init's mark is there (storage/vote_log.h). A wiped folder is not fresh
  std::vector<Bytes> vote_sectors;  // 0 or 2
  std::vector<Blob> segments;       // log segments, oldest first
};

struct ReplicaStatus {
  consensus::EngineStatus engine;
  Height applied = 0;
  Hash tip;
  int64_t tip_time_ms = 0;
  Height checkpoint = 0;  // stable
  Hash state_root;        // at `checkpoint`
  size_t pending = 0;     // transactions in the pool
  std::vector<ValidatorId> connected;
  std::vector<std::pair<ValidatorId, Height>> told;  // heights that others last told of themselves
  bool catching_up = false;
  Height history_from = 1;  // all blocks from here up are held; above 1 after a snapshot, until filled in
};

class Replica {
 public:
  // `store` is read from this thread at any time and written only through StoreApply. Errors: corrupt_store,
  // wrong_chain.
  static Result<std::unique_ptr<Replica>> open(Config config, const DiskImage& disk, const Store& store,
                                               const Signer& signer, const Verifier& verifier);
  virtual ~Replica() = default;
  virtual void step(const Now& now, Input input, Effects& effects) = 0;
  virtual std::optional<int64_t> next_deadline() const = 0;  // mono_us at which it wants a Wake
  virtual ReplicaStatus status() const = 0;
  virtual const Ledger& ledger() const = 0;
  // The committed state that clients may read: the newest applied block.
  virtual StateView committed_state() const = 0;
  // Built from what is stored; errors: not_found, not_applied_yet.
  virtual Result<Receipt> receipt(const TxId& id) const = 0;
};

}  // namespace tieline::replica
