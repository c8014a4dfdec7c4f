#pragma once
// A hash map from a 64-bit key to a 32-bit value, open addressing: an exploration looks up some hundred million times
// what a step does. Keys are never removed and never iterated.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace tieline::explore {

inline uint64_t mix(uint64_t x) {  // the finaliser of SplitMix64, a bijection
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class FlatMap {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  FlatMap() : cells_(kFirstSize) {}
  uint32_t find(uint64_t key) const {
    for (size_t at = mix(key) & (cells_.size() - 1);; at = (at + 1) & (cells_.size() - 1)) {
      if (cells_[at].value == kNone) return kNone;
      if (cells_[at].key == key) return cells_[at].value;
    }
  }
  // The key must be new and the value not kNone.
  void insert(uint64_t key, uint32_t value) {
    TL_CHECK(value != kNone);
    if ((used_ + 1) * 10 > cells_.size() * 7) grow();
    place({key, value});
    ++used_;
  }
  size_t size() const { return used_; }

 private:
  static constexpr size_t kFirstSize = 1024;
  struct Cell {
    uint64_t key = 0;
    uint32_t value = kNone;
  };
  void place(const Cell& cell) {
    size_t at = mix(cell.key) & (cells_.size() - 1);
    while (cells_[at].value != kNone) at = (at + 1) & (cells_.size() - 1);
    cells_[at] = cell;
  }
  void grow() {
    std::vector<Cell> old(cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old)
      if (cell.value != kNone) place(cell);
  }
  std::vector<Cell> cells_;
  size_t used_ = 0;
};

}  // namespace tieline::explore
