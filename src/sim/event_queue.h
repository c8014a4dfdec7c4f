#pragma once
// Virtual time: events in order of (time, sequence), so that what was scheduled first happens first among equals.
// Payloads lie in a slab that is reused; the heap moves 24-byte keys only. Times are microseconds since the start of
// the schedule.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"

namespace tieline::sim {

template <class Event>
class EventQueue {
 public:
  void push(int64_t time_us, Event event) {
    TL_CHECK(time_us >= now_us_);
    uint32_t place;
    if (free_.empty()) {
      place = static_cast<uint32_t>(slab_.size());
      slab_.push_back(std::move(event));
    } else {
      place = free_.back();
      free_.pop_back();
      slab_[place] = std::move(event);
    }
    heap_.push_back({time_us, sequence_++, place});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  // Moves time forward. The queue must not be empty.
  Event pop() {
    TL_CHECK(!heap_.empty());
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Key key = heap_.back();
    heap_.pop_back();
    now_us_ = key.time_us;
    free_.push_back(key.place);
    return std::move(slab_[key.place]);
  }
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  int64_t now_us() const { return now_us_; }

 private:
  struct Key {
    int64_t time_us;
    uint64_t sequence;
    uint32_t place;
  };
  static bool later(const Key& a, const Key& b) {
    return a.time_us != b.time_us ? a.time_us > b.time_us : a.sequence > b.sequence;
  }
  std::vector<Key> heap_;
  std::vector<Event> slab_;
  std::vector<uint32_t> free_;
  uint64_t sequence_ = 0;
  int64_t now_us_ = 0;
};

}  // namespace tieline::sim
