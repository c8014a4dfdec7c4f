#pragma once
// A scenario's day as one HTML page that needs nothing else, and as a table for a terminal.

#include "cli/scenario_result.h"
#include "paper/report.h"

namespace tieline::cli {

struct ScenarioRun {  // where it ran, for people
  std::string place;  // "4 validators as processes of this machine"
  std::string engine;
  size_t validators = 0;
  double seconds = 0;       // of the whole run
  double busy_seconds = 0;  // in which transactions were under way; simulated time in the simulator
  std::string command;
};
paper::Page scenario_page(const paper::DayGrid& grid, const ScenarioResult& result, const ScenarioRun& run);
void print_scenario(const ScenarioResult& result, const ScenarioRun& run);
Json scenario_json(const paper::DayGrid& grid, const ScenarioResult& result, const ScenarioRun& run);

}  // namespace tieline::cli
