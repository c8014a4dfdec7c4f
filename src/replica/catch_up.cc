#include "replica/catch_up.h"

#include <algorithm>

#include "ledger/block_record.h"
#include "model/certificate_batch.h"
#include "replica/chain_meta.h"

namespace tieline::replica {

void CatchUp::on_behind(const consensus::Behind& behind) {
  const Header& tip = tree_.tip();
  behind_ = true;
  behind_height_ = behind.height;
  urgent_ = urgent_ || behind.epoch > tip.epoch + 1 || behind.height > tip.height + kCatchUpSlack;
  behind_holders_ = behind.holders;
}

void CatchUp::peer_gone(ValidatorId peer) {
  claims_.erase(peer);
  if (asked_ && asked_->peer == peer) asked_.reset();
  if (snapshot_.peer() == peer) snapshot_.abandon();
}

Height CatchUp::best_claim() const {
  Height best = 0;
  for (const auto& [peer, claim] : claims_) best = std::max(best, claim.applied);
  return best;
}

bool CatchUp::shunned(ValidatorId peer, int64_t now_us) const {
  auto at = shunned_until_us_.find(peer);
  return at != shunned_until_us_.end() && now_us < at->second;
}

void CatchUp::shun(ValidatorId peer, Context& context) {
  shunned_until_us_[peer] = context.now.mono_us + kCatchUpShunUs;
  context.count("catch_up_shunned");
}

void CatchUp::no_snapshot(ValidatorId peer, Context& context) {
  no_snapshot_until_us_[peer] = context.now.mono_us + kSnapshotShunUs;
  context.count("snapshot_shunned");
}

bool CatchUp::start_snapshot(const std::vector<ValidatorId>& peers, Context& context) {
  const Height tip = tree_.tip().height;
  for (size_t i = 0; i < peers.size(); ++i) {
    const ValidatorId peer = peers[(turn_ + i) % peers.size()];
    auto claim = claims_.find(peer);
    if (claim == claims_.end() || claim->second.checkpoint <= tip || shunned(peer, context.now.mono_us)) continue;
    auto refused = no_snapshot_until_us_.find(peer);
    if (refused != no_snapshot_until_us_.end() && context.now.mono_us < refused->second) continue;
    const bool far = claim->second.applied > tip + context.limits.snapshot_after_blocks;
    if (!far && !lacks_blocks_[peer]) continue;
    turn_ += i + 1;
    context.count("snapshots_asked");
    snapshot_.begin(peer, tip, context);
    return true;
  }
  return false;
}

void CatchUp::pump(const std::vector<ValidatorId>& peers, Context& context) {
  const int64_t now_us = context.now.mono_us;
  if (snapshot_.timed_out(context)) {
    no_snapshot(*snapshot_.peer(), context);
    snapshot_.abandon();
  }
  if (asked_ && now_us >= asked_->deadline_us) {
    shun(asked_->peer, context);
    asked_.reset();
  }
  look_again_us_.reset();
  if (active() || peers.empty()) return;

  const Height tip = tree_.tip().height;
  const Height best = best_claim();
  if (behind_ && behind_height_ != 0 && behind_height_ <= tip) behind_ = urgent_ = false;
  if (best <= tip && !behind_) return;
  // A block or two behind is how things are while blocks are under way: only a pause tells that they are not.
  const bool urgent = urgent_ || best > tip + kCatchUpSlack;
  if (!urgent && now_us < last_commit_us_ + kCatchUpPauseUs) {
    look_again_us_ = last_commit_us_ + kCatchUpPauseUs;
    return;
  }
  if (start_snapshot(peers, context)) return;

  std::vector<ValidatorId> useful;
  for (ValidatorId peer : peers) {
    if (shunned(peer, now_us) || lacks_blocks_[peer]) continue;
    auto claim = claims_.find(peer);
    const bool ahead = claim != claims_.end() && claim->second.applied > tip;
    const bool holder =
        behind_ && std::find(behind_holders_.begin(), behind_holders_.end(), peer) != behind_holders_.end();
    if (ahead || holder) useful.push_back(peer);
  }
  if (useful.empty()) {
    behind_ = urgent_ = false;  // the next Behind or status will tell
    lacks_blocks_.clear();
    return;
  }
  const ValidatorId peer = useful[turn_++ % useful.size()];
  asked_ = Asked{peer, tip + 1, now_us + kCatchUpWaitUs};
  context.send({peer}, encode_frame(BlocksRequest{tip + 1}), false);
}

std::optional<consensus::CaughtUp> CatchUp::on_blocks(ValidatorId from, const BlocksAnswer& answer,
                                                      const Committee& committee, Context& context) {
  if (!asked_ || asked_->peer != from || asked_->from != answer.from) {
    context.count("catch_up_not_wanted");
    return std::nullopt;
  }
  asked_.reset();
  if (answer.from != tree_.tip().height + 1) return std::nullopt;  // the chain has moved on by itself
  if (answer.blocks.empty()) {
    if (answer.tip >= answer.from) lacks_blocks_[from] = true;
    claims_[from].applied = std::min(claims_[from].applied, answer.tip);
    shun(from, context);
    return std::nullopt;
  }
  const auto refuse = [&](const std::string& why) {
    context.count("catch_up_bad_blocks");
    context.note("blocks of validator " + std::to_string(from) + " refused: " + why);
    shun(from, context);
    return std::nullopt;
  };
  std::vector<BlockPtr> blocks;
  Hash parent = tree_.tip_digest();
  for (const Blob& bytes : answer.blocks) {
    Result<BlockPtr> block = decode_block(bytes);
    if (!block.ok()) return refuse(block.error().why);
    if ((*block)->header.parent != parent) return refuse("they are no chain above the tip");
    if ((*block)->header.epoch != committee.epoch()) return refuse("they run over the end of an epoch");
    parent = (*block)->digest;
    blocks.push_back(std::move(*block));
  }
  CertificateBatch batch(ledger_.chain(), ledger_.genesis().consensus.commit_rule());
  batch.add(*answer.proof, committee);
  for (const BlockPtr& block : blocks)
    if (const auto evidence = decoded<Evidence>(block->evidence, "evidence"); evidence.ok())
      batch.add(*evidence, committee, nullptr);
  batch.ask(verifier_);
  // The proof first: it is cheap, and without it nobody's work is done here.
  const CommitRule rule = ledger_.genesis().consensus.commit_rule();
  if (Status s = verify_commit(*answer.proof, blocks.back()->digest, rule, ledger_.chain(), committee, verifier_);
      !s.ok())
    return refuse(s.error().why);
  consensus::CaughtUp caught_up;
  for (const BlockPtr& block : blocks) {
    caught_up.headers.push_back(block->header);
    if (tree_.find(block->digest) != nullptr) continue;
    const Header* above = tree_.parent_header(block->header.parent);
    TL_CHECK(above != nullptr);
    Result<Execution> executed = ledger_.judge(*block, *above, tree_.view_at(block->header.parent));
    if (!executed.ok()) return refuse("a quorum stands for a block that is invalid here: " + executed.error().why);
    tree_.add({block, std::make_shared<Execution>(std::move(*executed)), 0, 0});
  }
  caught_up.proof = *answer.proof;
  claims_[from].applied = std::max(claims_[from].applied, answer.tip);
  context.count("blocks_caught_up", blocks.size());
  return caught_up;
}

void CatchUp::judged(bool taken, ValidatorId from, Context& context) {
  if (!taken) return shun(from, context);
  behind_ = urgent_ = best_claim() > tree_.tip().height;  // go on at once
  if (!behind_) behind_holders_.clear();
}

void CatchUp::on_offer(ValidatorId from, SnapshotOffer offer, Context& context) {
  if (!snapshot_.on_offer(from, std::move(offer), context)) no_snapshot(from, context);
}

std::optional<SnapshotFetch::Fetched> CatchUp::on_chunk(ValidatorId from, Chunk chunk, Context& context) {
  if (!snapshot_.on_chunk(from, std::move(chunk), context)) no_snapshot(from, context);
  return snapshot_.take();
}

std::optional<int64_t> CatchUp::deadline() const {
  if (asked_) return asked_->deadline_us;
  return earlier(snapshot_.deadline(), look_again_us_);
}

BlocksAnswer make_blocks_answer(const StoreReader& store, const Limits& limits, Height from) {
  BlocksAnswer answer;
  answer.from = from;
  if (const auto tip = applied_tip(store)) answer.tip = tip->height;
  size_t bytes = 0;
  for (Height at = from;
       at <= answer.tip && answer.blocks.size() < std::min(limits.catch_up_blocks_max, kFrameBlocksMax); ++at) {
    Result<BlockRecord> record = read_block_record(store, at);
    if (!record.ok()) break;
    Reader r(record->block.view());
    Header header;
    decode(r, header);
    if (!r.ok()) break;
    bytes += record->block.size();
    if (!answer.blocks.empty() && bytes > limits.catch_up_bytes_max) break;
    answer.blocks.push_back(std::move(record->block));
    answer.proof = std::move(record->proof);
    if (header.ends_epoch()) {
      answer.link = stored_link(store, header.epoch);
      break;
    }
  }
  return answer;
}

}  // namespace tieline::replica
