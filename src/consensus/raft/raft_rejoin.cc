// Rejoin (docs/raft.md, "Rejoin"): a validator whose durable state is damaged or gone cannot know what it voted for or
// acknowledged. It learns from a majority of others the highest term that it can have voted in, and neither votes nor
// acknowledges before it holds an entry that a leader of a higher term committed.

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

void Raft::send_rejoin_request() {
  RejoinRequest request{config_.self, config_.rejoin_nonce, committee_.epoch(), {}};
  const Hash digest = rejoin_request_digest(config_.chain, request);
  request.signature = signer_->sign(digest.view());
  send(others(), request, lsn_);
}

void Raft::on_rejoin_request(ValidatorId from, const RejoinRequest& request) {
  if (from == config_.self || request.signer != from || vote_.rejoining || !member()) return;
  if (!verifier_->verify(committee_.at(*committee_.position_of(from)).key,
                         rejoin_request_digest(config_.chain, request).view(), request.signature))
    return drop(from, "rejoin_bad_signature");
  Renewal& r = renewals_[from];
  if (now_.mono_us - r.replied_us < t0_us() / 4) return;
  r.replied_us = now_.mono_us;
  RejoinReply reply;
  reply.signer = config_.self;
  reply.nonce = request.nonce;
  reply.epoch = committee_.epoch();
  reply.view = std::max(vote_.view, vote_.pre_voted);
  const Hash digest = rejoin_reply_digest(config_.chain, reply);
  reply.signature = signer_->sign(digest.view());
  send({from}, std::move(reply), 0);  // promises were durable when they were made

  // A higher term has to commit something, also in an idle network: the leader renews its own, once for a nonce, and
  // again after a long pause if it is still asked. On the second request: by then others have answered.
  const int64_t pause = kRaftRenewPauseFactor * t0_us();
  if (r.nonce != request.nonce || (r.done && now_.mono_us - r.last_us > pause)) {
    if (r.done && now_.mono_us - r.last_us <= pause) return;
    r = Renewal{request.nonce, 0, r.last_us, r.replied_us, false};
  }
  ++r.requests;
  if (r.done || r.requests < 2 || !leads() || !participates()) return;
  r.done = true;
  r.last_us = now_.mono_us;
  trace("renews its term for validator " + std::to_string(from));
  start_pre_vote(true);
}

void Raft::on_rejoin_reply(ValidatorId from, const RejoinReply& reply) {
  if (!vote_.rejoining || from == config_.self || reply.signer != from || reply.nonce != config_.rejoin_nonce) return;
  if (!verifier_->verify(committee_.at(*committee_.position_of(from)).key,
                         rejoin_reply_digest(config_.chain, reply).view(), reply.signature))
    return drop(from, "rejoin_bad_signature");
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
