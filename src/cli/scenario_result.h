#pragma once
// What a scenario's day has led to, read back from the network that it ran on: who paid what to whom, what flowed and
// was lost, and whether money and energy are conserved. Every account is recomputed from the terms of the trades and
// the statements of the intervals, and must have the unit that this says. Amounts in micro-currency, energy in Wh.
// Errors: those of the network, and json_malformed.

#include "cli/scenario_network.h"

namespace tieline::cli {

struct ScenarioAccount {
  std::string name;
  std::string role;
  uint64_t sold = 0, bought = 0;  // legs of settled trades
  uint64_t imbalance_paid = 0, imbalance_received = 0;
  uint64_t compensation_paid = 0, compensation_received = 0;
  uint64_t wealth = 0;  // all that it holds, locked or not
  uint64_t margin_locked = 0;
  uint64_t debt = 0;
  bool adds_up = false;
};
struct ScenarioSlot {
  uint64_t injected = 0, withdrawn = 0, contracted = 0, price = 0;
  uint64_t lost() const { return injected - withdrawn; }
};
struct ScenarioResult {
  paper::DayRun run;
  ScenarioFacts facts;
  std::vector<ScenarioAccount> accounts;
  std::vector<ScenarioSlot> slots;
  uint64_t settled = 0, lapsed = 0;  // trades
  uint64_t margins_posted = 0, margins_locked = 0, deviations_paid = 0;
  bool money_conserved = false, energy_conserved = false;
  std::string settlement;          // digest of all that was settled; the same wherever the day runs
  std::vector<std::string> wrong;  // what does not add up, in words
};
Result<ScenarioResult> scenario_result(const paper::DayGrid& grid, paper::DayRun run, ScenarioNetwork& network);

}  // namespace tieline::cli
