#pragma once
// Where a scenario's day can run: real validators over the client library, or the simulator's world with the same
// genesis. Both answer the same questions as the HTTP interface does. Errors: those of api/network_client.h, and
// simulation_broke.

#include <filesystem>

#include "api/network_client.h"
#include "cli/output.h"
#include "paper/day.h"

namespace tieline::cli {

struct ScenarioFacts {  // of the consensus below the day
  uint64_t height = 0, epochs = 0;
  uint64_t view_changes = 0;  // real processes: views entered, planned moves of the lead among them
  uint64_t failed_views = 0;  // simulator: those that f+1 validators timed out on
  bool failed_known = false;
  std::string state_root;  // of the state that root_height left, in which all of the day is
  Height root_height = 0;
};

class ScenarioNetwork : public paper::DayNetwork {
 public:
  virtual const Genesis& genesis() const = 0;
  virtual std::vector<const Signer*> signers() const = 0;  // by participant id - 1
  virtual Result<std::vector<uint64_t>> sequences() = 0;
  virtual Result<Json> get(const std::string& target) = 0;  // /v1/market, /v1/settlements/..., /v1/trades
  virtual Result<ScenarioFacts> facts() = 0;
  Result<std::vector<energy::FlowKey>> disputed(uint32_t slot) override;
};

// Four validators (or as many as asked) in one thread and virtual time; keys of the simulator.
Result<std::unique_ptr<ScenarioNetwork>> simulated_network(const paper::DayGrid& grid, const std::string& engine,
                                                           size_t validators);
// A network that runs; NET/participants holds the keys. Errors: not_a_day (the genesis is of other participants).
Result<std::unique_ptr<ScenarioNetwork>> real_network(const std::filesystem::path& net, const paper::DayGrid& grid);
// For `tieline init --participants`.
std::string participants_of_day(const paper::DayGrid& grid);

}  // namespace tieline::cli
