#pragma once
// The baseline of tables 3 to 5 (EXPERIMENTS.md, `centralized`): one SQL server of one operator with the rules of the
// ledger (who is registered, whose meter it is, capacity, one value an interval, capacity sold once, funds) and no
// signatures. A request says who it is from, and nothing proves it. SQLite, in memory.
//
// Answers are the ledger's names of what refuses, or "ok". Wh, W, micro-currency.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "paper/day_grid.h"

namespace tieline::paper {

class CentralServer {
 public:
  explicit CentralServer(const DayGrid& grid);
  ~CentralServer();

  struct ReadingRequest {
    std::string who;
    MeterId meter = 0;
    uint32_t slot = 0;
    uint64_t wh = 0;
  };
  std::string record(const ReadingRequest& request);
  struct SaleRequest {  // all four have agreed, it says
    std::string who;
    std::string plant, buyer;
    uint32_t slot = 0;
    uint64_t wh = 0, price = 0;
  };
  std::string sell(const SaleRequest& request);

  std::optional<uint64_t> reading(MeterId meter, uint32_t slot) const;
  uint64_t sales() const;
  // What its operator can do, and whoever bribes or robs it.
  void overwrite(MeterId meter, uint32_t slot, uint64_t wh);

 private:
  struct Database;
  std::unique_ptr<Database> db_;
};

}  // namespace tieline::paper
