#include "explore/search.h"

#include <algorithm>
#include <bit>

namespace tieline::explore {

namespace {

constexpr size_t kPrefixMax = 100;  // rounds of deliveries, far more than it takes
constexpr size_t kFirstTable = 1 << 16;
constexpr uint64_t kProgressEvery = 1 << 14;

uint64_t hash_of(const State& s) {
  uint64_t h = 0;
  for (const ValidatorNumber v : s.validators) h = mix(h ^ v) + 0x9e3779b97f4a7c15ULL;
  h = mix(h ^ (static_cast<uint64_t>(s.sent) << 32 | s.queue)) + 0x9e3779b97f4a7c15ULL;
  return mix(h ^ (static_cast<uint64_t>(s.timeouts) << 16 | static_cast<uint64_t>(s.crashes) << 8 | s.lies));
}

}  // namespace

Status check_bounds(const Bounds& b) {
  const auto bad = [](const std::string& why) { return Error{"bad_bounds", why}; };
  if (b.views < 1 || b.views > kViewsMax) return bad("views must be 1 to " + std::to_string(kViewsMax));
  if (b.slots < 1 || b.slots > kSlotsMax) return bad("slots must be 1 to " + std::to_string(kSlotsMax));
  if (b.timeouts > kChoicesMax || b.crashes > kChoicesMax || b.lies > kChoicesMax)
    return bad("time-outs, crashes and lies may be at most " + std::to_string(kChoicesMax) + " each");
  if (b.start == Start::kOneCommit && (b.network != Network::kAny || b.slow_answers || (b.traitors & 9) != 0 ||
                                       b.traitors == 6 || (!b.fast_path && b.slots < 2)))
    return bad("one commit to start with needs any order, answers at once, seats 0 and 3 correct and one of 1 and 2");
  if (b.elects && b.start != Start::kBeginning) return bad("one commit to start with is there for cbft only");
  if (b.traitors >= (1u << kValidators) - 1) return bad("one validator at least must be correct");
  if (b.levels > kLevelsMax) return bad("depth or deviations may be at most " + std::to_string(kLevelsMax));
  if (b.states < 1 || b.states > kStatesMax) return bad("states must be 1 to " + std::to_string(kStatesMax));
  return {};
}

const char* deviation_name(Deviation deviation) {
  switch (deviation) {
    case Deviation::kLost:
      return "lost";
    case Deviation::kLate:
      return "late";
    case Deviation::kDeaf:
      return "deaf";
    case Deviation::kTimeout:
      return "timeout";
    case Deviation::kCatchUp:
      return "catch_up";
    case Deviation::kCount:
      break;
  }
  return "";
}

Report explore(const Bounds& bounds, const std::function<void(uint64_t, uint32_t)>& progress) {
  const Status good = check_bounds(bounds);
  TL_CHECK_MSG(good.ok(), good.ok() ? "" : good.error().why.c_str());
  return Search(bounds).run(progress);
}

Search::Search(const Bounds& bounds)
    : bounds_(bounds),
      world_(bounds),
      validators_(world_, lists_),
      symmetry_(world_, lists_, validators_),
      table_(kFirstTable, kEmpty) {
  for (Seat seat = 0; seat < kValidators; ++seat)
    if (!world_.correct(seat)) traitors_.emplace_back(world_, seat);
}

// --- states ---------------------------------------------------------------------------------------------------------

Search::StateNumber* Search::slot_of(const State& state) {
  size_t at = hash_of(state) & (table_.size() - 1);
  while (table_[at] != kEmpty && !(states_[table_[at]] == state)) at = (at + 1) & (table_.size() - 1);
  return &table_[at];
}

void Search::grow_table() {
  table_.assign(table_.size() * 2, kEmpty);
  for (StateNumber i = 0; i < states_.size(); ++i) *slot_of(states_[i]) = i;
}

std::optional<std::string> Search::disagreement(const State& state, Seat seat) const {
  const auto& mine = validators_.summary(state.validators[seat]).chain;
  if (mine.empty()) return std::nullopt;
  for (Seat other = 0; other < kValidators; ++other) {
    if (other == seat || !world_.correct(other)) continue;
    const auto& theirs = validators_.summary(state.validators[other]).chain;
    const size_t common = std::min(mine.size(), theirs.size());
    // Every block names its parent, so that the last common height decides.
    if (common > 0 && mine[common - 1] != theirs[common - 1])
      return "FORK at height " + std::to_string(common) + ": v" + std::to_string(seat) + " commits block " +
             std::to_string(mine[common - 1]) + ", v" + std::to_string(other) + " block " +
             std::to_string(theirs[common - 1]);
  }
  return std::nullopt;
}

std::optional<std::string> Search::wrong(const State& next, const Action& action, const Outcome* outcome) const {
  if (!outcome) return std::nullopt;
  if (outcome->violation == kNoViolation) return disagreement(next, action.seat);
  return "v" + std::to_string(action.seat) + ": " + validators_.violation(outcome->violation);
}

void Search::found(StateNumber parent, const State& reached, uint32_t cost, const Outcome* outcome,
                   const Action& action) {
  if (!report_.violation.empty()) return;
  ++report_.transitions;
  if (outcome) {
    for (uint32_t bits = outcome->reached; bits != 0; bits &= bits - 1)
      ++report_.reached[static_cast<size_t>(std::countr_zero(bits))];
    if (const auto what = wrong(reached, action, outcome)) {
      report_.violation = *what;
      report_.history = history_to(parent);
      return;
    }
  }
  const State next = symmetry_.canonical(reached);
  StateNumber* slot = slot_of(next);
  const uint32_t level = level_ + cost;
  if (*slot != kEmpty) {
    Origin& known = origins_[*slot];
    if (known.expanded || level >= known.level) return;
    known = {parent, static_cast<uint16_t>(origins_[parent].steps + 1), static_cast<uint8_t>(level), false};
    now_.push_back(*slot);
    return;
  }
  if (level > bounds_.levels) return;
  const auto number = static_cast<StateNumber>(states_.size());
  *slot = number;
  states_.push_back(next);
  const auto steps = static_cast<uint16_t>(origins_[parent].steps + 1);
  origins_.push_back({parent, steps, static_cast<uint8_t>(level), false});
  report_.steps_max = std::max<uint32_t>(report_.steps_max, steps);
  report_.stands_for += symmetry_.size_of_orbit(next);
  if (outcome) {
    const auto& summary = validators_.summary(reached.validators[action.seat]);
    report_.height_max = std::max<Height>(report_.height_max, summary.chain.size());
    report_.view_max = std::max(report_.view_max, summary.view);
  }
  (cost == 0 ? now_ : later_).push_back(number);
  if (states_.size() * 10 > table_.size() * 6) grow_table();
}

Report Search::run(const std::function<void(uint64_t, uint32_t)>& progress) {
  State first;
  std::vector<Delivery> sent;
  for (Seat seat = 0; seat < kValidators; ++seat) {
    first.validators[seat] = kNobody;
    if (!world_.correct(seat)) continue;
    const Outcome started = validators_.start(seat);
    TL_CHECK_MSG(started.violation == kNoViolation, "a validator does not start");
    first.validators[seat] = started.next;
    const auto list = lists_.at(started.sent);
    sent.insert(sent.end(), list.begin(), list.end());
  }
  if (bounds_.network == Network::kAny) {
    first.sent = lists_.united(0, sent);
  } else {
    std::vector<Delivery> to_traitors, others;
    for (const Delivery d : sent) (world_.correct(seat_of(d)) ? others : to_traitors).push_back(d);
    first.sent = lists_.united(0, to_traitors);
    first.queue = lists_.id(others);
  }
  symmetry_.start(first.validators);
  report_.alike = symmetry_.alike();
  if (bounds_.start == Start::kOneCommit) lead_to_one_commit(first);
  states_.push_back(first);
  report_.stands_for = symmetry_.size_of_orbit(first);
  origins_.push_back({});
  *slot_of(first) = 0;
  now_.push_back(0);

  bool full = false;
  for (level_ = 0;; ++level_) {
    const size_t before = states_.size();
    for (size_t i = 0; i < now_.size() && !full && report_.violation.empty(); ++i) {
      const StateNumber number = now_[i];
      if (origins_[number].expanded || origins_[number].level != level_) continue;
      origins_[number].expanded = true;
      const State state = states_[number];
      const Emit follow = [&](const State& next, const Action& action, uint32_t cost, const Outcome* outcome) {
        found(number, next, cost, outcome, action);
      };
      uneven_ = false;
      expand(state, follow);
      if (uneven_) {
        const std::vector<State> others = symmetry_.others(state);
        if (!others.empty()) ++report_.uneven_states;
        for (const State& other : others) expand(other, follow);
      }
      full = states_.size() >= bounds_.states;
      if (progress && i % kProgressEvery == 0) progress(states_.size(), level_);
    }
    report_.by_level.push_back(states_.size() - before + (level_ == 0 ? 1 : 0));
    if (full || !report_.violation.empty()) break;
    report_.levels_complete = level_;
    now_.clear();
    now_.swap(later_);
    if (now_.empty() || level_ == bounds_.levels) break;
  }
  report_.exhausted = !full && report_.violation.empty() && level_ < bounds_.levels;
  report_.states = states_.size();
  report_.validator_states = validators_.size();
  report_.engine_steps = validators_.steps();
  report_.messages = world_.envelopes();
  report_.audited = validators_.audited();
  return std::move(report_);
}

// In the order sent, but validators other than seat 3 hear of the others' votes no more than the leader needs.
void Search::lead_to_one_commit(State& state) {
  for (size_t i = 0; i < kPrefixMax; ++i) {
    const auto sent = lists_.at(state.sent);
    const State before = state;
    for (const Delivery d : std::vector<Delivery>(sent.begin(), sent.end())) {
      const Seat to = seat_of(d);
      const Message& message = *world_.envelope(envelope_of(d)).message;
      const auto* confirm = std::get_if<consensus::Confirm>(&message.payload);
      const bool hears = to == 3 || !confirm || (to == 0 && !bounds_.fast_path && confirm->slot.index == 0);
      if (!hears || !world_.correct(to)) continue;
      take(state, to, {EventKind::kDeliver, envelope_of(d)}, 0, false,
           [&](const State& next, const Action&, uint32_t, const Outcome*) { state = next; });
    }
    if (state == before) break;
  }
  TL_CHECK(validators_.summary(state.validators[3]).chain.size() == 1);
}

// --- telling --------------------------------------------------------------------------------------------------------

std::vector<std::string> Search::tell(const State& before, const Action& action) {
  std::vector<std::string> out;
  const std::string who = "v" + std::to_string(action.seat);
  const auto message = [&](EnvelopeId id) {
    const Envelope& e = world_.envelope(id);
    return describe(world_, *e.message) + " from v" + std::to_string(e.from);
  };
  if (action.kind == ActionKind::kLie) {
    std::string to;
    for (Seat seat = 0; seat < kValidators; ++seat)
      if ((action.to >> seat & 1) != 0) to += " v" + std::to_string(seat);
    out.push_back(who + " (Byzantine) says " + describe(world_, *world_.envelope(action.envelope).message) + " to" +
                  to);
    return out;
  }
  if (action.kind == ActionKind::kDeafen) {
    out.push_back("all that is under way to " + who + " is lost");
    return out;
  }
  if (action.kind != ActionKind::kEvent) {
    const Delivery head = lists_.at(before.queue).front();
    out.push_back(message(envelope_of(head)) + " to v" + std::to_string(seat_of(head)) +
                  (action.kind == ActionKind::kLose ? " is lost" : " is late"));
    return out;
  }
  switch (action.event.kind) {
    case EventKind::kDeliver:
      out.push_back(who + " receives " + message(action.event.argument));
      break;
    case EventKind::kTimer:
      out.push_back(who + ": timer " + std::to_string(action.event.argument) + " fires");
      break;
    case EventKind::kBuild:
      out.push_back(who + " gets the block it asked for");
      break;
    case EventKind::kJudge:
      out.push_back(who + " has judged block " + std::to_string(action.event.argument));
      break;
    case EventKind::kCatchUp:
      out.push_back(who + " catches up");
      break;
    case EventKind::kCrash:
      out.push_back(who + " loses power");
      break;
  }
  if (action.event.cut > 0)
    out.back() += ", and loses power after " + std::to_string(action.event.cut - 1) + " records" +
                  (action.event.torn ? ", the next one torn" : "");
  for (const std::string& line : validators_.again(before.validators[action.seat], action.event).story)
    out.push_back("    " + line);
  return out;
}

// Steps from `from` through states that the path's ones stand for, to a violation.
bool Search::retrace(const std::vector<StateNumber>& path, size_t at, const State& from, std::vector<Taken>& taken) {
  const bool last = at + 1 == path.size();
  std::vector<std::pair<State, Action>> ways;
  expand(from, [&](const State& next, const Action& action, uint32_t, const Outcome* outcome) {
    const bool leads =
        last ? wrong(next, action, outcome).has_value() : symmetry_.canonical(next) == states_[path[at + 1]];
    const auto known = [&](const auto& way) { return way.first == next; };
    if (leads && std::none_of(ways.begin(), ways.end(), known)) ways.emplace_back(next, action);
  });
  for (const auto& [next, action] : ways) {
    taken.push_back({from, action});
    if (last || retrace(path, at + 1, next, taken)) return true;
    taken.pop_back();
  }
  return false;
}

// As it happened, without exchanges.
std::vector<std::string> Search::history_to(StateNumber last) {
  std::vector<StateNumber> path{last};
  while (path.back() != 0) path.push_back(origins_[path.back()].parent);
  std::reverse(path.begin(), path.end());
  std::vector<Taken> taken;
  if (!retrace(path, 0, states_[0], taken)) return {"no history without exchanged validators: search without symmetry"};
  std::vector<std::string> out;
  for (const auto& [before, action] : taken)
    for (std::string& line : tell(before, action)) out.push_back(std::move(line));
  return out;
}

}  // namespace tieline::explore
