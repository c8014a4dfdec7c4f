#include "replica/pool.h"

#include <algorithm>

namespace tieline::replica {

Pool::Added Pool::add(TxPtr tx, bool ready, std::optional<Origin> origin, int64_t now_us) {
  if (auto it = index_.find(tx->id()); it != index_.end()) {
    auto& origins = it->second->origins;
    const bool told = !origin || std::find(origins.begin(), origins.end(), *origin) != origins.end();
    if (!told && origins.size() < kOriginsPerTxMax) origins.push_back(*origin);
    return Added::kKnown;
  }
  const size_t size = tx->bytes().size();
  if (index_.size() >= limits_.pool_transactions_max || bytes_ + size > limits_.pool_bytes_max) return Added::kFull;
  size_t& of_signer = per_signer_[tx->signer()];
  if (of_signer >= limits_.pool_per_signer_max) return Added::kSignerFull;
  ++of_signer;
  bytes_ += size;
  if (ready) {
    ready_bytes_ += size;
    ++readied_;
  }
  const TxId id = tx->id();
  std::list<PoolEntry>& list = ready ? ready_ : verifying_;
  PoolEntry& entry = list.emplace_back();
  entry.tx = std::move(tx);
  entry.ready = ready;
  entry.since_us = now_us;
  if (origin) entry.origins.push_back(*origin);
  index_.emplace(id, std::prev(list.end()));
  if (ready) take_turn(std::prev(list.end()));
  return Added::kNew;
}

const PoolEntry* Pool::find(const TxId& id) const {
  auto it = index_.find(id);
  return it == index_.end() ? nullptr : &*it->second;
}

bool Pool::make_ready(const TxId& id, int64_t now_us) {
  auto it = index_.find(id);
  if (it == index_.end() || it->second->ready) return false;
  PoolEntry& entry = *it->second;
  entry.ready = true;
  entry.since_us = now_us;
  ready_bytes_ += entry.tx->bytes().size();
  ++readied_;
  ready_.splice(ready_.end(), verifying_, it->second);
  take_turn(it->second);
  return true;
}

void Pool::mark_nudged(const TxId& id, ValidatorId leader) {
  if (auto it = index_.find(id); it != index_.end()) it->second->nudged_to = leader;
}

std::optional<PoolEntry> Pool::remove(const TxId& id) {
  auto it = index_.find(id);
  if (it == index_.end()) return std::nullopt;
  PoolEntry entry = std::move(*it->second);
  if (auto turn = turns_.find(entry.tx->signer()); entry.ready && turn != turns_.end()) {
    turn->second.erase({entry.tx->sequence(), id});
    if (turn->second.empty()) turns_.erase(turn);
  }
  (entry.ready ? ready_ : verifying_).erase(it->second);
  index_.erase(it);
  const size_t size = entry.tx->bytes().size();
  bytes_ -= size;
  if (entry.ready) ready_bytes_ -= size;
  auto signer = per_signer_.find(entry.tx->signer());
  TL_CHECK(signer != per_signer_.end() && signer->second > 0);
  if (--signer->second == 0) per_signer_.erase(signer);
  return entry;
}

void Pool::take_turn(Place place) {
  if (with_turns_) turns_[place->tx->signer()].emplace(std::pair(place->tx->sequence(), place->tx->id()), place);
}

ParticipantId Pool::by_turns(ParticipantId from, const std::function<bool(const PoolEntry&)>& visit) const {
  std::vector<std::pair<OfSigner::const_iterator, OfSigner::const_iterator>> left;
  const auto add = [&](auto first, auto last) {
    for (; first != last; ++first) left.emplace_back(first->second.begin(), first->second.end());
  };
  const auto start = turns_.lower_bound(from);
  add(start, turns_.end());
  add(turns_.begin(), start);
  ParticipantId last = from;
  while (!left.empty()) {
    for (auto& [next, end] : left) {
      const PoolEntry& entry = *next->second;
      last = entry.tx->signer();
      ++next;
      if (!visit(entry)) return last;
    }
    std::erase_if(left, [](const auto& l) { return l.first == l.second; });
  }
  return last;
}

void Pool::forget_client(uint64_t client) {
  for (auto* list : {&verifying_, &ready_})
    for (PoolEntry& entry : *list) std::erase_if(entry.origins, [&](const Origin& o) { return o.client == client; });
}

}  // namespace tieline::replica
