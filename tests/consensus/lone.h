#pragma once
// One engine under the glass: of the cluster only this member is up, and the test says what the others say. Their
// signatures are the test's to make.

#include <gtest/gtest.h>

#include "base/codec.h"
#include "cluster.h"
#include "consensus/vote_set.h"

namespace tieline::testing {

struct LoneOptions {
  size_t n = 4;
  bool lead = false;  // the member leads view 0; otherwise it follows, and leads neither view 0 nor view 1
  bool fast = true;
  std::function<void(ConsensusParams&)> tune = nullptr;
};

struct Lone {
  explicit Lone(LoneOptions options = {}) : c(cluster_options(options)) {
    leader = c.leader(0, 0);
    me = options.lead ? c.leader_index(0, 0) : c.leader_index(0, 2);
    spare = c.leader_index(0, 1);
    for (size_t i = 0; i < options.n; ++i)
      if (i != me && (options.lead || c.node(i).id != leader)) others.push_back(c.node(i).id);
    c.on_send = [this](const Node&, const Message& m) { sent.push_back(make_message(m.payload)); };
    for (size_t i = 0; i < options.n; ++i)
      if (i != me) c.node(i).up = false;
    boot();
    // One that only holds bodies for others to fetch; it has no engine that is ever run.
    c.node(spare).up = true;
  }
  void boot() { c.start_one(me); }
  static ClusterOptions cluster_options(const LoneOptions& o) {
    ClusterOptions out;
    out.n = o.n;
    out.params.fast_path = o.fast;
    out.trace = true;
    if (o.tune) o.tune(out.params);
    return out;
  }

  // --- what the others say ---
  // The i-th other member, from 1; the leader of view 0 is not among them unless `lead`.
  ValidatorId other(size_t i) const { return others.at(i - 1); }
  BlockPtr block(const Hash& parent, const std::string& label = "block", size_t txs = 1, Epoch epoch = 0,
                 bool is_void = false) {
    return c.build(parent, epoch, is_void, txs, {}, label);
  }
  Justify start() const { return Justify{std::nullopt, Slot{0, 0, -1}, c.genesis(), 0}; }
  static Justify justify(const Certificate& q) { return Justify{q, q.slot, q.block, q.height}; }
  static Signature sign(ValidatorId id, const Hash& digest) { return TestSigner(id).sign(digest.view()); }
  VoteSignature vote(ValidatorId id, const Hash& digest) const {
    return sign_vote(c.options().params.certificates, TestSigner(id), digest);
  }
  // CONFIRM, or PREPARE with pbft.
  VotePhase choosing() const { return choosing_phase(c.options().params.commit_rule()); }
  Certificate certificate(const Slot& slot, const BlockPtr& b, size_t signers) const {
    std::vector<ValidatorId> ids;
    const Committee committee = c.committee(slot.epoch);
    for (const Member& m : committee.members())
      if (ids.size() < signers) ids.push_back(m.id);
    return certificate_of(slot, b, ids);
  }
  Certificate certificate_of(const Slot& slot, const BlockPtr& b, const std::vector<ValidatorId>& ids,
                             std::optional<VotePhase> phase = {}) const {
    Certificate q{slot, b->header.height, b->digest, {}, {}};
    const Committee committee = c.committee(slot.epoch);
    const Hash digest = vote_digest(phase.value_or(choosing()), c.chain_id(), slot, q.height, q.block);
    consensus::VoteSet votes;
    for (size_t p = 0; p < committee.size(); ++p)
      if (std::find(ids.begin(), ids.end(), committee.at(p).id) != ids.end())
        votes.add(p, vote(committee.at(p).id, digest), true);
    votes.settle(digest, committee, TestVerifier());
    consensus::VoteSet::Settled settled = votes.settled();
    q.signers = settled.signers;
    q.signatures = std::move(settled.signatures);
    q.aggregate = settled.aggregate;
    return q;
  }
  MessagePtr proposal(const Slot& slot, const BlockPtr& b, const Justify& j, MessagePtr new_view = nullptr,
                      std::optional<ValidatorId> by = {}) const {
    Propose p;
    p.slot = slot;
    p.header = b->header;
    p.evidence = b->evidence;
    p.justify = j;
    p.new_view = std::move(new_view);
    p.signature = vote(by.value_or(c.leader(slot.epoch, slot.view)),
                       vote_digest(choosing(), c.chain_id(), slot, b->header.height, b->digest));
    return make_message(std::move(p));
  }
  void propose(const Slot& slot, const BlockPtr& b, const Justify& j, MessagePtr new_view = nullptr,
               std::optional<ValidatorId> by = {}) {
    c.inject(me, by.value_or(c.leader(slot.epoch, slot.view)), proposal(slot, b, j, std::move(new_view), by));
  }
  MessagePtr confirm_message(ValidatorId id, const Slot& slot, const Hash& b, Height height) const {
    return make_message(Confirm{id, slot, height, b, vote(id, confirm_digest(c.chain_id(), slot, height, b))});
  }
  void confirm(ValidatorId id, const Slot& slot, const BlockPtr& b) {
    c.inject(me, id, confirm_message(id, slot, b->digest, b->header.height));
  }
  void confirm(ValidatorId id, const Slot& slot, const Header& h) {
    c.inject(me, id, confirm_message(id, slot, h.digest(), h.height));
  }
  ViewChange unsigned_view_change(ValidatorId id, View view, const Justify& high) const {
    ViewChange vc;
    vc.signer = id;
    vc.view = view;
    vc.leader = c.leader(0, view);
    vc.high_qc = high;
    return vc;
  }
  MessagePtr signed_view_change(ViewChange vc) const {
    vc.timeout_signature = vote(vc.signer, timeout_digest(c.chain_id(), vc.kind, vc.epoch, vc.view));
    vc.signature = sign(vc.signer, view_change_digest(c.chain_id(), vc));
    return make_message(std::move(vc));
  }
  MessagePtr view_change_of(ValidatorId id, View view, const Justify& high, std::optional<LastVote> last = {},
                            ViewChangeKind kind = ViewChangeKind::kTimeout) const {
    ViewChange vc = unsigned_view_change(id, view, high);
    vc.last_vote = std::move(last);
    vc.kind = kind;
    return signed_view_change(std::move(vc));
  }
  LastVote last_vote(const Slot& slot, const BlockPtr& b, std::optional<Hash> new_view = {}) const {
    return LastVote{
        slot, b->digest, b->header.height,
        vote(c.leader(slot.epoch, slot.view), vote_digest(choosing(), c.chain_id(), slot, b->header.height, b->digest)),
        new_view};
  }
  NewView unsigned_new_view(View view, const std::vector<MessagePtr>& view_changes, const Justify& j,
                            std::optional<Hash> again = {}) const {
    NewView nv;
    nv.view = view;
    const Committee committee = c.committee(0);
    const bool with_acks = c.options().params.engine == EngineKind::kCbft;
    const size_t acks = with_acks ? committee.count().correct() - 1 : 0;
    for (const MessagePtr& m : view_changes) {
      const auto& vc = std::get<ViewChange>(m->payload);
      NewView::Entry entry{m, {}};
      for (const Member& member : committee.members()) {
        if (member.id == vc.signer || entry.acks.size() == acks) continue;
        const ViewChangeAck ack{member.id, vc.epoch, vc.view, vc.signer, m->digest, {}};
        entry.acks.push_back({member.id, sign(member.id, ack_digest(c.chain_id(), ack))});
      }
      nv.entries.push_back(std::move(entry));
    }
    std::sort(nv.entries.begin(), nv.entries.end(), [](const auto& a, const auto& b) {
      return std::get<ViewChange>(a.view_change->payload).signer < std::get<ViewChange>(b.view_change->payload).signer;
    });
    nv.justify_slot = j.slot;
    nv.justify_block = j.block;
    nv.repropose = again;
    return nv;
  }
  MessagePtr signed_new_view(NewView nv) const {
    nv.signature = sign(c.leader(0, nv.view), new_view_digest(c.chain_id(), nv));
    return make_message(std::move(nv));
  }
  MessagePtr new_view_of(View view, const std::vector<MessagePtr>& view_changes, const Justify& j,
                         std::optional<Hash> again = {}) const {
    return signed_new_view(unsigned_new_view(view, view_changes, j, again));
  }
  // Proposes and certifies `count` blocks from index 0 of view 0; the member votes for each.
  std::vector<BlockPtr> run_to(size_t count) {
    std::vector<BlockPtr> chain;
    Hash parent = c.genesis();
    Justify j = start();
    for (size_t i = 0; i < count; ++i) {
      const Slot slot{0, 0, static_cast<int64_t>(i)};
      chain.push_back(block(parent, "run " + std::to_string(i)));
      propose(slot, chain.back(), j);
      for (size_t k = 1; k < c.committee(0).count().quorum() - 1; ++k) confirm(other(k), slot, chain.back());
      j = justify(certificate(slot, chain.back(), c.committee(0).count().quorum()));
      parent = chain.back()->digest;
    }
    return chain;
  }

  // --- what it said ---
  Node& node() { return c.node(me); }
  EngineStatus status() { return node().engine->status(); }
  template <class M>
  std::vector<M> all() const {
    std::vector<M> out;
    for (const MessagePtr& m : sent)
      if (const auto* p = std::get_if<M>(&m->payload)) out.push_back(*p);
    return out;
  }
  template <class M>
  size_t sent_count() const {
    return all<M>().size();
  }
  size_t confirms() const { return sent_count<Confirm>(); }
  std::optional<Hash> confirmed() const {
    const auto list = all<Confirm>();
    return list.empty() ? std::nullopt : std::optional<Hash>(list.back().block);
  }
  std::vector<Propose> proposals() const { return all<Propose>(); }
  std::optional<ViewChange> view_change() const {
    const auto list = all<ViewChange>();
    return list.empty() ? std::nullopt : std::optional<ViewChange>(list.back());
  }
  bool traced(const std::string& event) const {
    return std::any_of(c.log.begin(), c.log.end(),
                       [&](const std::string& line) { return line.find(event) != std::string::npos; });
  }

  Cluster c;
  ValidatorId leader = 0;  // of view 0
  size_t me = 0;
  size_t spare = 0;  // up, but silent: others can fetch bodies from it
  std::vector<ValidatorId> others;
  std::vector<MessagePtr> sent;
};

}  // namespace tieline::testing
