#pragma once
// tieline trace-check, as cli/commands.h has the others.

namespace CLI {
class App;
}

namespace tieline::cli {

void add_trace_check(CLI::App& root, int& exit_status);

}  // namespace tieline::cli
