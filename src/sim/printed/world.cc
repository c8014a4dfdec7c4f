#include <algorithm>

#include "sim/distribution.h"
#include "sim/event_queue.h"
#include "sim/mix.h"
#include "sim/printed/coalition.h"
#include "sim/printed/printed.h"

namespace tieline::sim::printed {
namespace {

constexpr int64_t kForever = int64_t{1} << 60;
constexpr uint64_t kEventsMax = 200'000;
constexpr Height kBlocksAfterHealing = 2;
constexpr int64_t kHealTimeouts = 10 * 64;  // as the simulator gives the real engines (sim/world.h)

struct Constants {
  LatencyModel latency{};
  int64_t timeout_us = 0;
  int64_t phase_us = 0;
};

Constants draw_constants(uint64_t seed) {
  Rng rng(seed ^ 0x5052494e544544ULL);
  Constants c;
  c.latency = static_cast<LatencyModel>(rng.below(static_cast<uint64_t>(LatencyModel::kCount)));
  c.timeout_us = 1000 * (c.latency == LatencyModel::kLocal ? rng.between(40, 200) : rng.between(150, 400));
  c.phase_us = 1000 * rng.between(1'500, 4'000);
  return c;
}

struct Event {
  enum class Kind : uint8_t { kDeliver, kTimer, kResend, kHeal };
  Kind kind{};
  uint32_t at = 0;
  MessagePtr message = {};
  uint64_t key = 0;  // of a delivery: this message, to this one, sent for the k-th time
};

uint64_t key_of(const Message& m, uint32_t to) {
  uint64_t key = mix(static_cast<uint64_t>(m.kind) + 1, uint64_t{m.from} << 32 | to);
  key = mix(mix(mix(key, m.view), m.height), m.block);
  return m.subject ? mix(key, m.subject->from) : m.kind == Kind::kState ? mix(key, m.executed.size()) : key;
}
uint64_t key_of_timeout(uint32_t at, View to) { return mix(mix(0xff, at), to); }

class World {
 public:
  World(const Options& options, uint64_t seed, const Plan& plan, const Filter& filter, const TraceSink& trace)
      : options_(options),
        plan_(plan),
        filter_(filter),
        trace_(trace),
        constants_(draw_constants(seed)),
        coalition_(plan, options.validators),
        network_seed_(seed ^ 0x4e4554574f524bULL),
        wake_us_(options.validators, kForever) {
    for (uint32_t i = 0; i < options.validators; ++i) {
      nodes_.emplace_back(i, options.validators, options.reading, constants_.timeout_us,
                          Outlet{.send = [this, i](MessagePtr m) { send(i, m); },
                                 .new_block = [this] { return ++blocks_; },
                                 .executed = [this, i](Height h, BlockName b) { executed(i, h, b); },
                                 .say = [this, i](const std::string& what) { say(i, what); },
                                 .entered_view = [this, i](bool reproposed) { entered(i, reproposed); }});
    }
  }

  Result run() {
    if (trace_) {
      trace_("latency " + std::string(latency_name(constants_.latency)) + ", T0 " +
             std::to_string(constants_.timeout_us / 1000) + " ms, Q of " + reading_name(options_.reading) +
             " proposals, " + std::to_string(2 * nodes_[0].faulty() + 1) + " of " +
             std::to_string(options_.validators) + " CONFIRMs execute");
      for (const PlannedTraitor& t : plan_.traitors)
        trace_("validator " + std::to_string(t.id) +
               (coalition_.silent(t.id) ? " is Byzantine: silent" : " is Byzantine: equivocates"));
      for (const PlannedFault& f : plan_.faults) trace_(describe(f));
      if (quiet_below() > 1) trace_("heights below " + std::to_string(quiet_below()) + " are executed alike by all");
    }
    for (const PlannedFault& f : plan_.faults) ++result_.schedule.faults[static_cast<size_t>(f.kind)];
    queue_.push(plan_.fault_phase_us, {.kind = Event::Kind::kHeal});
    for (uint32_t i = 0; i < options_.validators; ++i) {
      nodes_[i].start(0);
      schedule(i);
      queue_.push(constants_.timeout_us / 2 + i, {.kind = Event::Kind::kResend, .at = i});
    }
    while (!done_ && !result_.schedule.finding && !queue_.empty()) {
      const Event event = queue_.pop();
      ++result_.schedule.events;
      result_.schedule.trace_hash =
          mix(mix(result_.schedule.trace_hash, static_cast<uint64_t>(now())),
              event.message ? event.key : uint64_t{event.at} << 8 | static_cast<uint8_t>(event.kind));
      handle(event);
      check();
    }
    for (const Height h : heights()) result_.schedule.height = std::max(result_.schedule.height, h);
    result_.schedule.virtual_us = now();
    result_.schedule.byzantine[static_cast<size_t>(ByzantineKind::kEquivocate)] = coalition_.splits();
    return std::move(result_);
  }

 private:
  int64_t now() const { return queue_.now_us(); }
  std::vector<Height> heights() const {
    std::vector<Height> out;
    for (uint32_t i = 0; i < options_.validators; ++i)
      if (!coalition_.has(i)) out.push_back(nodes_[i].height());
    return out;
  }

  void handle(const Event& event) {
    Node& node = nodes_[event.at];
    switch (event.kind) {
      case Event::Kind::kHeal:
        healed_ = true;
        heal_us_ = now();
        for (const Height h : heights()) heal_height_ = std::max(heal_height_, h);
        return;
      case Event::Kind::kResend:
        queue_.push(now() + constants_.timeout_us / 2, {.kind = Event::Kind::kResend, .at = event.at});
        if (!still(event.at)) node.resend();
        return;
      case Event::Kind::kTimer: {
        if (wake_us_[event.at] != now()) return;  // an earlier one came in between
        wake_us_[event.at] = kForever;
        if (node.deadline_us() > now()) return schedule(event.at);
        if (still(event.at)) return wake(event.at, now() + 1'000);
        if (node.time_is_out(now())) {
          const uint64_t key = key_of_timeout(event.at, node.next_view());
          if (filter_ && !filter_->keys.contains(key)) return wake(event.at, now() + constants_.timeout_us);
          happened(key);
        }
        node.timer(now());
        return schedule(event.at);
      }
      case Event::Kind::kDeliver: {
        if (still(event.at) || (filter_ && !filter_->keys.contains(event.key))) return;
        happened(event.key);
        if (trace_ && told(*event.message)) say(event.message->from, describe(*event.message, quiet_below()), event.at);
        node.receive(event.message, now());
        return schedule(event.at);
      }
    }
  }

  void schedule(uint32_t at) {
    const int64_t deadline = std::max(nodes_[at].deadline_us(), now());
    if (deadline < wake_us_[at]) wake(at, deadline);
  }
  void wake(uint32_t at, int64_t time_us) {
    wake_us_[at] = time_us;
    queue_.push(time_us, {.kind = Event::Kind::kTimer, .at = at});
  }

  bool in_force(const PlannedFault& f) const {
    return !healed_ && f.start_us <= now() && now() < f.start_us + f.duration_us;
  }
  // Crashed or standing still.
  bool still(uint32_t at) const {
    return std::any_of(plan_.faults.begin(), plan_.faults.end(), [&](const PlannedFault& f) {
      const bool stops = f.kind == FaultKind::kCrash || f.kind == FaultKind::kPowerLoss ||
                         f.kind == FaultKind::kCrashAll || f.kind == FaultKind::kPause;
      return stops && in_force(f) && (f.nodes >> at & 1);
    });
  }

  void send(uint32_t from, const MessagePtr& message) {
    uint32_t to = ((uint32_t{1} << options_.validators) - 1) & ~(uint32_t{1} << from);
    if (message->kind == Kind::kViewChangeAck) to &= uint32_t{1} << message->view % options_.validators;
    if (!coalition_.has(from)) return transmit(from, to, message);
    std::vector<Lie> lies;
    coalition_.outgoing(
        message, to, [this] { return ++blocks_; }, lies);
    for (const Lie& lie : lies) transmit(lie.from, lie.to & ~(uint32_t{1} << lie.from), lie.message);
  }

  void transmit(uint32_t from, uint32_t to, const MessagePtr& message) {
    for (uint32_t i = 0; i < options_.validators; ++i) {
      if (!(to >> i & 1)) continue;
      // From a generator of its own, so that leaving a message out of a schedule disturbs no other.
      const uint64_t message_key = key_of(*message, i);
      const uint64_t key = mix(message_key, sendings_[message_key]++);
      Rng rng(mix(network_seed_, key));
      int64_t latency = draw_latency_us(constants_.latency, rng);
      bool arrives = true;
      bool twice = false;
      for (const PlannedFault& f : plan_.faults) {
        if (!in_force(f)) continue;
        const bool touches = (f.nodes >> from & 1) || (f.nodes >> i & 1);
        const bool forward = (f.nodes >> from & 1) && (f.others >> i & 1);
        const bool backward = (f.others >> from & 1) && (f.nodes >> i & 1);
        if (f.kind == FaultKind::kPartition) arrives &= !forward && !backward;
        if (f.kind == FaultKind::kOneWay) arrives &= !forward;
        if (f.kind == FaultKind::kLoss && touches) arrives &= !rng.chance(static_cast<uint64_t>(f.amount));
        if (f.kind == FaultKind::kSlowLink && touches) latency *= f.amount;
        if (f.kind == FaultKind::kReorder && rng.chance(300'000)) latency *= rng.between(1, f.amount);
        if (f.kind == FaultKind::kDuplicate) twice |= rng.chance(static_cast<uint64_t>(f.amount));
      }
      if (!arrives) continue;
      for (int copies = twice ? 2 : 1; copies > 0; --copies)
        queue_.push(now() + latency, {.kind = Event::Kind::kDeliver, .at = i, .message = message, .key = key});
    }
  }

  void executed(uint32_t at, Height height, BlockName block) {
    if (height >= quiet_below()) say(at, "executes height " + std::to_string(height) + ": block " + block_text(block));
    if (coalition_.has(at)) return;
    auto& chosen = chain_[height];
    chosen[block].insert(at);
    const size_t enough = nodes_[0].faulty() + 1;
    if (chosen[block].size() == enough) ++result_.schedule.acknowledged;
    if (chosen.size() < 2 || result_.schedule.finding) return;
    std::string what = "height " + std::to_string(height) + ":";
    for (const auto& [name, by] : chosen) {
      for (const uint32_t i : by) what += " " + std::to_string(i);
      what += (by.size() == 1 ? " executed " : " executed ") + block_text(name) + ";";
      result_.lost_ack |= by.size() >= enough;
    }
    what.pop_back();
    result_.schedule.finding = Finding{Failure::kFork, now(), what};
    result_.fork_height = height;
  }

  void entered(uint32_t at, bool reproposed) {
    say(at, "enters the view");
    result_.schedule.reached.view_change = true;
    result_.schedule.reached.reproposal |= reproposed;
  }

  void check() {
    if (result_.schedule.finding) return;
    if (filter_) {  // a reduced schedule is asked for its fork only
      done_ = now() > filter_->until_us;
      return;
    }
    const std::vector<Height> all = heights();
    if (all.empty()) {  // everybody lies: there is nothing to hold them to
      done_ = healed_;
      return;
    }
    const Height least = *std::min_element(all.begin(), all.end());
    if (!healed_) {
      if (least >= options_.blocks) handle({.kind = Event::Kind::kHeal});
      return;
    }
    if (least >= heal_height_ + kBlocksAfterHealing) {
      done_ = true;
      result_.schedule.healed_in_us = now() - heal_us_;
    } else if (now() - heal_us_ > kHealTimeouts * constants_.timeout_us || result_.schedule.events > kEventsMax) {
      result_.schedule.finding = Finding{Failure::kStuck, now(), "no progress after healing"};
    }
  }

  Height quiet_below() const { return filter_ ? filter_->quiet_below : 0; }
  bool told(const Message& m) const {
    const bool of_height = m.kind == Kind::kPropose || m.kind == Kind::kConfirm;
    return (!of_height || m.height >= quiet_below()) && (m.kind != Kind::kState || m.executed.size() >= quiet_below());
  }
  void happened(uint64_t key) {
    if (seen_.insert(key).second) result_.happened.push_back(key);
  }
  void say(uint32_t who, const std::string& what, std::optional<uint32_t> to = {}) {
    if (!trace_) return;
    result_.steps.push_back({now(), who, to, what});
    std::string time = std::to_string(now() / 1000) + "." + std::to_string(1000 + now() % 1000).substr(1);
    if (time.size() < 9) time.insert(0, 9 - time.size(), ' ');
    trace_(time + "  " + std::to_string(who) + (to ? " -> " + std::to_string(*to) + "  " : " ") + what);
  }

  const Options& options_;
  const Plan& plan_;
  const Filter& filter_;
  const TraceSink& trace_;
  Constants constants_;
  Coalition coalition_;
  uint64_t network_seed_;
  std::map<uint64_t, uint64_t> sendings_;  // how often each message was sent
  EventQueue<Event> queue_;
  std::vector<int64_t> wake_us_;
  std::vector<Node> nodes_;
  BlockName blocks_ = 0;
  std::map<Height, std::map<BlockName, std::set<uint32_t>>> chain_;  // who of the correct executed what
  std::set<uint64_t> seen_;
  Result result_;
  bool healed_ = false;
  bool done_ = false;
  int64_t heal_us_ = 0;
  Height heal_height_ = 0;
};

}  // namespace

const char* reading_name(Reading reading) { return reading == Reading::kAccepted ? "accepted" : "confirmed"; }

FaultSet known_faults(const FaultSet& asked) {
  FaultSet known;
  for (const FaultKind kind :
       {FaultKind::kCrash, FaultKind::kPowerLoss, FaultKind::kCrashAll, FaultKind::kPause, FaultKind::kPartition,
        FaultKind::kOneWay, FaultKind::kLoss, FaultKind::kReorder, FaultKind::kDuplicate, FaultKind::kSlowLink})
    if (asked.has(kind)) known.kinds |= uint32_t{1} << static_cast<unsigned>(kind);
  if (asked.byzantine != 0) known.byzantine = uint32_t{1} << static_cast<unsigned>(ByzantineKind::kEquivocate);
  return known;
}

Plan plan_of(const Options& options, uint64_t seed) {
  return draw_plan(seed, options.validators, known_faults(options.faults), draw_constants(seed).phase_us);
}

Result run(const Options& options, uint64_t seed, const Plan& plan, const Filter& filter, const TraceSink& trace) {
  return World(options, seed, plan, filter, trace).run();
}

}  // namespace tieline::sim::printed
