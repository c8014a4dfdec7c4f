#pragma once
// `tieline settlement export`: settlements of a time as CSV, for accounting. One file, two tables of which one is
// chosen: who owes and gets what (statements), or what was metered and contracted (flows). Columns never change their
// place or meaning (docs/participant.md).

#include "cli/output.h"

namespace CLI {
class App;
}

namespace tieline::cli {

inline constexpr int64_t kExportSlotsMax = 3'200;  // a month of quarters, and a little

// The lines of one settlement as /v1/settlements/{start} shows it, without a header.
std::string statements_csv(const Json& settlement);
std::string flows_csv(const Json& settlement);
extern const char* const kStatementsCsvHeader;
extern const char* const kFlowsCsvHeader;

void add_settlement_csv(CLI::App& settlement, int& exit_status);

}  // namespace tieline::cli
