#include "paper/forgeries.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::paper {
namespace {

constexpr uint64_t kThousand = 1'000;
constexpr uint64_t kMicro = 1'000'000;
constexpr int64_t kSlot = 900;
constexpr int64_t kDaySlots = 96;
constexpr int64_t kWeekSlots = 7 * kDaySlots;
constexpr int64_t kDay = kDaySlots * kSlot;
constexpr int64_t kShiftSlotsMin = 16;  // 4 hours
constexpr int64_t kShiftSlotsMax = 48;  // 12 hours
constexpr size_t kDrawsMax = 32;

uint64_t times(uint64_t value, uint64_t thousandths) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * thousandths / kThousand);
}
uint64_t divided(uint64_t value, uint64_t thousandths) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * kThousand / thousandths);
}
uint64_t up_or_down(uint64_t value, uint64_t lo, uint64_t hi, Rng& rng) {
  const uint64_t factor = log_uniform(lo, hi, rng);
  return rng.below(2) == 0 ? times(value, factor) : divided(value, factor);
}

uint64_t carried(const Truth& t) {  // by the registered limit in the interval
  return static_cast<uint64_t>(static_cast<unsigned __int128>(t.limit_w) * t.duration_s / 3'600);
}

uint64_t mean(std::span<const uint64_t> values) {
  if (values.empty()) return 0;
  unsigned __int128 sum = 0;
  for (uint64_t v : values) sum += v;
  return static_cast<uint64_t>(sum / values.size());
}

uint64_t apart(uint64_t a, uint64_t b) { return std::max(a, b) - std::min(a, b); }

uint64_t drawn_load(const Truth& t, Rng& rng) {
  switch (rng.below(6)) {
    case 0:
    case 1:
      return up_or_down(t.wh, 3'000, 10'000, rng);
    case 2: {
      const auto back = static_cast<size_t>(rng.between(kShiftSlotsMin, kShiftSlotsMax));
      return t.day.size() < back ? t.wh : t.day[t.day.size() - back];
    }
    case 3:
      return 0;
    case 4:
      return carried(t);
    default:
      return t.other_wh;
  }
}

std::optional<Lie> implausible(const Truth& truth, Rng& rng) {
  const uint64_t least = mean(truth.day.last(std::min<size_t>(truth.day.size(), kDaySlots))) / 10;
  for (size_t i = 0; i < kDrawsMax; ++i) {
    Lie lie{truth, 0};
    lie.said.wh = drawn_load(truth, rng);
    const uint64_t low = std::min(lie.said.wh, truth.wh), high = std::max(lie.said.wh, truth.wh);
    if (high / 2 >= low && high - low >= std::max<uint64_t>(least, 1)) return lie;
  }
  return std::nullopt;
}

std::optional<Lie> plausible(const Truth& truth, Rng& rng) {
  Lie lie{truth, 0};
  switch (truth.kind) {
    case Truth::Kind::kReading:
      lie.said.wh = up_or_down(truth.wh, 1'020, 1'200, rng);
      if (apart(lie.said.wh, truth.wh) == 0) return std::nullopt;
      return lie;
    case Truth::Kind::kCost:
      if (truth.cost_hi - truth.cost_lo < 2) return std::nullopt;
      lie.said.cost = truth.cost_lo + rng.below(truth.cost_hi - truth.cost_lo + 1);
      if (lie.said.cost == truth.cost) return std::nullopt;
      return lie;
    case Truth::Kind::kLineCapacity:
      lie.said.line_w = divided(truth.line_w, log_uniform(1'050, 3'000, rng));
      return lie;
  }
  return std::nullopt;
}

Lie forged_time(const Truth& truth, Rng& rng) {
  Lie lie{truth, 0};
  switch (rng.below(5)) {
    case 0:
      lie.said.start_s += kSlot * rng.between(1, kWeekSlots);
      break;
    case 1:
      lie.said.start_s -= kSlot * rng.between(1, kDaySlots - 1);
      break;
    case 2:
      lie.said.start_s -= rng.between(1, kSlot - 1);
      break;
    case 3:
      lie.signed_later_s = rng.between(kSlot, kDay);
      break;
    default:
      lie.signed_later_s = -rng.between(kSlot, kDay);
      break;
  }
  return lie;
}

}  // namespace

const char* forgery_class_name(ForgeryClass c) {
  switch (c) {
    case ForgeryClass::kBitFlip:
      return "bit_flip";
    case ForgeryClass::kReplay:
      return "replay";
    case ForgeryClass::kChangedInFlight:
      return "changed_in_flight";
    case ForgeryClass::kOverCapacity:
      return "over_capacity";
    case ForgeryClass::kForgedTime:
      return "forged_time";
    case ForgeryClass::kGenerationCost:
      return "generation_cost";
    case ForgeryClass::kLineCapacity:
      return "line_capacity";
    case ForgeryClass::kImplausibleLoad:
      return "implausible_load";
    case ForgeryClass::kPlausibleLoad:
      return "plausible_load";
  }
  TL_CHECK_MSG(false, "a class of forgeries without a name");
}

bool needs_key(ForgeryClass c) { return c >= ForgeryClass::kOverCapacity; }
bool breaks_a_rule(ForgeryClass c) { return c < ForgeryClass::kImplausibleLoad; }

bool applies(ForgeryClass c, const Truth& truth) {
  switch (c) {
    case ForgeryClass::kBitFlip:
    case ForgeryClass::kReplay:
      return true;
    case ForgeryClass::kGenerationCost:
      return truth.kind == Truth::Kind::kCost;
    case ForgeryClass::kLineCapacity:
      return truth.kind == Truth::Kind::kLineCapacity;
    case ForgeryClass::kPlausibleLoad:
      return truth.kind != Truth::Kind::kReading || truth.wh > 0;
    case ForgeryClass::kOverCapacity:
      return truth.kind == Truth::Kind::kReading && carried(truth) > 0;
    case ForgeryClass::kChangedInFlight:
    case ForgeryClass::kForgedTime:
    case ForgeryClass::kImplausibleLoad:
      return truth.kind == Truth::Kind::kReading;
  }
  return false;
}

std::optional<Lie> forge(ForgeryClass c, const Truth& truth, Rng& rng) {
  TL_CHECK(needs_key(c) && applies(c, truth));
  Lie lie{truth, 0};
  switch (c) {
    case ForgeryClass::kOverCapacity:
      lie.said.wh = times(carried(truth), log_uniform(1'050, 10'000, rng)) + 1;
      return lie;
    case ForgeryClass::kForgedTime:
      return forged_time(truth, rng);
    case ForgeryClass::kGenerationCost: {
      const uint64_t factor = log_uniform(1'050, 10'000, rng);
      lie.said.cost = rng.below(2) == 0 ? times(truth.cost_hi, factor) + 1 : divided(truth.cost_lo, factor);
      return lie;
    }
    case ForgeryClass::kLineCapacity:
      lie.said.line_w = times(truth.limit_w, log_uniform(1'050, 3'000, rng)) + 1;
      return lie;
    case ForgeryClass::kImplausibleLoad:
      return implausible(truth, rng);
    default:
      return plausible(truth, rng);
  }
}

Bytes flipped_bit(ByteView bytes, Rng& rng) {
  TL_CHECK(!bytes.empty());
  Bytes out(bytes.begin(), bytes.end());
  const uint64_t bit = rng.below(out.size() * 8);
  out[bit / 8] = static_cast<uint8_t>(out[bit / 8] ^ 1u << bit % 8);
  return out;
}

ReplayWay replay_way(Rng& rng) { return static_cast<ReplayWay>(rng.below(3)); }
ChangedField changed_field(Rng& rng) { return static_cast<ChangedField>(rng.below(3)); }

// By halving the range in logarithms sixteen times, the middle being the geometric mean.
uint64_t log_uniform(uint64_t lo, uint64_t hi, Rng& rng) {
  TL_CHECK(lo > 0 && lo <= hi && hi <= kMicro);
  uint64_t low = lo * kMicro, high = hi * kMicro;
  const auto root = [](unsigned __int128 value) {  // floor of the square root
    uint64_t r = 0;
    for (uint64_t bit = uint64_t{1} << 63; bit != 0; bit >>= 1) {
      const unsigned __int128 next = r | bit;
      if (next * next <= value) r = static_cast<uint64_t>(next);
    }
    return r;
  };
  for (int i = 0; i < 16; ++i) {
    const uint64_t middle = root(static_cast<unsigned __int128>(low) * high);
    (rng.below(2) == 0 ? high : low) = middle;
  }
  return std::clamp((low + kMicro / 2) / kMicro, lo, hi);
}

}  // namespace tieline::paper
