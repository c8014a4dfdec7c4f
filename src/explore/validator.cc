#include "explore/validator.h"

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "consensus/explorable.h"
#include "crypto/hash.h"
#include "replica/gate.h"

namespace tieline::explore {

using namespace consensus;  // NOLINT: the subject of all that follows

namespace {

struct InvariantBroken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
[[noreturn]] void throw_invariant(const char* line) { throw InvariantBroken(line); }

const Hash kNonce = sha256(view_of("explorer's nonce"));

// Carries out one event: the host's part, from the input to the last effect that follows from it at once.
class Host {
 public:
  Host(World& world, Advanced& out) : world_(world), out_(out), v_(out.next) { gate_.recovered(v_.durable); }

  void boot(Recovered recovered);
  void run(Input input) {
    inbox_.push_back(std::move(input));
    run_all();
  }
  void run_all();
  bool judge(const Hash& block);
  void build();
  bool cut_short() const { return frozen_; }
  void cut_after(size_t persists, bool torn) {
    cut_ = persists;
    torn_ = torn;
  }
  void restart();

 private:
  void step(const Input& input);
  void carry_out(Effect& effect);
  void persist(const Persist& p);
  void make_durable(const Persist& p, bool torn);
  void release();
  void leave(const Send& send);
  void commit(const Commit& commit);
  void answer();
  bool in_chain(const Hash& block) const {
    return block == world_.genesis_digest() ||
           std::any_of(v_.chain.begin(), v_.chain.end(), [&](const auto& c) { return c.block == block; });
  }
  Hash tip() const { return v_.chain.empty() ? world_.genesis_digest() : v_.chain.back().block; }
  bool hangs_on_tip(const Hash& block) const;
  bool beyond_bounds(const Message& message) const;
  ChainState chain_state() const;
  void reached(Reached r) { out_.reached |= 1u << static_cast<uint32_t>(r); }
  void violation(std::string what) {
    if (out_.violation.empty()) out_.violation = std::move(what);
  }
  void tell(std::string what) { out_.story.push_back(std::move(what)); }

  World& world_;
  Advanced& out_;
  Validator& v_;
  std::unique_ptr<Engine> engine_;  // a copy, made when the first input needs it
  replica::Gate gate_;
  std::deque<Input> inbox_;
  std::optional<size_t> cut_;
  bool torn_ = false;
  bool frozen_ = false;  // the crash has begun: nothing becomes durable any more
};

void Host::run_all() {
  while (!inbox_.empty() && !frozen_ && out_.violation.empty()) {
    const Input next = std::move(inbox_.front());
    inbox_.pop_front();
    step(next);
  }
  if (frozen_) {
    inbox_.clear();
    return;
  }
  if (gate_.held() != 0) violation("an effect waits for a record that was never written");
  if (engine_) v_.engine = std::move(engine_);
}

void Host::step(const Input& input) {
  if (!engine_) engine_ = v_.engine->clone();
  Effects effects;
  try {
    engine_->step(world_.now(), input, effects);
  } catch (const InvariantBroken& broken) {
    return violation(std::string("a TL_CHECK failed: ") + broken.what());
  }
  v_.engine_view = engine_->status().view;
  v_.outside = v_.outside || v_.engine_view >= world_.bounds().views;
  for (Effect& effect : effects) carry_out(effect);
  release();
  while (auto c = gate_.next_commit()) commit(*c);
  answer();
}

void Host::carry_out(Effect& effect) {
  if (auto* p = std::get_if<Persist>(&effect)) {
    persist(*p);
  } else if (auto* s = std::get_if<Send>(&effect)) {
    gate_.hold(std::move(*s));
    release();
  } else if (auto* c = std::get_if<Commit>(&effect)) {
    gate_.hold(std::move(*c));
  } else if (auto* t = std::get_if<ArmTimer>(&effect)) {
    auto& timer = v_.timers[static_cast<size_t>(t->id)];
    timer.reset();
    if (t->deadline_us) timer = t->generation;
  } else if (auto* w = std::get_if<WantBlock>(&effect)) {
    v_.want.reset();
    v_.ticket = w->ticket;
    if (w->ticket == 0) return;
    const EngineStatus status = engine_->status();
    const int64_t index = status.high_slot.view == status.view ? status.high_slot.index + 1 : 0;
    if (index < world_.bounds().slots) v_.want = w->parent;
  } else if (auto* j = std::get_if<Judge>(&effect)) {
    if (world_.knows(j->block)) v_.judging.insert(j->block);
  } else if (auto* d = std::get_if<Drop>(&effect)) {
    reached(Reached::kRefused);
    tell(std::string("refuses: ") + d->code);
  } else if (auto* line = std::get_if<Trace>(&effect)) {
    if (line->event.starts_with("equivocation proven")) reached(Reached::kEquivocation);
    tell(line->event);
  } else if (auto* b = std::get_if<Broken>(&effect)) {
    violation("the engine is broken: " + b->why);
  }  // Behind: catching up is always offered. StableCheckpoint: there are none within the bounds.
}

void Host::persist(const Persist& p) {
  ++out_.persists;
  if (p.body && !(v_.held.contains(*p.body) && hangs_on_tip(*p.body)) && !in_chain(*p.body))
    violation("it writes down that it holds " + world_.block_name(*p.body) + ", and does not");
  if (frozen_) return;
  if (cut_ && out_.persists > *cut_) {
    frozen_ = true;
    if (torn_) make_durable(p, true);
    return;
  }
  make_durable(p, false);
  gate_.persisted(p.lsn, p.lsn);
  gate_.log_durable(p.lsn);
  v_.durable = p.lsn;
}

void Host::make_durable(const Persist& p, bool torn) {
  Disk& d = v_.disk;
  d.record = p.record;
  if (torn) {
    v_.durable = p.lsn;
    return;
  }
  if (p.high_qc) d.high_qc = p.high_qc;
  for (const MessagePtr& message : p.messages) {
    if (std::holds_alternative<Propose>(message->payload)) d.own_proposal = message;
    if (std::holds_alternative<ViewChange>(message->payload)) d.own_view_change = message;
    if (std::holds_alternative<NewView>(message->payload) && p.record.last_vote &&
        p.record.last_vote->new_view == message->digest)
      d.new_view = message;
  }
  if (!p.body || in_chain(*p.body)) return;
  for (Hash at = *p.body; at != tip() && v_.held.contains(at); at = world_.block(at).header.parent) d.bodies.insert(at);
}

void Host::release() {
  while (auto send = gate_.next_send()) leave(*send);
}

bool Host::beyond_bounds(const Message& message) const {
  const View views = world_.bounds().views;
  if (const auto* vc = std::get_if<ViewChange>(&message.payload)) return vc->view >= views;
  if (const auto* ack = std::get_if<ViewChangeAck>(&message.payload)) return ack->view >= views;
  // What evidence is made of: the explorer's blocks hold none, and no rule of agreement looks at it.
  if (std::holds_alternative<LateConfirms>(message.payload) || std::holds_alternative<Probe>(message.payload) ||
      std::holds_alternative<Measured>(message.payload))
    return true;
  return std::holds_alternative<Heartbeat>(message.payload);
}

void Host::leave(const Send& send) {
  const Message& message = *send.message;
  std::optional<std::pair<Slot, Hash>> vote;
  if (const auto* p = std::get_if<Propose>(&message.payload)) {
    vote = {p->slot, p->header.digest()};
    if (p->new_view && std::get<NewView>(p->new_view->payload).repropose) reached(Reached::kReproposal);
  } else if (const auto* c = std::get_if<Confirm>(&message.payload)) {
    vote = {c->slot, c->block};
    reached(Reached::kVote);
    if (c->slot.index == 0 && world_.view_of(c->block) < c->slot.view) reached(Reached::kVoteForReproposal);
  } else if (const auto* vc = std::get_if<ViewChange>(&message.payload)) {
    reached(vc->kind == ViewChangeKind::kTimeout   ? Reached::kTimeout
            : vc->kind == ViewChangeKind::kPlanned ? Reached::kPlanned
                                                   : Reached::kJoined);
  } else if (std::holds_alternative<NewView>(message.payload)) {
    reached(Reached::kNewView);
  }
  if (vote) {
    const auto [at, fresh] = v_.votes.try_emplace(vote->first, vote->second);
    if (!fresh && at->second != vote->second)
      violation("it voted twice in slot " + describe(world_, vote->first) + ": " + world_.block_name(at->second) +
                " and " + world_.block_name(vote->second));
  }
  if (beyond_bounds(message)) return;
  tell("sends " + describe(world_, message));
  const EnvelopeId envelope = world_.envelope(v_.seat, send.message);
  for (Seat to = 0; to < kValidators; ++to) {
    const bool meant = send.to.empty() || std::find(send.to.begin(), send.to.end(), world_.id(to)) != send.to.end();
    if (!meant) continue;
    if (to == v_.seat && !world_.bounds().slow_answers)
      inbox_.push_back(Received{world_.id(v_.seat), send.message});
    else
      out_.sent.push_back(delivery(envelope, to));
  }
}

bool Host::hangs_on_tip(const Hash& block) const {
  Hash at = block;
  const Hash top = tip();
  while (at != top) {
    if (at == world_.genesis_digest()) return false;
    const Header& header = world_.block(at).header;
    if (header.height <= v_.chain.size()) return false;
    at = header.parent;
  }
  return true;
}

void Host::commit(const Commit& c) {
  for (size_t i = 0; i < c.blocks.size(); ++i) {
    const Header& h = c.headers[i];
    if (h.parent != tip() || h.height != v_.chain.size() + 1)
      return violation("it commits " + world_.block_name(c.blocks[i]) + ", which is no child of its tip");
    CommitProof proof = c.proof;
    proof.path.insert(proof.path.begin(), c.headers.begin() + static_cast<ptrdiff_t>(i) + 1, c.headers.end());
    const Status good = verify_commit(proof, c.blocks[i], world_.params().commit_rule(), world_.chain(),
                                      world_.committee(), world_.verifier());
    if (!good.ok()) return violation("it commits with a proof that does not hold: " + good.error().code);
    tell("commits " + world_.block_name(c.blocks[i]));
    reached(proof.second ? Reached::kTwoChainCommit : Reached::kFastCommit);
    v_.chain.push_back({c.blocks[i], std::move(proof)});
    inbox_.push_back(Applied{h, c.blocks[i], std::nullopt});
  }
  // The replica and the log forget what can no longer be committed.
  const auto gone = [&](const Hash& block) { return !hangs_on_tip(block); };
  std::erase_if(v_.held, gone);
  std::erase_if(v_.disk.bodies, gone);
  std::erase_if(v_.judging, [&](const Hash& block) { return gone(block) && !in_chain(block); });
}

// What the replica answers: verdicts on bodies whose parents are here, and blocks asked for.
bool Host::judge(const Hash& block) {
  const bool mine = in_chain(block);
  if (!mine && !hangs_on_tip(block)) return false;
  v_.judging.erase(block);
  if (!mine)
    for (Hash at = block; at != tip(); at = world_.block(at).header.parent) v_.held.insert(at);
  inbox_.push_back(Judged{block, true, "", world_.body(block)});
  return true;
}

void Host::build() {
  const Hash parent = *v_.want;
  v_.want.reset();
  const BlockPtr block = world_.build(parent, Label{v_.engine_view, v_.seat, v_.lives, 0});
  v_.held.insert(block->digest);
  inbox_.push_back(BlockBuilt{v_.ticket, block});
}

void Host::answer() {
  if (world_.bounds().slow_answers || frozen_) return;
  const std::set<Hash> asked = v_.judging;
  for (const Hash& block : asked) judge(block);
  if (v_.want) build();
}

ChainState Host::chain_state() const {
  ChainState s;
  s.tip_digest = tip();
  s.tip = world_.block(s.tip_digest).header;
  if (!v_.chain.empty()) s.tip_proof = v_.chain.back().proof;
  s.committee = world_.committee();
  s.epoch_start = world_.genesis_digest();
  s.epoch_start_ms = world_.genesis().time_ms;
  return s;
}

void Host::boot(Recovered recovered) {
  EngineConfig config;
  config.chain = world_.chain();
  config.params = world_.params();
  config.self = world_.id(v_.seat);
  config.rejoin_nonce = kNonce;
  config.trace = true;
  gate_ = {};
  v_.durable = recovered.vote ? recovered.vote->sequence : 0;
  gate_.recovered(v_.durable);
  engine_ = make_engine(config, chain_state(), std::move(recovered), world_.signer(v_.seat), world_.verifier());
  v_.engine_view = engine_->status().view;
  // Something to propose is always waiting, so that the timers run.
  inbox_.push_back(Started{});
  run(Pending{world_.now().mono_us});
}

void Host::restart() {
  Disk& d = v_.disk;
  frozen_ = false;
  cut_.reset();
  engine_.reset();
  ++v_.lives;
  v_.judging.clear();
  v_.want.reset();
  v_.timers = {};
  v_.held = d.bodies;
  reached(torn_ ? Reached::kTornRestart : Reached::kRestart);
  tell("crashes, and restarts from what is durable");
  Recovered r;
  r.vote = d.record;
  if (r.vote) {
    const VoteRecord& vote = *r.vote;
    if (d.high_qc && d.high_qc->slot == vote.high_slot && d.high_qc->block == vote.high_block) r.high_qc = d.high_qc;
    if (vote.last_vote && d.new_view && vote.last_vote->new_view == d.new_view->digest) r.new_view = d.new_view;
    if (vote.last_vote && d.own_proposal) {
      const auto& p = std::get<Propose>(d.own_proposal->payload);
      if (p.slot == vote.last_vote->slot && p.header.digest() == vote.last_vote->block) r.own_proposal = d.own_proposal;
    }
    if (vote.view_changing && d.own_view_change && std::get<ViewChange>(d.own_view_change->payload).view == vote.view)
      r.own_view_change = d.own_view_change;
  }
  for (const Hash& body : d.bodies) r.uncommitted.push_back(world_.block(body).header);
  std::stable_sort(r.uncommitted.begin(), r.uncommitted.end(),
                   [](const Header& a, const Header& b) { return a.height < b.height; });
  boot(std::move(r));
}

}  // namespace

Advanced first_start(World& world, Seat seat) {
  Advanced out;
  out.next.seat = seat;
  Host host(world, out);
  host.boot(Recovered{});
  return out;
}

Advanced advance(World& world, const Validator& from, const Event& event, const Validator* peer) {
  Advanced out;
  out.next = from;
  Host host(world, out);
  if (event.cut > 0) host.cut_after(event.cut - 1u, event.torn);
  switch (event.kind) {
    case EventKind::kDeliver: {
      const Envelope& envelope = world.envelope(event.argument);
      host.run(Received{world.id(envelope.from), envelope.message});
      break;
    }
    case EventKind::kTimer: {
      const auto id = static_cast<TimerId>(event.argument);
      const auto generation = from.timers[event.argument];
      TL_CHECK(generation.has_value());
      out.next.timers[event.argument].reset();
      host.run(TimerFired{id, *generation});
      break;
    }
    case EventKind::kBuild:
      host.build();
      host.run_all();
      break;
    case EventKind::kJudge:
      host.judge(world.block(event.argument).digest);
      host.run_all();
      break;
    case EventKind::kCatchUp: {
      TL_CHECK(peer != nullptr && peer->chain.size() > from.chain.size());
      CaughtUp caught;
      for (size_t i = from.chain.size(); i < peer->chain.size(); ++i) {
        caught.headers.push_back(world.block(peer->chain[i].block).header);
        out.next.held.insert(peer->chain[i].block);
      }
      caught.proof = peer->chain.back().proof;
      out.reached |= 1u << static_cast<uint32_t>(Reached::kCaughtUp);
      host.run(std::move(caught));
      break;
    }
    case EventKind::kCrash:
      host.restart();
      break;
  }
  if (host.cut_short() && out.violation.empty()) host.restart();
  return out;
}

Hash fingerprint(const World& world, const Validator& v) {
  Writer w(8192);
  const auto* engine = dynamic_cast<const Explorable*>(v.engine.get());
  TL_CHECK_MSG(engine != nullptr, "this engine cannot be explored: it has no fingerprint");
  engine->fingerprint(w);
  w.u64(v.chain.size());
  for (const auto& c : v.chain) {
    encode(w, c.block);
    encode(w, c.proof);
  }
  const auto write_set = [&](const std::set<Hash>& set) {
    w.u64(set.size());
    for (const Hash& h : set) encode(w, h);
  };
  write_set(v.held);
  write_set(v.judging);
  encode(w, v.want);
  for (const auto& timer : v.timers) w.boolean(timer.has_value());
  w.u64(v.votes.size());
  for (const auto& [slot, block] : v.votes) {
    encode(w, slot);
    encode(w, block);
  }
  w.u32(v.lives);
  w.boolean(v.outside);
  if (world.bounds().crashes == 0) return sha256(w.view());  // nobody will ever read the disk
  const Disk& d = v.disk;
  std::optional<VoteRecord> record = d.record;
  if (record) record->sequence = 0;
  encode(w, record);
  encode(w, d.high_qc);
  for (const MessagePtr& m : {d.new_view, d.own_proposal, d.own_view_change}) {
    w.boolean(m != nullptr);
    if (m) encode(w, m->digest);
  }
  write_set(d.bodies);
  return sha256(w.view());
}

void catch_broken_invariants() { set_check_handler(throw_invariant); }

const char* reached_name(Reached r) {
  switch (r) {
    case Reached::kVote:
      return "vote";
    case Reached::kFastCommit:
      return "fast_commit";
    case Reached::kTwoChainCommit:
      return "two_chain_commit";
    case Reached::kTimeout:
      return "timeout";
    case Reached::kJoined:
      return "joined_view_change";
    case Reached::kPlanned:
      return "planned_view_change";
    case Reached::kNewView:
      return "new_view";
    case Reached::kReproposal:
      return "reproposal";
    case Reached::kVoteForReproposal:
      return "vote_for_reproposal";
    case Reached::kEquivocation:
      return "equivocation_proven";
    case Reached::kRestart:
      return "restart";
    case Reached::kTornRestart:
      return "torn_restart";
    case Reached::kCaughtUp:
      return "caught_up";
    case Reached::kRefused:
      return "message_refused";
    case Reached::kCount:
      break;
  }
  return "";
}

}  // namespace tieline::explore
