#include "consensus/chained_engine.h"

namespace tieline::consensus {

ChainedEngine::ChainedEngine(EngineConfig config, ChainState chain, const Signer& signer, const Verifier& verifier)
    : config_(std::move(config)),
      signer_(&signer),
      verifier_(&verifier),
      committee_(std::move(chain.committee)),
      tip_(chain.tip_digest),
      tip_header_(std::move(chain.tip)),
      tip_proof_(std::move(chain.tip_proof)),
      epoch_start_(chain.epoch_start),
      epoch_base_(chain.epoch_base),
      epoch_start_ms_(chain.epoch_start_ms),
      epoch_start_proof_(std::move(chain.epoch_start_proof)),
      checkpoints_(std::move(chain.stable)) {
  if (tip_proof_) tip_slot_ = tip_proof_->certificate.slot;
  if (tip_ == epoch_start_) epoch_start_header_ = tip_header_;
  blocks_[tip_] = BlockNode{tip_header_, nullptr, true, true, true};
}

// --- durable records, messages, timers ------------------------------------------------------------------------------

void ChainedEngine::recover_record(const Recovered& recovered) {
  vote_.epoch = committee_.epoch();
  if (recovered.vote) {
    vote_ = *recovered.vote;
    lsn_ = vote_.sequence;
  }
  if (!recovered.damaged) return;
  const uint64_t sequence = vote_.sequence;
  vote_ = VoteRecord{};
  vote_.sequence = sequence;
  vote_.epoch = committee_.epoch();
  vote_.rejoining = true;
}

void ChainedEngine::recover_blocks(std::vector<Header> uncommitted) {
  for (Header& header : uncommitted) {
    const Hash digest = header.digest();
    blocks_.try_emplace(digest, BlockNode{std::move(header), nullptr, false, false, false});
  }
  body_lost_ =
      vote_.last_vote && vote_.last_vote->height > tip_header_.height && !blocks_.contains(vote_.last_vote->block);
}

bool ChainedEngine::renew_record() {
  if (vote_.epoch >= committee_.epoch()) return false;
  vote_.epoch = committee_.epoch();
  vote_.last_vote.reset();
  body_lost_ = false;
  return true;
}

Lsn ChainedEngine::write_record(const Justify& high, std::optional<Hash> body, std::vector<MessagePtr> messages) {
  ++vote_.sequence;
  lsn_ = vote_.sequence;
  // A record ahead of the chain keeps what it says of its own epoch.
  const bool ahead = vote_.epoch > committee_.epoch();
  if (!ahead) {
    vote_.high_slot = high.slot;
    vote_.high_block = high.block;
    vote_.high_height = high.height;
  }
  Persist p{lsn_, vote_, body, {}, std::move(messages)};
  if (!ahead && high.certificate && persisted_high_ != high.slot) p.high_qc = high.certificate;
  if (!ahead) persisted_high_ = high.slot;
  out_->push_back(std::move(p));
  return lsn_;
}

void ChainedEngine::send(std::vector<ValidatorId> to, MessagePtr message, Lsn after) {
  out_->push_back(Send{std::move(to), std::move(message), after});
}

void ChainedEngine::trace(std::string event) {
  if (config_.trace) out_->push_back(Trace{std::move(event)});
}

void ChainedEngine::arm(TimerId id, std::optional<int64_t> deadline) {
  Timer& t = timers_[static_cast<size_t>(id)];
  if (t.deadline == deadline) return;
  t.deadline = deadline;
  out_->push_back(ArmTimer{id, ++t.generation, deadline});
}

bool ChainedEngine::takes(const TimerFired& fired) {
  Timer& t = timers_[static_cast<size_t>(fired.id)];
  if (fired.generation != t.generation || !t.deadline) return false;
  t.deadline.reset();
  return true;
}

// --- the committee --------------------------------------------------------------------------------------------------

bool ChainedEngine::participates() const {
  return !vote_.rejoining && vote_.epoch == committee_.epoch() && !awaiting_epoch_ &&
         position_of(config_.self).has_value();
}

bool ChainedEngine::signed_by(ValidatorId id, const Hash& digest, const Signature& signature) const {
  const auto position = position_of(id);
  return position && verifier_->verify(committee_.at(*position).key, digest.view(), signature);
}

bool ChainedEngine::voted_by(ValidatorId id, const Hash& digest, const VoteSignature& vote) const {
  const auto position = position_of(id);
  return position && verify_vote(committee_, *position, digest, vote, *verifier_);
}

std::vector<ValidatorId> ChainedEngine::ids_of(const SignerSet& signers) const {
  std::vector<ValidatorId> out;
  for (size_t p : signers.positions())
    if (p < committee_.size() && committee_.at(p).id != config_.self) out.push_back(committee_.at(p).id);
  return out;
}

std::vector<ValidatorId> ChainedEngine::others() const {
  std::vector<ValidatorId> out;
  for (const Member& m : committee_.members())
    if (m.id != config_.self) out.push_back(m.id);
  return out;
}

const Committee* ChainedEngine::committee_at(Epoch epoch) const {
  if (epoch == committee_.epoch()) return &committee_;
  if (previous_committee_ && epoch == previous_committee_->epoch()) return &*previous_committee_;
  return nullptr;
}

// --- epochs ---------------------------------------------------------------------------------------------------------

void ChainedEngine::begin_epoch(Committee committee, const Hash& start, const Header& start_header,
                                std::optional<CommitProof> proof) {
  previous_committee_ = std::move(committee_);
  committee_ = std::move(committee);
  awaiting_epoch_ = false;
  epoch_start_ = start;
  epoch_base_ = start_header.height;
  epoch_start_ms_ = start_header.time_ms;
  epoch_start_header_ = start_header;
  epoch_start_proof_ = std::move(proof);
}

bool ChainedEngine::check_epoch(ValidatorId from, Epoch epoch, const MessagePtr& message) {
  if (epoch == committee_.epoch()) return true;
  if (epoch > committee_.epoch()) {
    if (epoch == committee_.epoch() + 1 && keep_early(from, message) < kEarlyMeansBehind) return false;
    out_->push_back(Behind{0, epoch, {from}});
    return false;
  }
  if (std::holds_alternative<ViewChange>(message->payload)) {
    if (epoch_start_header_ && epoch_start_proof_)
      send({from}, make_message(Decided{*epoch_start_header_, *epoch_start_proof_}), 0);
    else
      send({from}, make_message(Heartbeat{committee_.epoch(), vote_.view, tip_header_.height}), 0);
  }
  return false;
}

size_t ChainedEngine::keep_early(ValidatorId from, const MessagePtr& message) {
  auto& queue = early_[from];
  size_t bytes = message->bytes.size();
  for (const MessagePtr& kept : queue) bytes += kept->bytes.size();
  while (!queue.empty() && (queue.size() >= kEarlyPerMemberMax || bytes > kEarlyBytesPerMemberMax)) {
    bytes -= queue.front()->bytes.size();
    queue.pop_front();
  }
  queue.push_back(message);
  return queue.size();
}

std::vector<Received> ChainedEngine::take_early() {
  std::vector<Received> out;
  for (const auto& [from, messages] : early_)
    for (const MessagePtr& message : messages) out.push_back(Received{from, message});
  early_.clear();
  return out;
}

// --- checkpoints ----------------------------------------------------------------------------------------------------

void ChainedEngine::on(const CheckpointReached& reached) {
  const Header* header = header_of(reached.block);
  const Epoch epoch = header ? header->epoch : committee_.epoch();
  const Committee* committee = committee_at(epoch);
  if (!committee || !committee->position_of(config_.self) || vote_.rejoining) return;
  CheckpointVote vote{config_.self, epoch, reached.height, reached.block, reached.state_root, {}};
  const Hash digest = checkpoint_digest(config_.chain, epoch, vote.height, vote.block, vote.state_root);
  vote.signature = sign_vote(committee->certificates(), *signer_, digest);
  send({}, make_message(vote), 0);  // it says what the chain says: a crash cannot make this member say two things
}

CheckpointVotes::Rules ChainedEngine::checkpoint_rules(const Committee& committee) const {
  return {config_.chain, committee, *verifier_, config_.params.checkpoint_blocks, tip_header_.height};
}

void ChainedEngine::on_checkpoint_vote(ValidatorId from, const CheckpointVote& vote) {
  if (const Committee* committee = committee_at(vote.epoch))
    note_checkpoint(from, checkpoints_.add(vote, vote.signer == from, checkpoint_rules(*committee)));
}

void ChainedEngine::note_checkpoint(ValidatorId from, CheckpointVotes::Added added) {
  if (added.refused != nullptr) return drop(from, added.refused);
  if (!added.certificate) return;
  trace("stable checkpoint " + std::to_string(added.certificate->height));
  out_->push_back(StableCheckpoint{std::move(*added.certificate)});
}

// --- rejoin ---------------------------------------------------------------------------------------------------------

RejoinRequest ChainedEngine::rejoin_request() const {
  RejoinRequest request{config_.self, config_.rejoin_nonce, committee_.epoch(), {}};
  request.signature = signer_->sign(rejoin_request_digest(config_.chain, request).view());
  return request;
}

bool ChainedEngine::may_answer(ValidatorId from, const RejoinRequest& request) {
  if (from == config_.self || request.signer != from) return false;
  if (!signed_by(from, rejoin_request_digest(config_.chain, request), request.signature)) {
    drop(from, "rejoin_bad_signature");
    return false;
  }
  HandOver& h = hand_overs_[from];
  if (now_.mono_us - h.replied_us < t0_us() / 4) return false;
  h.replied_us = now_.mono_us;
  return true;
}

void ChainedEngine::sign(RejoinReply& reply) const {
  reply.signature = signer_->sign(rejoin_reply_digest(config_.chain, reply).view());
}

ChainedEngine::HandOver* ChainedEngine::hand_over_due(ValidatorId from, const RejoinRequest& request,
                                                      int64_t pause_us) {
  HandOver& h = hand_overs_[from];
  const bool rested = now_.mono_us - h.last_us > pause_us;
  if (h.done && !rested && h.nonce != request.nonce) return nullptr;
  if (h.nonce != request.nonce || (h.done && rested))
    h = HandOver{request.nonce, 0, h.last_us, h.replied_us, false, h.times};
  ++h.requests;
  return h.done || h.requests < 2 ? nullptr : &h;
}

void ChainedEngine::made(HandOver& hand_over) {
  hand_over.done = true;
  ++hand_over.times;
  hand_over.last_us = now_.mono_us;
}

bool ChainedEngine::answers_me(ValidatorId from, const RejoinReply& reply) {
  if (!vote_.rejoining || from == config_.self || reply.signer != from || reply.nonce != config_.rejoin_nonce)
    return false;
  if (signed_by(from, rejoin_reply_digest(config_.chain, reply), reply.signature)) return true;
  drop(from, "rejoin_bad_signature");
  return false;
}

}  // namespace tieline::consensus
