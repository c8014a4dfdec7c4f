#pragma once
// Do all validators hold the same chain? Asked of each over HTTP, after a run: the digest of every block at every
// height that two of them have, and the state roots of equal checkpoints.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/local_network.h"

namespace tieline::cli {

struct Agreement {
  uint64_t forks = 0;              // heights at which two validators hold different blocks
  bool state_roots_equal = false;  // of the newest checkpoint that all have, at one height
  Height height = 0;               // up to which all were compared
  Height root_height = 0;
  std::string state_root;
  std::vector<std::string> digests;  // by height - 1
};

// Waits until all have the same height and nothing is pending. Error: timed_out, with where each stands.
Status wait_settled(LocalNetwork& network, int64_t timeout_ms);
Result<Agreement> compare_validators(LocalNetwork& network, const std::function<void(Height)>& progress);

}  // namespace tieline::cli
