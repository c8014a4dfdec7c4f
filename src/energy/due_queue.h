#pragma once
// What falls due: at the start of a block everything whose deadline is not after the block's market time runs, by
// (deadline, id), at most kDuePerBlockMax a block; the rest waits for the next one. An item that runs may put a new one
// into the queue that is due as well (a block after a long pause): it takes its place in the same order. A rule never
// relies on a due item having run: a step is refused by its own deadline. Source: ENERGY.md, "A record" (deadlines use
// market time).

#include <cstdint>
#include <optional>
#include <set>

#include "model/ids.h"

namespace tieline::energy {

inline constexpr size_t kDuePerBlockMax = 1'024;

struct DueItem {
  int64_t deadline_ms = 0;
  Hash id;
  auto operator<=>(const DueItem&) const = default;
};
using DueQueue = std::set<DueItem>;

// The next one that is due, if any. Whoever runs it takes it out of the queue.
inline std::optional<DueItem> next_due(const DueQueue& queue, int64_t now_ms) {
  if (queue.empty() || queue.begin()->deadline_ms > now_ms) return std::nullopt;
  return *queue.begin();
}

}  // namespace tieline::energy
