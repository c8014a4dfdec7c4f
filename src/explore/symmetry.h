#pragma once
// Validators that are alike may change places: a state of the world and the same state with two of them exchanged lead
// to the same, exchanged, so that one of them is enough. Alike are those correct ones that lead no view within the
// bounds (who leads is one schedule a run).
//
// That the code treats them alike is not assumed but checked, step by step: what an event makes of a validator is
// compared with what the exchanged event makes of the exchanged validator. Where they differ (of more votes than it
// takes a certificate holds those of the members that stand first) the step is uneven, and whoever searches must follow
// the steps of the exchanged states too (docs/explorer.md).

#include <map>
#include <vector>

#include "explore/renamed.h"
#include "explore/state.h"

namespace tieline::explore {

// What every permutation makes of things that have numbers: of each thing for all permutations, or for none (it is
// alone). A group acts on what is not alone: taking up a thing that would break that is refused.
class Orbits {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit Orbits(std::vector<std::vector<size_t>> composed = {{0}}) : composed_(std::move(composed)) {}
  bool decided(uint32_t thing) const { return at(0, thing) != kUndecided; }
  bool alone(uint32_t thing) const { return at(0, thing) >= kUndecided; }
  // kNone: it is alone, or nothing is known of it.
  uint32_t image(size_t permutation, uint32_t thing) const {
    const uint32_t found = at(permutation, thing);
    return found == kUndecided ? kNone : found;
  }
  // images[p]: what permutation p makes of images[0]. False: that contradicts what is known already.
  bool take_up(const std::vector<uint32_t>& images);
  void leave_alone(uint32_t thing) { set(thing, std::vector<uint32_t>(composed_.size(), kNone)); }

 private:
  static constexpr uint32_t kUndecided = kNone - 1;
  uint32_t at(size_t permutation, uint32_t thing) const {
    const size_t i = static_cast<size_t>(thing) * composed_.size() + permutation;
    return i < images_.size() ? images_[i] : kUndecided;
  }
  void set(uint32_t thing, const std::vector<uint32_t>& images);

  std::vector<std::vector<size_t>> composed_;  // [q][p]: first p, then q
  std::vector<uint32_t> images_;
};

class Symmetry {
 public:
  Symmetry(World& world, Lists& lists, Validators& validators);
  bool any() const { return renamed_.size() > 1; }
  uint8_t alike() const { return alike_; }  // bit per seat
  void start(const std::array<ValidatorNumber, kValidators>& first);

  // To be asked, with what `event` makes of `number`, before that is looked at any further.
  bool even(ValidatorNumber number, const Event& event, Outcome& outcome) {
    if (!outcome.compared && any()) compare(number, event, outcome);
    return !outcome.uneven;
  }
  // Envelopes known, and what could be said then.
  template <class CouldSay>
  bool even_words(Lists::Id heard, const CouldSay& could_say) {
    for (size_t p = 1; p < renamed_.size(); ++p) {
      const Lists::Id exchanged = envelopes(p, heard);
      if (exchanged == Orbits::kNone || envelopes(p, could_say(heard)) != could_say(exchanged)) return false;
    }
    return true;
  }

  // Of all that the state becomes by exchanges the one that stands for them.
  State canonical(const State& state);
  // The others, each once.
  std::vector<State> others(const State& state);
  // How many states it stands for, itself among them.
  uint64_t size_of_orbit(const State& state);

 private:
  void compare(ValidatorNumber number, const Event& event, Outcome& outcome);
  // Nothing: something in it is alone.
  std::optional<std::array<ValidatorNumber, kValidators>> validators_after(size_t p, const State& state) const;
  std::optional<State> after(size_t p, const State& state);
  std::optional<Event> after(size_t p, const Event& event);
  uint32_t envelope(size_t p, EnvelopeId id);
  Lists::Id deliveries(size_t p, Lists::Id set);
  Lists::Id envelopes(size_t p, Lists::Id list);
  bool take_up(const std::vector<ValidatorNumber>& images);

  World& world_;
  Lists& lists_;
  Validators& validators_;
  uint8_t alike_ = 0;
  std::vector<Renamed> renamed_;  // one a permutation, the first changes nothing
  std::vector<std::vector<size_t>> composed_;
  Orbits of_envelopes_, of_validators_, of_chains_;
  std::vector<std::vector<Lists::Id>> of_deliveries_;  // by permutation and set
};

}  // namespace tieline::explore
