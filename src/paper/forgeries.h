#pragma once
// What a forger says: the bad proposals of table 4 (paper 004, 5.1.3 and 5.3.1), drawn from a seed.
//
// This was written before any threshold of a check was chosen, and it shares no code with the checks: it knows what the
// forger knows, which is public (what is registered for the point) or the stolen key's owner's own (its readings).
// Factors are drawn log-uniformly, in steps of a thousandth.
//
//   without a key   bit_flip           one bit of the signed bytes
//                   replay             the same bytes again: at once, later, or on another chain
//                   changed_in_flight  another value, meter or start in the signed bytes, the signature left as it is
//   with a key      over_capacity      1.05 to 10 times what the registered capacity carries in the interval
//                   forged_time        the interval 1 slot to 7 days ahead; one that is recorded already, 1 to 95 slots
//                                      back; off the grid by 1 to 899 s; or the time of signing moved by 15 minutes to
//                                      24 hours either way
//                   generation_cost    1.05 to 10 times above the registered band, or as far below it
//                   line_capacity      1.05 to 3 times the registered capacity of the line
//                   implausible_load   the value times 3 to 10, or divided by it; that of the same point 4 to 12 hours
//                                      before; nothing at all; the registered limit; another point's value. It differs
//                                      from the truth by a factor of 2 at least, and by a tenth of the day's mean:
//                                      what differs less is drawn again (a forger who gains nothing forges nothing)
//                   plausible_load     the value times 1.02 to 1.20, or divided by it; another cost within the band;
//                                      a line capacity below the registered one
//
// Energy in Wh, power in W, times in seconds, costs in micro-currency per MWh.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/rng.h"

namespace tieline::paper {

enum class ForgeryClass : uint8_t {
  kBitFlip,
  kReplay,
  kChangedInFlight,
  kOverCapacity,
  kForgedTime,
  kGenerationCost,
  kLineCapacity,
  kImplausibleLoad,
  kPlausibleLoad,
};
inline constexpr std::array kForgeryClasses = {
    ForgeryClass::kBitFlip,      ForgeryClass::kReplay,          ForgeryClass::kChangedInFlight,
    ForgeryClass::kOverCapacity, ForgeryClass::kForgedTime,      ForgeryClass::kGenerationCost,
    ForgeryClass::kLineCapacity, ForgeryClass::kImplausibleLoad, ForgeryClass::kPlausibleLoad,
};
const char* forgery_class_name(ForgeryClass c);
bool needs_key(ForgeryClass c);
// Breaks a signature, a hash, an order or a registered limit: whoever looks can tell.
bool breaks_a_rule(ForgeryClass c);

// What an honest participant would say next, and what its key's thief knows of it.
struct Truth {
  enum class Kind : uint8_t { kReading, kCost, kLineCapacity };
  Kind kind = Kind::kReading;
  int64_t start_s = 0;  // of the interval
  uint32_t duration_s = 900;
  uint64_t wh = 0;                    // kReading
  uint64_t cost = 0;                  // kCost
  uint64_t line_w = 0;                // kLineCapacity
  uint64_t limit_w = 0;               // registered for the point; of a grid company the line
  uint64_t cost_lo = 0, cost_hi = 0;  // the registered band
  std::span<const uint64_t> day;      // the point's values of the slots before this one, newest last; a day at least
  uint64_t other_wh = 0;              // what another point metered in the interval
};
// Which kinds of statement a class can be made of.
bool applies(ForgeryClass c, const Truth& truth);

// The statement as forged. The fields that the truth's kind has not are left alone.
struct Lie {
  Truth said;
  int64_t signed_later_s = 0;  // the time of signing is moved by this
};
// Of the classes that need a key. None: this truth offers the forger nothing (see above).
std::optional<Lie> forge(ForgeryClass c, const Truth& truth, Rng& rng);

Bytes flipped_bit(ByteView bytes, Rng& rng);

enum class ReplayWay : uint8_t { kAtOnce, kLater, kOtherChain };
ReplayWay replay_way(Rng& rng);

// Which field of a reading is rewritten in flight, and to what.
enum class ChangedField : uint8_t { kValue, kMeter, kStart };
ChangedField changed_field(Rng& rng);

// Log-uniform in [lo, hi], both in thousandths; the factor in thousandths.
uint64_t log_uniform(uint64_t lo, uint64_t hi, Rng& rng);

}  // namespace tieline::paper
