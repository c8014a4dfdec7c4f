#pragma once
// What the parts of a replica share during one step: the time, the place where effects go, and how to say common ones.

#include <utility>

#include "replica/replica.h"

namespace tieline::replica {

struct Context {
  const Limits& limits;
  Now now;
  Effects* effects = nullptr;  // set for the time of a step

  template <class E>
  void emit(E&& effect) {
    effects->emplace_back(std::forward<E>(effect));
  }
  void count(const char* name, uint64_t by = 1) { emit(Counted{name, by}); }
  void note(std::string text) { emit(Note{std::move(text)}); }
  void send(std::vector<ValidatorId> to, Blob frame, bool bulk) {
    if (!to.empty()) emit(SendFrame{std::move(to), std::move(frame), bulk});
  }
};

// The earlier of two deadlines, none standing for never.
inline std::optional<int64_t> earlier(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace tieline::replica
