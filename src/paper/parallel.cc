#include <atomic>
#include <thread>

#include "consensus/engine.h"
#include "paper/experiments.h"

namespace tieline::paper {

void in_parallel(size_t count, size_t threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads && i < count; ++i) others.emplace_back(run);
  run();
  for (std::thread& t : others) t.join();
}

std::vector<EngineKind> engines_compared() {
  std::vector<EngineKind> out;
  for (const EngineKind kind : {EngineKind::kCbft, EngineKind::kPbft})
    if (consensus::engine_is_built(kind)) out.push_back(kind);
  return out;
}

}  // namespace tieline::paper
