#pragma once
// The eight indicators of Table I (paper 000) in Q16.16, each in [0, 1], through the tables of genesis. For x1 to x5
// and x7 zero is best; age (x6) and previous credit (x8) are better the higher.

#include <array>

#include "standing/observed.h"

namespace tieline::standing {

using Indicators = std::array<uint32_t, kIndicators>;
inline constexpr std::array<const char*, kIndicators> kIndicatorNames = {
    "round_trip", "absence_spells", "absent_slots", "failed_lead", "block_interval", "age", "proof", "previous_credit"};

// Straight lines between the points of a table, level beyond them.
uint32_t looked_up(const CreditTable& table, uint64_t value);

Indicators indicators(const Observed& observed, const CreditParams& params);

}  // namespace tieline::standing
