#include "paper/day.h"

namespace tieline::paper {
namespace {

struct Text {
  DayKind kind;
  const char* name;
  const char* breaks;
  const char* code;
};
constexpr std::array<Text, kDayKinds> kTexts = {{
    {DayKind::kHonest, "honest", "nothing", "ok"},
    {DayKind::kForgedSignature, "forged_signature", "signature", "bad_signature"},
    {DayKind::kTamperedPayload, "tampered_payload", "signature", "bad_signature"},
    {DayKind::kForgedEndorsement, "forged_endorsement", "signature", "bad_endorsement"},
    {DayKind::kOtherChain, "other_chain", "signature", "wrong_chain"},
    {DayKind::kReplay, "replay", "order", "same_place"},
    {DayKind::kUsedSequence, "used_sequence", "order", "duplicate"},
    {DayKind::kOverlap, "overlap", "order", "overlap"},
    {DayKind::kFutureInterval, "future_interval", "order", "future_interval"},
    {DayKind::kLateOffer, "late_offer", "order", "too_late"},
    {DayKind::kOtherRound, "other_round", "order", "other_terms"},
    {DayKind::kOverCapacity, "over_capacity", "limit", "over_capacity"},
    {DayKind::kCostBand, "cost_band", "limit", "cost_band"},
    {DayKind::kLineCapacity, "line_capacity", "limit", "line_capacity"},
    {DayKind::kDoubleSale, "double_sale", "limit", "over_committed"},
    {DayKind::kMarginTooLow, "margin_too_low", "limit", "margin_too_low"},
    {DayKind::kUnfunded, "unfunded", "limit", "insufficient_funds"},
    {DayKind::kBadTerms, "bad_terms", "limit", "bad_terms"},
    {DayKind::kUnregistered, "unregistered", "authority", "unknown_signer"},
    {DayKind::kForeignMeter, "foreign_meter", "authority", "not_owner"},
    {DayKind::kNotAParty, "not_a_party", "authority", "not_a_party"},
    {DayKind::kOwnMoney, "own_money", "authority", "not_authorised"},
    {DayKind::kImplausible, "implausible", "plausibility", "disputed"},
}};
constexpr bool in_order() {
  for (size_t i = 0; i < kTexts.size(); ++i)
    if (kTexts[i].kind != static_cast<DayKind>(i)) return false;
  return true;
}
static_assert(in_order());

const Text& text_of(DayKind kind) { return kTexts[static_cast<size_t>(kind)]; }

}  // namespace

const char* day_kind_name(DayKind kind) { return text_of(kind).name; }
const char* day_kind_breaks(DayKind kind) { return text_of(kind).breaks; }
const char* day_kind_code(DayKind kind) { return text_of(kind).code; }

uint64_t DayRun::missed() const {
  uint64_t out = 0;
  for (size_t i = 1; i < kinds.size(); ++i) out += kinds[i].sent - kinds[i].caught;
  return out;
}

}  // namespace tieline::paper
