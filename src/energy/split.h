#pragma once
// Dividing an amount in proportion to weights without losing a unit: everyone gets the floor of its quota, and what is
// left over goes by one unit each to the largest remainders, ties to the lower id. Source: ENERGY.md, "Settlement"
// (floors, then largest remainder, ties by id).

#include <cstdint>
#include <span>
#include <vector>

namespace tieline::energy {

struct Weight {
  uint64_t id = 0;
  uint64_t weight = 0;
  bool operator==(const Weight&) const = default;
};

// The shares, in the order of `weights`; they sum to `amount`. Ids are distinct. When all weights are 0 everyone weighs
// the same. With no weights at all the amount must be 0. No share exceeds its weight while `amount` is at most their
// sum.
std::vector<uint64_t> split(uint64_t amount, std::span<const Weight> weights);

// The i-th of n equal parts of `amount`: split() with equal weights and ids 0..n-1, for one part.
constexpr uint64_t equal_part(uint64_t amount, uint64_t n, uint64_t i) { return amount / n + (i < amount % n ? 1 : 0); }

}  // namespace tieline::energy
