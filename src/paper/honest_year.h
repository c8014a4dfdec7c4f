#pragma once
// The checks against honest readings (paper 004, table 4; ENERGY.md's bound: at most 1 in 10,000 refused or disputed):
// every series of paper/honest_data.h through the rules of submission and the profile, in order, with genesis' default
// thresholds; and what the same points say to forgeries by a stolen key. A point alone has its own past and no
// neighbour: a flag is then a dispute, which is the strictest reading.

#include <array>

#include "paper/forgeries.h"
#include "paper/honest_data.h"

namespace tieline::paper {

inline constexpr uint64_t kFalseAlarmsPer = 10'000;

struct Caught {
  uint64_t tried = 0;
  uint64_t refused = 0;       // by a rule of submission
  uint64_t disputed = 0;      // by the profile, at close
  uint64_t by_neighbour = 0;  // not by those, but the neighbour's meter differs
  uint64_t alone() const { return refused + disputed; }
};

struct YearOfSeries {
  std::string name;
  bool real = false;
  uint64_t readings = 0;
  uint64_t refused = 0;
  uint64_t unusual = 0;   // outside the profile: flagged with a neighbour that agrees, else DISPUTED
  uint64_t disagree = 0;  // the two meters of an honest flow, each within its class, disagree
  uint64_t judged = 0;    // by a profile that knew enough to say something
  Caught implausible, plausible;
  uint64_t alarms() const { return refused + unusual + disagree; }
};

// `meter_ppm`: the largest error of each of the two meters of a flow, drawn uniformly.
YearOfSeries honest_year(const HonestSeries& series, uint32_t meter_ppm, Rng& rng);

}  // namespace tieline::paper
