#include "consensus/kernel/confirm_pool.h"

namespace tieline::consensus {

ConfirmPool::Added ConfirmPool::add(size_t position, ValidatorId signer, const Slot& slot, Height height,
                                    const Hash& block, const Signature& signature) {
  Added out;
  auto& contents = slots_[slot];
  auto found = contents.find({block, height});
  if (found != contents.end() && found->second.contains(position)) {
    out.count = found->second.size();
    return out;
  }
  auto& mine = member_slots_[position];
  size_t& contents_here = mine[slot];
  if (contents_here >= 2) return out;  // proven at this slot already; a third content proves nothing more
  for (const auto& [other, votes] : contents) {
    auto vote = votes.find(position);
    if (vote == votes.end() || other.first == block) continue;
    Equivocation::Side first{other.second, other.first, vote->second}, second{height, block, signature};
    if (second.block < first.block) std::swap(first, second);
    out.evidence = Equivocation{signer, slot, first, second};
  }
  ++contents_here;
  Votes& votes = contents[{block, height}];
  votes.emplace(position, signature);
  out.fresh = true;
  out.count = votes.size();
  if (mine.size() > kConfirmsPerMemberMax) forget_oldest(position);
  return out;
}

void ConfirmPool::forget_oldest(size_t position) {
  auto& mine = member_slots_[position];
  auto at = slots_.find(mine.begin()->first);
  mine.erase(mine.begin());
  if (at == slots_.end()) return;
  for (auto it = at->second.begin(); it != at->second.end();) {
    it->second.erase(position);
    it = it->second.empty() ? at->second.erase(it) : std::next(it);
  }
  if (at->second.empty()) slots_.erase(at);
}

std::optional<Certificate> ConfirmPool::certificate(const Slot& slot, const Hash& block) const {
  auto at = slots_.find(slot);
  if (at == slots_.end()) return std::nullopt;
  auto best = at->second.end();
  for (auto it = at->second.lower_bound({block, 0}); it != at->second.end() && it->first.first == block; ++it)
    if (best == at->second.end() || it->second.size() > best->second.size()) best = it;
  if (best == at->second.end()) return std::nullopt;
  Certificate out{slot, best->first.second, block, {}, {}};
  for (const auto& [position, signature] : best->second) {
    out.signers.insert(position);
    out.signatures.push_back(signature);
  }
  return out;
}

std::optional<Signature> ConfirmPool::vote(const Slot& slot, const Hash& block, Height height, size_t position) const {
  const auto at = slots_.find(slot);
  if (at == slots_.end()) return std::nullopt;
  const auto votes = at->second.find({block, height});
  if (votes == at->second.end()) return std::nullopt;
  const auto found = votes->second.find(position);
  return found == votes->second.end() ? std::nullopt : std::optional<Signature>(found->second);
}

void ConfirmPool::forget_below(const Slot& slot) {
  slots_.erase(slots_.begin(), slots_.lower_bound(slot));
  for (auto& [position, mine] : member_slots_) mine.erase(mine.begin(), mine.lower_bound(slot));
}

void ConfirmPool::clear() {
  slots_.clear();
  member_slots_.clear();
}

void ConfirmPool::fingerprint(Writer& w) const {
  w.u64(slots_.size());
  for (const auto& [slot, contents] : slots_) {
    encode(w, slot);
    w.u64(contents.size());
    for (const auto& [content, votes] : contents) {
      encode(w, content.first);
      w.u64(content.second);
      w.u64(votes.size());
      for (const auto& [position, signature] : votes) {
        w.u64(position);
        encode(w, signature);
      }
    }
  }
  w.u64(member_slots_.size());
  for (const auto& [position, mine] : member_slots_) {
    w.u64(position);
    w.u64(mine.size());
    for (const auto& [slot, count] : mine) {
      encode(w, slot);
      w.u64(count);
    }
  }
}

}  // namespace tieline::consensus
