// What can happen next (docs/explorer.md, "Choices").

#include <algorithm>
#include <iterator>

#include "explore/search.h"

namespace tieline::explore {

using consensus::TimerId;

void Search::expand(const State& state, const Emit& emit) {
  if (bounds_.network == Network::kAny)
    expand_any(state, emit);
  else
    expand_in_order(state, emit);
  if (!traitors_.empty() && state.lies < bounds_.lies) lies(state, emit);
}

void Search::expand_any(const State& state, const Emit& emit) {
  std::array<bool, kValidators> acts{};
  for (Seat seat = 0; seat < kValidators; ++seat) acts[seat] = may_act(state, seat);
  // By index: the lists move while outcomes are computed.
  const size_t sent = lists_.at(state.sent).size();
  for (size_t i = 0; i < sent; ++i) {
    const Delivery d = lists_.at(state.sent)[i];
    if (acts[seat_of(d)]) event(state, seat_of(d), {EventKind::kDeliver, envelope_of(d)}, 1, false, emit);
  }
  for (Seat seat = 0; seat < kValidators; ++seat)
    if (acts[seat]) own_moves(state, seat, 1, emit);
}

// What a validator may do without a message.
void Search::own_moves(const State& state, Seat seat, uint32_t cost, const Emit& emit) {
  const ValidatorNumber number = state.validators[seat];
  const auto summary = validators_.summary(number);
  const bool in_turn = cost == 0 || bounds_.network == Network::kAny;
  // kPassedOver does what kProgress does. Where leaders are elected kProgress also lets a member stand in its own view.
  for (const TimerId id : {TimerId::kProgress, TimerId::kViewChange})
    if ((summary.armed >> static_cast<uint8_t>(id) & 1) != 0 && state.timeouts < bounds_.timeouts &&
        summary.view + (bounds_.elects ? 0 : 1) < bounds_.views && (in_turn || deviates(Deviation::kTimeout)))
      event(state, seat, {EventKind::kTimer, static_cast<uint32_t>(id)}, cost, false, emit);
  if (bounds_.slow_answers) {
    if (summary.wants) event(state, seat, {EventKind::kBuild}, cost, false, emit);
    for (const uint32_t block : summary.judging) event(state, seat, {EventKind::kJudge, block}, cost, false, emit);
  }
  if (state.crashes < bounds_.crashes) take(state, seat, {EventKind::kCrash}, 1, false, emit);
  if (!in_turn && !deviates(Deviation::kCatchUp)) return;
  std::vector<uint32_t> longer;
  for (Seat peer = 0; peer < kValidators; ++peer) {
    if (peer == seat || !world_.correct(peer)) continue;
    const auto& theirs = validators_.summary(state.validators[peer]);
    if (theirs.chain.size() > summary.chain.size()) longer.push_back(theirs.chain_number);
  }
  std::sort(longer.begin(), longer.end());
  longer.erase(std::unique(longer.begin(), longer.end()), longer.end());
  for (const uint32_t chain : longer) event(state, seat, {EventKind::kCatchUp, chain}, cost, false, emit);
}

// The event, and the same cut short by a crash at each of its records.
void Search::event(const State& state, Seat seat, const Event& e, uint32_t cost, bool queued, const Emit& emit) {
  take(state, seat, e, cost, queued, emit);
  if (state.crashes >= bounds_.crashes) return;
  const uint8_t persists = std::min(validators_.outcome(state.validators[seat], e).persists, Event::kCutMax);
  for (uint8_t cut = 1; cut <= persists; ++cut) {
    Event short_one = e;
    short_one.cut = cut;
    take(state, seat, short_one, 1, queued, emit);
    short_one.torn = true;
    if (bounds_.torn) take(state, seat, short_one, 1, queued, emit);
  }
}

void Search::take(const State& state, Seat seat, const Event& e, uint32_t cost, bool queued, const Emit& emit) {
  Outcome& outcome = validators_.outcome(state.validators[seat], e);
  if (!symmetry_.even(state.validators[seat], e, outcome)) uneven_ = true;
  State next = state;
  next.validators[seat] = outcome.next;
  if (e.kind == EventKind::kTimer && static_cast<TimerId>(e.argument) != TimerId::kResend) ++next.timeouts;
  if (e.kind == EventKind::kCrash || e.cut > 0) ++next.crashes;
  if (bounds_.network == Network::kAny) {
    if (outcome.sent != 0) {
      const uint64_t key = static_cast<uint64_t>(state.sent) << 32 | outcome.sent;
      next.sent = united_.find(key);
      if (next.sent == FlatMap::kNone) {
        const auto list = lists_.at(outcome.sent);
        next.sent = lists_.united(state.sent, std::vector<uint32_t>(list.begin(), list.end()));
        united_.insert(key, next.sent);
      }
    }
    if (outcome.violation == kNoViolation && next == state) return;
  } else {
    const auto queue = lists_.at(state.queue);
    std::vector<uint32_t> rest(queue.begin() + (queued ? 1 : 0), queue.end()), to_traitors;
    for (const Delivery d : lists_.at(outcome.sent)) (world_.correct(seat_of(d)) ? rest : to_traitors).push_back(d);
    next.queue = lists_.id(rest);
    if (!to_traitors.empty() && bounds_.lies > 0) next.sent = lists_.united(state.sent, to_traitors);
  }
  emit(next, Action{ActionKind::kEvent, seat, e, 0, 0, queued}, cost, &outcome);
}

void Search::expand_in_order(const State& state, const Emit& emit) {
  const auto queue = lists_.at(state.queue);
  const bool quiet = queue.empty();
  if (!quiet) {
    const Delivery head = queue.front();
    if (may_act(state, seat_of(head)))
      event(state, seat_of(head), {EventKind::kDeliver, envelope_of(head)}, 0, true, emit);
    losses(state, emit);
  }
  for (Seat seat = 0; seat < kValidators; ++seat) {
    if (!may_act(state, seat)) continue;
    own_moves(state, seat, quiet ? 0 : 1, emit);
    // Nothing is under way: whoever has something to say again says it.
    const auto resend = static_cast<uint32_t>(TimerId::kResend);
    if (quiet && (validators_.summary(state.validators[seat]).armed >> resend & 1) != 0)
      event(state, seat, {EventKind::kTimer, resend}, 0, false, emit);
  }
}

void Search::losses(const State& state, const Emit& emit) {
  const auto queue = lists_.at(state.queue);
  const std::vector<uint32_t> all(queue.begin(), queue.end());
  const auto to_queue = [&](const std::vector<uint32_t>& list, ActionKind kind, Seat seat, uint32_t cost) {
    State next = state;
    next.queue = lists_.id(list);
    emit(next, Action{kind, seat, {}, 0, 0, true}, cost, nullptr);
  };
  std::vector<uint32_t> rest(all.begin() + 1, all.end());
  const Seat first = seat_of(all.front());
  if (!may_act(state, first)) return to_queue(rest, ActionKind::kLose, first, 0);  // it stands still beyond the bounds
  if (deviates(Deviation::kLost)) to_queue(rest, ActionKind::kLose, first, 1);
  if (deviates(Deviation::kLate) && !rest.empty()) {
    rest.push_back(all.front());
    to_queue(rest, ActionKind::kPostpone, first, 1);
  }
  if (!deviates(Deviation::kDeaf)) return;
  for (Seat seat = 0; seat < kValidators; ++seat) {
    std::vector<uint32_t> others;
    std::copy_if(all.begin(), all.end(), std::back_inserter(others), [&](Delivery d) { return seat_of(d) != seat; });
    if (others.size() < all.size()) to_queue(others, ActionKind::kDeafen, seat, 1);
  }
}

// --- the traitors ---------------------------------------------------------------------------------------------------

// The envelopes that the traitors know, as a list.
Lists::Id Search::heard(Lists::Id sent) {
  std::vector<uint32_t> out;
  for (const Delivery d : lists_.at(sent))
    if (!world_.correct(seat_of(d)) && (out.empty() || out.back() != envelope_of(d))) out.push_back(envelope_of(d));
  return lists_.id(out);
}

Lists::Id Search::could_say(Lists::Id heard) {
  const auto found = could_say_.find(heard);
  if (found != could_say_.end()) return found->second;
  const auto list = lists_.at(heard);
  const std::vector<EnvelopeId> envelopes(list.begin(), list.end());
  std::vector<uint32_t> could;
  for (Traitor& traitor : traitors_)
    for (const EnvelopeId envelope : traitor.could_say(envelopes)) could.push_back(envelope);
  return could_say_[heard] = lists_.united(0, could);
}

// Whether that is uneven (symmetry.h), and pairs: what they could say, and what was sent once they have said it to
// everyone. Computed once for all that was sent.
Lists::Id Search::lies_after(Lists::Id sent) {
  if (const uint32_t known = lies_.find(sent); known != FlatMap::kNone) return known;
  const Lists::Id known = heard(sent);
  const auto list = lists_.at(could_say(known));
  std::vector<uint32_t> pairs{0};
  for (const EnvelopeId envelope : std::vector<uint32_t>(list.begin(), list.end())) {
    std::vector<Delivery> said{delivery(envelope, world_.envelope(envelope).from)};
    for (Seat seat = 0; seat < kValidators; ++seat)
      if (world_.correct(seat) && bounds_.network == Network::kAny) said.push_back(delivery(envelope, seat));
    pairs.push_back(envelope);
    pairs.push_back(lists_.united(sent, said));
  }
  pairs[0] = symmetry_.even_words(known, [&](Lists::Id words) { return could_say(words); }) ? 0 : 1;
  const Lists::Id out = lists_.id(pairs);
  lies_.insert(sent, out);
  return out;
}

void Search::lies(const State& state, const Emit& emit) {
  const auto list = lists_.at(lies_after(state.sent));
  const std::vector<uint32_t> pairs(list.begin(), list.end());
  uint8_t everyone = 0;
  for (Seat seat = 0; seat < kValidators; ++seat)
    if (world_.correct(seat)) everyone = static_cast<uint8_t>(everyone | 1u << seat);
  if (pairs[0] != 0) uneven_ = true;
  for (size_t i = 1; i < pairs.size(); i += 2) {
    const EnvelopeId envelope = pairs[i];
    State next = state;
    ++next.lies;
    next.sent = pairs[i + 1];
    const Seat liar = world_.envelope(envelope).from;
    if (bounds_.network == Network::kAny) {  // "to everyone" is enough: not delivered is not said
      emit(next, Action{ActionKind::kLie, liar, {}, envelope, everyone, false}, 1, nullptr);
      continue;
    }
    for (uint8_t to = everyone; to != 0; to = static_cast<uint8_t>((to - 1) & everyone)) {
      std::vector<Delivery> deliveries;
      for (Seat seat = 0; seat < kValidators; ++seat)
        if ((to >> seat & 1) != 0) deliveries.push_back(delivery(envelope, seat));
      const auto queue = lists_.at(state.queue);
      deliveries.insert(deliveries.end(), queue.begin(), queue.end());
      next.queue = lists_.id(deliveries);
      emit(next, Action{ActionKind::kLie, liar, {}, envelope, to, false}, 1, nullptr);
    }
  }
}

}  // namespace tieline::explore
