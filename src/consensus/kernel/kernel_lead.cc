// What the leader of a view does: it wants a block above the last certificate of its view, proposes it as its own vote,
// and waits for the certificate. One slot is outstanding at a time.

#include <algorithm>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

void Kernel::withdraw() {
  if (!wanted_) return;
  wanted_.reset();
  out_->push_back(WantBlock{});
}

// The slot this leader may fill now: nothing while its last proposal has no certificate.
std::optional<Slot> Kernel::next_slot() const {
  Slot next{committee_.epoch(), vote_.view, 0};
  if (high_.slot.view == vote_.view && high_.slot.index >= 0) next.index = high_.slot.index + 1;
  if (vote_.last_vote && vote_.last_vote->slot >= next) return std::nullopt;
  return next;
}

void Kernel::maybe_propose() {
  if (!active() || !is_leader()) return withdraw();
  const auto slot = next_slot();
  if (!slot) return withdraw();
  if (!high_.certificate && !high_.slot.is_epoch_start())
    return withdraw();  // lost in a crash: it comes with the next one

  Justify justify = high_;
  std::optional<Hash> again;
  if (slot->index == 0 && slot->view > 0) {
    if (!new_view_ || std::get<NewView>(new_view_->payload).view != vote_.view) return withdraw();
    const auto& nv = std::get<NewView>(new_view_->payload);
    again = nv.repropose;
    // J's certificate is in V, or highQC itself.
    justify = Justify{std::nullopt, nv.justify_slot, nv.justify_block, 0};
    for (const auto& entry : nv.entries) {
      const auto& vc = std::get<ViewChange>(entry.view_change->payload);
      if (vc.high_qc.slot == nv.justify_slot && vc.high_qc.block == nv.justify_block) justify = vc.high_qc;
    }
  }
  if (again) {
    auto node = blocks_.find(*again);
    if (node == blocks_.end() || !node->second.body || !executed(*again)) {
      std::vector<ValidatorId> holders;
      for (const Member& m : committee_.members())
        if (m.id != config_.self) holders.push_back(m.id);
      Judge judge;  // not want_body: it may be applied long since (before a restart), and only its body be missing
      judge.block = *again;
      judge.known_by_digest = true;
      judge.holders = std::move(holders);
      out_->push_back(std::move(judge));
      return;
    }
    withdraw();
    return propose(node->second.body, *slot, justify);
  }

  const Header* parent = header_of(justify.block);
  if (!parent || !executed(justify.block)) {
    want_body(justify.block, justify.height,
              justify.certificate ? ids_of(justify.certificate->signers) : std::vector<ValidatorId>{});
    return withdraw();
  }
  if (slot->index > 0 && tenure_reached(*parent, justify.slot)) return withdraw();

  // What is still uncommitted below the new block decides whether an empty one is worth proposing.
  bool pending = false;
  size_t empty_on_top = 0;
  Hash missing;
  if (const auto path = path_from_tip(justify.block, missing)) {
    for (const Hash& h : *path) {
      const Header& header = *header_of(h);
      const bool empty = header.tx_count == 0 && !header.ends_epoch();
      empty_on_top = empty ? empty_on_top + 1 : 0;
      pending |= !empty;
    }
  }
  WantBlock want;
  want.parent = justify.block;
  want.parent_header = *parent;
  want.epoch = committee_.epoch();
  want.is_void = parent->epoch == committee_.epoch() && (parent->ends_epoch() || parent->is_void);
  want.allow_empty =
      want.is_void || (vote_.view > 0 && !view_committed_) || (pending && empty_on_top < kEmptyBlocksMax);
  if (!want.allow_empty) tell_commit();  // no proposal to carry the certificate is due
  if (wanted_ && wanted_->parent == want.parent && wanted_->allow_empty == want.allow_empty) return;
  if (!want.is_void) want.evidence = collect_evidence(*parent, justify.block, *slot);
  want.ticket = ++ticket_;
  wanted_ = want;
  out_->push_back(std::move(want));
}

void Kernel::on(const BlockBuilt& built) {
  if (!wanted_ || built.ticket != wanted_->ticket || !built.block) return;
  const Hash parent = wanted_->parent;
  wanted_.reset();
  const auto slot = next_slot();
  if (!active() || !is_leader() || !slot || built.block->header.parent != parent) return;
  Justify justify = high_;
  if (slot->index == 0 && slot->view > 0) {
    if (!new_view_) return;
    const auto& nv = std::get<NewView>(new_view_->payload);
    for (const auto& entry : nv.entries) {
      const auto& vc = std::get<ViewChange>(entry.view_change->payload);
      if (vc.high_qc.slot == nv.justify_slot && vc.high_qc.block == nv.justify_block) justify = vc.high_qc;
    }
  }
  if (justify.block != parent) return maybe_propose();
  propose(built.block, *slot, justify);
}

void Kernel::propose(const BlockPtr& block, const Slot& slot, const Justify& justify) {
  Propose p;
  p.slot = slot;
  p.header = block->header;
  for (const TxPtr& tx : block->txs) p.txs.push_back(tx->id());
  p.evidence = block->evidence;
  p.justify = justify;
  std::vector<MessagePtr> messages;
  if (slot.index == 0 && slot.view > 0) {
    p.new_view = new_view_;
    messages.push_back(new_view_);
  }
  const Hash digest = confirm_digest(config_.chain, slot, block->header.height, block->digest);
  p.signature = signer_->sign(digest.view());

  raise_high(justify);
  vote_.last_vote = LastVote{slot, block->digest, block->header.height, p.signature, {}};
  if (p.new_view) vote_.last_vote->new_view = p.new_view->digest;
  vote_.view_changing = false;
  body_lost_ = false;
  desk_.voted({config_.self, slot, block->header.height, block->digest, p.signature});
  BlockNode& node = blocks_[block->digest];
  if (!node.committed) node = BlockNode{block->header, block, true, true, false};
  own_proposal_ = make_message(std::move(p));
  proposals_[slot] = own_proposal_;
  messages.push_back(own_proposal_);
  const Lsn lsn = persist(block->digest, std::move(messages));
  last_resend_us_ = now_.mono_us;
  last_heartbeat_us_ = now_.mono_us;
  told_ = tip_header_.height;
  trace("propose");
  send({}, own_proposal_, lsn);
}

}  // namespace tieline::consensus
