#pragma once
// A state of the whole world of an exploration: numbers only, compared whole. 28 bytes.

#include <array>

#include "explore/sets.h"
#include "explore/validators.h"

namespace tieline::explore {

struct State {
  std::array<ValidatorNumber, kValidators> validators{};
  Lists::Id sent = 0;   // kAny: every delivery made possible so far. kInOrder: what the traitors have heard
  Lists::Id queue = 0;  // kInOrder: what is under way
  uint8_t timeouts = 0, crashes = 0, lies = 0;
  bool operator==(const State&) const = default;
};

}  // namespace tieline::explore
