#pragma once
// How a validator of the measuring world misbehaves: the five kinds that the credit model has to tell from the honest
// ones, and one that looks bad and is not. Pure: every outage and every tenure follows from the conduct's seed.
//
//   crashing     gone for long: its links are cut and nobody reaches it, then it comes back
//   slow         all it sends leaves late; as primary it may come too late
//   flapping     gone often and shortly
//   equivocating as primary shows two blocks for a slot, in some of its tenures
//   selective    votes like everyone; as primary leaves out some validators, in some tenures so many that it fails
//   far          honest, but a long way off: often missing from certificates, leads well

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "model/ids.h"

namespace tieline::paper {

enum class ConductKind : uint8_t { kCrashing, kSlow, kFlapping, kEquivocating, kSelective, kFar, kCount };
inline constexpr size_t kBadConducts = static_cast<size_t>(ConductKind::kFar);
const char* conduct_name(ConductKind kind);

struct Conduct {
  ConductKind kind{};
  ValidatorId id = 0;
  int64_t from_us = 0, until_us = INT64_MAX;  // before and after it behaves
  int64_t delay_us = 0;                       // slow, far: how late what it sends leaves
  uint32_t percent = 0;                       // equivocating, selective: of its tenures it fails in
  int64_t up_us = 0, down_us = 0;             // crashing, flapping: means of the times between and during outages
  uint64_t seed = 0;
  bool honest() const { return kind == ConductKind::kFar; }
  bool in_force(int64_t now_us) const { return now_us >= from_us && now_us < until_us; }
};

struct Outage {
  int64_t from_us = 0, until_us = 0;
};
std::vector<Outage> outages_of(const Conduct& conduct, int64_t end_us);

// Whether it fails in this tenure.
bool fails_in(const Conduct& conduct, Epoch epoch, View view);

// Of a selective primary in this tenure: those of `validators` that hear nothing of it.
std::vector<ValidatorId> left_out(const Conduct& conduct, Epoch epoch, View view, size_t validators);

}  // namespace tieline::paper
