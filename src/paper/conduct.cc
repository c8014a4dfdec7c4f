#include "paper/conduct.h"

#include <algorithm>

#include "model/quorum.h"
#include "sim/mix.h"

namespace tieline::paper {
namespace {

Rng of_tenure(const Conduct& conduct, Epoch epoch, View view) {
  return Rng(sim::mix(sim::mix(conduct.seed, epoch), view));
}

}  // namespace

const char* conduct_name(ConductKind kind) {
  switch (kind) {
    case ConductKind::kCrashing:
      return "crashing";
    case ConductKind::kSlow:
      return "slow";
    case ConductKind::kFlapping:
      return "flapping";
    case ConductKind::kEquivocating:
      return "equivocating";
    case ConductKind::kSelective:
      return "selective";
    case ConductKind::kFar:
      return "far";
    case ConductKind::kCount:
      break;
  }
  return "unknown";
}

std::vector<Outage> outages_of(const Conduct& conduct, int64_t end_us) {
  std::vector<Outage> out;
  if (conduct.kind != ConductKind::kCrashing && conduct.kind != ConductKind::kFlapping) return out;
  Rng rng(conduct.seed);
  const int64_t end = std::min(end_us, conduct.until_us);
  for (int64_t at = conduct.from_us + rng.between(0, conduct.up_us); at < end;) {
    const int64_t until = at + rng.between(conduct.down_us / 2, conduct.down_us * 3 / 2);
    out.push_back({at, std::min(until, end)});
    at = until + rng.between(conduct.up_us / 2, conduct.up_us * 3 / 2);
  }
  return out;
}

bool fails_in(const Conduct& conduct, Epoch epoch, View view) {
  return of_tenure(conduct, epoch, view).below(100) < conduct.percent;
}

std::vector<ValidatorId> left_out(const Conduct& conduct, Epoch epoch, View view, size_t validators) {
  Rng rng = of_tenure(conduct, epoch, view);
  const bool fails = rng.below(100) < conduct.percent;
  const Quorum quorum{validators};
  // So many that no quorum hears of it, or as many as a quorum can do without.
  const size_t most = validators - 1, enough = validators - quorum.quorum() + 1;
  const auto count = static_cast<size_t>(fails ? rng.between(static_cast<int64_t>(enough), static_cast<int64_t>(most))
                                               : rng.between(1, static_cast<int64_t>(quorum.f())));
  std::vector<ValidatorId> others;
  for (size_t i = 0; i < validators; ++i)
    if (i != conduct.id) others.push_back(static_cast<ValidatorId>(i));
  for (size_t i = 0; i < count; ++i) std::swap(others[i], others[i + rng.below(others.size() - i)]);
  others.resize(count);
  return others;
}

}  // namespace tieline::paper
