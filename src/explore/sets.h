#pragma once
// Lists of deliveries under small numbers: what was sent so far (ascending, each once), what is queued (in order), what
// one event sends. Equal lists have one number, so that a state of the whole world is a handful of numbers.

#include <algorithm>
#include <span>
#include <vector>

#include "explore/flat_map.h"

namespace tieline::explore {

class Lists {
 public:
  using Id = uint32_t;
  Lists() { (void)id({}); }  // 0: the empty one

  Id id(std::span<const uint32_t> list) {
    uint64_t hash = mix(list.size() + 1);
    for (const uint32_t item : list) hash = mix(hash ^ item) + 0x9e3779b97f4a7c15ULL;
    for (;; ++hash) {  // lists of one hash stand behind each other
      const uint32_t found = ids_.find(hash);
      if (found == FlatMap::kNone) break;
      const auto other = at(found);
      if (std::equal(other.begin(), other.end(), list.begin(), list.end())) return found;
    }
    const Id fresh = static_cast<Id>(ends_.size());
    items_.insert(items_.end(), list.begin(), list.end());
    ends_.push_back(items_.size());
    ids_.insert(hash, fresh);
    return fresh;
  }
  // Valid until the next id().
  std::span<const uint32_t> at(Id id) const {
    const size_t begin = id == 0 ? 0 : ends_[id - 1];
    return {items_.data() + begin, ends_[id] - begin};
  }
  size_t size() const { return ends_.size(); }

  // The union of an ascending list and any other.
  Id united(Id set, std::span<const uint32_t> more) {
    const auto old = at(set);
    scratch_.assign(old.begin(), old.end());
    scratch_.insert(scratch_.end(), more.begin(), more.end());
    std::sort(scratch_.begin(), scratch_.end());
    scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
    return id(scratch_);
  }

 private:
  std::vector<uint32_t> items_, scratch_;
  std::vector<size_t> ends_;
  FlatMap ids_;
};

}  // namespace tieline::explore
