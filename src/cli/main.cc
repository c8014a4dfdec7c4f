// tieline: one program, its commands in a table (cli/commands.h).

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/output.h"

int main(int argc, char** argv) {
  using namespace tieline::cli;
  CLI::App app("Tieline: a permissioned BFT ledger for electricity");
  app.name("tieline");
  app.set_version_flag("--version", "tieline 0.1.0");
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done; 1 the honest answer is no; 2 wrong use or bad input; 3 no validator reachable.\n"
      "Example:\n  tieline init demo-net && tieline up demo-net");
  int exit_status = kExitDone;
  for (auto* add : {add_init,        add_node,   add_up,    add_status,      add_import, add_submit,  add_query,
                    add_receipt,     add_verify, add_audit, add_bench,       add_chaos,  add_sim,     add_explore,
                    add_trace_check, add_credit, add_paper, add_participant, add_trade,  add_market,  add_settlement,
                    add_stake,       add_govern, add_seal,  add_open,        add_bill,   add_private, add_scenario})
    add(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too, with status 0. Every other number of CLI11's means wrong use.
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return exit_status;
}
