// Blocks above the tip, and how the tip moves (chained_engine.h).

#include <algorithm>

#include "base/check.h"
#include "consensus/chained_engine.h"

namespace tieline::consensus {

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

}  // namespace tieline::consensus
