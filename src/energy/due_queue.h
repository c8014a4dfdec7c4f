#pragma once
// What falls due: at the start of a block everything whose deadline is not after the block's market time runs, by
// (deadline, id), at most kDuePerBlockMax a block; the rest waits for the next one. An item that runs may put a new one
// into the queue that is due as well (a block after a long pause): it takes its place in the same order. A rule never
// relies on a due item having run: a step is refused by its own deadline. Source: ENERGY.md, "A record" (deadlines use
// market time).
//
// The state can be asked for a name only, not for its smallest one. So the queue is a trie over the bytes of (deadline,
// id), big-endian: a leaf holds at most kDueLeafMax items, one more makes it a node with a bit for each following byte
// under which there is something. Adding, removing and finding the first touch one path.

#include <array>
#include <cstdint>
#include <optional>

#include "energy/table.h"
#include "model/ids.h"

namespace tieline::energy {

inline constexpr size_t kDuePerBlockMax = 1'024;
inline constexpr size_t kDueLeafMax = 32;

struct DueItem {
  int64_t deadline_ms = 0;
  Hash id;
  auto operator<=>(const DueItem&) const = default;
};

struct DueNode {
  std::vector<DueItem> items;          // of a leaf, ascending
  std::array<uint64_t, 4> children{};  // of a node: bit b: there is something under byte b
  bool is_leaf() const { return children == std::array<uint64_t, 4>{}; }
  bool operator==(const DueNode&) const = default;
};
void encode(Writer& w, const DueNode& n);
void decode(Reader& r, DueNode& n);

class DueQueue {
 public:
  DueQueue();

  bool insert(const DueItem& item);  // false: it is there already
  bool erase(const DueItem& item);   // false: it is not there
  bool contains(const DueItem& item) const;
  std::optional<DueItem> first() const;
  bool empty() const { return !first(); }
  size_t size() const;  // walks all of it: for tests

  template <class Visit>
  void each_table(Visit visit) {
    visit(nodes_);
  }
  template <class Visit>
  void each_table(Visit visit) const {
    visit(nodes_);
  }
  bool operator==(const DueQueue&) const = default;

 private:
  using Prefix = Bytes;
  void burst(const Prefix& at);
  size_t size_under(const Prefix& at) const;

  Table<Prefix, DueNode> nodes_;
};

// The next one that is due, if any. Whoever runs it takes it out of the queue.
inline std::optional<DueItem> next_due(const DueQueue& queue, int64_t now_ms) {
  const std::optional<DueItem> first = queue.first();
  return first && first->deadline_ms <= now_ms ? first : std::nullopt;
}

}  // namespace tieline::energy
