#pragma once
// Stake, proposals and rules as JSON: for /v1/stakes, /v1/proposals and /v1/rules (docs/formats/http.md). Amounts in
// micro-currency, times of rules in milliseconds, shares in ppm. Error: no_market (the network records readings only).

#include <string>

#include "ledger/ledger.h"

namespace tieline::api {

Result<std::string> stakes_json(const Genesis& genesis, const StateView& state);
Result<std::string> proposals_json(const Genesis& genesis, const StateView& state);
// Each rule with what is in force, within which bounds a vote may set it, and what is decided and from which epoch on.
Result<std::string> rules_json(const Genesis& genesis, const StateView& state);

}  // namespace tieline::api
