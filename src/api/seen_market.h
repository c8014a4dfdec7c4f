#pragma once
// The market as a committed state has it, for the views. Error: no_market (the network records readings only).

#include <memory>

#include "ledger/ledger.h"
#include "ledger/market_state.h"

namespace tieline::api {

// Its source must live as long as the market does.
struct SeenMarket {
  SeenMarket(const StateView& state, const MarketNumbers& rules)
      : source(state), numbers(rules), market(market_params(rules), source) {}
  static Result<std::unique_ptr<SeenMarket>> open(const Genesis& genesis, const StateView& state) {
    if (!genesis.market) return Error{"no_market", "this network has no market: it records readings only"};
    const auto numbers = state::must_read<MarketNumbers>(state, state::market_numbers_key(), "damaged state record");
    return std::make_unique<SeenMarket>(state, numbers);
  }

  StateSource source;
  MarketNumbers numbers;  // in force
  energy::Market market;
};

}  // namespace tieline::api
