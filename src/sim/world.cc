#include "sim/world.h"

#include <algorithm>
#include <exception>

#include "base/check.h"
#include "crypto/hash_memo.h"
#include "sim/mix.h"
#include "sim/trace_text.h"

namespace tieline::sim {
namespace {

constexpr int64_t kStartSpreadUs = 20'000;
constexpr int64_t kTraitorTickUs = 70'000;
constexpr int64_t kWallSkewMs = 100;

struct InvariantBroken final : std::exception {
  explicit InvariantBroken(const char* line) : text(line) {}
  const char* what() const noexcept override { return text.c_str(); }
  std::string text;
};

[[noreturn]] void throw_invariant(const char* line) { throw InvariantBroken(line); }

}  // namespace

void catch_broken_invariants() { set_check_handler(throw_invariant); }

Plan plan_of(const SimOptions& options, uint64_t seed) {
  const SimKeys keys(seed, keys_of(seed, options), options.real_crypto);
  return draw_plan(seed, options.validators, options.faults, draw_setup(seed, options, keys).fault_phase_us);
}

ScheduleResult run_schedule(const SimOptions& options, uint64_t seed, const Plan& plan, const TraceSink& trace) {
  remember_hashes();
  return World(options, seed, plan, trace).run();
}

World::World(const SimOptions& options, uint64_t seed, const Plan& plan, const TraceSink& trace)
    : options_(options),
      seed_(seed),
      plan_(plan),
      trace_(trace),
      keys_(seed, keys_of(seed, options), options.real_crypto),
      setup_(draw_setup(seed, options, keys_)),
      rng_(seed ^ 0x484f5354ULL),
      client_rng_(seed ^ 0x434c49454e54ULL),
      network_(options.validators + plan.traitors.size(), setup_.latency, setup_.bytes_per_ms, seed),
      checkers_(Ledger(setup_.genesis, keys_), keys_, [&] {
        Mask mask = 0;
        for (const PlannedTraitor& t : plan.traitors) mask |= Mask{1} << t.id;
        return mask;
      }()) {
  conspiracy_ = std::make_unique<Conspiracy>(setup_.genesis, setup_.chain, seed);
  for (size_t i = 0; i < options.validators; ++i) {
    processes_.push_back(std::make_unique<Process>(static_cast<ProcessId>(i), static_cast<ValidatorId>(i),
                                                   keys_.signer(i), setup_.segment_bytes, setup_.one_sync));
  }
  for (const PlannedTraitor& t : plan.traitors) {
    traitor_mask_ |= Mask{1} << t.id;
    traitors_.push_back(std::make_unique<Traitor>(t, keys_.signer(t.id), *conspiracy_));
    processes_[t.id]->traitor = traitors_.back().get();
    if (!traitors_.back()->is(ByzantineKind::kTwins)) continue;
    auto twin = std::make_unique<Process>(static_cast<ProcessId>(processes_.size()), t.id, keys_.signer(t.id),
                                          setup_.segment_bytes, setup_.one_sync);
    twin->traitor = traitors_.back().get();
    // The adversary decides who sees which twin; both may see some.
    Rng split(t.seed);
    processes_[t.id]->hears_only = split.next() | (split.chance(300'000) ? everyone() : 0);
    twin->hears_only = split.chance(500'000) ? ~processes_[t.id]->hears_only : split.next();
    processes_.push_back(std::move(twin));
  }
  for (auto& p : processes_) {
    const int64_t skew = rng_.between(-kWallSkewMs, kWallSkewMs);
    p->clock = SimClock(kGenesisTimeMs + 1'000, skew);
  }
  for (size_t i = 0; i < kClients; ++i) clients_.push_back(Client{keys_.signer(options.validators + i), 0, 0, {}});
  if (setup_.genesis.market) market_.emplace(seed, setup_.genesis, setup_.chain, keys_, options.validators + kClients);
}

ScheduleResult World::run() {
  if (tracing()) {
    say("seed " + std::to_string(seed_) + ": " + describe(setup_));
    for (const PlannedTraitor& t : plan_.traitors) say(describe(t));
    for (const PlannedFault& f : plan_.faults) say("planned " + describe(f));
  }
  for (auto& p : processes_) push(rng_.between(0, kStartSpreadUs), {.kind = Kind::kStart, .a = p->index});
  for (size_t i = 0; i < kClients; ++i)
    push(client_rng_.between(0, setup_.submit_interval_us), {.kind = Kind::kClientTick, .value = i});
  if (market_) push(setup_.market_interval_us, {.kind = Kind::kClientTick, .value = kClients});
  for (size_t i = 0; i < plan_.faults.size(); ++i) push(plan_.faults[i].start_us, {.kind = Kind::kFault, .value = i});
  for (const PlannedTraitor& t : plan_.traitors) push(kTraitorTickUs, {.kind = Kind::kTraitorTick, .a = t.id});
  push(plan_.fault_phase_us, {.kind = Kind::kHeal});

  const size_t many = std::max(setup_.genesis.validators.size(), kBoundsAreFor);
  const size_t growth = many * many / (kBoundsAreFor * kBoundsAreFor);
  const size_t in_flight_max = kEventsInFlightMax * growth;
  const uint64_t events_max = kEventsMax * growth;
  while (!done_ && !checkers_.finding()) {
    Event event = queue_.pop();
    ++result_.events;
    checkers_.set_time(now());
    result_.trace_hash = mix(result_.trace_hash, static_cast<uint64_t>(now()));
    result_.trace_hash = mix(result_.trace_hash, static_cast<uint64_t>(event.kind) | uint64_t{event.a} << 8 |
                                                     uint64_t{event.b} << 24 | event.value << 40);
    handle(std::move(event));
    checkers_.settle_acknowledged(false);
    if (queue_.size() > in_flight_max)
      checkers_.report(Failure::kUnbounded, std::to_string(queue_.size()) + " events are in flight");
    if (result_.events > events_max)
      checkers_.report(Failure::kUnbounded, "more than " + std::to_string(events_max) + " events");
  }
  checkers_.settle_acknowledged(true);
  finish(result_);
  return std::move(result_);
}

void World::handle(Event event) {
  Process& p = *processes_[event.a];
  // Whatever happens at a process that stands still happens when it goes on.
  const bool at_process = event.kind <= Kind::kVerified && event.kind != Kind::kConnect && event.kind != Kind::kDetect;
  Process& actor = event.kind == Kind::kDeliver ? *processes_[event.b] : p;
  if (at_process && actor.up() && actor.paused) return actor.deferred.push_back(std::move(event));
  const bool stale = event.generation != p.incarnation;
  switch (event.kind) {
    case Kind::kDeliver:
      if (!actor.up() || !network_.up(event.a, event.b) || network_.generation(event.a, event.b) != event.generation)
        return;
      if (actor.traitor != nullptr) actor.traitor->incoming(*event.frame->decoded());
      if (tracing())
        say(std::to_string(p.id) + " -> " + std::to_string(actor.id) + " " + describe_frame(event.frame->bytes()));
      return step(actor, replica::PeerFrame{p.id, event.frame->bytes(), event.frame->decoded()});
    case Kind::kConnect:
      return connect(event.a, event.b);
    case Kind::kDetect:
      if (network_.blocked(event.a, event.b) || network_.blocked(event.b, event.a))
        lose_session(event.a, event.b, rng_.between(0, 20'000));
      return;
    case Kind::kTellDown:
      if (p.up() && network_.told_up(event.a, event.b) && !network_.up(event.a, event.b))
        tell(p, *processes_[event.b], false);
      return;
    case Kind::kWake:
      if (stale || p.wake_us > now()) return;
      p.wake_us = kNever;
      if (const auto deadline = p.replica->next_deadline(); deadline && *deadline <= p.clock.mono_us(now()))
        return step(p, replica::Wake{});
      return schedule_wake(p);
    case Kind::kSync:
      if (!stale) sync_done(p);
      return;
    case Kind::kStore:
      if (!stale) apply_to_store(p);
      return;
    case Kind::kFlush:
      if (stale) return;
      push(now() + rng_.between(1, 2 * setup_.flush_interval_us),
           {.kind = Kind::kFlush, .a = p.index, .generation = p.incarnation});
      p.store.flush();
      return step(p, replica::StoreFlushed{p.stored_height});
    case Kind::kVerified: {
      if (stale) return;
      const auto found = p.verified.find(event.value);
      TL_CHECK(found != p.verified.end());
      std::vector<uint8_t> ok = std::move(found->second);
      p.verified.erase(found);
      return step(p, replica::Verified{event.value, std::move(ok)});
    }
    case Kind::kResume:
      if (!stale) resume(p);
      return;
    case Kind::kStart:
      if (!stale && !p.up()) start(p);
      return;
    case Kind::kClientTick:
      return client_tick(event.value);
    case Kind::kClientRetry:
      return retry(event.value);
    case Kind::kSubmit:
      if (!p.up()) return;
      return step(p, replica::ClientSubmit{
                         txs_[event.value].client, event.value, {txs_[event.value].bytes}, {txs_[event.value].parsed}});
    case Kind::kFault:
      return begin_fault(event.value);
    case Kind::kFaultEnd:
      return end_fault(event.value);
    case Kind::kTraitorSend:
      if (p.up()) send_as(p, event.value, event.frame, event.bulk);
      return;
    case Kind::kTraitorTick:
      push(now() + rng_.between(kTraitorTickUs / 2, 2 * kTraitorTickUs), {.kind = Kind::kTraitorTick, .a = p.index});
      if (!p.up()) return;
      p.traitor->tick(treasons_);
      return carry_out_treason(p);
    case Kind::kHeal:
      return heal();
    case Kind::kCheckHealed:
      return check_healed();
  }
}

void World::start(Process& p) {
  ++p.incarnation;
  p.restart_us = kNever;
  p.clock.reboot(now(), rng_.between(0, 1'000'000'000));
  replica::Config config;
  config.genesis = setup_.genesis;
  config.self = p.id;
  config.limits = setup_.limits;
  config.record_trace = tracing();
  for (size_t at = 0; at < Hash::kSize; at += 8) {
    const uint64_t word = rng_.next();
    for (size_t i = 0; i < 8; ++i) config.rejoin_nonce.bytes[at + i] = static_cast<uint8_t>(word >> (8 * i));
  }
  const replica::DiskImage image = p.disk.image();
  p.disk.begin_segment();
  const auto tip = applied_tip(p.store);
  p.stored_height = tip ? tip->height : 0;
  try {
    auto opened = replica::Replica::open(std::move(config), image, p.store, p.signer, keys_);
    if (!opened) {
      if (p.correct())
        checkers_.report(Failure::kFatal,
                         "validator " + std::to_string(p.id) + " does not open: " + opened.error().why);
      return;
    }
    p.replica = std::move(*opened);
  } catch (const InvariantBroken& broken) {
    if (p.correct())
      checkers_.report(Failure::kInvariant, "validator " + std::to_string(p.id) + " at its start: " + broken.text);
    return;
  }
  if (p.correct()) {
    const replica::ReplicaStatus status = p.replica->status();
    checkers_.started(p.id, p.stored_height);  // what the log holds above it is committed again
    checkers_.standing(p.id, status.applied, status.tip);
    if (tracing()) {
      say("validator " + std::to_string(p.id) + " starts at height " + std::to_string(status.applied) +
          (status.engine.rejoining ? ", must rejoin" : ""));
    }
    if (status.engine.rejoining && !p.damaged) ++result_.needless_rejoins;
  }
  push(now() + rng_.between(1, 2 * setup_.flush_interval_us),
       {.kind = Kind::kFlush, .a = p.index, .generation = p.incarnation});
  step(p, replica::Start{});
  for (const auto& q : processes_) try_connect(p.index, q->index);
}

void World::crash(Process& p, bool power, int64_t down_us) {
  if (!p.up()) return;
  if (tracing()) say("validator " + std::to_string(p.id) + (power ? " loses power" : " is killed"));
  p.replica.reset();
  ++p.incarnation;
  p.disk.crash(power, options_.faults.has(FaultKind::kBitFlip), rng_);
  p.store.crash();
  p.applies.clear();
  p.verified.clear();
  p.sessions = {};
  p.wake_us = kNever;
  p.paused = false;
  p.deferred.clear();
  p.crash_at_effect = false;
  p.fail_next_sync = false;
  p.disk_full = false;
  if (p.whole_after) {  // it may have to rejoin again
    p.whole_after.reset();
    p.was_rejoining = true;
  }
  for (const auto& q : processes_) {
    if (q->index == p.index) continue;
    network_.set_told(p.index, q->index, false);
    lose_session(p.index, q->index, power ? rng_.between(20'000, 400'000) : rng_.between(500, 40'000));
  }
  p.restart_us = now() + down_us;
  push(p.restart_us, {.kind = Kind::kStart, .a = p.index, .generation = p.incarnation});
}

void World::step(Process& p, replica::Input input) {
  effects_.clear();
  try {
    p.replica->step(p.clock.read(now()), std::move(input), effects_);
  } catch (const InvariantBroken& broken) {
    if (p.correct())
      return checkers_.report(Failure::kInvariant, "validator " + std::to_string(p.id) + ": " + broken.text);
    return crash(p, false, 100'000);  // a twin may meet what no correct validator can: its own lies
  }
  size_t carried = effects_.size();
  const bool cut = p.crash_at_effect && !effects_.empty();
  if (cut) {  // notes do not count: who watches gets more of them, and must not change where it dies
    const auto is_note = [](const replica::Effect& e) { return std::holds_alternative<replica::Note>(e); };
    const auto notes = static_cast<size_t>(std::count_if(effects_.begin(), effects_.end(), is_note));
    size_t left = rng_.below(effects_.size() - notes + 1);
    carried = 0;
    while (left > 0) left -= is_note(effects_[carried++]) ? 0 : 1;
  }
  const uint32_t incarnation = p.incarnation;
  for (size_t i = 0; i < carried && p.incarnation == incarnation; ++i) carry_out(p, effects_[i]);
  if (p.incarnation != incarnation) return;
  if (cut) {
    if (tracing())
      say("validator " + std::to_string(p.id) + " dies after " + std::to_string(carried) + " of " +
          std::to_string(effects_.size()) + " effects");
    return crash(p, p.crash_is_power, p.crash_down_us);
  }
  begin_write(p);
  if (p.incarnation != incarnation) return;
  schedule_wake(p);
  watch(p);
}

void World::resume(Process& p) {
  p.paused = false;
  std::deque<Event> deferred = std::move(p.deferred);
  p.deferred.clear();
  for (Event& event : deferred) handle(std::move(event));
}

void World::carry_out(Process& p, replica::Effect& effect) {
  if (auto* e = std::get_if<replica::SendFrame>(&effect)) return send(p, e->to, e->frame, e->bulk);
  if (auto* e = std::get_if<replica::LogAppend>(&effect)) {
    p.appended = e->lsn;
    return p.disk.enqueue(std::move(*e));
  }
  if (auto* e = std::get_if<replica::LogTrim>(&effect)) return p.disk.trim(e->before);
  if (auto* e = std::get_if<replica::VerifyJob>(&effect)) {
    std::vector<uint8_t> ok;
    ok.reserve(e->items.size());
    for (const auto& item : e->items) ok.push_back(keys_.verify(item.key, item.digest.view(), item.signature) ? 1 : 0);
    const int64_t takes = setup_.verify_us * static_cast<int64_t>(ok.size());
    TL_CHECK_MSG(p.verified.emplace(e->ticket, std::move(ok)).second, "a ticket was used twice");
    return push(now() + io_time(takes),
                {.kind = Kind::kVerified, .a = p.index, .generation = p.incarnation, .value = e->ticket});
  }
  if (auto* e = std::get_if<replica::StoreApply>(&effect)) {
    if (e->replace_state) {
      if (p.correct()) {
        checkers_.installed_snapshot(p.id, e->height);
        result_.reached.snapshot_join = true;
      }
      if (tracing())
        say("validator " + std::to_string(p.id) + " installs a snapshot of height " + std::to_string(e->height));
    }
    p.applies.push_back(std::move(*e));
    if (p.applies.size() == 1)
      push(now() + io_time(setup_.apply_us), {.kind = Kind::kStore, .a = p.index, .generation = p.incarnation});
    return;
  }
  if (auto* e = std::get_if<replica::TxOutcome>(&effect)) return outcome(p, *e);
  if (auto* e = std::get_if<replica::BlockCommitted>(&effect)) {
    if (tracing()) {
      say("validator " + std::to_string(p.id) + " commits height " + std::to_string(e->block->header.height) + " " +
          to_hex(e->block->digest).substr(0, 8) + " with " + std::to_string(e->block->txs.size()) + " transactions");
    }
    if (p.correct()) checkers_.committed(p.id, *e);
    return;
  }
  if (auto* e = std::get_if<replica::Note>(&effect)) {
    if (tracing()) say("validator " + std::to_string(p.id) + " notes: " + e->text);
    return;
  }
  if (auto* e = std::get_if<replica::Fatal>(&effect)) {
    if (p.correct())
      checkers_.report(Failure::kFatal, "validator " + std::to_string(p.id) + " stops itself: " + e->why);
    return crash(p, false, 100'000);
  }
}

void World::schedule_wake(Process& p) {
  const auto deadline = p.replica->next_deadline();
  if (!deadline) return;
  int64_t at = p.clock.virtual_us(*deadline, now());
  if (at >= p.wake_us) return;
  p.wake_us = at;
  push(at, {.kind = Kind::kWake, .a = p.index, .generation = p.incarnation});
}

int64_t World::io_time(int64_t mean_us) {
  return std::max<int64_t>(1, mean_us / 2 + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(mean_us) + 1)));
}

void World::begin_write(Process& p) {
  if (p.disk.busy() || !p.disk.has_queue()) return;
  if (p.disk_full) return crash(p, false, p.crash_down_us);
  if (p.disk.write_batch())
    push(now() + io_time(setup_.sync_us * p.sync_factor),
         {.kind = Kind::kSync, .a = p.index, .generation = p.incarnation});
}

void World::sync_done(Process& p) {
  if (p.fail_next_sync) {
    if (tracing()) say("validator " + std::to_string(p.id) + " cannot sync its log and stops");
    return crash(p, true, p.crash_down_us);
  }
  std::vector<consensus::Lsn> lsns;
  if (!p.disk.sync_done(lsns)) {
    push(now() + io_time(setup_.sync_us * p.sync_factor),
         {.kind = Kind::kSync, .a = p.index, .generation = p.incarnation});
    return;
  }
  // What it knows again it could still lose until it is on the disk.
  if (p.whole_after && !lsns.empty() && lsns.back() >= *p.whole_after) {
    p.damaged = false;
    p.whole_after.reset();
  }
  if (!setup_.report_each_lsn && lsns.size() > 1) lsns.erase(lsns.begin(), lsns.end() - 1);
  const uint32_t incarnation = p.incarnation;
  begin_write(p);
  for (const consensus::Lsn lsn : lsns)
    if (p.incarnation == incarnation) step(p, replica::LogDurable{lsn});
}

void World::apply_to_store(Process& p) {
  TL_CHECK(!p.applies.empty());
  replica::StoreApply apply = std::move(p.applies.front());
  p.applies.pop_front();
  if (!p.applies.empty())
    push(now() + io_time(setup_.apply_us), {.kind = Kind::kStore, .a = p.index, .generation = p.incarnation});
  if (apply.replace_state)
    for (const Column column : {Column::kState, Column::kTxs, Column::kReadings}) p.store.clear(column);
  p.store.apply(std::move(apply.batch));
  p.stored_height = apply.height;
  step(p, replica::StoreApplied{apply.height, apply.take_snapshot ? p.store.snapshot() : nullptr});
}

void World::watch(Process& p) {
  if (!healed_ && checkers_.height() >= options_.blocks) heal();
  if (!p.correct() || result_.events % 16 != 0) return;
  const replica::ReplicaStatus status = p.replica->status();
  if (status.pending > setup_.limits.pool_transactions_max)
    checkers_.report(Failure::kUnbounded,
                     "the pool of validator " + std::to_string(p.id) + " holds " + std::to_string(status.pending));
  if (p.was_rejoining && !status.engine.rejoining) {
    result_.reached.rejoin = true;
    p.whole_after = p.appended;
    if (tracing()) say("validator " + std::to_string(p.id) + " has rejoined");
  }
  p.was_rejoining = status.engine.rejoining;
}

void World::finish(ScheduleResult& result) {
  result.finding = checkers_.finding();
  result.height = checkers_.height();
  result.virtual_us = now();
  const NetworkCounts& net = network_.counts();
  const auto add = [&](FaultKind kind, uint64_t count) { result.faults[static_cast<size_t>(kind)] += count; };
  add(FaultKind::kLoss, net.lost);
  add(FaultKind::kDuplicate, net.duplicated);
  add(FaultKind::kReorder, net.reordered);
  add(FaultKind::kSlowLink, net.slowed);
  for (const auto& traitor : traitors_)
    for (size_t i = 0; i < kByzantineKinds; ++i) result.byzantine[i] += traitor->counts()[i];
  result.reached.view_change = checkers_.timeout_seen() && checkers_.new_view_seen();
  result.reached.reproposal = checkers_.reproposal_seen();
  result.reached.two_chain_commit = checkers_.two_chain_seen();
  result.reached.epoch_boundary = checkers_.epoch_ended();
  result.evidence = checkers_.evidence();
  if (const MarketBooks* books = checkers_.books()) {
    result.reached.settlement = books->settled_seen();
    result.reached.dispute = books->disputed_seen();
  }
  result.trace_hash = mix(result.trace_hash, result.height);
}

void World::say(const std::string& line) {
  if (!trace_) return;
  std::string time = std::to_string(now() / 1000) + "." + std::to_string(1000 + now() % 1000).substr(1);
  if (time.size() < 10) time.insert(0, 10 - time.size(), ' ');
  trace_(time + "  " + line);
}

}  // namespace tieline::sim
