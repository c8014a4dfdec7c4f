// Rejoin (docs/pbft.md, "Rejoin"): a validator whose durable state is damaged or gone cannot know what it voted for. It
// asks the others where they stand, and signs nothing until it holds COMMITs of a quorum in a view strictly higher than
// all of theirs. It counts towards f meanwhile.

#include <algorithm>
#include <set>

#include "consensus/pbft/pbft.h"

namespace tieline::consensus::pbft {

void Pbft::send_rejoin_request() { send({}, make_message(rejoin_request()), lsn_); }

void Pbft::on_rejoin_request(ValidatorId from, const RejoinRequest& request) {
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
          reply.view_changes.push_back(views.rbegin()->second);
    }
    if (high_.certificate && high_.slot.view + 1 >= vote_.view) reply.certificate = high_.certificate;
  }
  sign(reply);
  const Lsn lsn = persist({}, {});  // epoch and view are durable before it says so
  send({from}, make_message(std::move(reply)), lsn);
  // A higher view may have committed the tip again: the chain that is caught up does not say so.
  if (tip_proof_ && tip_slot_.epoch == committee_.epoch())
    send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);

  HandOver* due = hand_over_due(from, request, kHandOverPauseFactor * t0_us());
  if (!due || !active()) return;
  made(*due);
  trace("hand-over for validator " + std::to_string(from));
  start_view_change(ViewChangeKind::kPlanned, vote_.view + 1);
}

void Pbft::on_rejoin_reply(ValidatorId from, const RejoinReply& reply) {
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

bool Pbft::proves_view(const RejoinReply& reply) const {
  if (reply.epoch < committee_.epoch() || reply.view <= 1) return true;
  if (reply.certificate && reply.certificate->slot.epoch == reply.epoch &&
      reply.certificate->slot.view + 1 >= reply.view && prepared(*reply.certificate))
    return true;
  std::set<ValidatorId> at_or_above, before;
  for (const MessagePtr& message : reply.view_changes) {
    const auto* vc = std::get_if<ViewChange>(&message->payload);
    if (!vc || vc->epoch != reply.epoch || vc->view + 1 < reply.view) continue;
    if (!signed_by(vc->signer, signed_digest(config_.chain, *message), vc->signature)) continue;
    before.insert(vc->signer);
    if (vc->view >= reply.view) at_or_above.insert(vc->signer);
  }
  return at_or_above.size() >= committee_.count().correct() || before.size() >= committee_.count().view_change();
}

void Pbft::maybe_finish_rejoin() {
  if (!vote_.rejoining || !tip_proof_ || awaiting_epoch_ || !committee_.position_of(config_.self)) return;
  const Certificate& newest = tip_proof_->certificate;
  if (newest.slot.epoch != committee_.epoch()) return;
  std::vector<std::pair<Epoch, View>> stands;
  for (const auto& [id, reply] : rejoin_replies_)
    if (reply.epoch <= committee_.epoch() && proves_view(reply)) stands.emplace_back(reply.epoch, reply.view);
  const size_t need = committee_.count().view_change();  // n-f others
  if (stands.size() < need) return;
  std::sort(stands.begin(), stands.end());
  if (std::pair(newest.slot.epoch, newest.slot.view) <= stands[need - 1]) return;  // strictly higher than all of them
  rejoin_replies_.clear();
  raise_high(Justify{newest, newest.slot, newest.block, newest.height});
  vote_.rejoining = false;
  vote_.epoch = newest.slot.epoch;
  vote_.view = newest.slot.view;
  vote_.view_changing = false;
  vote_.last_vote = LastVote{newest.slot, newest.block, newest.height, {}, {}};
  committed_to_ = newest.slot;
  new_view_.reset();
  persist({}, {});
  trace("rejoined");
  enter_view(std::max(vote_.view, high_.slot.view), "rejoin");  // P may have gone further: join on any certificate
}

}  // namespace tieline::consensus::pbft
