#pragma once
// The client of `tieline chaos`: submits transactions at a fixed rate, each to two validators at once (the same bytes
// count once), sends again what has no outcome, and remembers every transaction that a validator acknowledged as
// committed, and where. Streams come and go with their validators.
//
// Threads: one a validator and one that paces; every method from any thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/network_access.h"
#include "model/ids.h"

namespace tieline::cli {

struct ChaosTx {
  TxId id;
  bool acknowledged = false;
  Height height = 0;
  uint32_t index = 0;
};

struct ChaosCounts {
  uint64_t submitted = 0;
  uint64_t acknowledged = 0;
  uint64_t outstanding = 0;
  uint64_t refused = 0;         // a final refusal, which nothing here should earn
  std::string first_refusal;    // its code
  uint64_t contradictions = 0;  // two validators acknowledged two different places
};

class ChaosClient {
 public:
  ChaosClient(const Genesis& genesis, std::vector<Identity> signers, double rate);
  ~ChaosClient();

  void stop_submitting();
  // Waits until nothing is outstanding.
  bool drain(int64_t timeout_ms);
  ChaosCounts counts() const;
  // When a transaction that was first submitted after `since_us` was first acknowledged; none yet: nothing.
  std::optional<int64_t> first_commit_after(int64_t since_us) const;
  std::vector<ChaosTx> transactions() const;
  static int64_t now_us();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tieline::cli
