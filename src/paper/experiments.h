#pragma once
// The experiments of papers 000 and 004. Each is a pure function of (code, options); `told` hears how far it is.

#include <functional>

#include "paper/report.h"
#include "paper/world.h"

namespace tieline::paper {

struct ExperimentOptions {
  bool quick = false;
  size_t threads = 2;  // how many runs at a time; the results do not depend on it
  uint64_t runs = 0;   // of each setting, in views, latency, tps, fig7 and election; 0: as many as each usually has
};
using Told = std::function<void(const std::string&)>;

std::vector<EngineKind> engines_compared();  // cbft and pbft, as far as this build has them

Part figures_1_and_2(const ExperimentOptions& options, bool fig1, bool fig2, const Told& told);
Part fault_bound(const ExperimentOptions& options, const Told& told);
Part cost_by_size(const ExperimentOptions& options, const Told& told);
// Adds a table and a row to the costs: the same kernel voting all to all, and to the leader alone.
void votes_all_to_all_or_to_the_leader(Part& part, const ExperimentOptions& options, const Told& told);
Part view_changes(const ExperimentOptions& options, const Told& told);         // 000: credit against in turn
Part latency_of_fifty(const ExperimentOptions& options, const Told& told);     // 004, 5.2
Part throughput_of_fifty(const ExperimentOptions& options, const Told& told);  // 004, 5.2
Part efficiency_by_nodes(const ExperimentOptions& options, const Told& told);  // 004, Fig. 7
Part election_time(const ExperimentOptions& options, const Told& told);        // 004, Fig. 4 and eq. 7
Part relay_by_neighbours(const ExperimentOptions& options, const Told& told);  // 004, eq. 3
Part bloom_filter(const ExperimentOptions& options, const Told& told);         // 004, 4.2
Part reclassing(const ExperimentOptions& options, const Told& told);           // 004, 4.1
Part malicious_leader(const ExperimentOptions& options, const Told& told);     // 004, 5.3.3
// 004, 4.1 and 5.1.4
Part malicious_share(const ExperimentOptions& options, bool share_row, bool majority_row, const Told& told);
Part formulas(const ExperimentOptions& options, const Told& told);  // 004, eq. 6, 8, 9
// Paper 004's Table 2, measured on this machine: other than the rest not a function of seeds.
Part signature_table(const ExperimentOptions& options, const Told& told);
// Paper 004, Table 4: forgeries by class through the real ledger, and a year of honest readings.
Part tamper_table(const ExperimentOptions& options, const Told& told);
Part forgery_table(const ExperimentOptions& options, const Told& told);  // 004, Table 5: the sealed exchange
Part cost_model(const Costs* this_machine);                              // the constants; none: only those stored

// Calls work(0) .. work(count - 1), some at a time.
void in_parallel(size_t count, size_t threads, const std::function<void(size_t)>& work);

// What one block costs an engine by the rules, with nothing going wrong.
uint64_t messages_by_formula(EngineKind engine, size_t n);
uint64_t bytes_by_formula(EngineKind engine, size_t n, size_t block_tx);

}  // namespace tieline::paper
