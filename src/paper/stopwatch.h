#pragma once
// How long a piece of work takes: the least of many rounds, since whatever else runs can only add to it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace tieline::paper {

inline constexpr size_t kRounds = 200;  // short ones: some are left alone even on a busy machine

// Nanoseconds of one of `count` calls of `work`.
template <class Work>
int64_t each_ns(size_t count, const Work& work, size_t rounds = kRounds) {
  using Clock = std::chrono::steady_clock;
  std::vector<int64_t> took;
  work();  // warm
  for (size_t r = 0; r < rounds; ++r) {
    const auto began = Clock::now();
    for (size_t i = 0; i < count; ++i) work();
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
    took.push_back(ns / static_cast<int64_t>(count));
  }
  return std::max<int64_t>(1, *std::min_element(took.begin(), took.end()));
}

}  // namespace tieline::paper
