#include <algorithm>

#include "base/check.h"
#include "sim/printed/printed.h"

namespace tieline::sim::printed {
namespace {

constexpr size_t kTriesMax = 4'000;

class Reducer {
 public:
  Reducer(const Options& options, uint64_t seed, const Plan& plan) : options_(options), seed_(seed) {
    best_.plan = plan;
    best_.result = run(options, seed, plan);
    TL_CHECK_MSG(forks(best_.result), "only a schedule that forks can be reduced");
  }

  Reduced work() {
    drop_from_plan();
    Filter all = what_happened(best_.result);
    if (!attempt(best_.plan, all)) return std::move(best_);
    for (bool smaller = true; smaller && best_.tries < kTriesMax;) {
      const size_t before = best_.filter->keys.size() + best_.plan.faults.size() + best_.plan.traitors.size();
      drop_deliveries();
      drop_from_plan();
      smaller = best_.filter->keys.size() + best_.plan.faults.size() + best_.plan.traitors.size() < before;
    }
    return std::move(best_);
  }

 private:
  static bool forks(const Result& result) {
    return result.schedule.finding && result.schedule.finding->failure == Failure::kFork;
  }
  static Filter what_happened(const Result& result) {
    return Allowed{{result.happened.begin(), result.happened.end()}, result.schedule.virtual_us, 0};
  }
  bool attempt(const Plan& plan, const Filter& filter) {
    if (best_.tries >= kTriesMax) return false;
    ++best_.tries;
    Result result = run(options_, seed_, plan, filter);
    if (!forks(result)) return false;
    best_.plan = plan;
    // Only what still happened is worth keeping: what came after the fork, or never came, is gone.
    best_.filter = filter ? what_happened(result) : filter;
    best_.result = std::move(result);
    return true;
  }

  void drop_from_plan() {
    for (size_t i = best_.plan.traitors.size(); i-- > 0;) {
      Plan plan = best_.plan;
      plan.traitors.erase(plan.traitors.begin() + static_cast<ptrdiff_t>(i));
      attempt(plan, best_.filter);
    }
    for (size_t i = best_.plan.faults.size(); i-- > 0;) {
      Plan plan = best_.plan;
      plan.faults.erase(plan.faults.begin() + static_cast<ptrdiff_t>(i));
      attempt(plan, best_.filter);
    }
  }

  // From the end, in pieces that grow smaller: the later a delivery, the less hangs on it.
  void drop_deliveries() {
    for (size_t piece = std::max<size_t>(1, best_.result.happened.size() / 2);; piece /= 2) {
      for (size_t end = best_.result.happened.size(); end > 0;) {
        end = std::min(end, best_.result.happened.size());
        const size_t begin = end > piece ? end - piece : 0;
        Filter filter = best_.filter;
        for (size_t i = begin; i < end; ++i) filter->keys.erase(best_.result.happened[i]);
        attempt(best_.plan, filter);
        end = begin;
      }
      if (piece <= 1) return;
    }
  }

  const Options& options_;
  uint64_t seed_;
  Reduced best_;
};

}  // namespace

Reduced reduce(const Options& options, uint64_t seed, const Plan& plan) { return Reducer(options, seed, plan).work(); }

Sequence sequence(const Options& options, uint64_t seed, const Reduced& reduced) {
  Sequence out;
  Filter filter = reduced.filter;
  if (filter) filter->quiet_below = reduced.result.fork_height;
  Result result = run(options, seed, reduced.plan, filter, [&](const std::string& line) { out.lines.push_back(line); });
  TL_CHECK(result.schedule.finding.has_value());
  out.steps = std::move(result.steps);
  out.end = "FORK at " + result.schedule.finding->what;
  out.lines.push_back(out.end);
  return out;
}

}  // namespace tieline::sim::printed
