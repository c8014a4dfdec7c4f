#pragma once
// Many runs of the measuring world side by side, and the runs of one setting put together.

#include <functional>

#include "paper/experiments.h"

namespace tieline::paper {

struct Run {
  std::string name;  // of the setting
  WorldOptions options;
  Measured measured;
};
// Some at a time. The largest should stand last: they begin first, so that none is left alone at the end.
void run_all(std::vector<Run>& runs, size_t threads, const char* what, const Told& told);

struct Pooled {
  std::vector<int64_t> leader_us, everyone_us, client_us;
  std::vector<double> tps;
  uint64_t messages = 0;                    // of the agreement
  uint64_t bytes = 0;                       // of all frames
  uint64_t leader_bytes = 0;                // of those of whoever proposed first
  std::map<std::string, uint64_t> counted;  // by the correct validators
  uint64_t blocks = 0, unfinished = 0;
};
Pooled pooled(const std::vector<Run>& runs, const std::function<bool(const Run&)>& belongs);

double ms(const std::vector<int64_t>& us, int percent);  // a percentile
std::string both(const std::vector<int64_t>& us);        // p50 / p99, in ms
double per_block(uint64_t total, uint64_t blocks);       // 0 for none
std::string command_of(const ExperimentOptions& options, const std::string& id);

}  // namespace tieline::paper
