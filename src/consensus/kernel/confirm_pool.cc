#include "consensus/kernel/confirm_pool.h"

namespace tieline::consensus {

ConfirmPool::Added ConfirmPool::add(size_t position, ValidatorId signer, const Slot& slot, Height height,
                                    const Hash& block, const VoteSignature& signature, bool checked) {
  Added out;
  auto& contents = slots_[slot];
  auto found = contents.find({block, height});
  if (found != contents.end() && found->second.contains(position)) {
    found->second.add(position, signature, checked);
    out.count = found->second.size();
    out.signers = found->second.signers();
    return out;
  }
  auto& mine = member_slots_[position];
  size_t& contents_here = mine[slot];
  if (contents_here >= 2) return out;  // proven at this slot already; a third content proves nothing more
  for (const auto& [other, votes] : contents) {
    const VoteSignature* vote = votes.find(position);
    if (vote == nullptr || other.first == block) continue;
    Equivocation::Side first{other.second, other.first, *vote}, second{height, block, signature};
    if (second.block < first.block) std::swap(first, second);
    out.evidence = Equivocation{signer, slot, first, second};
  }
  ++contents_here;
  VoteSet& votes = contents[{block, height}];
  votes.add(position, signature, checked);
  out.fresh = true;
  out.count = votes.size();
  out.signers = votes.signers();
  if (mine.size() > kConfirmsPerMemberMax) forget_oldest(position);
  return out;
}

bool ConfirmPool::remove(size_t position, const Slot& slot, Height height, const Hash& block) {
  auto at = slots_.find(slot);
  if (at == slots_.end()) return false;
  auto votes = at->second.find({block, height});
  if (votes == at->second.end() || !votes->second.remove(position)) return false;
  if (votes->second.empty()) at->second.erase(votes);
  forget_one(position, slot);
  return true;
}

// The member may vote here again: what it sent counted for nothing.
void ConfirmPool::forget_one(size_t position, const Slot& slot) {
  auto& mine = member_slots_[position];
  if (auto count = mine.find(slot); count != mine.end() && --count->second == 0) mine.erase(count);
}

std::vector<size_t> ConfirmPool::settle(const Slot& slot, const Hash& block, const ChainId& chain,
                                        const Committee& committee, const Verifier& verifier) {
  std::vector<size_t> bad;
  auto at = slots_.find(slot);
  if (at == slots_.end()) return bad;
  for (auto it = at->second.lower_bound({block, 0}); it != at->second.end() && it->first.first == block; ++it)
    for (size_t position : it->second.settle(confirm_digest(chain, slot, it->first.second, block), committee, verifier))
      bad.push_back(position);
  for (size_t position : bad) forget_one(position, slot);
  return bad;
}

void ConfirmPool::forget_oldest(size_t position) {
  auto& mine = member_slots_[position];
  auto at = slots_.find(mine.begin()->first);
  mine.erase(mine.begin());
  if (at == slots_.end()) return;
  for (auto it = at->second.begin(); it != at->second.end();) {
    it->second.remove(position);
    it = it->second.empty() ? at->second.erase(it) : std::next(it);
  }
  if (at->second.empty()) slots_.erase(at);
}

std::optional<Certificate> ConfirmPool::certificate(const Slot& slot, const Hash& block) const {
  auto at = slots_.find(slot);
  if (at == slots_.end()) return std::nullopt;
  std::optional<Certificate> best;
  for (auto it = at->second.lower_bound({block, 0}); it != at->second.end() && it->first.first == block; ++it) {
    VoteSet::Settled votes = it->second.settled();
    if (votes.signers.empty() || (best && votes.signers.count() <= best->signers.count())) continue;
    best = Certificate{slot, it->first.second, block, votes.signers, std::move(votes.signatures), votes.aggregate};
  }
  return best;
}

std::optional<VoteSignature> ConfirmPool::vote(const Slot& slot, const Hash& block, Height height,
                                               size_t position) const {
  const auto contents = slots_.find(slot);
  if (contents == slots_.end()) return std::nullopt;
  const auto votes = contents->second.find(Content{block, height});
  if (votes == contents->second.end()) return std::nullopt;
  const VoteSignature* vote = votes->second.find(position);
  return vote == nullptr ? std::nullopt : std::optional<VoteSignature>(*vote);
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
      votes.fingerprint(w);
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
