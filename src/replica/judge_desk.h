#pragma once
// From "judge this block" to a verdict: puts the body together from the pool, fetches what is missing from those who
// can have it, has every signature checked that was not, executes above the parent, and holds the answer back while the
// block's time lies ahead of this clock by more than the drift. A missing parent is fetched whole, and its parent.
//
// A verdict is a pure function of the block and its parent chain. A list of transactions that does not match the
// header's root is simply not the body: then the whole block is fetched by digest.

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "replica/block_tree.h"
#include "replica/context.h"
#include "replica/frames.h"
#include "replica/pool.h"
#include "replica/verify_queue.h"

namespace tieline::replica {

inline constexpr size_t kJudgeItemsMax = 256;     // blocks in the making
inline constexpr size_t kInvalidRemembered = 64;  // verdicts "invalid" kept for another question
inline constexpr uint32_t kFetchesByIdMax = 3;    // then the whole block is asked for, every other time
inline constexpr uint32_t kFetchesEager = 16;     // then more slowly, by kFetchSlowFactor
inline constexpr int64_t kFetchSlowFactor = 8;
inline constexpr uint32_t kFetchesMax = 256;  // then nobody has it

class JudgeDesk {
 public:
  // `load_committed` finds a committed block by height, wherever it is by now; null if it cannot.
  JudgeDesk(const Ledger& ledger, Pool& pool, BlockTree& tree, VerifyQueue& verify,
            std::function<BlockPtr(Height)> load_committed)
      : ledger_(ledger), pool_(pool), tree_(tree), verify_(verify), load_committed_(std::move(load_committed)) {}

  void ask(const consensus::Judge& ask, Context& context);
  // A body out of this validator's own log whose parent is not known (the store had fallen behind the log, or a
  // snapshot went past it): asked for, it is taken from here. Nobody else may have it.
  void keep(const BlockPtr& body, Lsn lsn) { kept_.insert_or_assign(body->digest, Kept{body, lsn}); }
  BlockPtr kept(const Hash& digest) const;  // null: not among them
  std::optional<Lsn> oldest_kept() const;   // the least lsn among them: the log must not be cut above it
  void on_transactions(const TransactionsAnswer& answer, Context& context);
  void on_block(const BlockAnswer& answer, Context& context);
  void on_verified(const TxPtr& tx, bool ok);

  // Fetches what is due from `peers` (those connected), executes what is complete, and yields verdicts.
  std::vector<consensus::Judged> pump(const std::vector<ValidatorId>& peers, Context& context);
  std::optional<int64_t> deadline() const;
  void forget_below_tip();  // after a commit or an installed snapshot
  size_t size() const { return items_.size(); }

 private:
  struct Item {
    Hash digest;
    Header header;              // once it is known
    bool header_known = false;  // until then header.height may be a hint
    bool asked = false;         // by the engine; else only a parent that a block waits for
    bool too_old = false;       // fresh, and older than the drift allows: no answer
    std::vector<ValidatorId> holders;
    std::vector<TxPtr> txs;               // null: missing
    std::multimap<TxId, size_t> awaited;  // positions of those that are missing or unverified
    Bytes evidence;
    bool has_list = false;         // txs and evidence match the header's roots
    BlockPtr block;                // complete
    std::string bad;               // why it is invalid
    std::optional<size_t> bad_at;  // the transaction whose signature does not verify
    bool executed = false;         // with `bad` empty: it is in the tree
    int64_t seen_us = 0;
    int64_t fetch_us = 0;  // when to ask for what is missing
    uint32_t fetches = 0;
    uint32_t whole_fetches = 0;  // of them, for the whole block
    bool want_whole = false;     // somebody asked no longer has the transactions: the block itself, then
  };
  struct Kept {
    BlockPtr body;
    Lsn lsn = 0;
  };
  bool accept_list(Item& item, const consensus::Judge& ask, Context& context);
  void take_block(Item& item, const BlockPtr& block, Context& context);
  void await_transaction(Item& item, size_t position, const TxPtr& tx, Context& context);
  static std::vector<size_t> positions_of(Item& item, const TxId& id);  // takes them out of `awaited`
  void fetch(Item& item, const std::vector<ValidatorId>& peers, Context& context);
  bool advance(Item& item, Context& context);  // true: something changed
  bool execute(Item& item, Context& context);
  void need_parent(const Item& child, Context& context);
  bool is_proof(const Transaction& tx) const;
  std::optional<consensus::Judged> verdict(const Item& item, const Context& context);
  int64_t drift_ms() const { return ledger_.genesis().consensus.drift_ms; }

  const Ledger& ledger_;
  Pool& pool_;
  BlockTree& tree_;
  VerifyQueue& verify_;
  std::function<BlockPtr(Height)> load_committed_;
  std::map<Hash, Item> items_;
  std::map<Hash, Kept> kept_;
  std::map<Hash, consensus::Judged> invalid_;
  std::deque<Hash> invalid_order_;
  std::optional<int64_t> hold_us_;  // when the earliest block time comes within reach
};

}  // namespace tieline::replica
