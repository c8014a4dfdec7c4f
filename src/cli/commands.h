#pragma once
// The table of commands: each adds its subcommand to the root and stores its exit status when it has run
// (cli/output.h has what the numbers mean).

namespace CLI {
class App;
}

namespace tieline::cli {

void add_init(CLI::App& root, int& exit_status);
void add_node(CLI::App& root, int& exit_status);
void add_up(CLI::App& root, int& exit_status);
void add_status(CLI::App& root, int& exit_status);
void add_query(CLI::App& root, int& exit_status);
void add_import(CLI::App& root, int& exit_status);
void add_submit(CLI::App& root, int& exit_status);
void add_receipt(CLI::App& root, int& exit_status);
void add_verify(CLI::App& root, int& exit_status);
void add_audit(CLI::App& root, int& exit_status);
void add_bench(CLI::App& root, int& exit_status);
void add_chaos(CLI::App& root, int& exit_status);
void add_sim(CLI::App& root, int& exit_status);
void add_explore(CLI::App& root, int& exit_status);
void add_trace_check(CLI::App& root, int& exit_status);
void add_credit(CLI::App& root, int& exit_status);
void add_paper(CLI::App& root, int& exit_status);
void add_participant(CLI::App& root, int& exit_status);
void add_trade(CLI::App& root, int& exit_status);
void add_market(CLI::App& root, int& exit_status);
void add_settlement(CLI::App& root, int& exit_status);
void add_stake(CLI::App& root, int& exit_status);
void add_govern(CLI::App& root, int& exit_status);
void add_seal(CLI::App& root, int& exit_status);
void add_open(CLI::App& root, int& exit_status);
void add_scenario(CLI::App& root, int& exit_status);
void add_bill(CLI::App& root, int& exit_status);
void add_private(CLI::App& root, int& exit_status);

}  // namespace tieline::cli
