#pragma once
// tieline credit show: what /v1/credit says, for people; and the same JSON read back as a recorded run to train on.
// Error of the latter: json_malformed.

#include "paper/credit_runs.h"

namespace CLI {
class App;
}

namespace tieline::cli {

void add_credit_show(CLI::App& credit, int& exit_status);

// What `tieline credit show --json` printed for all validators of a network: the epochs that all of them have.
Result<paper::CreditRun> credit_run_from_json(const std::string& text);

}  // namespace tieline::cli
