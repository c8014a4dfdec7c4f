#pragma once
// One transaction in JSON, as `tieline submit` takes it (docs/participant.md):
//
//   {"readings": [{"meter": "pv-1", "obis": "1-0:2.8.0", "start": "2026-11-21T12:00:00Z", "seconds": 900, "wh": 812,
//                  "quality": "measured", "register_wh": 100200}],
//    "declarations": [{"meter": "pv-1", "kind": "generation_cost" (micro-currency per MWh) or "line_capacity" (W),
//                  "start": "2026-11-21T12:00:00Z", "seconds": 900, "value": 40000000}],
//    "data": "text", or "data_hex": "00ff",
//    "actions": [{"action": "decline", "trade": "..."}],      as in api/market_json.h
//    "sequence": 7, "timestamp_ms": 1790000000000, "expiry_height": 5000}
//
// The last three are filled in when absent. Unknown names are errors. Errors: submission_invalid and
// action_invalid, with the place.

#include <optional>
#include <string_view>

#include "cli/meter_table.h"
#include "energy/market_actions.h"
#include "model/transaction.h"

namespace tieline::cli {

struct Submission {
  std::vector<TransactionDraft::OwnedAction> actions;
  std::vector<energy::MarketAction> market;  // behind the others; endorsements are filled in when it is signed
  std::optional<uint64_t> sequence;
  std::optional<int64_t> timestamp_ms;
  std::optional<Height> expiry_height;
};

Result<Submission> parse_submission(std::string_view json, const MeterTable& meters, const Genesis& genesis);

}  // namespace tieline::cli
