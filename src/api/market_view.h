#pragma once
// What the market's records say, as JSON: for /v1/trades, /v1/accounts, /v1/market and /v1/settlements
// (docs/formats/http.md); stake and votes: api/governance_view.h. Amounts in micro-currency, energy in Wh, prices in
// micro-currency per MWh; trust and security as fractions of 1. Errors: no_market (the network records readings only),
// unknown_trade, unknown_participant, unknown_interval.

#include <string>

#include "energy/trade_terms.h"
#include "ledger/ledger.h"

namespace tieline::api {

Result<std::string> trade_json(const Genesis& genesis, const StateView& state, const energy::TradeId& id);
// Trades of one participant that have not ended; LAPSED and FINAL ones have left the state.
Result<std::string> trades_json(const Genesis& genesis, const StateView& state, const std::string& participant);
Result<std::string> account_json(const Genesis& genesis, const StateView& state, const std::string& name);
// `block_time_ms`: of the newest block.
Result<std::string> market_json(const Genesis& genesis, const StateView& state, int64_t block_time_ms);
Result<std::string> settlement_json(const Genesis& genesis, const StateView& state, uint32_t slot);

}  // namespace tieline::api
