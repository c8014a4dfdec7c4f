#pragma once
// One raft member under the glass: of the cluster only it is up, and the test says what the others say.

#include <gtest/gtest.h>

#include "base/codec.h"
#include "cluster.h"

namespace tieline::testing {

struct RaftLone {
  explicit RaftLone(size_t n = 5) : c(cluster_options(n)), spare(n - 1) {
    for (size_t i = 1; i < n; ++i) others.push_back(c.node(i).id);
    c.on_send = [this](const Node&, const Message& m) { sent.push_back(make_message(m.payload)); };
    for (size_t i = 1; i < n; ++i) c.node(i).up = false;
    c.start_one(0);
    c.node(spare).up = true;  // it only holds bodies for others to fetch; it has no engine that is ever run
  }
  static ClusterOptions cluster_options(size_t n) {
    ClusterOptions out;
    out.n = n;
    out.params.engine = EngineKind::kRaft;
    out.trace = true;
    return out;
  }

  // --- what the others say ---
  ValidatorId other(size_t i) const { return others.at(i - 1); }  // from 1
  int64_t t0_us() const { return static_cast<int64_t>(c.options().params.timeout_ms) * 1'000; }
  BlockPtr block(const Hash& parent, const std::string& label = "block", size_t txs = 1) {
    return c.build(parent, 0, false, txs, {}, label);
  }
  Signature sign(ValidatorId id, const Slot& slot, const BlockPtr& b) const {
    return TestSigner(id).sign(vote_digest(VotePhase::kCommit, c.chain_id(), slot, b->header.height, b->digest).view());
  }
  Certificate certificate(const Slot& slot, const BlockPtr& b, const std::vector<ValidatorId>& ids) const {
    Certificate q{slot, b->header.height, b->digest, {}, {}};
    for (size_t p = 0; p < c.nodes(); ++p) {
      const auto id = static_cast<ValidatorId>(kFirstId + p);
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
      q.signers.insert(p);
      q.signatures.push_back(sign(id, slot, b));
    }
    return q;
  }
  Justify start() const { return Justify{std::nullopt, Slot{0, 0, -1}, c.genesis(), 0}; }
  static Justify justify(const Certificate& q) { return Justify{q, q.slot, q.block, q.height}; }
  void say(ValidatorId from, Payload payload) { c.inject(0, from, make_message(std::move(payload))); }
  void heartbeat(ValidatorId from, View term, Height committed = 0) { say(from, Heartbeat{0, term, committed}); }
  void append(ValidatorId from, const Slot& slot, const BlockPtr& b, std::optional<Justify> j = {}) {
    Propose p;
    p.slot = slot;
    p.header = b->header;
    p.justify = j.value_or(start());
    say(from, std::move(p));
  }
  void acknowledge(ValidatorId from, const Slot& slot, const BlockPtr& b) {
    say(from, CommitVote{from, slot, b->header.height, b->digest, sign(from, slot, b)});
  }
  void decide(ValidatorId from, const Certificate& q, const BlockPtr& b) {
    say(from, Decided{b->header, CommitProof{{}, q, {}}});
  }
  void ask(ValidatorId from, View term, const Slot& last, bool pre = false, bool planned = false) {
    say(from, RequestVote{from, 0, term, pre, planned, last});
  }
  void answer(ValidatorId from, TermReplyKind kind, bool granted, View term, View asked) {
    say(from, TermReply{0, term, kind, granted, asked, node().id, {0, 0, -1}, 0});
  }
  // Lets time pass until it asks for pre-votes, and gives it what it needs to lead.
  void elect() {
    const View term = status().view + 1;
    ASSERT_TRUE(c.run_until([&] { return count<RequestVote>() > 0 && last<RequestVote>().term == term; }, 20'000'000));
    const size_t needed = c.committee(0).count().quorum() - 1;
    for (size_t i = 1; i <= needed; ++i) answer(other(i), TermReplyKind::kPreVote, true, term - 1, term);
    for (size_t i = 1; i <= needed; ++i) answer(other(i), TermReplyKind::kVote, true, term, term);
    ASSERT_EQ(status().primary, node().id);
  }

  // --- what it said ---
  Node& node() { return c.node(0); }
  EngineStatus status() { return node().engine->status(); }
  template <class M>
  std::vector<M> all() const {
    std::vector<M> out;
    for (const MessagePtr& m : sent)
      if (const auto* p = std::get_if<M>(&m->payload)) out.push_back(*p);
    return out;
  }
  template <class M>
  size_t count() const {
    return all<M>().size();
  }
  template <class M>
  M last() const {
    return all<M>().back();
  }
  std::vector<TermReply> replies(TermReplyKind kind) const {
    std::vector<TermReply> out;
    for (const TermReply& r : all<TermReply>())
      if (r.kind == kind) out.push_back(r);
    return out;
  }
  // Its answer to the last request.
  bool granted(TermReplyKind kind) const { return !replies(kind).empty() && replies(kind).back().granted; }

  Cluster c;
  size_t spare;
  std::vector<ValidatorId> others;
  std::vector<MessagePtr> sent;
};

}  // namespace tieline::testing
