// Rejoin (docs/consensus.md, "Rejoin"): a validator whose durable state is damaged or gone cannot know what it voted
// for. It asks the others where they stand, and signs no CONFIRM, ACK or VIEW-CHANGE until it holds a commit
// certificate of a view strictly higher than all of theirs. It counts towards f meanwhile.

#include <algorithm>
#include <set>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

void Kernel::send_rejoin_request() {
  ++rejoin_requests_;
  send({}, make_message(rejoin_request()), lsn_);
}

void Kernel::on_rejoin_request(ValidatorId from, const RejoinRequest& request) {
  if (!participates() || !may_answer(from, request)) return;
  RejoinReply reply;
  reply.signer = config_.self;
  reply.nonce = request.nonce;
  reply.epoch = vote_.epoch;
  reply.view = vote_.view;
  // That the view is in use: VIEW-CHANGEs to it or beyond, or a certificate of it or of the view before.
  if (vote_.view > 1) {
    if (new_view_) {
      for (const auto& entry : std::get<NewView>(new_view_->payload).entries)
        reply.view_changes.push_back(entry.view_change);
    } else {
      for (const auto& [id, views] : view_changes_)
        if (!views.empty() && views.rbegin()->first + 1 >= vote_.view)
          reply.view_changes.push_back(views.rbegin()->second.message);
    }
    if (high_.certificate && high_.slot.view + 1 >= vote_.view) reply.certificate = high_.certificate;
  }
  sign(reply);
  const Lsn lsn = persist({}, {});  // epoch and view are durable before it says so
  send({from}, make_message(std::move(reply)), lsn);

  // The pause doubles, because a planned move lengthens no time-out: on a network where no view commits within the
  // first pause, hand-overs alone would end every view before it does anything.
  const uint32_t times = std::min(hand_overs_[from].times, kBackoffMax);
  HandOver* due = hand_over_due(from, request, kHandOverPauseFactor * t0_us() << times);
  if (!due || !active()) return;
  made(*due);
  trace("hand-over for validator " + std::to_string(from));
  start_view_change(ViewChangeKind::kPlanned, vote_.view + 1);
}

void Kernel::on_rejoin_reply(ValidatorId from, const MessagePtr& message) {
  const auto& reply = std::get<RejoinReply>(message->payload);
  if (!answers_me(from, reply)) return;
  auto known = rejoin_replies_.find(from);
  const bool lower = known == rejoin_replies_.end() ||
                     std::tie(reply.epoch, reply.view) < std::tie(known->second.epoch, known->second.view);
  // Any answer to this nonce was given after the restart, so the lowest of a member will do; but a member that
  // restarted itself may have been unable to prove its view when it was first asked.
  if (lower || !proves_view(known->second)) rejoin_replies_[from] = reply;
  if (reply.epoch > committee_.epoch()) out_->push_back(Behind{0, reply.epoch, {from}});
  maybe_finish_rejoin();
}

bool Kernel::proves_view(const RejoinReply& reply) const {
  if (reply.epoch < committee_.epoch() || reply.view <= 1) return true;
  if (reply.certificate && reply.certificate->slot.epoch == reply.epoch &&
      reply.certificate->slot.view + 1 >= reply.view && check_certificate(*reply.certificate).ok())
    return true;
  SignerSet at_or_above, before;
  for (const MessagePtr& message : reply.view_changes) {
    const auto* vc =
        std::get_if<ViewChange>(&message->payload);  // a NEW-VIEW may stand there too, and proves nothing more
    if (!vc || vc->epoch != reply.epoch || vc->view + 1 < reply.view) continue;
    if (!signed_by(vc->signer, signed_digest(config_.chain, *message), vc->signature)) continue;
    const size_t position = *position_of(vc->signer);  // its signature was verified under the committee's key
    before.insert(position);
    if (vc->view >= reply.view) at_or_above.insert(position);
  }
  return committee_.holds_correct(at_or_above) || committee_.holds_view_change_set(before);
}

void Kernel::maybe_finish_rejoin() {
  if (!vote_.rejoining || !tip_proof_ || awaiting_epoch_ || !position_of(config_.self)) return;
  const Certificate& newest = tip_proof_->second ? tip_proof_->second->certificate : tip_proof_->certificate;
  if (newest.slot.epoch != committee_.epoch()) return;
  std::vector<std::tuple<Epoch, View, size_t>> stands;
  for (const auto& [id, reply] : rejoin_replies_)
    if (const auto at = position_of(id); at && reply.epoch <= committee_.epoch() && proves_view(reply))
      stands.emplace_back(reply.epoch, reply.view, *at);
  std::sort(stands.begin(), stands.end());
  SignerSet lowest;  // of others: as many as a view change needs
  auto highest = stands.begin();
  for (; highest != stands.end(); ++highest) {
    lowest.insert(std::get<2>(*highest));
    if (committee_.holds_view_change_set(lowest)) break;
  }
  if (highest == stands.end()) return;
  // Strictly higher than all of them.
  if (std::pair(newest.slot.epoch, newest.slot.view) <= std::pair(std::get<0>(*highest), std::get<1>(*highest))) return;
  rejoin_replies_.clear();
  raise_high(Justify{newest, newest.slot, newest.block, newest.height});
  vote_.rejoining = false;
  vote_.epoch = newest.slot.epoch;
  vote_.view = newest.slot.view;
  vote_.view_changing = false;
  vote_.voted_for.reset();
  vote_.last_vote = LastVote{newest.slot, newest.block, newest.height, {}, {}};
  new_view_.reset();
  persist({}, {});
  trace("rejoined");
  enter_view(std::max(vote_.view, high_.slot.view), "rejoin");  // highQC may have gone further: join on any certificate
}

}  // namespace tieline::consensus
