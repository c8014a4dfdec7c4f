#include "paper/runs.h"

#include <mutex>

#include "paper/numbers.h"

namespace tieline::paper {

void run_all(std::vector<Run>& runs, size_t threads, const char* what, const Told& told) {
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(runs.size(), threads, [&](size_t task) {
    Run& run = runs[runs.size() - 1 - task];
    run.measured = measure(run.options);
    const std::lock_guard lock(mutex);
    told(std::string(what) + ": run " + std::to_string(++finished) + " of " + std::to_string(runs.size()));
  });
}

Pooled pooled(const std::vector<Run>& runs, const std::function<bool(const Run&)>& belongs) {
  Pooled out;
  const auto append = [](std::vector<int64_t>& to, const std::vector<int64_t>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const Run& run : runs) {
    if (!belongs(run)) continue;
    const Measured& m = run.measured;
    append(out.leader_us, m.leader_us);
    append(out.everyone_us, m.everyone_us);
    append(out.client_us, m.client_us);
    out.tps.push_back(static_cast<double>(m.milli_tps()) / 1'000);
    out.blocks += m.height;
    out.unfinished += m.reached ? 0 : 1;
    for (const auto& [frame, count] : m.sent) {
      out.bytes += count.bytes;
      if (frame != "other frames") out.messages += count.messages;
    }
    const auto leader = m.first_proposer ? m.sent_by.find(*m.first_proposer) : m.sent_by.end();
    if (leader != m.sent_by.end()) out.leader_bytes += leader->second.bytes;
    for (const auto& [code, count] : m.counted) out.counted[code] += count;
  }
  return out;
}

double ms(const std::vector<int64_t>& us, int percent) {
  return static_cast<double>(percentile_of(us, percent)) / 1'000;
}
std::string both(const std::vector<int64_t>& us) { return fixed(ms(us, 50), 1) + " / " + fixed(ms(us, 99), 1); }
double per_block(uint64_t total, uint64_t blocks) {
  return blocks == 0 ? 0 : static_cast<double>(total) / static_cast<double>(blocks);
}

std::string command_of(const ExperimentOptions& options, const std::string& id) {
  return "tieline paper --only " + id + (options.quick ? " --quick" : "") +
         (options.runs > 0 ? " --runs " + std::to_string(options.runs) : "");
}

}  // namespace tieline::paper
