// Transactions: in at the door, out with an outcome. A client hears exactly once of each transaction that it sent here,
// unless it is gone: refused at the door, or committed with its place.

#include <algorithm>

#include "ledger/block_record.h"
#include "ledger/codes.h"
#include "replica/replica_impl.h"

namespace tieline::replica {

bool may_pass_later(uint16_t code) {
  return code == number(TxCode::sequence_too_far) || code == number(TxCode::timestamp_future) ||
         code == number(TxCode::expiry_too_far);
}

void ReplicaImpl::refuse(const TxId& id, uint16_t code, const std::vector<Origin>& origins) {
  context_.count("tx_refused");
  for (const Origin& o : origins) context_.emit(TxOutcome{o.client, o.tag, id, false, code, 0, 0});
}

// Whoever sends a committed transaction once more hears where it stands.
bool ReplicaImpl::answer_committed(const TxId& id, const std::vector<Origin>& origins) {
  const auto tell = [&](Height height, uint32_t index, uint16_t code) {
    for (const Origin& o : origins) context_.emit(TxOutcome{o.client, o.tag, id, true, code, height, index});
    return true;
  };
  for (Height height = tree_->store_height() + 1; height <= tree_->tip().height; ++height) {
    const BlockNode* node = tree_->committed_at(height);
    if (node == nullptr) continue;
    const auto& results = node->execution->results;
    for (uint32_t i = 0; i < results.size(); ++i)
      if (results[i].id == id && code_consumes_sequence(results[i].code)) return tell(height, i, results[i].code);
  }
  const std::optional<TxPlace> place = find_tx(store_, id);
  if (!place) return false;
  if (origins.empty()) return true;
  const Result<BlockRecord> stored = read_block_record(store_, place->height);
  if (!stored.ok() || place->index >= stored->codes.size()) return false;
  return tell(place->height, place->index, stored->codes[place->index]);
}

// After a snapshot older transactions are not found until the history is whole. Until then "refused" could be a lie.
void ReplicaImpl::refuse_unless_committed(const TxId& id, uint16_t code, std::vector<Origin> origins) {
  if (answer_committed(id, origins)) return;
  if (history_.whole() || origins.empty() || deferred_.size() >= kDeferredMax) return refuse(id, code, origins);
  deferred_.push_back({id, code, std::move(origins)});
}

void ReplicaImpl::look_again() {
  std::deque<Deferred> open = std::move(deferred_);
  deferred_.clear();
  for (Deferred& each : open) refuse_unless_committed(each.id, each.code, std::move(each.origins));
}

// One that has just started stands where it was stopped, and until a quorum (itself among it) has said where it stands
// the others may be anywhere.
bool ReplicaImpl::is_behind() const {
  if (catch_up_->active() || engine_->status().rejoining) return true;
  const auto& claims = catch_up_->claims();
  const auto told = std::count_if(committee_.members().begin(), committee_.members().end(),
                                  [&](const Member& m) { return m.id == config_.self || claims.contains(m.id); });
  return static_cast<size_t>(told) < committee_.count().quorum();
}

void ReplicaImpl::take_transaction(const Blob& bytes, const TxPtr& parsed, std::optional<Origin> origin,
                                   const StateView& state) {
  std::vector<Origin> origins;
  if (origin) origins.push_back(*origin);
  if (bytes.size() > kTxBytesMax) return refuse({}, number(TxCode::over_size), origins);
  if (parsed == nullptr) return refuse({}, number(TxCode::malformed), origins);
  const TxPtr& tx = parsed;
  const TxId id = tx->id();
  if (pool_.find(id) != nullptr) {
    pool_.add(tx, false, origin, context_.now.mono_us);
    return;
  }
  const uint16_t code = ledger_.precheck(*tx, state, tree_->tip());
  // A peer may be a few blocks ahead: what it took is kept if it can pass soon. So is a client's while this validator
  // is behind: by what it has, it would refuse what the others record.
  if (code != 0 && !(may_pass_later(code) && (!origin || is_behind()))) {
    return refuse_unless_committed(id, code, std::move(origins));
  }
  Result<std::vector<PublicKey>> keys = ledger_.signing_keys(*tx, state);
  if (!keys.ok()) {
    const std::optional<TxCode> named = code_from_name(keys.error().code);
    return refuse(id, number(named.value_or(TxCode::unknown_signer)), origins);
  }
  switch (pool_.add(tx, false, origin, context_.now.mono_us)) {
    case Pool::Added::kFull:
      return refuse(id, number(TxCode::pool_full), origins);
    case Pool::Added::kSignerFull:
      return refuse(id, number(TxCode::too_many_pending), origins);
    case Pool::Added::kKnown:
      return;
    case Pool::Added::kNew:
      verify_.add(tx, std::move(*keys), false, context_.now.mono_us, ledger_.endorsements(*tx, state));
  }
}

void ReplicaImpl::on(const ClientSubmit& input) {
  const StateView state = tree_->committed_view();
  TL_CHECK(input.parsed.empty() || input.parsed.size() == input.transactions.size());
  for (size_t i = 0; i < input.transactions.size(); ++i) {
    const Blob& bytes = input.transactions[i];
    const TxPtr parsed = input.parsed.empty() ? parse_transaction(bytes) : input.parsed[i];
    take_transaction(bytes, parsed, Origin{input.client, input.tag + i}, state);
  }
}

void ReplicaImpl::on(const ClientGone& input) {
  pool_.forget_client(input.client);
  for (Deferred& each : deferred_)
    std::erase_if(each.origins, [&](const Origin& o) { return o.client == input.client; });
  std::erase_if(deferred_, [](const Deferred& each) { return each.origins.empty(); });
}

void ReplicaImpl::on(const Verified& input) {
  for (VerifyQueue::Outcome& outcome : verify_.finish(input)) {
    const TxId& id = outcome.tx->id();
    for (const EndorsementClaim& c : outcome.endorsed)
      c.record ? verifier_.remember(c.message) : verifier_.remember_good(c.key, c.message, c.signature);
    desk_->on_verified(outcome.tx, outcome.ok);
    const PoolEntry* entry = pool_.find(id);
    if (!outcome.ok) {
      context_.count("tx_bad_signature");
      accuse(submissions_.find(id));
      if (std::optional<PoolEntry> removed = pool_.remove(id))
        refuse(id, number(TxCode::bad_signature), removed->origins);
    } else if (entry == nullptr) {
      // Fetched for a block: kept, so that it is not verified again when it comes by itself.
      if (!find_tx(store_, id)) pool_.add(outcome.tx, true, std::nullopt, context_.now.mono_us);
    } else if (pool_.make_ready(id, context_.now.mono_us) && !entry->origins.empty()) {
      spread_.add(outcome.tx->bytes(), context_, peers_);
    }
  }
}

void ReplicaImpl::settle_outcomes(const Block& block, const std::vector<TxResult>& results) {
  TL_CHECK(results.size() == block.txs.size());
  for (uint32_t i = 0; i < results.size(); ++i) {
    const std::optional<PoolEntry> entry = pool_.remove(results[i].id);
    if (!entry) continue;
    const uint16_t code = results[i].code;
    const bool recorded = code == 0 || code_consumes_sequence(code);
    for (const Origin& o : entry->origins)
      context_.emit(TxOutcome{o.client, o.tag, results[i].id, recorded, code, block.header.height, i});
  }
}

// What waits for half of the time-out goes to the leader from here too: it may have come from a peer that sent it to us
// but not to the leader, and a leader is only suspected of what it was given.
void ReplicaImpl::nudge() {
  const std::optional<ValidatorId> primary = engine_->status().primary;
  if (!primary || *primary == config_.self || std::find(peers_.begin(), peers_.end(), *primary) == peers_.end()) return;
  const int64_t old_us = context_.now.mono_us - int64_t{config_.genesis.consensus.timeout_ms} * kMicrosPerMilli / 2;
  TransactionsFrame frame;
  size_t bytes = 0, looked = 0;
  for (const PoolEntry& entry : pool_.ready()) {
    if (entry.since_us > old_us || bytes >= config_.limits.spread_batch_bytes || ++looked > kNudgeScanMax) break;
    if (entry.nudged_to == *primary) continue;
    bytes += entry.tx->bytes().size();
    frame.transactions.push_back(entry.tx->bytes());
    pool_.mark_nudged(entry.tx->id(), *primary);
  }
  if (frame.transactions.empty()) return;
  context_.count("tx_nudged", frame.transactions.size());
  context_.send({*primary}, encode_frame(frame), true);
}

}  // namespace tieline::replica
