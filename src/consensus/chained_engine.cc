#include "consensus/chained_engine.h"

#include <algorithm>

#include "base/check.h"

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

// --- blocks ---------------------------------------------------------------------------------------------------------

const Header* ChainedEngine::header_of(const Hash& block) const {
  auto at = blocks_.find(block);
  return at == blocks_.end() ? nullptr : &at->second.header;
}

bool ChainedEngine::executed(const Hash& block) const {
  auto at = blocks_.find(block);
  return at != blocks_.end() && (at->second.committed || (at->second.judged && at->second.valid));
}

bool ChainedEngine::is_committed(const Hash& block) const {
  auto at = blocks_.find(block);
  return at != blocks_.end() && at->second.committed;
}

// Whoever waits has not been passed over by it: there was no more room.
bool ChainedEngine::is_full(const BlockNode& node) const {
  size_t bytes = 0;
  if (node.body)
    for (const TxPtr& tx : node.body->txs) bytes += tx->bytes().size();
  return node.header.tx_count >= config_.params.block_tx_max ||
         bytes * 10 >= size_t{config_.params.block_bytes_max} * 9;
}

void ChainedEngine::want_body(const Hash& block, Height height, std::vector<ValidatorId> holders) {
  if (executed(block)) return;
  Judge judge;
  judge.block = block;
  judge.header.height = height;
  judge.known_by_digest = true;
  std::erase(holders, config_.self);
  judge.holders = std::move(holders);
  out_->push_back(std::move(judge));
}

void ChainedEngine::want_lost_body() {
  if (body_lost_) want_body(vote_.last_vote->block, vote_.last_vote->height, others());
}

ChainedEngine::Took ChainedEngine::take(const Judged& judged) {
  auto at = blocks_.find(judged.block);
  if (at == blocks_.end()) {
    if (!judged.body) return Took::kNothing;
    at = blocks_.try_emplace(judged.block, BlockNode{judged.body->header, nullptr, false, false, false}).first;
  }
  BlockNode& node = at->second;
  if (node.judged || node.committed) {
    if (node.body || !judged.body) return Took::kKnown;
    node.body = judged.body;  // asked for again to be proposed again
    return Took::kBody;
  }
  if (judged.body && !may_hang_on_tip(judged.block)) {  // the chain went another way meanwhile
    blocks_.erase(at);
    return Took::kNothing;
  }
  if (judged.body) {
    node.body = judged.body;
    node.header = judged.body->header;  // known by digest until now
  }
  node.judged = true;
  node.valid = judged.valid;
  if (!judged.valid) trace("invalid block: " + judged.why);
  return Took::kJudged;
}

namespace {

// A void block has the height of the block below it.
bool stands_above(const Header& header, const Header& tip) {
  return header.height > tip.height || (header.height == tip.height && header.is_void);
}

}  // namespace

std::optional<std::vector<Hash>> ChainedEngine::path_from_tip(const Hash& block, Hash& missing) const {
  std::vector<Hash> path;
  Hash at = block;
  missing = Hash{};
  while (at != tip_) {
    auto node = blocks_.find(at);
    if (node == blocks_.end()) {
      missing = at;
      return std::nullopt;
    }
    const Header& header = node->second.header;
    if (node->second.committed || !stands_above(header, tip_header_) || path.size() > kCommitPathMax)
      return std::nullopt;
    path.push_back(at);
    at = header.parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool ChainedEngine::may_hang_on_tip(const Hash& block) const {
  Hash at = block;
  Height height = tip_header_.height + 1;  // of `at`
  while (at != tip_) {
    auto node = blocks_.find(at);
    if (node == blocks_.end()) return height > tip_header_.height;  // not known yet
    const Header& header = node->second.header;
    if (node->second.committed || !stands_above(header, tip_header_)) return false;
    at = header.parent;
    height = header.is_void ? header.height : header.height - 1;
  }
  return true;
}

// --- commits --------------------------------------------------------------------------------------------------------

std::optional<std::vector<Hash>> ChainedEngine::path_to_commit(const Hash& block, const CommitProof& proof) {
  Hash missing;
  auto path = path_from_tip(block, missing);
  const auto holders = ids_of(proof.certificate.signers);
  const auto wait = [&] {
    if (!pending_commit_ || pending_commit_->proof.certificate.slot < proof.certificate.slot)
      pending_commit_ = PendingCommit{block, proof};
  };
  if (!path) {
    if (missing.is_zero()) {
      if (proof.certificate.height >= tip_header_.height)  // else below a snapshot that was installed
        out_->push_back(Broken{std::string("a block is committed whose chain leaves this one: ") + too_many_faulty()});
      return std::nullopt;
    }
    wait();
    want_body(missing, 0, holders);
    out_->push_back(Behind{proof.certificate.height, committee_.epoch(), holders});
    return std::nullopt;
  }
  for (const Hash& h : *path) {
    const BlockNode& n = blocks_.at(h);
    if (n.judged && !n.valid) {
      out_->push_back(Broken{std::string("a certificate stands on a block that is invalid here: ") + too_many_faulty() +
                             ", or this one computes something else"});
      return std::nullopt;
    }
    if (n.judged) continue;
    wait();
    want_body(h, n.header.height, holders);
    return std::nullopt;
  }
  return path;
}

void ChainedEngine::retry_pending_commit() {
  if (!pending_commit_) return;
  PendingCommit pending = std::move(*pending_commit_);
  pending_commit_.reset();
  committed(pending.block, std::move(pending.proof));
}

void ChainedEngine::advance(Commit commit, CommitProof proof) {
  tip_ = commit.blocks.back();
  tip_header_ = commit.headers.back();
  tip_slot_ = proof.certificate.slot;
  tip_proof_ = proof;
  commit.proof = std::move(proof);
  failures_ = 0;
  if (vote_.last_vote && vote_.last_vote->height <= tip_header_.height) body_lost_ = false;
  awaiting_epoch_ = tip_header_.ends_epoch();
  if (pending_commit_ && is_committed(pending_commit_->block)) pending_commit_.reset();
  trace("commit " + std::to_string(tip_header_.height));
  out_->push_back(std::move(commit));
}

Height ChainedEngine::oldest_recent() const {
  return tip_header_.height > kRecentBlocks ? tip_header_.height - kRecentBlocks : 0;
}

void ChainedEngine::prune_blocks() {
  const Height recent = oldest_recent();
  std::vector<Hash> left;
  for (const auto& [digest, n] : blocks_)
    if (n.committed ? n.header.height < recent : !may_hang_on_tip(digest)) left.push_back(digest);
  for (const Hash& digest : left)
    if (digest != tip_ && digest != epoch_start_) blocks_.erase(digest);
  for (auto& [digest, n] : blocks_)
    if (n.committed && digest != tip_) n.body.reset();
}

std::optional<std::vector<Hash>> ChainedEngine::chain_of(const CaughtUp& caught, CommitRule rule) {
  if (caught.headers.empty() || awaiting_epoch_) return std::nullopt;
  // What was committed here meanwhile is skipped.
  size_t first = 0;
  while (first < caught.headers.size() && caught.headers[first].height <= tip_header_.height) ++first;
  if (first == caught.headers.size() || caught.headers[first].parent != tip_) return std::nullopt;
  std::vector<Hash> chain;
  for (size_t i = first; i < caught.headers.size(); ++i) {
    const Header& h = caught.headers[i];
    if (h.epoch != committee_.epoch() || h.is_void || (i > first && h.parent != chain.back())) return std::nullopt;
    if (i + 1 < caught.headers.size() && h.ends_epoch()) return std::nullopt;
    chain.push_back(h.digest());
  }
  if (!verify_commit(caught.proof, chain.back(), rule, config_.chain, committee_, *verifier_).ok()) {
    drop(config_.self, "catch_up_bad_proof");
    return std::nullopt;
  }
  for (size_t i = 0; i < chain.size(); ++i) {
    BlockNode& n = blocks_[chain[i]];
    n.header = caught.headers[first + i];
    n.judged = n.valid = true;
  }
  return chain;
}

void ChainedEngine::install(const Installed& installed) {
  const bool new_epoch = installed.committee.epoch() != committee_.epoch();
  blocks_.clear();
  pending_commit_.reset();
  tip_ = installed.block;
  tip_header_ = installed.header;
  tip_proof_ = installed.proof;
  tip_slot_ = installed.proof.certificate.slot;
  blocks_[tip_] = BlockNode{tip_header_, nullptr, true, true, true};
  awaiting_epoch_ = false;
  if (!new_epoch) return;
  Header start;
  start.height = installed.epoch_base;
  start.time_ms = installed.epoch_start_ms;
  enter_epoch(installed.committee, installed.epoch_start, start, {});
  previous_committee_.reset();
  epoch_start_header_.reset();
  if (tip_ != epoch_start_) return;
  epoch_start_header_ = tip_header_;
  epoch_start_proof_ = tip_proof_;
}

void ChainedEngine::on(const Applied& applied) {
  if (!applied.next_committee || applied.block != tip_) return;
  TL_CHECK(applied.header.ends_epoch() && applied.next_committee->epoch() == committee_.epoch() + 1);
  enter_epoch(*applied.next_committee, applied.block, applied.header, tip_proof_);
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
