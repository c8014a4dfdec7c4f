// What the primary of a view does: it wants a block above the last prepared one, pre-prepares it as its own PREPARE,
// and goes on to the next as soon as that is prepared; the COMMITs overlap with it.

#include <algorithm>

#include "consensus/pbft/pbft.h"

namespace tieline::consensus::pbft {

void Pbft::withdraw() {
  if (!wanted_) return;
  wanted_.reset();
  out_->push_back(WantBlock{});
}

// The slot this primary may fill now: none while its last pre-prepare is not prepared.
std::optional<Slot> Pbft::next_slot() const {
  Slot next{committee_.epoch(), vote_.view, 0};
  if (high_.slot.view == vote_.view && high_.slot.index >= 0) next.index = high_.slot.index + 1;
  if (vote_.last_vote && vote_.last_vote->slot >= next) return std::nullopt;
  return next;
}

// J with its certificate, which one of V carries.
Justify Pbft::justify_of(const NewView& nv) const {
  for (const auto& entry : nv.entries) {
    const auto& vc = std::get<ViewChange>(entry.view_change->payload);
    if (vc.high_qc.slot == nv.justify_slot && vc.high_qc.block == nv.justify_block) return vc.high_qc;
  }
  return high_;
}

void Pbft::maybe_propose() {
  if (!active() || !is_primary()) return withdraw();
  const auto slot = next_slot();
  if (!slot || !may_leave_view()) return withdraw();

  Justify justify = high_;
  if (slot->index == 0 && slot->view > 0) {
    if (!new_view_ || std::get<NewView>(new_view_->payload).view != vote_.view) return withdraw();
    const auto& nv = std::get<NewView>(new_view_->payload);
    justify = justify_of(nv);
    if (nv.repropose) {
      auto node = blocks_.find(*nv.repropose);
      if (node != blocks_.end() && node->second.body && executed(*nv.repropose)) {
        withdraw();
        return pre_prepare(node->second.body, *slot, justify);
      }
      Judge judge;  // not want_body: it may be applied long since, and only its body be missing
      judge.block = *nv.repropose;
      judge.known_by_digest = true;
      judge.holders = others();
      out_->push_back(std::move(judge));
      return;
    }
  }

  const Header* parent = header_of(justify.block);
  if (!parent || !executed(justify.block)) {
    want_body(justify.block, justify.height,
              justify.certificate ? ids_of(justify.certificate->signers) : std::vector<ValidatorId>{});
    return withdraw();
  }
  // Nothing stands above an epoch's last block in its epoch; and COMMITs may not fall behind without bound.
  if (parent->epoch == committee_.epoch() && parent->ends_epoch()) return withdraw();
  if (parent->height >= tip_header_.height + kUncommittedMax) return withdraw();

  WantBlock want;
  want.parent = justify.block;
  want.parent_header = *parent;
  want.epoch = committee_.epoch();
  want.allow_empty = vote_.view > 0 && slot->index == 0;  // the view's first block shows that it works
  if (wanted_ && wanted_->parent == want.parent && wanted_->allow_empty == want.allow_empty) return;
  want.evidence = collect_evidence(*parent, *slot);
  want.ticket = ++ticket_;
  wanted_ = want;
  out_->push_back(std::move(want));
}

void Pbft::on(const BlockBuilt& built) {
  if (!wanted_ || built.ticket != wanted_->ticket || !built.block) return;
  const Hash parent = wanted_->parent;
  wanted_.reset();
  const auto slot = next_slot();
  if (!active() || !is_primary() || !slot || built.block->header.parent != parent) return;
  Justify justify = high_;
  if (slot->index == 0 && slot->view > 0) {
    if (!new_view_) return;
    justify = justify_of(std::get<NewView>(new_view_->payload));
  }
  if (justify.block != parent) return maybe_propose();
  pre_prepare(built.block, *slot, justify);
}

void Pbft::pre_prepare(const BlockPtr& block, const Slot& slot, const Justify& justify) {
  Propose p;
  p.slot = slot;
  p.header = block->header;
  for (const TxPtr& tx : block->txs) p.txs.push_back(tx->id());
  p.evidence = block->evidence;
  p.justify = justify;
  if (slot.index == 0 && slot.view > 0) p.new_view = new_view_;
  const Hash digest = vote_digest(VotePhase::kPrepare, config_.chain, slot, block->header.height, block->digest);
  p.signature = signer_->sign(digest.view());

  raise_high(justify);
  vote_.last_vote = LastVote{slot, block->digest, block->header.height, p.signature, {}};
  body_lost_ = false;
  BlockNode& node = blocks_[block->digest];
  if (!node.committed) node = BlockNode{block->header, block, true, true, false};
  own_proposal_ = make_message(std::move(p));
  proposals_[slot] = own_proposal_;
  const Lsn lsn = persist(block->digest, {own_proposal_});
  last_resend_us_ = now_.mono_us;
  last_heartbeat_us_ = now_.mono_us;
  trace("pre-prepare " + std::to_string(slot.index));
  send({}, own_proposal_, lsn);
}

// Who took part below the new block (the grandparent's COMMITs: by now those that will come have come), who failed to
// lead, who equivocated.
Evidence Pbft::collect_evidence(const Header& parent, const Slot& slot) const {
  Evidence out;
  const Epoch oldest = committee_.epoch() - (previous_committee_ ? 1 : 0);
  if (auto at = commits_of_.find(parent.parent); at != commits_of_.end() && at->second.slot.epoch >= oldest)
    out.certificates.push_back(at->second);
  if (slot.view > 0 && slot.index <= 1) {  // the view's first new block: at index 0 mostly an old one stands again
    TimeoutProof proof{slot.epoch, slot.view, {}, {}};
    for (size_t p = 0; p < committee_.size(); ++p) {
      const auto views = view_changes_.find(committee_.at(p).id);
      if (views == view_changes_.end()) continue;
      const auto at = views->second.find(slot.view);
      if (at == views->second.end()) continue;
      const auto& vc = std::get<ViewChange>(at->second->payload);
      if (vc.kind != ViewChangeKind::kTimeout) continue;
      proof.signers.insert(p);
      proof.signatures.push_back(std::get<Signature>(vc.timeout_signature));
    }
    if (committee_.holds_correct(proof.signers)) out.timeouts.push_back(std::move(proof));
  }
  for (const Equivocation& fault : faults_)
    if (fault.slot.epoch >= oldest && out.equivocations.size() < kEvidenceFaultsMax) out.equivocations.push_back(fault);
  std::sort(out.equivocations.begin(), out.equivocations.end(), [](const Equivocation& a, const Equivocation& b) {
    return std::tie(a.signer, a.slot) < std::tie(b.signer, b.slot);
  });
  return out;
}

}  // namespace tieline::consensus::pbft
