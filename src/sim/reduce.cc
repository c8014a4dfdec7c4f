#include "sim/reduce.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::sim {
namespace {

constexpr int64_t kShortestPhaseUs = 50'000;
constexpr int64_t kShortestFaultUs = 5'000;

class Reducer {
 public:
  Reducer(const SimOptions& options, uint64_t seed, const Plan& plan)
      : options_(options), seed_(seed), best_{plan, run_schedule(options, seed, plan), 1} {
    TL_CHECK_MSG(best_.result.finding.has_value(), "only a failing schedule can be reduced");
  }

  Reduced run() {
    for (bool smaller = true; smaller && best_.tries < kReduceTriesMax;) {
      smaller = drop_traitors();
      smaller |= drop_kinds();
      smaller |= drop_faults();
      smaller |= shorten();
    }
    return std::move(best_);
  }

 private:
  bool attempt(Plan plan) {
    if (best_.tries >= kReduceTriesMax || plan == best_.plan) return false;
    ++best_.tries;
    ScheduleResult result = run_schedule(options_, seed_, plan);
    if (!result.finding || result.finding->failure != best_.result.finding->failure) return false;
    best_.plan = std::move(plan);
    best_.result = std::move(result);
    return true;
  }

  bool drop_traitors() {
    bool any = false;
    for (size_t i = best_.plan.traitors.size(); i-- > 0;) {
      Plan plan = best_.plan;
      plan.traitors.erase(plan.traitors.begin() + static_cast<ptrdiff_t>(i));
      any |= attempt(std::move(plan));
    }
    return any;
  }

  bool drop_kinds() {
    bool any = false;
    for (size_t i = 0; i < best_.plan.traitors.size(); ++i) {
      for (size_t kind = 0; kind < kByzantineKinds; ++kind) {
        const uint32_t bit = uint32_t{1} << kind;
        if ((best_.plan.traitors[i].kinds & bit) == 0 || best_.plan.traitors[i].kinds == bit) continue;
        Plan plan = best_.plan;
        plan.traitors[i].kinds &= ~bit;
        any |= attempt(std::move(plan));
      }
    }
    return any;
  }

  bool drop_faults() {
    bool any = false;
    for (size_t chunk = std::max<size_t>(1, best_.plan.faults.size() / 2);; chunk /= 2) {
      for (size_t at = best_.plan.faults.size(); at > 0;) {
        const size_t from = at > chunk ? at - chunk : 0;
        Plan plan = best_.plan;
        const size_t to = std::min(at, plan.faults.size());
        if (from < to) {
          plan.faults.erase(plan.faults.begin() + static_cast<ptrdiff_t>(from),
                            plan.faults.begin() + static_cast<ptrdiff_t>(to));
          any |= attempt(std::move(plan));
        }
        at = from;
      }
      if (chunk <= 1) break;
    }
    return any;
  }

  bool shorten() {
    bool any = false;
    for (const int64_t part : {2, 4}) {  // the faulty phase to 1/2, then to 3/4
      while (best_.plan.fault_phase_us > kShortestPhaseUs) {
        Plan plan = best_.plan;
        plan.fault_phase_us = plan.fault_phase_us * (part - 1) / part;
        std::erase_if(plan.faults, [&](const PlannedFault& f) { return f.start_us >= plan.fault_phase_us; });
        if (!attempt(std::move(plan))) break;
        any = true;
      }
    }
    for (size_t i = 0; i < best_.plan.faults.size(); ++i) {
      while (best_.plan.faults[i].duration_us > kShortestFaultUs) {
        Plan plan = best_.plan;
        plan.faults[i].duration_us /= 2;
        if (!attempt(std::move(plan))) break;
        any = true;
      }
    }
    return any;
  }

  const SimOptions& options_;
  uint64_t seed_;
  Reduced best_;
};

}  // namespace

Reduced reduce(const SimOptions& options, uint64_t seed, const Plan& plan) {
  return Reducer(options, seed, plan).run();
}

}  // namespace tieline::sim
