// Rejoin (docs/raft.md, "Rejoin"): a validator whose durable state is damaged or gone cannot know what it voted for or
// acknowledged. It learns from a majority of others the highest term that it can have voted in, and neither votes nor
// acknowledges before it holds an entry that a leader of a higher term committed.

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

void Raft::send_rejoin_request() { send(others(), rejoin_request(), lsn_); }

void Raft::on_rejoin_request(ValidatorId from, const RejoinRequest& request) {
  if (vote_.rejoining || !member() || !may_answer(from, request)) return;
  RejoinReply reply;
  reply.signer = config_.self;
  reply.nonce = request.nonce;
  reply.epoch = committee_.epoch();
  reply.view = std::max(vote_.view, vote_.pre_voted);
  sign(reply);
  send({from}, std::move(reply), 0);  // promises were durable when they were made

  // A higher term has to commit something, also in an idle network: the leader renews its own, once for a nonce, and
  // again after a long pause if it is still asked. On the second request: by then others have answered.
  HandOver* due = hand_over_due(from, request, kRaftRenewPauseFactor * t0_us());
  if (!due || !leads() || !participates()) return;
  made(*due);
  trace("renews its term for validator " + std::to_string(from));
  start_pre_vote(true);
}

void Raft::on_rejoin_reply(ValidatorId from, const RejoinReply& reply) {
  if (!answers_me(from, reply)) return;
  // Any answer to this nonce was given after the restart, so the lowest of a member will do.
  const auto [at, fresh] = rejoin_replies_.emplace(from, reply.view);
  if (!fresh) at->second = std::min(at->second, reply.view);
  if (reply.epoch > committee_.epoch()) out_->push_back(Behind{0, reply.epoch, {from}});
  maybe_finish_rejoin();
}

void Raft::maybe_finish_rejoin() {
  if (!vote_.rejoining || !tip_proof_ || awaiting_epoch_ || !member()) return;
  const Certificate& newest = tip_proof_->certificate;
  if (newest.slot.epoch != committee_.epoch() || newest.block != tip_) return;
  std::vector<View> terms;
  for (const auto& [id, term] : rejoin_replies_)
    if (committee_.position_of(id)) terms.push_back(term);
  const size_t need = committee_.count().quorum();  // a majority of all, made of others
  if (terms.size() < need) return;
  std::nth_element(terms.begin(), terms.begin() + static_cast<ptrdiff_t>(need - 1), terms.end());
  if (newest.slot.view <= terms[need - 1]) return;  // strictly higher than all of them
  rejoin_replies_.clear();
  if (newest.slot.view > vote_.view) follow(newest.slot.view, std::nullopt);
  vote_.rejoining = false;
  vote_.epoch = committee_.epoch();
  vote_.pre_voted = std::max(vote_.pre_voted, vote_.view);
  vote_.last_vote = LastVote{newest.slot, newest.block, newest.height, {}, {}};
  persist({});
  heard_us_ = now_.mono_us;
  trace("rejoined");
}

}  // namespace tieline::consensus
