#pragma once
// The baseline of tables 3 to 5 (EXPERIMENTS.md, `centralized`): one SQL server of one operator with the rules of the
// ledger (who is registered, whose meter it is, the grid of intervals and no future ones, capacity, cost bands, one
// value an interval, capacity sold once, funds) and no signatures. A request says who it is from, and nothing proves
// it. SQLite, in memory.
//
// Answers are the ledger's names of what refuses, or "ok". Wh, W, micro-currency.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "paper/day_grid.h"

namespace tieline::paper {

class CentralServer {
 public:
  struct Account {
    GenesisParticipant participant;
    uint64_t balance = 0;
  };
  // Meters are numbered from 1 in the order of the accounts and of each one's meters, as genesis numbers them.
  explicit CentralServer(const std::vector<Account>& accounts);
  ~CentralServer();

  // No interval after this slot is recorded. At first all are.
  void set_time(uint32_t slot) { newest_slot_ = slot; }

  struct ReadingRequest {
    std::string who;
    MeterId meter = 0;
    uint32_t slot = 0;
    uint64_t wh = 0;
    uint32_t second = 0;  // of the slot, at which the interval begins
  };
  std::string record(const ReadingRequest& request);
  // A plant's cost, or a grid company's line.
  std::string declare_cost(const std::string& who, uint64_t cost);
  std::string declare_line(const std::string& who, uint64_t watts);
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
  uint32_t newest_slot_ = UINT32_MAX;
};

std::vector<CentralServer::Account> accounts_of(const DayGrid& grid);

}  // namespace tieline::paper
