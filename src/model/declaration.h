#pragma once
// What a plant or a grid company states beside its readings (paper 004, Table 1 and 5.3.1): the cost of what it
// generates, the capacity of its line. Recorded by being in a block, after the rules of energy/rules.h; nothing is
// computed from it. Costs in micro-currency per MWh, capacities in W, intervals as of readings.

#include "model/transaction.h"

namespace tieline {

inline constexpr size_t kDeclarationsPerTxMax = 1'024;

enum class DeclarationKind : uint8_t { kGenerationCost = 1, kLineCapacity = 2 };

// 25 bytes.
struct Declaration {
  MeterId meter = 0;
  DeclarationKind kind = DeclarationKind::kGenerationCost;
  int64_t start_s = 0;
  uint32_t duration_s = 0;
  uint64_t value = 0;
  bool operator==(const Declaration&) const = default;
};
void encode(Writer& w, const Declaration& d);
void decode(Reader& r, Declaration& d);

const char* declaration_kind_name(DeclarationKind kind);  // "generation_cost" or "line_capacity"

// Shape only. Error: malformed.
Bytes encode_declarations(const std::vector<Declaration>& declarations);
Result<std::vector<Declaration>> decode_declarations(ByteView payload);

}  // namespace tieline
