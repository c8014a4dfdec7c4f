#pragma once
// What the state says about private metering points, as JSON: for /v1/private/points, /v1/private/slots,
// /v1/private/complaints and /v1/private/region (docs/formats/http.md). Commitments, states and public substitutes, for
// everybody: there is nothing in it that a reading could be told from. Errors: no_private_points, unknown_pseudonym,
// unknown_complaint, bad_parameter, and what a balance would be refused with.

#include <string>

#include "ledger/private_state.h"

namespace tieline::api {

inline constexpr uint32_t kPrivateSlotsMax = 3'000;  // in one answer: a month

// `block_time_ms`: of the newest block.
Result<std::string> private_point_json(const Genesis& genesis, const StateView& state, const energy::Pseudonym& key);
Result<std::string> private_slots_json(const Genesis& genesis, const StateView& state, int64_t block_time_ms,
                                       const SlotOfPoint& first, uint32_t slots);
Result<std::string> private_complaint_json(const Genesis& genesis, const StateView& state, const Hash& complaint);
// What a balance of that slot is about, with the transactions that brought the readings.
Result<std::string> private_region_json(const Ledger& ledger, const StateView& state, int64_t block_time_ms,
                                        const energy::Balance& of);

}  // namespace tieline::api
