#pragma once
// In what order a block of a network with a market holds its transactions (energy/benefit.h): what each is worth, by
// its own bytes and the state below the block, and what builds on what. Both who builds a block and who judges it ask
// here. Trust and funds are those below the block, whatever the block itself does to them. Source: ENERGY.md,
// "Scheduling by benefit"; what is not checked, and why: docs/adr/0007.

#include "energy/benefit.h"
#include "energy/market.h"
#include "model/block.h"

namespace tieline {

// A participant without an organisation is one of its own: kAlone + its number.
inline constexpr uint64_t kAlone = uint64_t{1} << 32;

// Positions in `txs`; `below` is the market as the parent leaves it.
std::vector<size_t> block_order(const energy::Market& below, const energy::BenefitParams& params, const ChainId& chain,
                                const std::vector<TxPtr>& txs, const Hash& parent, Height parent_height);

}  // namespace tieline
