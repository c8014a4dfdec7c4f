#pragma once
// The ledger executes blocks. Everything here is a pure function of a block and the state below it: every validator
// computes the same results, the same writes and the same bits. Nothing reaches the store before commit: execution of
// an uncommitted block works on an overlay above its parent (StateView) and yields a WriteSet.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/registry.h"
#include "ledger/store.h"
#include "model/block.h"
#include "model/committee.h"
#include "model/evidence.h"
#include "model/genesis.h"

namespace tieline {

// Writes to Column::kState in ascending key order; value empty: deleted. Looked up by ByteView without a copy.
using WriteSet = std::map<Bytes, std::optional<Bytes>, BytesLess>;

// The state as of one block: the store's state with the write sets of the blocks above it, newest first. Holds no I/O
// of its own. A view stays valid while the store under it only moves forward along this chain.
class StateView {
 public:
  explicit StateView(const StoreReader& base, std::vector<std::shared_ptr<const WriteSet>> layers = {})
      : base_(&base), layers_(std::move(layers)) {}
  std::optional<Bytes> get(ByteView state_key) const;  // newest layer first, then the store

 private:
  const StoreReader* base_;
  std::vector<std::shared_ptr<const WriteSet>> layers_;  // newest first
};

// What a leader proposes to fill: the header's own fields that do not come from execution.
struct BlockDraft {
  bool is_void = false;
  Hash parent;
  Height height = 0;
  Epoch epoch = 0;
  int64_t time_ms = 0;
  std::vector<TxPtr> txs;
  Bytes evidence;
};

struct Execution {
  Header header;  // complete: roots, results, writes, next committee
  std::vector<TxResult> results;
  std::shared_ptr<const WriteSet> writes;
  std::optional<Committee> next_committee;  // in an epoch's last block
};

struct PrivateClaim;  // ledger/private_claims.h

// A BLS signature of a party over the terms of a trade; or, with `record`, what a private record claims: then `message`
// is the claim's digest, and the other two say nothing.
struct EndorsementClaim {
  bls::PublicKey key;
  Hash message;
  bls::Signature signature;
  std::shared_ptr<const PrivateClaim> record = {};
};

class Ledger {
 public:
  // `verifier` checks evidence; transactions' signatures are checked before (TxChecker) and are not checked again.
  Ledger(Genesis genesis, const Verifier& verifier);

  const Genesis& genesis() const { return genesis_; }
  const ChainId& chain() const { return chain_; }
  const Verifier& verifier() const { return verifier_; }
  const Committee& first_committee() const { return first_committee_; }  // of epoch 0, as genesis seats it

  // The batch that fills an empty store with the state at height 0.
  StoreBatch genesis_batch() const;

  // Executes on top of `parent` (the state after `parent_header`; genesis_header() for height 0). Leader: builds the
  // block's header. Never fails for what transactions contain (a refused one gets its code); fails for what makes a
  // whole block invalid (time before the parent's, evidence that does not verify, duplicate transaction, epoch rules,
  // bounds, order of transactions).
  Result<Execution> execute(const BlockDraft& draft, const Header& parent_header, const StateView& parent) const;
  // Voter: executes the block's contents and compares the header with the one that execution yields.
  // Errors: block_invalid with what differed; kBlockOutOfOrder.
  Result<Execution> judge(const Block& block, const Header& parent_header, const StateView& parent) const;

  // The order in which a block on top of `parent` holds these (ledger/block_order.h): as given without a market, else
  // the only one that is valid. Those whose work on private points goes beyond what a block may ask for are left out.
  std::vector<TxPtr> in_order(std::vector<TxPtr> txs, const Header& parent_header, const StateView& parent) const;

  Header genesis_header() const;  // height 0; its digest stands as parent of the first block

  // Cheap checks that need no signature, against the last committed state: what a pool refuses at the door, with the
  // code that execution would give. `tip` is the last committed header.
  uint16_t precheck(const Transaction& tx, const StateView& state, const Header& tip) const;
  // The keys with which a transaction's signatures are checked, in the order of its signatories; or a code.
  Result<std::vector<PublicKey>> signing_keys(const Transaction& tx, const StateView& state) const;
  // The endorsements of trades in it whose terms are known by this state, and its private records whose pseudonyms are
  // (ledger/market_work.h and private_work.h check them too, so this only says what can be checked ahead).
  std::vector<EndorsementClaim> endorsements(const Transaction& tx, const StateView& state) const;
  ParticipantKeys participant_keys() const;  // for evidence; lives no longer than the ledger

  // What the committed block adds to the store: its state writes, the block, its indexes, the applied height. The proof
  // is stored with the block.
  StoreBatch commit_batch(const Block& block, const Execution& execution, const CommitProof& proof) const;

  // Named invariants, after every block, in production too: total counters match, sequence windows well-formed, heights
  // and times monotone, no key outside its bucket. Returns the name of the first that is broken.
  std::optional<std::string> broken_invariant(const Execution& execution, const StateView& parent,
                                              const Header& parent_header) const;

 private:
  Genesis genesis_;
  ChainId chain_;
  Committee first_committee_;
  const Verifier& verifier_;
  Registry registry_;
  WriteSet genesis_writes_;
  Header genesis_header_;
};

// A block of a network with a market whose transactions stand in another order than ledger/block_order.h says.
inline constexpr const char* kBlockOutOfOrder = "block_out_of_order";

// Reading back what commit_batch stored.
struct AppliedTip {
  Height height = 0;
  Hash digest;
  Header header;
};
std::optional<AppliedTip> applied_tip(const StoreReader& store);  // none: empty store
struct StoredBlock {
  BlockPtr block;
  std::vector<TxResult> results;
  CommitProof proof;
};
Result<StoredBlock> stored_block(const StoreReader& store, Height height);  // errors: not_found, corrupt_store
struct TxPlace {
  Height height = 0;
  uint32_t index = 0;
};
std::optional<TxPlace> find_tx(const StoreReader& store, const TxId& id);
std::optional<Committee> committee_of(const StateView& state,
                                      Epoch epoch);  // current, previous and next epoch are kept

}  // namespace tieline
