// What makes two kernels of one validator the same (Explorable::fingerprint). Two that differ here may behave
// differently; two that agree here must not. The explorer merges states by it, so a forgotten field would hide
// behaviour: tests/consensus/fingerprint_fields_test.py holds every member of Kernel and ChainedEngine to standing
// here, and `explore --audit` steps merged states side by side.
//
// Left out, and why:
//   front_                                      follows from the engine in config_
//   signer_, verifier_, now_, out_              what the kernel is given, not what it is
//   leaders_, waits_                            caches of pure functions of committee_ and the view
//   requests_                                   what it holds is looked for in view_changes_ before it counts
//   desk_, measuring_                           what goes into blocks as evidence, at which no rule of agreement looks;
//                                               the explorer's blocks hold none, and it loses what they would say
//   lsn_, ticket_                               numbers that only name a record or a request
//   view_entered_us_, full_commit_us_, certified_us_, changing_us_, heard_us_, asked_us_, last_resend_us_,
//   last_heartbeat_us_, failures_
//                                               they move deadlines and nothing else; whether a timer is armed stands
//                                               in
// Of oldest_us_, quorum_changing_us_ and hand_overs_ only whether a time is known is written, of timers_ only whether
// they are armed, of vote_ all but its sequence, of wanted_ all but the evidence (the request has been made).

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

namespace {

void write(Writer& w, const MessagePtr& message) {
  w.boolean(message != nullptr);
  if (message) encode(w, message->digest);
}

template <class List>
void write_messages(Writer& w, const List& list) {
  w.u64(list.size());
  for (const MessagePtr& message : list) write(w, message);
}

}  // namespace

void Kernel::fingerprint(Writer& w) const {
  w.u16(config_.self);
  encode(w, config_.rejoin_nonce);
  write_chain(w);
  write_votes(w);
  write_view(w);
  write_rejoin(w);
}

void Kernel::write_chain(Writer& w) const {
  encode(w, committee_);
  encode(w, previous_committee_);
  encode(w, tip_);
  encode(w, tip_header_);
  encode(w, tip_slot_);
  encode(w, tip_proof_);
  encode(w, epoch_start_);
  w.u64(epoch_base_);
  w.i64(epoch_start_ms_);
  encode(w, epoch_start_header_);
  encode(w, epoch_start_proof_);
  w.boolean(awaiting_epoch_);
  checkpoints_.fingerprint(w);
  w.u64(blocks_.size());
  for (const auto& [digest, node] : blocks_) {
    encode(w, digest);  // known by digest alone, the header is a placeholder until the body comes
    encode(w, node.header);
    w.boolean(node.body != nullptr);
    w.boolean(node.judged);
    w.boolean(node.valid);
    w.boolean(node.committed);
  }
  w.u64(certificates_of_.size());
  for (const auto& [block, certificate] : certificates_of_) {
    encode(w, block);
    encode(w, certificate);
  }
  w.boolean(pending_commit_.has_value());
  if (pending_commit_) {
    encode(w, pending_commit_->block);
    encode(w, pending_commit_->proof);
  }
}

void Kernel::write_votes(Writer& w) const {
  VoteRecord vote = vote_;
  vote.sequence = 0;
  encode(w, vote);
  encode(w, high_);
  w.boolean(body_lost_);
  w.boolean(recalled_.has_value());
  if (recalled_) {
    write(w, recalled_->new_view);
    write(w, recalled_->own_proposal);
    write(w, recalled_->own_view_change);
  }
  encode(w, recorded_high_);
  encode(w, persisted_high_);
  write(w, own_proposal_);
  write(w, own_view_change_);
  confirms_.fingerprint(w);
  w.u64(distrusted_.size());
  for (const ValidatorId id : distrusted_) w.u16(id);
  w.u64(proposals_.size());
  for (const auto& [slot, message] : proposals_) {
    encode(w, slot);
    write(w, message);
  }
  w.u64(quorum_certificates_.size());
  for (const auto& [slot, certificate] : quorum_certificates_) {
    encode(w, slot);
    encode(w, certificate);
  }
  w.u64(equivocators_.size());
  for (const ValidatorId id : equivocators_) w.u16(id);
  w.u64(faults_.size());
  for (const Equivocation& fault : faults_) encode(w, fault);
}

void Kernel::write_view(Writer& w) const {
  w.boolean(view_committed_);
  write(w, new_view_);
  encode(w, view_start_ms_);
  w.u64(view_changes_.size());
  for (const auto& [id, views] : view_changes_) {
    w.u16(id);
    w.u64(views.size());
    for (const auto& [view, entry] : views) {
      w.u64(view);
      write(w, entry.message);
      w.boolean(entry.acked);
    }
  }
  w.u64(acks_.size());
  for (const auto& [view, subjects] : acks_) {
    w.u64(view);
    w.u64(subjects.size());
    for (const auto& [subject, signers] : subjects) {
      w.u16(subject);
      w.u64(signers.size());
      for (const auto& [signer, ack] : signers) {
        w.u16(signer);
        encode(w, ack.view_change);
        encode(w, ack.signature);
      }
    }
  }
  w.u64(asks_);
  w.u64(told_);
  w.u64(failed_in_.size());
  for (const auto& [id, view] : failed_in_) {
    w.u16(id);
    w.u64(view);
  }
  write_messages(w, new_views_);
  w.boolean(quorum_changing_us_.has_value());
  w.u64(early_.size());
  for (const auto& [from, messages] : early_) {
    w.u16(from);
    write_messages(w, messages);
  }
  w.boolean(wanted_.has_value());
  if (wanted_) {
    encode(w, wanted_->parent);
    w.u64(wanted_->epoch);
    w.boolean(wanted_->is_void);
    w.boolean(wanted_->allow_empty);
  }
  w.boolean(oldest_us_.has_value());
  for (const Timer& timer : timers_) w.boolean(timer.deadline.has_value());
}

void Kernel::write_rejoin(Writer& w) const {
  w.u32(rejoin_requests_);
  w.u64(rejoin_replies_.size());
  for (const auto& [id, reply] : rejoin_replies_) {
    w.u16(id);
    write(w, make_message(reply));
  }
  w.u64(hand_overs_.size());
  for (const auto& [id, h] : hand_overs_) {
    w.u16(id);
    encode(w, h.nonce);
    w.u64(h.requests);
    w.boolean(h.replied_us > HandOver{}.replied_us);
    w.boolean(h.done);
  }
}

}  // namespace tieline::consensus
