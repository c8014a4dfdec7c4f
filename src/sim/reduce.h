#pragma once
// Makes a failing schedule small: leaves out traitors, their ways of lying, and faults, as long as the same kind of
// failure stays; then shortens what is left. Delta debugging over the plan; every try is a whole schedule.

#include "sim/schedule.h"

namespace tieline::sim {

inline constexpr size_t kReduceTriesMax = 400;

struct Reduced {
  Plan plan;
  ScheduleResult result;
  size_t tries = 0;
};
// `plan` must fail. Returns the smallest plan found that fails in the same way.
Reduced reduce(const SimOptions& options, uint64_t seed, const Plan& plan);

}  // namespace tieline::sim
