#include "explore/symmetry.h"

#include <algorithm>
#include <bit>

namespace tieline::explore {

// --- orbits ---------------------------------------------------------------------------------------------------------

void Orbits::set(uint32_t thing, const std::vector<uint32_t>& images) {
  const size_t at = static_cast<size_t>(thing) * composed_.size();
  if (at + composed_.size() > images_.size()) images_.resize((at + composed_.size()) * 2, kUndecided);
  std::copy(images.begin(), images.end(), images_.begin() + static_cast<ptrdiff_t>(at));
}

bool Orbits::take_up(const std::vector<uint32_t>& images) {
  for (size_t p = 0; p < images.size(); ++p) {
    std::vector<uint32_t> expected;  // of images[p]
    for (size_t q = 0; q < images.size(); ++q) expected.push_back(images[composed_[q][p]]);
    for (size_t other = 0; other < p; ++other)  // the same thing twice: it must become the same
      if (images[other] == images[p])
        for (size_t q = 0; q < images.size(); ++q)
          if (images[composed_[q][other]] != expected[q]) return false;
    for (size_t q = 0; decided(images[p]) && q < images.size(); ++q)
      if (at(q, images[p]) != expected[q]) return false;
  }
  for (size_t p = 0; p < images.size(); ++p) {
    std::vector<uint32_t> own;
    for (size_t q = 0; q < images.size(); ++q) own.push_back(images[composed_[q][p]]);
    set(images[p], own);
  }
  return true;
}

// --- permutations ---------------------------------------------------------------------------------------------------

Symmetry::Symmetry(World& world, Lists& lists, Validators& validators)
    : world_(world), lists_(lists), validators_(validators) {
  const Bounds& b = world.bounds();
  std::vector<Seat> alike;
  // In the order sent one comes before the other; draws of elections tell them apart, and so does a beginning where one
  // has heard more.
  if (b.symmetry && b.network == Network::kAny && !b.elects && b.start == Start::kBeginning)
    for (Seat seat = static_cast<Seat>(b.views); seat < kValidators; ++seat)
      if (world.correct(seat)) alike.push_back(seat);
  std::vector<Permutation> permutations;
  std::vector<Seat> order = alike;
  do {
    Permutation p{0, 1, 2, 3};
    for (size_t i = 0; i < alike.size(); ++i) p[alike[i]] = order[i];
    permutations.push_back(p);
  } while (std::next_permutation(order.begin(), order.end()));
  if (permutations.size() > 1)
    for (const Seat seat : alike) alike_ = static_cast<uint8_t>(alike_ | 1u << seat);
  for (const Permutation& q : permutations) {
    renamed_.emplace_back(world, q);
    std::vector<size_t> row;
    for (const Permutation& p : permutations) {
      Permutation both{};
      for (Seat seat = 0; seat < kValidators; ++seat) both[seat] = q[p[seat]];
      row.push_back(
          static_cast<size_t>(std::find(permutations.begin(), permutations.end(), both) - permutations.begin()));
    }
    composed_.push_back(std::move(row));
  }
  of_envelopes_ = of_validators_ = of_chains_ = Orbits(composed_);
  of_deliveries_.resize(permutations.size());
}

void Symmetry::start(const std::array<ValidatorNumber, kValidators>& first) {
  if (!any()) return;
  for (Seat seat = 0; seat < kValidators; ++seat) {
    if (first[seat] == kNobody || of_validators_.decided(first[seat])) continue;
    std::vector<ValidatorNumber> images;
    for (const Renamed& r : renamed_) images.push_back(first[r.permutation()[seat]]);
    TL_CHECK_MSG(take_up(images), "validators that are alike start differently");
  }
}

// --- messages -------------------------------------------------------------------------------------------------------

uint32_t Symmetry::envelope(size_t p, EnvelopeId id) {
  if (!of_envelopes_.decided(id)) {
    const Envelope e = world_.envelope(id);
    std::vector<uint32_t> images;
    for (Renamed& renamed : renamed_) {
      const MessagePtr message = renamed.of(e.message);
      if (!message) break;
      images.push_back(world_.envelope(renamed.permutation()[e.from], message));
    }
    // Renaming nothing changes nothing; otherwise something in it was not understood.
    if (images.size() < renamed_.size() || images[0] != id || !of_envelopes_.take_up(images))
      of_envelopes_.leave_alone(id);
  }
  return of_envelopes_.image(p, id);
}

Lists::Id Symmetry::deliveries(size_t p, Lists::Id set) {
  constexpr Lists::Id kUnknown = UINT32_MAX - 1;
  if (p == 0) return set;
  auto& known = of_deliveries_[p];
  if (set >= known.size()) known.resize(std::max<size_t>(lists_.size(), set + 1), kUnknown);
  if (known[set] != kUnknown) return known[set];
  const auto items = lists_.at(set);
  std::vector<Delivery> out;
  for (const Delivery d : std::vector<Delivery>(items.begin(), items.end())) {
    const uint32_t image = envelope(p, envelope_of(d));
    if (image == Orbits::kNone) return known[set] = Orbits::kNone;
    out.push_back(delivery(image, renamed_[p].permutation()[seat_of(d)]));
  }
  return known[set] = lists_.united(0, out);
}

Lists::Id Symmetry::envelopes(size_t p, Lists::Id list) {
  const auto items = lists_.at(list);
  std::vector<EnvelopeId> out;
  for (const EnvelopeId e : std::vector<EnvelopeId>(items.begin(), items.end())) {
    out.push_back(envelope(p, e));
    if (out.back() == Orbits::kNone) return Orbits::kNone;
  }
  return lists_.united(0, out);
}

// --- steps ----------------------------------------------------------------------------------------------------------

std::optional<Event> Symmetry::after(size_t p, const Event& event) {
  Event out = event;
  if (event.kind == EventKind::kDeliver) out.argument = envelope(p, event.argument);
  if (event.kind == EventKind::kCatchUp) out.argument = of_chains_.image(p, event.argument);
  if (out.argument == Orbits::kNone) return std::nullopt;
  return out;
}

// What a search reads of a validator must be the same in all of them.
bool Symmetry::take_up(const std::vector<ValidatorNumber>& images) {
  std::vector<uint32_t> chains;
  const auto& first = validators_.summary(images[0]);
  for (const ValidatorNumber image : images) {
    const auto& s = validators_.summary(image);
    if (s.chain != first.chain || s.view != first.view || s.armed != first.armed || s.outside != first.outside ||
        s.wants != first.wants || s.judging != first.judging)
      return false;
    chains.push_back(s.chain_number);
  }
  return of_chains_.take_up(chains) && of_validators_.take_up(images);
}

void Symmetry::compare(ValidatorNumber number, const Event& event, Outcome& outcome) {
  std::vector<ValidatorNumber> images;
  std::vector<Outcome*> outcomes;
  for (size_t p = 0; p < renamed_.size(); ++p) {
    const ValidatorNumber validator = of_validators_.image(p, number);
    const auto exchanged = validator == Orbits::kNone ? std::nullopt : after(p, event);
    if (!exchanged) break;
    outcomes.push_back(&validators_.outcome(validator, *exchanged));
    images.push_back(outcomes.back()->next);
  }
  bool same = outcomes.size() == renamed_.size();
  if (same && !of_validators_.decided(images[0])) take_up(images);
  for (size_t p = 0; same && p < outcomes.size(); ++p) {
    const Outcome& o = *outcomes[p];
    same = of_validators_.image(p, images[0]) == images[p] && o.persists == outcome.persists &&
           (o.violation == kNoViolation) == (outcome.violation == kNoViolation);
    if (!same) break;
    const auto sent = lists_.at(o.sent);
    const Lists::Id as_set = lists_.united(0, std::vector<Delivery>(sent.begin(), sent.end()));
    const Lists::Id first =
        lists_.united(0, std::vector<Delivery>(lists_.at(outcome.sent).begin(), lists_.at(outcome.sent).end()));
    same = deliveries(p, first) == as_set;
  }
  if (outcomes.empty()) outcomes.push_back(&outcome), images.push_back(outcome.next);
  // What was not taken up now never is: a state that was searched must not come to stand for others later.
  for (const ValidatorNumber image : images)
    if (!of_validators_.decided(image)) of_validators_.leave_alone(image);
  for (Outcome* o : outcomes) {
    o->compared = true;
    o->uneven = !same;
  }
}

// --- states ---------------------------------------------------------------------------------------------------------

std::optional<std::array<ValidatorNumber, kValidators>> Symmetry::validators_after(size_t p, const State& s) const {
  std::array<ValidatorNumber, kValidators> out{};
  for (Seat seat = 0; seat < kValidators; ++seat) {
    const ValidatorNumber before = s.validators[seat];
    const ValidatorNumber image = before == kNobody ? kNobody : of_validators_.image(p, before);
    if (image == Orbits::kNone && before != kNobody) return std::nullopt;
    out[renamed_[p].permutation()[seat]] = image;
  }
  return out;
}

std::optional<State> Symmetry::after(size_t p, const State& state) {
  const auto validators = validators_after(p, state);
  if (!validators) return std::nullopt;
  State out = state;
  out.validators = *validators;
  out.sent = deliveries(p, state.sent);
  if (out.sent == Orbits::kNone) return std::nullopt;
  return out;
}

// The least. What was sent is only exchanged where the validators do not decide: most sets never are.
State Symmetry::canonical(const State& state) {
  State best = state;
  for (size_t p = 1; p < renamed_.size(); ++p) {
    const auto validators = validators_after(p, state);
    if (!validators) return state;
    if (*validators > best.validators) continue;
    const auto other = after(p, state);
    if (!other) return state;
    if (other->validators < best.validators || other->sent < best.sent) best = *other;
  }
  return best;
}

std::vector<State> Symmetry::others(const State& state) {
  std::vector<State> out;
  for (size_t p = 1; p < renamed_.size(); ++p) {
    const auto other = after(p, state);
    if (other && !(*other == state) && std::find(out.begin(), out.end(), *other) == out.end()) out.push_back(*other);
  }
  return out;
}

uint64_t Symmetry::size_of_orbit(const State& state) {
  uint64_t same = 1;
  for (size_t p = 1; p < renamed_.size(); ++p) {
    const auto validators = validators_after(p, state);
    if (!validators) return 1;
    if (*validators == state.validators && deliveries(p, state.sent) == state.sent) ++same;
  }
  return renamed_.size() / same;
}

}  // namespace tieline::explore
