#include "cluster.h"

#include <algorithm>

#include "base/codec.h"
#include "consensus/cbft/leader.h"
#include "consensus/kernel/front_end.h"
#include "consensus/pbft/pbft.h"
#include "consensus/trust_raft/candidates.h"

namespace tieline::testing {

namespace {

constexpr int64_t kCatchUpLatencyUs = 20'000;
constexpr int64_t kNever = INT64_MAX;

Hash label_hash(const std::string& label) { return sha256(view_of(label)); }

std::string short_hash(const Hash& h) { return to_hex(h).substr(0, 6); }

std::string describe(const Slot& s) {
  return std::to_string(s.epoch) + "." + std::to_string(s.view) + "." + std::to_string(s.index);
}

}  // namespace

std::string describe(const Message& message) {
  std::string out = message_name(message);
  std::visit(
      [&](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Propose>) {
          out += " " + describe(m.slot) + " height " + std::to_string(m.header.height) +
                 (m.header.is_void ? " void" : "") + (m.header.ends_epoch() ? " ends epoch" : "") +
                 (m.new_view ? " with NEW-VIEW" : "") + " justify " + describe(m.justify.slot);
        } else if constexpr (std::is_same_v<M, Confirm> || std::is_same_v<M, PrepareVote> ||
                             std::is_same_v<M, CommitVote>) {
          out += " " + describe(m.slot) + " height " + std::to_string(m.height);
        } else if constexpr (std::is_same_v<M, ViewChange>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) +
                 (m.kind == ViewChangeKind::kTimeout   ? " timeout"
                  : m.kind == ViewChangeKind::kPlanned ? " planned"
                                                       : " joined") +
                 " highQC " + describe(m.high_qc.slot) +
                 (m.last_vote ? " lastVote " + describe(m.last_vote->slot) : "");
        } else if constexpr (std::is_same_v<M, ViewChangeAck>) {
          out += " " + std::to_string(m.view) + " of " + std::to_string(m.subject);
        } else if constexpr (std::is_same_v<M, NewView>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) + " J " + describe(m.justify_slot) +
                 (m.repropose ? " again" : " new child");
        } else if constexpr (std::is_same_v<M, Heartbeat>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) + " committed " +
                 std::to_string(m.committed);
        } else if constexpr (std::is_same_v<M, Decided>) {
          out += " height " + std::to_string(m.header.height);
        } else if constexpr (std::is_same_v<M, RejoinReply>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view);
        } else if constexpr (std::is_same_v<M, CommitVote>) {
          out += " " + describe(m.slot) + " height " + std::to_string(m.height);
        } else if constexpr (std::is_same_v<M, RequestVote>) {
          out += std::string(m.pre ? " pre" : "") + (m.planned ? " planned" : "") + " term " + std::to_string(m.term) +
                 " log " + describe(m.last);
        } else if constexpr (std::is_same_v<M, TermReply>) {
          out += std::string(m.kind == TermReplyKind::kHeartbeat ? " heard"
                             : m.kind == TermReplyKind::kPreVote ? " pre-vote"
                                                                 : " vote") +
                 (m.granted ? " yes" : " no") + " term " + std::to_string(m.term) + " log " + describe(m.last);
        } else if constexpr (std::is_same_v<M, CheckpointVote>) {
          out += " height " + std::to_string(m.height);
        }
      },
      message.payload);
  return out;
}

size_t Node::dropped(std::string_view code) const {
  return static_cast<size_t>(std::count(drops.begin(), drops.end(), code));
}

// --- the world ------------------------------------------------------------------------------------------------------

Cluster::Cluster(ClusterOptions options) : options_(options), chain_(label_hash("chain")) {
  genesis_.chain = chain_;
  genesis_.parent = chain_;
  genesis_.time_ms = wall_start_ms_;
  auto block = std::make_shared<Block>();
  block->header = genesis_;
  block->digest = genesis_.digest();
  world_[block->digest] = BlockInfo{block, 0, 0, genesis_.time_ms, false};
  for (size_t i = 0; i < options_.n; ++i) {
    auto n = std::make_unique<Node>();
    n->index = i;
    n->id = static_cast<ValidatorId>(kFirstId + i);
    n->signer = std::make_unique<TestSigner>(n->id);
    nodes_.push_back(std::move(n));
  }
}

Cluster::~Cluster() = default;

Committee Cluster::committee(Epoch epoch) const {
  std::vector<Member> members;
  for (size_t i = 0; i < options_.n; ++i) {
    Member m;
    m.id = static_cast<ValidatorId>(kFirstId + i);
    m.org = static_cast<OrgId>(i);
    m.key = test_key(m.id);
    m.bls_key = test_bls_key(m.id);
    m.credit = kCreditOne / 2;
    if (options_.trust) m.trust = options_.trust(epoch, i);
    members.push_back(m);
  }
  return Committee(epoch, label_hash("seed " + std::to_string(epoch)), std::move(members),
                   options_.params.fault_model(), options_.params.certificates);
}

ValidatorId Cluster::leader(Epoch epoch, View view) const {
  if (elects()) {  // later terms are led by whom the test lets win: by turns, unless it says otherwise
    const Committee members = committee(epoch);
    const size_t first = *members.position_of(most_trusted(members));
    return members.at((first + view) % members.size()).id;
  }
  if (options_.params.engine == EngineKind::kPbft) return pbft::primary_of(committee(epoch), view);
  return leader_of(options_.params, committee(epoch), view);
}

const BlockInfo* Cluster::find(const Hash& block) const {
  auto at = world_.find(block);
  return at == world_.end() ? nullptr : &at->second;
}

BlockPtr Cluster::build(const Hash& parent, Epoch epoch, bool is_void, size_t txs, const Evidence& evidence,
                        const std::string& label) {
  const BlockInfo& above = world_.at(parent);
  const Header& p = above.block->header;
  BlockInfo out;
  out.txs = above.txs + txs;
  out.epoch_base = epoch == p.epoch ? above.epoch_base : p.height;
  out.epoch_start_ms = epoch == p.epoch ? above.epoch_start_ms : p.time_ms;
  auto block = std::make_shared<Block>();
  Header& h = block->header;
  h.is_void = is_void;
  h.chain = chain_;
  h.parent = parent;
  h.height = p.height + (is_void ? 0 : 1);
  h.epoch = epoch;
  h.time_ms = std::max(p.time_ms, now().wall_ms);
  h.tx_count = static_cast<uint32_t>(txs);
  h.tx_root = label_hash("txs " + std::to_string(above.txs) + " " + std::to_string(out.txs));
  if (!evidence.empty()) block->evidence = encoded(evidence);
  h.evidence_root = sha256(block->evidence);
  h.writes_digest = label_hash(label);
  const bool ends = !is_void && h.height - out.epoch_base >= options_.params.epoch_blocks &&
                    h.time_ms - out.epoch_start_ms >= options_.params.epoch_ms;
  if (ends) h.next_committee = committee(epoch + 1).digest();
  block->digest = h.digest();
  out.block = block;
  world_.try_emplace(block->digest, out);
  return world_.at(block->digest).block;
}

// A pure function of the block and its parent chain.
bool Cluster::valid(const Block& block) const {
  const BlockInfo& info = world_.at(block.digest);
  if (info.invalid) return false;
  const Header& h = block.header;
  const BlockInfo& above = world_.at(h.parent);
  const Header& p = above.block->header;
  if (above.invalid) return false;
  const bool same = h.epoch == p.epoch;
  if (!same && (h.epoch != p.epoch + 1 || !p.ends_epoch() || h.is_void)) return false;
  if (same && h.is_void != (p.ends_epoch() || p.is_void)) return false;
  if (h.height != p.height + (h.is_void ? 0 : 1) || h.time_ms < p.time_ms) return false;
  if (h.is_void) return h.tx_count == 0 && block.evidence.empty();
  if (block.evidence.empty()) return true;
  const auto evidence = decoded<Evidence>(block.evidence, "evidence");
  if (!evidence.ok()) return false;
  const Committee current = committee(h.epoch);
  std::optional<Committee> previous;
  if (h.epoch > 0) previous = committee(h.epoch - 1);
  return verify_evidence(*evidence, options_.params.commit_rule(), chain_, current, previous ? &*previous : nullptr,
                         verifier_)
      .ok();
}

// --- processes ------------------------------------------------------------------------------------------------------

ChainState Cluster::chain_state(const Node& n) const {
  ChainState s;
  const BlockInfo& top = world_.at(tip(n));
  s.tip = top.block->header;
  s.tip_digest = top.block->digest;
  if (n.height() > 0) s.tip_proof = n.chain.back().proof;
  const bool boundary = s.tip.ends_epoch();
  const Epoch epoch = s.tip.epoch + (boundary ? 1 : 0);
  s.committee = committee(epoch);
  s.epoch_base = boundary ? s.tip.height : top.epoch_base;
  s.epoch_start = s.epoch_base == 0 ? genesis() : n.chain.at(s.epoch_base - 1).block;
  s.epoch_start_ms = world_.at(s.epoch_start).block->header.time_ms;
  if (s.epoch_base > 0) s.epoch_start_proof = n.chain.at(s.epoch_base - 1).proof;
  s.stable = n.disk.stable;
  return s;
}

void Cluster::boot(Node& n, ChainState chain, Recovered recovered) {
  EngineConfig config;
  config.chain = chain_;
  config.params = options_.params;
  config.self = n.id;
  config.rejoin_nonce = label_hash("nonce " + std::to_string(++nonce_));
  config.trace = options_.trace;
  n.up = true;
  n.durable = recovered.vote ? recovered.vote->sequence : 0;
  n.engine = make_engine(config, std::move(chain), std::move(recovered), *n.signer, verifier_);
  n.pending_known = false;
  feed(n, Started{});
  tell_pending(n);
}

void Cluster::start() {
  for (auto& n : nodes_) boot(*n, chain_state(*n), Recovered{});
}

void Cluster::start_one(size_t index) { boot(node(index), chain_state(node(index)), Recovered{}); }

void Cluster::crash(size_t index, bool torn) {
  Node& n = node(index);
  if (torn && !n.unsynced.empty()) n.disk.record = n.unsynced.front().record;
  n.up = false;
  n.hold_disk = false;
  n.engine.reset();
  n.unsynced.clear();
  n.waiting.clear();
  n.inbox.clear();
  n.judging.clear();
  n.want.reset();
  n.timers = {};
  n.catching_up = false;
  n.held = n.disk.bodies;
}

void Cluster::restart(size_t index, size_t lose_applied) {
  Node& n = node(index);
  TL_CHECK(!n.up);
  for (size_t i = 0; i < lose_applied && !n.chain.empty(); ++i) n.chain.pop_back();
  for (const Committed& c : n.chain) n.held.insert(c.block);
  Recovered r;
  r.vote = n.disk.record;
  r.high_qc = n.disk.high_qc;
  if (r.vote) {
    for (const auto& [digest, message] : n.disk.messages) {
      if (r.vote->last_vote && r.vote->last_vote->new_view == digest) r.new_view = message;
      if (const auto* p = std::get_if<Propose>(&message->payload))
        if (r.vote->last_vote && p->slot == r.vote->last_vote->slot) r.own_proposal = message;
      if (const auto* vc = std::get_if<ViewChange>(&message->payload))
        if (vc->epoch == r.vote->epoch && vc->view == r.vote->view && r.vote->view_changing &&
            (!elects() || vc->leader == r.vote->voted_for.value_or(kNobody)))
          r.own_view_change = message;
    }
    if (r.high_qc && r.high_qc->slot != r.vote->high_slot) r.high_qc.reset();
  }
  std::vector<Header> above;
  for (const Hash& body : n.disk.bodies)
    if (hangs_on_tip(n, body) && body != tip(n)) above.push_back(world_.at(body).block->header);
  std::stable_sort(above.begin(), above.end(), [](const Header& a, const Header& b) {
    return std::pair(a.height, a.is_void) < std::pair(b.height, b.is_void);
  });
  r.uncommitted = std::move(above);
  boot(n, chain_state(n), std::move(r));
}

void Cluster::wipe(size_t index) {
  if (node(index).up) crash(index);
  Node& n = node(index);
  n.disk = Disk{};
  n.held.clear();
  n.chain.clear();
  Recovered r;
  r.damaged = true;
  boot(n, chain_state(n), std::move(r));
}

size_t Cluster::add_twin(size_t of) {
  node(of).byzantine = true;
  auto n = std::make_unique<Node>();
  n->index = nodes_.size();
  n->id = node(of).id;
  n->byzantine = true;
  n->signer = std::make_unique<TestSigner>(n->id);
  nodes_.push_back(std::move(n));
  return nodes_.size() - 1;
}

void Cluster::sync(size_t index) {
  Node& n = node(index);
  n.hold_disk = false;
  while (!n.unsynced.empty()) {
    make_durable(n, n.unsynced.front());
    n.unsynced.pop_front();
  }
  release(n);
  pump(n);
}

void Cluster::make_durable(Node& n, const Persist& p) {
  n.disk.record = p.record;
  if (p.high_qc) n.disk.high_qc = p.high_qc;
  for (const MessagePtr& m : p.messages) n.disk.messages[m->digest] = m;
  if (p.body)
    for (Hash at = *p.body; world_.contains(at) && world_.at(at).block->header.height > n.height();
         at = world_.at(at).block->header.parent)
      n.disk.bodies.insert(at);
  n.durable = p.lsn;
}

// --- the network ----------------------------------------------------------------------------------------------------

bool Cluster::connected(const Node& a, const Node& b) const {
  return a.up && b.up && !isolated_.contains(a.index) && !isolated_.contains(b.index);
}

void Cluster::heal() {
  isolated_.clear();
  filter = nullptr;
}

void Cluster::inject(size_t to, ValidatorId from, MessagePtr message) {
  feed(node(to), Received{from, std::move(message)});
}

void Cluster::leave(Node& n, const Send& send) {
  if (on_send) on_send(n, *send.message);
  if (!n.byzantine) {
    std::optional<std::pair<Slot, Hash>> vote;
    if (const auto* p = std::get_if<Propose>(&send.message->payload)) vote = {p->slot, p->header.digest()};
    if (const auto* c = std::get_if<Confirm>(&send.message->payload)) vote = {c->slot, c->block};
    if (const auto* v = std::get_if<PrepareVote>(&send.message->payload)) vote = {v->slot, v->block};
    const auto* commit_vote = std::get_if<CommitVote>(&send.message->payload);
    if (commit_vote) vote = {commit_vote->slot, commit_vote->block};
    if (vote) {
      auto& votes = commit_vote ? commit_votes_ : votes_;
      auto [at, fresh] = votes.try_emplace({n.index, vote->first}, vote->second);
      if (!fresh && at->second != vote->second)
        violation("node " + std::to_string(n.index) + " voted twice in slot " + describe(vote->first));
    }
    if (const auto* vc = std::get_if<ViewChange>(&send.message->payload); vc && vc->leader != kNobody) {
      auto [at, fresh] = election_votes_.try_emplace({n.index, vc->epoch, vc->view}, vc->leader);
      if (!fresh && at->second != vc->leader)
        violation("node " + std::to_string(n.index) + " voted for two leaders of term " + std::to_string(vc->view));
    }
    if (const auto* r = std::get_if<TermReply>(&send.message->payload);
        r && r->kind == TermReplyKind::kVote && r->granted) {
      auto [at, fresh] = term_votes_.try_emplace({n.index, r->term}, send.to.at(0));
      if (!fresh && at->second != send.to.at(0))
        violation("node " + std::to_string(n.index) + " voted twice in term " + std::to_string(r->term));
    }
  }
  const bool measures = std::holds_alternative<Probe>(send.message->payload) ||
                        std::holds_alternative<Measured>(send.message->payload);  // they say nothing of agreement
  if (log_messages && !measures) log.push_back("  " + std::to_string(n.index) + " -> " + describe(*send.message));
  for (auto& other : nodes_) {
    Node& to = *other;
    const bool meant = send.to.empty() || std::find(send.to.begin(), send.to.end(), to.id) != send.to.end();
    if (!meant || (to.id == n.id && to.index != n.index)) continue;
    if (to.index == n.index) {
      n.inbox.push_back(Received{n.id, send.message});
      continue;
    }
    if (!connected(n, to)) continue;
    if (filter && filter(n, to, *send.message) == Fate::kDrop) continue;
    int64_t& free = link_free_us_[{n.index, to.index}];
    free = std::max(free, now_us_ + (latency ? latency() : options_.latency_us));
    queue_[{free, ++sequence_}] = Event{Event::Kind::kMessage, to.index, n.id, send.message};
  }
}

void Cluster::release(Node& n) {
  while (n.up && !n.waiting.empty() && n.waiting.front().after <= n.durable) {
    const Send send = std::move(n.waiting.front());
    n.waiting.pop_front();
    leave(n, send);
  }
}

// --- the replica ----------------------------------------------------------------------------------------------------

void Cluster::feed(Node& n, Input input) {
  n.inbox.push_back(std::move(input));
  pump(n);
}

void Cluster::input(size_t index, Input in) { feed(node(index), std::move(in)); }

void Cluster::pump(Node& n) {
  if (n.running) return;
  n.running = true;
  if (!n.engine) n.inbox.clear();  // only its bodies are there
  while (n.up && !n.inbox.empty()) {
    const Input in = std::move(n.inbox.front());
    n.inbox.pop_front();
    Effects effects;
    n.engine->step(now(), in, effects);
    std::vector<Commit> commits;
    for (Effect& effect : effects)
      if (auto* c = std::get_if<Commit>(&effect))
        commits.push_back(*c);
      else
        carry_out(n, effect);
    release(n);
    for (const Commit& c : commits) commit(n, c);
    judge_all(n);
  }
  n.running = false;
}

bool Cluster::hangs_on_tip(const Node& n, const Hash& block) const {
  const Hash top = tip(n);
  for (Hash at = block; at != top; at = world_.at(at).block->header.parent) {
    auto info = world_.find(at);
    if (info == world_.end() || info->second.block->header.height < n.height() || at == genesis()) return false;
  }
  return true;
}

void Cluster::carry_out(Node& n, Effect& effect) {
  if (auto* p = std::get_if<Persist>(&effect)) {
    if (p->body) {
      const bool in_chain =
          std::any_of(n.chain.begin(), n.chain.end(), [&](const Committed& c) { return c.block == *p->body; });
      if (!n.held.contains(*p->body) || !(in_chain || hangs_on_tip(n, *p->body)))
        violation("node " + std::to_string(n.index) + " persists a body that its replica does not hold");
    }
    n.unsynced.push_back(std::move(*p));
    if (!n.hold_disk) {
      make_durable(n, n.unsynced.front());
      n.unsynced.pop_front();
    }
  } else if (auto* s = std::get_if<Send>(&effect)) {
    n.waiting.push_back(std::move(*s));
  } else if (auto* t = std::get_if<ArmTimer>(&effect)) {
    n.timers[static_cast<size_t>(t->id)] = Node::Timer{t->generation, t->deadline_us};
  } else if (auto* w = std::get_if<WantBlock>(&effect)) {
    n.want.reset();
    if (w->ticket != 0) n.want = std::move(*w);
    answer_want(n);
  } else if (auto* j = std::get_if<Judge>(&effect)) {
    const Hash block = j->block;
    auto [at, fresh] = n.judging.try_emplace(block, *j);
    if (!fresh && !j->known_by_digest) at->second = std::move(*j);
  } else if (std::get_if<Behind>(&effect)) {
    if (n.catching_up) return;
    n.catching_up = true;
    queue_[{now_us_ + kCatchUpLatencyUs, ++sequence_}] = Event{Event::Kind::kCatchUp, n.index, 0, nullptr};
  } else if (auto* c = std::get_if<StableCheckpoint>(&effect)) {
    n.disk.stable = c->certificate;
    n.stable.push_back(c->certificate);
    const CheckpointCert& cert = c->certificate;
    if (!verify_checkpoint(cert, chain_, committee(cert.epoch), verifier_).ok())
      violation("node " + std::to_string(n.index) + " has a checkpoint that does not verify");
  } else if (auto* d = std::get_if<Drop>(&effect)) {
    n.drops.push_back(d->code);
    if (log_messages) log.push_back("  " + std::to_string(n.index) + " drops " + d->code);
  } else if (auto* tr = std::get_if<Trace>(&effect)) {
    log.push_back(std::to_string(now_us_ / kMicrosPerMilli) + " ms  " + std::to_string(n.index) + ": " + tr->event);
  } else if (auto* b = std::get_if<Broken>(&effect)) {
    n.broken.push_back(b->why);
    if (!n.byzantine) violation("node " + std::to_string(n.index) + " is broken: " + b->why);
  }
}

void Cluster::commit(Node& n, const Commit& c) {
  if (!n.up) return;
  TL_CHECK(c.blocks.size() == c.headers.size());
  for (size_t i = 0; i < c.blocks.size(); ++i) {
    const Header& h = c.headers[i];
    if (h.parent != tip(n) || h.height != n.height() + 1 || h.is_void) {
      violation("node " + std::to_string(n.index) + " commits a block that is no child of its tip");
      return;
    }
    CommitProof proof = c.proof;
    std::vector<Header> path;
    for (size_t k = i + 1; k < c.headers.size(); ++k) path.push_back(c.headers[k]);
    proof.path.insert(proof.path.begin(), path.begin(), path.end());
    if (Status s =
            verify_commit(proof, c.blocks[i], options_.params.commit_rule(), chain_, committee(h.epoch), verifier_);
        !s.ok())
      violation("node " + std::to_string(n.index) + " commits with a bad proof: " + s.error().code);
    n.chain.push_back(Committed{c.blocks[i], std::move(proof)});
    n.held.insert(c.blocks[i]);
    n.disk.bodies.insert(c.blocks[i]);  // the log keeps it: the store may not have it yet when the power goes
    if (!n.byzantine) {
      auto [at, fresh] = agreed_.try_emplace(h.height, c.blocks[i]);
      if (!fresh && at->second != c.blocks[i])
        violation("FORK at height " + std::to_string(h.height) + ": node " + std::to_string(n.index) + " commits " +
                  short_hash(c.blocks[i]) + ", another " + short_hash(at->second));
    }
    Applied applied{h, c.blocks[i], std::nullopt};
    if (h.ends_epoch()) applied.next_committee = committee(h.epoch + 1);
    n.inbox.push_back(std::move(applied));
    if (h.height % options_.params.checkpoint_blocks == 0)
      n.inbox.push_back(CheckpointReached{h.height, c.blocks[i], label_hash("root " + std::to_string(h.height))});
  }
  tell_pending(n);
}

void Cluster::answer_want(Node& n) {
  if (!n.want) return;
  const size_t behind = submitted_us_.size() - world_.at(n.want->parent).txs;
  const size_t txs = n.want->is_void ? 0 : std::min(behind, options_.txs_per_block);
  if (txs == 0 && !n.want->allow_empty) return;
  WantBlock want = std::move(*n.want);
  n.want.reset();
  if (twist) twist(n, want.evidence);
  const BlockPtr block = build(want.parent, want.epoch, want.is_void, txs, want.evidence,
                               "by " + std::to_string(n.index) + " at " + std::to_string(now_us_));
  if (!n.byzantine && !valid(*block))
    violation("node " + std::to_string(n.index) + " asks for a block that is invalid");
  n.held.insert(block->digest);
  n.inbox.push_back(BlockBuilt{want.ticket, block});
}

bool Cluster::fetchable(const Node& n, const Hash& block) const {
  if (n.held.contains(block)) return true;
  for (const auto& other : nodes_)
    if (other->index != n.index && connected(n, *other) && other->held.contains(block)) return true;
  return false;
}

void Cluster::judge_all(Node& n) {
  for (auto it = n.judging.begin(); it != n.judging.end();) {
    const Hash block = it->first;
    const bool whole = !it->second.known_by_digest && world_.contains(block);
    if (!whole && !fetchable(n, block)) {
      ++it;
      continue;
    }
    const BlockInfo& info = world_.at(block);
    const Header& h = info.block->header;
    const bool in_chain = h.height <= n.height() && h.height > 0 && n.chain[h.height - 1].block == block;
    bool executable = in_chain || block == tip(n) || hangs_on_tip(n, block);
    for (Hash at = h.parent; executable && !in_chain && block != tip(n) && at != tip(n);
         at = world_.at(at).block->header.parent)
      executable = fetchable(n, at);
    if (!executable || h.time_ms > now().wall_ms + options_.params.drift_ms + n.drift_ms) {
      ++it;
      continue;
    }
    for (Hash at = h.parent; !in_chain && block != tip(n) && at != tip(n); at = world_.at(at).block->header.parent)
      n.held.insert(at);
    n.held.insert(block);
    const bool good = valid(*info.block);
    n.inbox.push_back(Judged{block, good, good ? "" : "made so by the test", info.block});
    it = n.judging.erase(it);
  }
}

size_t Cluster::committed_txs(const Node& n) const { return world_.at(tip(n)).txs; }

void Cluster::tell_pending(Node& n) {
  if (!n.up) return;
  std::optional<int64_t> oldest;
  const size_t done = committed_txs(n);
  if (done < submitted_us_.size()) oldest = submitted_us_[done];
  if (n.pending_known && n.pending_told == oldest) return;
  n.pending_known = true;
  n.pending_told = oldest;
  n.inbox.push_back(Pending{oldest});
  pump(n);
}

CommitProof Cluster::proof_at(const Node& n, Height height) const { return n.chain.at(height - 1).proof; }

void Cluster::catch_up(Node& n) {
  n.catching_up = false;
  for (const auto& other : nodes_) {
    const Node& peer = *other;
    if (peer.index == n.index || !connected(n, peer) || peer.byzantine || peer.height() <= n.height()) continue;
    CaughtUp out;
    for (Height h = n.height() + 1; h <= peer.height(); ++h) {
      out.headers.push_back(world_.at(peer.chain[h - 1].block).block->header);
      n.held.insert(peer.chain[h - 1].block);
      out.proof = proof_at(peer, h);
      if (out.headers.back().ends_epoch() || out.headers.size() >= 64) break;
    }
    const Height before = n.height();
    const bool more = out.headers.back().height < peer.height();
    feed(n, std::move(out));
    if (more && n.height() > before && !n.catching_up) {
      n.catching_up = true;
      queue_[{now_us_ + kCatchUpLatencyUs, ++sequence_}] = Event{Event::Kind::kCatchUp, n.index, 0, nullptr};
    }
    return;
  }
}

// --- running --------------------------------------------------------------------------------------------------------

void Cluster::submit(size_t txs) {
  for (size_t i = 0; i < txs; ++i) submitted_us_.push_back(now_us_);
  for (auto& n : nodes_) {
    if (!n->up) continue;
    tell_pending(*n);
    answer_want(*n);
    pump(*n);
  }
}

bool Cluster::step() {
  int64_t timer_at = kNever;
  Node* timer_node = nullptr;
  size_t timer_id = 0;
  for (auto& n : nodes_) {
    if (!n->up) continue;
    for (size_t i = 0; i < n->timers.size(); ++i)
      if (n->timers[i].deadline && *n->timers[i].deadline < timer_at) {
        timer_at = *n->timers[i].deadline;
        timer_node = n.get();
        timer_id = i;
      }
  }
  const int64_t queue_at = queue_.empty() ? kNever : queue_.begin()->first.first;
  if (timer_at == kNever && queue_at == kNever) return false;
  ++events;
  if (queue_at <= timer_at) {
    now_us_ = std::max(now_us_, queue_at);
    const Event event = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    Node& n = node(event.to);
    if (!n.up) return true;
    if (event.kind == Event::Kind::kMessage)
      feed(n, Received{event.from, event.message});
    else
      catch_up(n);
    return true;
  }
  now_us_ = std::max(now_us_, timer_at);
  const uint64_t generation = timer_node->timers[timer_id].generation;
  timer_node->timers[timer_id].deadline.reset();
  judge_all(*timer_node);  // what could not be fetched or lay in the future may be within reach now
  feed(*timer_node, TimerFired{static_cast<TimerId>(timer_id), generation});
  return true;
}

bool Cluster::run_until(const std::function<bool()>& done, int64_t us_max) {
  const int64_t end = now_us_ + us_max;
  while (!done()) {
    if (now_us_ >= end || !step()) return done();
  }
  return true;
}

void Cluster::run_for(int64_t us) {
  const int64_t end = now_us_ + us;
  while (true) {
    int64_t next = queue_.empty() ? kNever : queue_.begin()->first.first;
    for (auto& n : nodes_)
      if (n->up)
        for (const Node::Timer& t : n->timers) next = std::min(next, t.deadline.value_or(kNever));
    if (next > end || !step()) break;
  }
  now_us_ = std::max(now_us_, end);
}

bool Cluster::run_until_height(Height height, int64_t us_max) {
  return run_until(
      [&] {
        return std::all_of(nodes_.begin(), nodes_.end(),
                           [&](const auto& n) { return n->byzantine || !n->up || n->height() >= height; });
      },
      us_max);
}

bool Cluster::run_until_committed(int64_t us_max) {
  return run_until(
      [&] {
        return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& n) {
          return n->byzantine || !n->up || committed_txs(*n) == submitted_us_.size();
        });
      },
      us_max);
}

}  // namespace tieline::testing
