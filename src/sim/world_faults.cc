#include "sim/mix.h"
#include "sim/world.h"

namespace tieline::sim {
namespace {

constexpr int64_t kHealCheckUs = 50'000;
constexpr int64_t kDamageDownUs = 50'000;

}  // namespace

template <class Visit>
void World::each_link(Mask nodes, Visit&& visit) {
  for (const auto& p : processes_)
    for (const auto& q : processes_)
      if (p->index != q->index && ((nodes >> p->id & 1) || (nodes >> q->id & 1)))
        visit(network_.faults(p->index, q->index));
}

size_t World::damaged_now() const {
  size_t count = 0;
  for (const auto& p : processes_)
    if (p->correct() && p->damaged) ++count;
  return count;
}

// Traitors, wiped and damaged validators together are at most f: the assumption under which anything is promised.
bool World::may_damage(const Process& p) const {
  return p.correct() && !p.damaged && damaged_now() + plan_.traitors.size() < quorum_of(options_).f();
}

void World::begin_fault(size_t number) {
  if (healed_) return;
  const PlannedFault& fault = plan_.faults[number];
  uint64_t& injected = result_.faults[static_cast<size_t>(fault.kind)];
  if (tracing()) say("fault: " + describe(fault));
  Rng rng(fault.seed);
  const auto span = [&] { push(now() + fault.duration_us, {.kind = Kind::kFaultEnd, .value = number}); };
  Process* one = nullptr;
  for (const auto& p : processes_)
    if (fault.nodes >> p->id & 1) one = p.get();
  TL_CHECK(one != nullptr);
  switch (fault.kind) {
    case FaultKind::kCrash:
    case FaultKind::kPowerLoss:
      if (!one->up()) return;
      ++injected;
      if (rng.chance(600'000)) {  // between two effects of its next step
        one->crash_at_effect = true;
        one->crash_is_power = fault.kind == FaultKind::kPowerLoss;
        one->crash_down_us = fault.duration_us;
      } else {
        crash(*one, fault.kind == FaultKind::kPowerLoss, fault.duration_us);
      }
      return;
    case FaultKind::kCrashAll:
      ++injected;
      for (const auto& p : processes_) crash(*p, true, fault.duration_us + rng.between(0, 100'000));
      return;
    case FaultKind::kPartition:
      ++injected;
      set_blocked(fault.nodes, fault.others, 1);
      set_blocked(fault.others, fault.nodes, 1);
      return span();
    case FaultKind::kOneWay:
      ++injected;
      set_blocked(fault.nodes, fault.others, 1);
      return span();
    case FaultKind::kLoss:
      each_link(fault.nodes, [&](LinkFaults& l) { l.loss_ppm = fault.amount; });
      return span();
    case FaultKind::kReorder:
      each_link(fault.nodes, [&](LinkFaults& l) { l.jitter_factor = fault.amount; });
      return span();
    case FaultKind::kDuplicate:
      each_link(fault.nodes, [&](LinkFaults& l) { l.duplicate_ppm = fault.amount; });
      return span();
    case FaultKind::kSlowLink:
      each_link(fault.nodes, [&](LinkFaults& l) { l.slow_factor = fault.amount; });
      return span();
    case FaultKind::kPause:
      if (!one->up()) return;
      ++injected;
      one->paused = true;
      push(now() + fault.duration_us, {.kind = Kind::kResume, .a = one->index, .generation = one->incarnation});
      return;
    case FaultKind::kClockJump:
      ++injected;
      one->clock.jump(fault.amount);
      return span();
    case FaultKind::kClockDrift:
      ++injected;
      one->clock.set_rate(now(), fault.amount);
      return span();
    case FaultKind::kSlowDisk:
      ++injected;
      one->sync_factor = fault.amount;
      return span();
    case FaultKind::kFsyncFail:
    case FaultKind::kDiskFull:
      if (!one->up()) return;
      ++injected;
      one->crash_down_us = fault.duration_us;
      (fault.kind == FaultKind::kFsyncFail ? one->fail_next_sync : one->disk_full) = true;
      return;
    case FaultKind::kBitFlip:
    case FaultKind::kWipe:
      if (!may_damage(*one)) return;
      if (one->up()) {
        crash(*one, true, std::max(fault.duration_us, kDamageDownUs));
      }
      if (fault.kind == FaultKind::kBitFlip) {
        if (!one->disk.flip_bit(rng)) return;
      } else {
        one->disk.wipe();
        one->store.wipe();
      }
      ++injected;
      one->damaged = true;
      return;
    case FaultKind::kCount:
      return;
  }
}

void World::end_fault(size_t number) {
  if (healed_) return;
  const PlannedFault& fault = plan_.faults[number];
  if (tracing()) say("over: " + describe(fault));
  Process* one = nullptr;
  for (const auto& p : processes_)
    if (fault.nodes >> p->id & 1) one = p.get();
  switch (fault.kind) {
    case FaultKind::kPartition:
      set_blocked(fault.others, fault.nodes, -1);
      [[fallthrough]];
    case FaultKind::kOneWay:
      return set_blocked(fault.nodes, fault.others, -1);
    case FaultKind::kLoss:
      return each_link(fault.nodes, [&](LinkFaults& l) { l.loss_ppm = 0; });
    case FaultKind::kReorder:
      return each_link(fault.nodes, [&](LinkFaults& l) { l.jitter_factor = 1; });
    case FaultKind::kDuplicate:
      return each_link(fault.nodes, [&](LinkFaults& l) { l.duplicate_ppm = 0; });
    case FaultKind::kSlowLink:
      return each_link(fault.nodes, [&](LinkFaults& l) { l.slow_factor = 1; });
    case FaultKind::kClockJump:
      return one->clock.jump(-fault.amount);
    case FaultKind::kClockDrift:
      return one->clock.set_rate(now(), 0);
    case FaultKind::kSlowDisk:
      one->sync_factor = 1;
      return;
    default:
      return;
  }
}

void World::heal() {
  if (healed_) return;
  healed_ = true;
  heal_us_ = now();
  if (tracing()) say("all faults end; what is Byzantine stays so");
  for (const auto& p : processes_) {
    for (const auto& q : processes_)
      if (p->index < q->index && (network_.blocked(p->index, q->index) || network_.blocked(q->index, p->index)))
        lose_session(p->index, q->index, rng_.between(0, 20'000));
  }
  network_.heal();
  for (const auto& p : processes_) {
    p->clock.correct(now());
    p->wake_us = kNever;  // its clocks changed
    p->sync_factor = 1;
    p->fail_next_sync = false;
    p->disk_full = false;
    p->crash_at_effect = false;
    if (p->paused) resume(*p);
    if (p->up()) {
      schedule_wake(*p);
    } else {
      push(now() + rng_.between(0, 50'000), {.kind = Kind::kStart, .a = p->index, .generation = p->incarnation});
    }
    for (const auto& q : processes_)
      if (p->index < q->index) try_connect(p->index, q->index);
  }
  for (size_t i = 0; i < clients_.size(); ++i) new_transaction(i, true);
  if (market_) submit_market(market_->finish(client_time_ms()));
  push(now() + kHealCheckUs, {.kind = Kind::kCheckHealed});
}

void World::check_healed() {
  const int64_t limit = kTimeoutsToHeal * kBackoffMax * setup_.genesis.consensus.timeout_ms * 1000;
  std::string missing;
  const Process* first = nullptr;
  size_t open = 0;
  for (const ClientTx& tx : txs_)
    if (tx.valid && !tx.done) ++open;
  if (open > 0) missing = std::to_string(open) + " transactions are not acknowledged; ";
  for (const auto& p : processes_) {
    if (!p->correct()) continue;
    if (!p->up()) {
      missing += "validator " + std::to_string(p->id) + " is down; ";
      continue;
    }
    const replica::ReplicaStatus status = p->replica->status();
    if (status.engine.rejoining) missing += "validator " + std::to_string(p->id) + " is still rejoining; ";
    if (status.applied != checkers_.height() || p->stored_height != status.applied)
      missing += "validator " + std::to_string(p->id) + " stands at height " + std::to_string(status.applied) + " of " +
                 std::to_string(checkers_.height()) + "; ";
    if (first == nullptr) first = p.get();
  }
  if (missing.empty()) {
    for (const auto& p : processes_) {
      if (!p->correct()) continue;
      checkers_.standing(p->id, p->stored_height, p->replica->status().tip);
      if (p->store.hash(Column::kState) != first->store.hash(Column::kState))
        checkers_.report(Failure::kState, "validators " + std::to_string(first->id) + " and " + std::to_string(p->id) +
                                              " hold different states at height " + std::to_string(p->stored_height));
    }
    if (first != nullptr && market_) {
      if (const auto wrong = market_at_rest(setup_.genesis, first->store)) checkers_.report(Failure::kMarket, *wrong);
    }
    for (const ClientTx& tx : txs_)
      if (tx.receipted) check_receipt(tx);
    result_.healed_in_us = now() - heal_us_;
    done_ = true;
    return;
  }
  if (now() - heal_us_ > limit) {
    for (const auto& p : processes_) {
      if (!p->up()) continue;
      const auto status = p->replica->status();
      missing += std::string(p->correct() ? "" : "(traitor) ") + std::to_string(p->id) + ": height " +
                 std::to_string(status.applied) + " epoch " + std::to_string(status.engine.epoch) + " view " +
                 std::to_string(status.engine.view) + (status.engine.view_changing ? " changing" : "") +
                 (status.engine.rejoining ? " rejoining" : "") + (status.catching_up ? " catching up" : "") +
                 " pending " + std::to_string(status.pending) + "; ";
    }
    return checkers_.report(Failure::kStuck, missing);
  }
  push(now() + kHealCheckUs, {.kind = Kind::kCheckHealed});
}

}  // namespace tieline::sim
