#pragma once
// What /v1/credit answers: each validator's credit, the eight indicators of the running epoch and of those before, and
// which evidence, in which block, stood behind every change (docs/formats/http.md, docs/credit.md). From the committed
// state alone, so that all validators answer alike.

#include <optional>
#include <string>

#include "ledger/ledger.h"

namespace tieline::api {

// `validator`: a name or number; none: all. At most `epochs` of the newest ended epochs each.
// Error: unknown_validator.
Result<std::string> credit_json(const Genesis& genesis, const StateView& state,
                                const std::optional<std::string>& validator, size_t epochs);

}  // namespace tieline::api
