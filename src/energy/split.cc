#include "energy/split.h"

#include <algorithm>
#include <numeric>

#include "energy/wide.h"

namespace tieline::energy {

std::vector<uint64_t> split(uint64_t amount, std::span<const Weight> weights) {
  if (weights.empty()) {
    TL_CHECK(amount == 0);
    return {};
  }
  uint128 sum = 0;
  for (const Weight& w : weights) sum += w.weight;
  const bool equal = sum == 0;
  if (equal) sum = weights.size();
  TL_CHECK(sum <= UINT64_MAX);  // so that no product leaves 128 bits

  std::vector<uint64_t> shares(weights.size());
  std::vector<uint64_t> remainders(weights.size());
  uint64_t left = amount;
  for (size_t i = 0; i < weights.size(); ++i) {
    const uint128 product = uint128{amount} * (equal ? 1 : weights[i].weight);
    shares[i] = narrow(product / sum);
    remainders[i] = narrow(product % sum);
    left -= shares[i];
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (remainders[a] != remainders[b]) return remainders[a] > remainders[b];
    return weights[a].id < weights[b].id;
  });
  TL_CHECK(left < weights.size());
  for (size_t i = 0; i < left; ++i) ++shares[order[i]];
  return shares;
}

}  // namespace tieline::energy
