#pragma once
// Plausibility of a reading or declaration at submission: what a stolen key still cannot say. Each rule is one small
// pure function with a name, a code and a sentence; they are asked in the order of the list, and the first that refuses
// gives the code. Source: ENERGY.md
// ("Semantic plausibility"). No floating point; products that may pass 64 bits are 128 bits wide.

#include <span>

#include "energy/meter.h"
#include "energy/refusal.h"
#include "model/declaration.h"

namespace tieline::energy {

inline constexpr uint32_t kDurationMax = 86'400;  // seconds: a day
inline constexpr uint64_t kReadingWhMax =
    25'000'000'000'000;  // a day at the largest capacity that genesis allows (1 TW), and a little

// What the rules may look at besides the reading. `point` is null for a meter nobody registered.
struct RuleContext {
  int64_t block_time_ms = 0;
  const LedgerParams* params = nullptr;
  const PlausibilityParams* plausibility = nullptr;
  std::span<const ParticipantId> signatories;
  const MeterPoint* point = nullptr;
  const MeterSeries* series = nullptr;
};

struct Rule {
  const char* name;  // stable, also the code's name
  Refusal refusal;
  const char* reason;  // for a person
  bool (*refuses)(const Reading& reading, const RuleContext& context);
};
std::span<const Rule> rules();

Refusal judge_reading(const Reading& reading, const RuleContext& context);

// Declarations (model/declaration.h) go through rules of their own; `series` is not looked at.
struct DeclarationRule {
  const char* name;
  Refusal refusal;
  const char* reason;
  bool (*refuses)(const Declaration& declaration, const RuleContext& context);
};
std::span<const DeclarationRule> declaration_rules();

Refusal judge_declaration(const Declaration& declaration, const RuleContext& context);

// Records a reading that judge_reading let pass.
void record_reading(const Reading& reading, MeterSeries& series);

}  // namespace tieline::energy
