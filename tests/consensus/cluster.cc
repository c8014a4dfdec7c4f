// The made-up world of blocks, the processes with their disks, and virtual time.

#include "cluster.h"

#include <algorithm>

#include "base/codec.h"
#include "consensus/cbft/leader.h"
#include "consensus/kernel/front_end.h"
#include "consensus/pbft/pbft.h"
#include "consensus/trust_raft/candidates.h"

namespace tieline::testing {

namespace {

constexpr int64_t kNever = INT64_MAX;

}  // namespace

Hash label_hash(const std::string& label) { return sha256(view_of(label)); }

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
