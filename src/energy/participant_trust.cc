#include "energy/participant_trust.h"

#include <algorithm>

#include "energy/market_refusal.h"
#include "energy/money.h"
#include "energy/refusal.h"
#include "energy/split.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr uint64_t kCounterparties = kParties - 1;
constexpr uint64_t kCounterpartyShare = 4;  // one organisation counts at most a quarter

uint64_t add_bounded(uint64_t sum, uint64_t more) { return more > kIssuedMax - sum ? kIssuedMax : sum + more; }

constexpr std::array kCounting = {
    static_cast<uint16_t>(Refusal::kNotAllowed),
    static_cast<uint16_t>(Refusal::kUnknownMeter),
    static_cast<uint16_t>(Refusal::kNotOwner),
    static_cast<uint16_t>(Refusal::kMisalignedInterval),
    static_cast<uint16_t>(Refusal::kBadDuration),
    static_cast<uint16_t>(Refusal::kOverCapacity),
    static_cast<uint16_t>(Refusal::kBadRegister),
    static_cast<uint16_t>(MarketRefusal::kNotAParty),
    static_cast<uint16_t>(MarketRefusal::kOwnTerms),
    static_cast<uint16_t>(MarketRefusal::kBadTerms),
    static_cast<uint16_t>(MarketRefusal::kNotAllFour),
    static_cast<uint16_t>(MarketRefusal::kNotTheNeighbour),
    static_cast<uint16_t>(MarketRefusal::kTooManyCorrections),
    static_cast<uint16_t>(MarketRefusal::kRankNotRaised),
    static_cast<uint16_t>(MarketRefusal::kBadPrice),
};

}  // namespace

void note_obligation(ParticipantTrust& of, const std::array<OrgId, kParties>& orgs, size_t party, uint64_t value,
                     bool met) {
  TL_CHECK(party < kParties);
  uint64_t part = 0;
  for (size_t other = 0; other < kParties; ++other) {
    if (other == party) continue;
    const uint64_t worth = equal_part(value, kCounterparties, part++);
    if (orgs[other] == orgs[party] || worth == 0) continue;
    TrustDay::Dealings& with = of.day.with[orgs[other]];
    with.value = add_bounded(with.value, worth);
    if (met) with.met = add_bounded(with.met, worth);
  }
}

bool counts_as_refused(uint16_t code) { return std::find(kCounting.begin(), kCounting.end(), code) != kCounting.end(); }

void note_refusal(ParticipantTrust& of, uint16_t code) {
  if (counts_as_refused(code) && of.day.refused < kRefusedMax) ++of.day.refused;
}

void note_breach(ParticipantTrust& of, uint32_t weight) {
  of.day.refused += std::min(weight, kRefusedMax - of.day.refused);
}

// Each part rounded down: with value <= T/4, met Q16 / T; beyond it, the quarter times the share met.
uint32_t day_score(const TrustDay& day) {
  uint128 total = 0;
  for (const auto& [org, with] : day.with) total += with.value;
  if (total == 0) return 0;
  uint64_t score = 0;
  for (const auto& [org, with] : day.with) {
    const bool capped = uint128{with.value} * kCounterpartyShare > total;
    score += capped ? narrow(uint128{with.met} * (kQ16 / kCounterpartyShare) / with.value)
                    : narrow(uint128{with.met} * kQ16 / total);
  }
  TL_CHECK(score <= kQ16);
  return static_cast<uint32_t>(score * (kRefusedMax - day.refused) / kRefusedMax);
}

void close_day(ParticipantTrust& of) {
  const bool obliged = !of.day.with.empty();
  const uint32_t score = day_score(of.day);
  of.day = {};
  if (!obliged || of.forged) return;
  of.trust = (7 * of.trust + score) / 8;
}

void prove_forgery(ParticipantTrust& of) {
  of.forged = true;
  of.trust = 0;
}

void restore_trust(ParticipantTrust& of) {
  of.forged = false;
  of.trust = kTrustStart;
}

}  // namespace tieline::energy
