#pragma once
// One member of a pbft network under the glass. At n = 4 it is the third: others lead views 0 and 1, it leads view 2.

#include "lone.h"

namespace tieline::testing {

struct PbftLone : Lone {
  explicit PbftLone(LoneOptions options = {}) : Lone(with_pbft(std::move(options))) {}
  static LoneOptions with_pbft(LoneOptions o) {
    o.tune = [inner = o.tune](ConsensusParams& p) {
      p.engine = EngineKind::kPbft;
      if (inner) inner(p);
    };
    return o;
  }
  void prepare(ValidatorId id, const Slot& slot, const BlockPtr& b) {
    const Hash digest = vote_digest(VotePhase::kPrepare, c.chain_id(), slot, b->header.height, b->digest);
    c.inject(me, id, make_message(PrepareVote{id, slot, b->header.height, b->digest, sign(id, digest)}));
  }
  void commit(ValidatorId id, const Slot& slot, const BlockPtr& b) {
    const Hash digest = vote_digest(VotePhase::kCommit, c.chain_id(), slot, b->header.height, b->digest);
    c.inject(me, id, make_message(CommitVote{id, slot, b->header.height, b->digest, sign(id, digest)}));
  }
  Certificate commits(const Slot& slot, const BlockPtr& b) const {
    return certificate_of(slot, b, {c.node(0).id, c.node(1).id, c.node(3).id}, VotePhase::kCommit);
  }
  void hear(ValidatorId from, MessagePtr m) { c.inject(me, from, std::move(m)); }
  size_t prepares() const { return sent_count<PrepareVote>(); }
  size_t commit_votes() const { return sent_count<CommitVote>(); }
  Height height() { return node().height(); }
  // Pre-prepares `b` at the slot, and lets enough others prepare it.
  void prepared(const Slot& slot, const BlockPtr& b, const Justify& j, MessagePtr new_view = nullptr) {
    propose(slot, b, j, std::move(new_view));
    prepare(other(1), slot, b);
  }
  void time_out() {
    c.submit(1);
    const View before = status().view;
    c.run_until([&] { return status().view > before; }, 60'000'000);
  }
  const Slot first{0, 0, 0}, second{0, 0, 1};
};

}  // namespace tieline::testing
