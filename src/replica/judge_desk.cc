#include "replica/judge_desk.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/members.h"
#include "replica/submission.h"

namespace tieline::replica {
namespace {

std::vector<TxId> ids_of(const std::vector<TxPtr>& txs) {
  std::vector<TxId> ids;
  ids.reserve(txs.size());
  for (const TxPtr& tx : txs) ids.push_back(tx->id());
  return ids;
}

bool list_matches(const Header& header, const std::vector<TxId>& ids, const Bytes& evidence) {
  if (header.tx_count != ids.size() || header.evidence_root != sha256(evidence)) return false;
  std::vector<Hash> leaves;
  leaves.reserve(ids.size());
  for (const TxId& id : ids) leaves.push_back(merkle_leaf(id.view()));
  return header.tx_root == merkle_root(leaves);
}

void add_holders(std::vector<ValidatorId>& to, const std::vector<ValidatorId>& more) {
  for (ValidatorId id : more)
    if (std::find(to.begin(), to.end(), id) == to.end()) to.push_back(id);
}

}  // namespace

void JudgeDesk::ask(const consensus::Judge& ask, Context& context) {
  auto at = items_.find(ask.block);
  const bool known = at != items_.end();
  if (!known) {
    if (items_.size() >= kJudgeItemsMax) return context.count("judge_desk_full");
    at = items_.emplace(ask.block, Item{}).first;
  }
  Item& item = at->second;
  item.digest = ask.block;
  item.asked = true;
  if (!known) {
    item.seen_us = context.now.mono_us;
    item.fetch_us = context.now.mono_us;  // by digest: at once
    item.header.height = ask.header.height;
  }
  add_holders(item.holders, ask.holders);
  if (!ask.fresh) {
    item.too_old = false;
  } else if (!known && ask.header.time_ms < context.now.wall_ms - drift_ms()) {
    context.count("block_too_old");
    item.too_old = true;
  }
  if (const BlockNode* node = tree_.find(ask.block)) {
    item.block = node->block;
    item.header = node->block->header;
    item.header_known = item.executed = true;
  } else if (const auto height = tree_.height_of_committed(ask.block)) {
    // Committed: valid, whatever has become of its parent's state since.
    item.block = load_committed_(*height);
    if (item.block == nullptr) {
      items_.erase(at);
      return;
    }
    item.header = item.block->header;
    item.header_known = item.executed = true;
  } else if (!ask.known_by_digest && !item.header_known) {
    item.header = ask.header;
    item.header_known = true;
    if (!accept_list(item, ask, context)) context.count("proposal_is_not_the_body");
  }
}

bool JudgeDesk::accept_list(Item& item, const consensus::Judge& ask, Context& context) {
  if (!list_matches(ask.header, ask.txs, ask.evidence)) return false;
  item.has_list = true;
  item.evidence = ask.evidence;
  item.txs.assign(ask.txs.size(), nullptr);
  for (size_t i = 0; i < ask.txs.size(); ++i) {
    const PoolEntry* entry = pool_.find(ask.txs[i]);
    if (entry != nullptr && entry->ready) {
      item.txs[i] = entry->tx;
    } else {
      item.awaited.emplace(ask.txs[i], i);
      verify_.hurry(ask.txs[i]);
    }
  }
  // What is missing may be under way.
  item.fetch_us = context.now.mono_us + context.limits.fetch_wait_us;
  return true;
}

void JudgeDesk::await_transaction(Item& item, size_t position, const TxPtr& tx, Context& context) {
  const PoolEntry* entry = pool_.find(tx->id());
  if (entry != nullptr && entry->ready) {
    item.txs[position] = entry->tx;
    return;
  }
  if (verify_.holds(tx->id())) {
    item.awaited.emplace(tx->id(), position);
    return verify_.hurry(tx->id());
  }
  Result<std::vector<PublicKey>> keys = ledger_.signing_keys(*tx, tree_.committed_view());
  if (!keys.ok()) {
    item.txs[position] = tx;  // execution refuses it with its code
    return;
  }
  item.awaited.emplace(tx->id(), position);
  verify_.add(tx, std::move(*keys), true, context.now.mono_us, ledger_.endorsements(*tx, tree_.committed_view()));
}

// A block that names a transaction twice is invalid, which execution finds; here it has two places.
std::vector<size_t> JudgeDesk::positions_of(Item& item, const TxId& id) {
  std::vector<size_t> positions;
  const auto [first, last] = item.awaited.equal_range(id);
  for (auto it = first; it != last; ++it) positions.push_back(it->second);
  item.awaited.erase(first, last);
  return positions;
}

void JudgeDesk::on_transactions(const TransactionsAnswer& answer, Context& context) {
  for (const Blob& bytes : answer.transactions) {
    Result<TxPtr> tx = Transaction::parse(bytes);
    if (!tx.ok()) {
      context.count("fetched_tx_malformed");
      continue;
    }
    bool wanted = false;
    for (auto& [digest, item] : items_) {
      if (item.block) continue;
      for (size_t position : positions_of(item, (*tx)->id())) {
        wanted = true;
        await_transaction(item, position, *tx, context);
      }
    }
    if (!wanted) context.count("fetched_tx_not_wanted");
  }
  // Who lacks some of them may have committed the block meanwhile: then it has it whole.
  if (answer.missing.empty()) return;
  for (auto& [digest, item] : items_)
    if (item.awaited.contains(answer.missing.front()) && !item.want_whole) {
      item.want_whole = true;
      item.fetch_us = context.now.mono_us;
    }
}

void JudgeDesk::on_block(const BlockAnswer& answer, Context& context) {
  auto at = items_.find(answer.digest);
  if (at == items_.end() || at->second.block) return context.count("fetched_block_not_wanted");
  Item& item = at->second;
  if (!answer.block) {
    if (item.fetches < item.holders.size()) item.fetch_us = context.now.mono_us;
    return;
  }
  Result<BlockPtr> block = decode_block(*answer.block);
  if (!block.ok() || (*block)->digest != answer.digest) return context.count("fetched_block_wrong");
  take_block(item, *block, context);
}

void JudgeDesk::take_block(Item& item, const BlockPtr& block, Context& context) {
  item.header = block->header;
  item.header_known = true;
  item.has_list = true;
  item.evidence = block->evidence;
  item.awaited.clear();
  item.txs.assign(block->txs.size(), nullptr);
  for (size_t i = 0; i < block->txs.size(); ++i) await_transaction(item, i, block->txs[i], context);
}

void JudgeDesk::on_verified(const TxPtr& tx, bool ok) {
  for (auto& [digest, item] : items_) {
    const std::vector<size_t> positions = positions_of(item, tx->id());
    for (size_t position : positions) item.txs[position] = tx;
    if (!ok && !positions.empty() && item.bad.empty()) {
      item.bad = "a transaction's signature does not verify: " + to_hex(tx->id());
      item.bad_at = positions.front();
    }
  }
}

void JudgeDesk::fetch(Item& item, const std::vector<ValidatorId>& peers, Context& context) {
  if (item.block || (item.has_list && item.awaited.empty()) || context.now.mono_us < item.fetch_us) return;
  const int64_t slower = item.fetches >= kFetchesEager ? kFetchSlowFactor : 1;
  item.fetch_us = context.now.mono_us + slower * context.limits.fetch_retry_us;
  if (const auto own = kept_.find(item.digest); own != kept_.end() && !item.has_list)
    return take_block(item, own->second.body, context);
  std::vector<ValidatorId> ask;
  for (ValidatorId id : item.holders)
    if (std::find(peers.begin(), peers.end(), id) != peers.end()) ask.push_back(id);
  add_holders(ask, peers);
  if (ask.empty()) return;
  const uint32_t turn = item.fetches++;
  std::vector<TxId> missing;
  for (const auto& [id, position] : item.awaited)
    if (!verify_.holds(id) && (missing.empty() || missing.back() != id)) missing.push_back(id);
  if (item.has_list && missing.empty()) return;  // all are with the verifier
  const bool whole = !item.has_list || item.want_whole || (turn >= kFetchesByIdMax && turn % 2 == 1);
  item.want_whole = false;
  // Each kind of request goes round by itself: with an even number of peers one of them, perhaps the only one that has
  // the block, would otherwise never be asked for it whole.
  const ValidatorId to = ask[(whole ? item.whole_fetches++ : turn) % ask.size()];
  context.count("fetches");
  if (whole) {
    context.send({to}, encode_frame(BlockRequest{item.digest}), false);
  } else {
    context.send({to}, encode_frame(TransactionsRequest{std::move(missing)}), false);
  }
}

void JudgeDesk::need_parent(const Item& child, Context& context) {
  const Hash& digest = child.header.parent;
  if (auto at = items_.find(digest); at != items_.end()) {
    at->second.too_old = false;  // as a new block it came too late; what another one extends is none any more
    return add_holders(at->second.holders, child.holders);
  }
  if (items_.size() >= kJudgeItemsMax) return context.count("judge_desk_full");
  Item& item = items_[digest];
  item.digest = digest;
  item.header.height = child.header.height - (child.header.is_void ? 0 : 1);
  item.holders = child.holders;
  item.seen_us = context.now.mono_us;
  item.fetch_us = context.now.mono_us;
}

bool JudgeDesk::execute(Item& item, Context& context) {
  const Header* parent = tree_.parent_header(item.header.parent);
  if (parent == nullptr) {
    // A parent at or above the tip that is not here is fetched; one below it lost against what is committed.
    const Height parent_height = item.header.height - (item.header.is_void || item.header.height == 0 ? 0 : 1);
    if (parent_height < tree_.tip().height || tree_.height_of_committed(item.header.parent)) return false;
    need_parent(item, context);
    return false;
  }
  item.executed = true;
  if (!item.bad.empty()) return true;
  Result<Execution> executed = ledger_.judge(*item.block, *parent, tree_.view_at(item.header.parent));
  if (!executed.ok()) {
    if (executed.error().code == kBlockOutOfOrder) context.count(kBlockOutOfOrder);
    item.bad = executed.error().why;
    return true;
  }
  const auto own = kept_.find(item.digest);
  tree_.add({item.block, std::make_shared<Execution>(std::move(*executed)), item.seen_us,
             own == kept_.end() ? 0 : own->second.lsn});
  if (own != kept_.end()) kept_.erase(own);
  return true;
}

bool JudgeDesk::advance(Item& item, Context& context) {
  if (item.executed || item.too_old) return false;
  if (!item.block && item.has_list && item.awaited.empty()) {
    auto block = std::make_shared<Block>();
    block->header = item.header;
    block->digest = item.digest;
    block->txs = std::move(item.txs);
    block->evidence = std::move(item.evidence);
    item.txs.clear();
    item.block = std::move(block);
  }
  return item.block != nullptr && execute(item, context);
}

// Whether its bad signature shows to anyone: not if its signatory has had other keys.
bool JudgeDesk::is_proof(const Transaction& tx) const {
  const StateView state = tree_.committed_view();
  const ParticipantKeys keys = evidence_keys(ledger_, state);
  return std::all_of(tx.signatories().begin(), tx.signatories().end(),
                     [&](ParticipantId id) { return keys(id) != nullptr; });
}

std::optional<consensus::Judged> JudgeDesk::verdict(const Item& item, const Context& context) {
  if (!item.executed) return std::nullopt;
  if (!item.bad.empty()) {
    consensus::Judged invalid{item.digest, false, item.bad, item.block};
    if (item.bad_at && is_proof(*item.block->txs[*item.bad_at]))
      invalid.bad =
          bad_transaction(ids_of(item.block->txs), *item.bad_at, item.block->txs[*item.bad_at]->bytes().view());
    return invalid;
  }
  const int64_t ahead_ms = item.header.time_ms - drift_ms() - context.now.wall_ms;
  if (ahead_ms > 0) {
    hold_us_ = earlier(hold_us_, context.now.mono_us + ahead_ms * kMicrosPerMilli);
    return std::nullopt;
  }
  return consensus::Judged{item.digest, true, {}, item.block};
}

std::vector<consensus::Judged> JudgeDesk::pump(const std::vector<ValidatorId>& peers, Context& context) {
  std::vector<consensus::Judged> verdicts;
  hold_us_.reset();
  if (items_.empty()) return verdicts;
  for (auto& [digest, item] : items_)
    if (auto known = invalid_.find(digest); known != invalid_.end() && !item.executed) {
      item.block = known->second.body;
      item.bad = known->second.why;
      item.executed = true;
    }
  // A block may wait for its parent among them, in any order.
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<Hash> digests;  // advance() may add parents
    for (const auto& [digest, item] : items_) digests.push_back(digest);
    for (const Hash& digest : digests) changed |= advance(items_.at(digest), context);
  }
  for (auto it = items_.begin(); it != items_.end();) {
    Item& item = it->second;
    fetch(item, peers, context);
    std::optional<consensus::Judged> answer = verdict(item, context);
    if (!answer && item.fetches > kFetchesMax) {
      context.count("fetch_given_up");
      it = items_.erase(it);
      continue;
    }
    if (!answer) {
      ++it;
      continue;
    }
    if (!answer->valid && invalid_.emplace(item.digest, *answer).second) {
      invalid_order_.push_back(item.digest);
      if (invalid_order_.size() > kInvalidRemembered) {
        invalid_.erase(invalid_order_.front());
        invalid_order_.pop_front();
      }
    }
    if (item.asked) verdicts.push_back(std::move(*answer));
    it = items_.erase(it);
  }
  std::stable_sort(verdicts.begin(), verdicts.end(), [](const consensus::Judged& a, const consensus::Judged& b) {
    return a.body->header.height < b.body->header.height;
  });
  return verdicts;
}

std::optional<int64_t> JudgeDesk::deadline() const {
  std::optional<int64_t> at = hold_us_;
  for (const auto& [digest, item] : items_)
    if (!item.block && !(item.has_list && item.awaited.empty())) at = earlier(at, item.fetch_us);
  return at;
}

std::optional<Lsn> JudgeDesk::oldest_kept() const {
  std::optional<Lsn> oldest;
  for (const auto& [digest, kept] : kept_) oldest = std::min(oldest.value_or(kept.lsn), kept.lsn);
  return oldest;
}

BlockPtr JudgeDesk::kept(const Hash& digest) const {
  const auto at = kept_.find(digest);
  return at == kept_.end() ? nullptr : at->second.body;
}

void JudgeDesk::forget_below_tip() {
  const Height tip = tree_.tip().height;
  std::erase_if(kept_, [&](const auto& entry) {
    const Header& header = entry.second.body->header;
    return header.height < tip || (header.height == tip && !header.is_void);
  });
  // What is held back until its time comes may have left the tree since (a snapshot was installed): it is executed
  // anew.
  for (auto& [digest, item] : items_)
    if (item.executed && item.bad.empty() && tree_.find(digest) == nullptr && !tree_.height_of_committed(digest))
      item.executed = false;
  std::erase_if(items_, [&](const auto& entry) {
    const Item& item = entry.second;
    if (item.executed) return false;
    if (!item.header_known) return item.header.height != 0 && item.header.height < tip;
    return item.header.height < tip || (item.header.height == tip && !item.header.is_void);
  });
  std::erase_if(items_, [&](const auto& entry) {  // parents of what is gone, or already committed under another route
    return !entry.second.asked && tree_.height_of_committed(entry.first).has_value();
  });
}

}  // namespace tieline::replica
