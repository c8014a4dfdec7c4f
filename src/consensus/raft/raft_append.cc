// Log replication (docs/raft.md, "Appending"): the leader appends blocks, each the child of the one before, up to a
// window ahead of what is committed; followers acknowledge by a signed COMMIT to the leader once all of the log up to
// there is held, valid and durable.

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

namespace {
constexpr size_t kAppendsKept = 64;  // entries that wait for their bodies; a newer one brings its parents with it
}

// --- leading --------------------------------------------------------------------------------------------------------

void Raft::withdraw() {
  if (!wanted_) return;
  wanted_.reset();
  out_->push_back(WantBlock{});
}

void Raft::maybe_append() {
  if (!leads() || !participates()) return withdraw();
  if (first_) {
    // What earlier terms left uncommitted goes first, once more, in a slot of this term: acknowledgements of this term
    // commit it, never those of an earlier one (figure 8 of the Raft paper).
    const auto end = log_end();
    TL_CHECK_MSG(end.has_value(), "a leader holds its own log");
    head_ = end->block;
    if (head_ != tip_) {
      const BlockNode& node = blocks_.at(head_);
      if (node.body) {
        withdraw();
        return append(node.body);
      }
      return want_body(head_, node.header.height, others());
    }
  }
  if (head_ends_epoch_ || static_cast<int64_t>(in_flight_.size()) >= kRaftWindow) return withdraw();
  WantBlock want;
  want.parent = head_;
  want.parent_header = blocks_.at(head_).header;
  want.epoch = committee_.epoch();
  want.allow_empty = first_;
  if (wanted_ && wanted_->parent == want.parent && wanted_->allow_empty == want.allow_empty) return;
  want.ticket = ++ticket_;
  wanted_ = want;
  out_->push_back(std::move(want));
}

void Raft::on(const BlockBuilt& built) {
  if (!wanted_ || built.ticket != wanted_->ticket || !built.block) return;
  wanted_.reset();
  if (!leads() || !participates() || built.block->header.parent != head_) return;
  append(built.block);
}

void Raft::append(const BlockPtr& block) {
  const Slot slot{committee_.epoch(), vote_.view, next_index_++};
  Propose p;
  p.slot = slot;
  p.header = block->header;
  for (const TxPtr& tx : block->txs) p.txs.push_back(tx->id());
  p.evidence = block->evidence;
  p.justify = Justify{std::nullopt, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_};
  if (tip_proof_ && tip_proof_->certificate.slot.epoch == committee_.epoch()) {
    const Certificate& c = tip_proof_->certificate;
    p.justify = Justify{c, c.slot, c.block, c.height};
  }
  BlockNode& node = blocks_[block->digest];
  if (!node.committed) node = BlockNode{block->header, block, true, true, false};
  vote_.last_vote = LastVote{slot, block->digest, block->header.height, {}, {}};
  body_lost_ = false;
  const Lsn lsn = persist(node.committed ? std::nullopt : std::optional<Hash>(block->digest));
  head_ = block->digest;
  head_ends_epoch_ = block->header.ends_epoch();
  first_ = false;
  const MessagePtr message = make_message(std::move(p));
  in_flight_[slot.index] = Appended{message, block->digest, block->header.height, now_.mono_us, {}};
  last_heartbeat_us_ = now_.mono_us;
  trace("append " + std::to_string(block->header.height));
  // Others write while this member does (thesis 10.2.1); its own vote counts when it comes back, durable.
  if (const auto to = others(); !to.empty()) out_->push_back(Send{to, message, 0});
  send({config_.self}, own_acknowledgement(), lsn);
  maybe_append();
}

CommitVote Raft::own_acknowledgement() const {
  const LastVote& v = *vote_.last_vote;
  const Hash digest = vote_digest(VotePhase::kCommit, config_.chain, v.slot, v.height, v.block);
  return CommitVote{config_.self, v.slot, v.height, v.block, signer_->sign(digest.view())};
}

void Raft::on_acknowledgement(ValidatorId from, const CommitVote& m) {
  if (m.signer != from) return drop(from, "acknowledgement_not_own");
  if (!leads() || m.slot.epoch != committee_.epoch() || m.slot.view != vote_.view) return;
  contact_us_[from] = now_.mono_us;
  auto at = in_flight_.find(m.slot.index);
  if (at == in_flight_.end()) return;  // committed meanwhile
  Appended& entry = at->second;
  const size_t position = *committee_.position_of(from);
  if (entry.block != m.block || entry.height != m.height) return drop(from, "acknowledgement_of_another_block");
  if (entry.acknowledgements.contains(position)) return;
  const Hash digest = vote_digest(VotePhase::kCommit, config_.chain, m.slot, m.height, m.block);
  if (!verify_vote(committee_, position, digest, m.signature, *verifier_))
    return drop(from, "acknowledgement_bad_signature");
  entry.acknowledgements.add(position, m.signature, true);
  VoteSet::Settled votes = entry.acknowledgements.settled();
  Certificate certificate{m.slot, m.height, m.block, votes.signers, std::move(votes.signatures)};
  if (!committee_.is_quorum(certificate.signers)) return;
  in_flight_.erase(in_flight_.begin(), std::next(at));
  committed(m.block, CommitProof{{}, std::move(certificate), {}});
  if (tip_ == m.block) send(others(), Decided{tip_header_, *tip_proof_}, 0);
  maybe_append();
}

// --- following ------------------------------------------------------------------------------------------------------

void Raft::on_append(ValidatorId from, const MessagePtr& message) {
  const auto& p = std::get<Propose>(message->payload);
  if (from == config_.self || p.slot.index < 0) return drop(from, "append_malformed");
  if (p.header.chain != config_.chain || p.header.epoch != p.slot.epoch) return drop(from, "append_wrong_chain");
  if (!hear_leader(from, p.slot.epoch, p.slot.view)) return;
  if (!epoch_is_mine(from, p.slot.epoch, message)) return;
  if (const auto& c = p.justify.certificate; c && c->height > tip_header_.height) {
    if (!verify_certificate(*c, VotePhase::kCommit, Threshold::kQuorum, config_.chain, committee_, *verifier_).ok())
      return drop(from, "append_bad_certificate");
    committed(c->block, CommitProof{{}, *c, {}});
  }
  const Hash block = p.header.digest();
  if (!participates() && !vote_.rejoining) return;
  if (vote_.last_vote && vote_.last_vote->slot == p.slot) {
    if (vote_.last_vote->block != block) return drop(from, "append_two_blocks");
    if (participates() && !body_lost_) send({from}, own_acknowledgement(), lsn_);  // the first one was lost
    return;
  }
  // Older than what is acknowledged in this term: it came late, and takes nothing back.
  if (p.slot <= position()) return;
  blocks_.try_emplace(block, BlockNode{p.header, nullptr, false, false, false});
  const bool fresh_append = appends_.emplace(p.slot, message).second;
  if (appends_.size() > kAppendsKept) appends_.erase(appends_.begin());
  if (executed(block)) return acknowledge_all();
  if (!fresh_append) return;
  if (!executed(p.header.parent)) want_body(p.header.parent, p.header.height - 1, {from});
  // Never refused for its age, new or not: at worst a leader that does not lie has a slow clock, and all that is
  // appended above an entry that is held back would wait with it for ever.
  out_->push_back(Judge{p.header, block, p.txs, p.evidence, false, false, {from}});
}

// The newest entry that is whole here speaks for all below it.
void Raft::acknowledge_all() {
  std::vector<Slot> slots;
  for (const auto& [slot, message] : appends_) slots.push_back(slot);
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    if (!appends_.contains(*slot)) return;
    acknowledge(*slot);
  }
}

void Raft::acknowledge(const Slot& slot) {
  if (!participates() || leads() || !leader_ || slot.view != vote_.view || slot.epoch != committee_.epoch()) return;
  if (slot <= position()) return;
  const auto& p = std::get<Propose>(appends_.at(slot)->payload);
  const Hash block = p.header.digest();
  if (!executed(block)) {
    if (auto node = blocks_.find(block); node != blocks_.end() && node->second.judged)
      trace("the leader appended an invalid block");
    return;
  }
  const bool done = is_committed(block);
  if (!done) {
    Hash missing;
    const auto path = path_from_tip(block, missing);
    if (!path) {
      if (missing.is_zero()) return drop(*leader_, "append_leaves_the_chain");
      return want_body(missing, 0, {*leader_});
    }
    for (const Hash& h : *path)
      if (!executed(h)) return want_body(h, blocks_.at(h).header.height, {*leader_});
  }
  vote_.last_vote = LastVote{slot, block, p.header.height, {}, {}};
  body_lost_ = false;
  const Lsn lsn = persist(done ? std::nullopt : std::optional<Hash>(block));
  trace("acknowledges " + std::to_string(p.header.height));
  appends_.erase(appends_.begin(), appends_.upper_bound(slot));
  send({*leader_}, own_acknowledgement(), lsn);
}

// --- bodies ---------------------------------------------------------------------------------------------------------

void Raft::on(const Judged& judged) {
  switch (take(judged)) {
    case Took::kNothing:
      return;
    case Took::kKnown:
    case Took::kBody:
      return maybe_append();
    case Took::kJudged:
      break;
  }
  if (body_lost_ && judged.valid && judged.block == vote_.last_vote->block) {
    body_lost_ = false;
    persist(judged.block);
  }
  retry_pending_commit();
  acknowledge_all();
  maybe_append();
}

}  // namespace tieline::consensus
