#pragma once
// What falls due: at the start of a block everything whose deadline is not after the block's market time runs, by
// (deadline, id), at most kDuePerBlockMax a block; the rest waits for the next one. So a rule never relies on a due
// item having run: a step is refused by its own deadline. Source: ENERGY.md, "A record" (deadlines use market time).

#include <cstdint>
#include <set>
#include <vector>

#include "model/ids.h"

namespace tieline::energy {

inline constexpr size_t kDuePerBlockMax = 1'024;

struct DueItem {
  int64_t deadline_ms = 0;
  Hash id;
  auto operator<=>(const DueItem&) const = default;
};
using DueQueue = std::set<DueItem>;

// Takes what is due now out of the queue, in order.
inline std::vector<DueItem> take_due(DueQueue& queue, int64_t now_ms) {
  std::vector<DueItem> due;
  while (!queue.empty() && queue.begin()->deadline_ms <= now_ms && due.size() < kDuePerBlockMax) {
    due.push_back(*queue.begin());
    queue.erase(queue.begin());
  }
  return due;
}

}  // namespace tieline::energy
