#pragma once
// A metering point and what is recorded of it. Energy in Wh, power in W, times in seconds or milliseconds since 1970
// UTC. Source: ENERGY.md ("A record"), paper 004 Table 1.

#include <optional>

#include "energy/interval_set.h"
#include "model/genesis.h"
#include "model/transaction.h"

namespace tieline::energy {

// As registered: it does not change with readings.
struct MeterPoint {
  ParticipantId owner = 0;
  Role role = Role::kUser;  // the owner's
  uint64_t limit_w = 0;     // the owner's capacity or contracted load; 0: none registered
  uint64_t cost_lo = 0;     // the owner's cost band, micro-currency per MWh; 0, 0: none registered
  uint64_t cost_hi = 0;
  bool operator==(const MeterPoint&) const = default;
};
void encode(Writer& w, const MeterPoint& p);
void decode(Reader& r, MeterPoint& p);

MeterPoint meter_point(const GenesisParticipant& owner);

// What is recorded of one point under one OBIS code.
struct MeterSeries {
  struct Register {  // the meter's own counter at the end of the latest interval that stated it
    uint64_t wh = 0;
    int64_t end_s = 0;
    bool operator==(const Register&) const = default;
  };
  struct Latest {  // the reading with the latest end
    int64_t end_s = 0;
    uint32_t duration_s = 0;
    uint64_t wh = 0;
    bool operator==(const Latest&) const = default;
  };
  IntervalSet recorded;
  uint64_t readings = 0;
  uint64_t total_wh = 0;
  std::optional<Register> last_register;
  std::optional<Latest> latest;
  bool operator==(const MeterSeries&) const = default;
};
void encode(Writer& w, const MeterSeries& s);
void decode(Reader& r, MeterSeries& s);

}  // namespace tieline::energy
