#pragma once
// Why a reading is refused. The numbers are part of every receipt (ledger/codes.h repeats them) and never change; a
// rule that goes away leaves its number unused.

#include <cstdint>

namespace tieline::energy {

enum class Refusal : uint16_t {
  kNone = 0,
  kNotAllowed = 100,  // the role records no readings
  kUnknownMeter = 101,
  kNotOwner = 102,  // the metering point belongs to none of the signatories
  kMisalignedInterval = 103,
  kBadDuration = 104,
  kFutureInterval = 105,
  kStale = 106,
  kOverCapacity = 107,
  kBeforeWindow = 108,  // so far back, behind so many gaps, that nobody can tell whether it was recorded
  kOverlap = 109,
  kBadRegister = 110,
  kRamp = 111,
  kCostBand = 112,      // a declared cost outside the registered band
  kLineCapacity = 113,  // a declared line capacity above the registered one
};

}  // namespace tieline::energy
