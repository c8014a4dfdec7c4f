#pragma once
// A histogram with fixed upper bounds, as Prometheus wants it: cumulative counts come from sum over buckets. One thread
// writes and reads. Units are the caller's and stand in the member's name.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tieline::node {

inline constexpr int64_t kDiskBucketsUs[] = {50,    100,    200,    400,    800,     1'500,   3'000,
                                             6'000, 12'000, 25'000, 50'000, 100'000, 400'000, 1'600'000};
inline constexpr int64_t kVerifyBucketsUs[] = {5, 8, 10, 12, 14, 17, 20, 25, 30, 40, 60, 100, 200, 500};
inline constexpr int64_t kBatchBuckets[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1'024, 2'048, 4'096, 8'192};
inline constexpr int64_t kStepBucketsUs[] = {10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 50'000, 200'000};
inline constexpr int64_t kFinalityBucketsUs[] = {500,     1'000,     2'000,     4'000,     6'000,     8'000,
                                                 12'000,  16'000,    25'000,    50'000,    100'000,   200'000,
                                                 500'000, 1'000'000, 2'000'000, 5'000'000, 20'000'000};

class Histogram {
 public:
  explicit Histogram(std::span<const int64_t> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}
  void observe(int64_t value, uint64_t times = 1) {
    size_t i = 0;
    while (i < bounds_.size() && value > bounds_[i]) ++i;
    counts_[i] += times;
    sum_ += value * static_cast<int64_t>(times);
    total_ += times;
  }
  std::span<const int64_t> bounds() const { return bounds_; }      // ascending, inclusive upper bounds
  const std::vector<uint64_t>& counts() const { return counts_; }  // one more than bounds: the last is above all
  int64_t sum() const { return sum_; }
  uint64_t total() const { return total_; }

 private:
  std::span<const int64_t> bounds_;
  std::vector<uint64_t> counts_;
  int64_t sum_ = 0;
  uint64_t total_ = 0;
};

}  // namespace tieline::node
