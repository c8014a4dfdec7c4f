#pragma once
// The market's books, kept a second time from the outside: after every committed block all the money that accounts and
// pools hold is what was issued, and what was issued is what the signed issues and redemptions of the blocks say. The
// ledger checks more by itself, from what a block changed (ledger/market_invariants.h); this adds up everything, so
// that what its sums of changes overlook is found.

#include <map>
#include <optional>
#include <string>

#include "ledger/ledger.h"
#include "model/block.h"

namespace tieline::sim {

class MarketBooks {
 public:
  explicit MarketBooks(const Genesis& genesis);
  // The next block in order, with its results and writes. What is wrong, if anything.
  std::optional<std::string> committed(const Block& block, const Execution& execution);
  bool settled_seen() const { return settled_seen_; }  // a trade that all four had endorsed
  bool disputed_seen() const { return disputed_seen_; }

 private:
  std::map<Bytes, uint64_t> accounts_;  // by record key: all purses together
  uint64_t pools_ = 0;
  uint64_t recorded_ = 0;  // issued, as the market's record says
  uint64_t signed_ = 0;    // issued, as transactions say
  bool settled_seen_ = false, disputed_seen_ = false;
};

// Of a state in which everything has come to its end: nothing is due, nothing locked, each stake is its record's.
std::optional<std::string> market_at_rest(const Genesis& genesis, const StoreReader& store);

}  // namespace tieline::sim
