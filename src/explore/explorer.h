#pragma once
// The search: all states of the whole world that can be reached within the bounds, each once, in the order of their
// level (steps, or deviations), so that the first violation found has the shortest history. Deterministic: the same
// bounds give the same counts.

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "explore/bounds.h"
#include "explore/validator.h"

namespace tieline::explore {

struct Report {
  uint64_t states = 0;       // distinct
  uint64_t transitions = 0;  // that changed anything
  uint64_t validator_states = 0;
  uint64_t engine_steps = 0;     // pairs of validator state and event, each computed once
  uint64_t messages = 0;         // distinct
  uint32_t levels_complete = 0;  // every history of so many steps or deviations was followed
  uint32_t steps_max = 0;        // of the longest history that led to a new state
  bool exhausted = false;        // nothing is left within the bounds but the levels
  uint64_t audited = 0;
  uint8_t alike = 0;           // bit per seat: validators that may be exchanged (symmetry.h)
  uint64_t stands_for = 0;     // states that the distinct ones are with all exchanges
  uint64_t uneven_states = 0;  // whose exchanged states were followed too
  Height height_max = 0;
  View view_max = 0;
  std::array<uint64_t, static_cast<size_t>(Reached::kCount)> reached{};  // transitions
  std::vector<uint64_t> by_level;                                        // new states
  std::string violation;                                                 // empty: none. The search ends at the first.
  std::vector<std::string> history;
};

// Bounds that make no sense: code bad_bounds.
Status check_bounds(const Bounds& bounds);
// `progress` is called now and then with the number of states and the level.
Report explore(const Bounds& bounds, const std::function<void(uint64_t states, uint32_t level)>& progress = nullptr);

}  // namespace tieline::explore
