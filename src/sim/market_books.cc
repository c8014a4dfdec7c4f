#include "sim/market_books.h"

#include <cstring>
#include <string_view>

#include "energy/market_actions.h"
#include "ledger/market_state.h"

namespace tieline::sim {
namespace {

using energy::Purse;

uint64_t all_of(const energy::Account& account) {
  uint64_t sum = 0;
  for (const uint64_t held : account.held) sum += held;
  return sum;
}

bool named(ByteView name, std::string_view word) {
  return name.size() >= word.size() && std::memcmp(name.data(), word.data(), word.size()) == 0;
}

template <class T>
T must_decode(const Bytes& raw) {
  Reader r(raw);
  T record;
  decode(r, record);
  TL_CHECK_MSG(r.done(), "a record of the market decodes");
  return record;
}

}  // namespace

MarketBooks::MarketBooks(const Genesis& genesis) {
  const energy::Market market = market_of_genesis(genesis);
  for (const MarketMember& m : genesis.market->members)
    accounts_[state::key_of(energy::account_name(m.participant))] = all_of(market.book().account(m.participant));
  recorded_ = signed_ = market.book().issued;
}

std::optional<std::string> MarketBooks::committed(const Block& block, const Execution& execution) {
  for (const auto& [key, value] : *execution.writes) {
    const ByteView name = ByteView(key).subspan(state::kBucketBytes);
    if (named(name, "account/")) {
      accounts_[key] = value ? all_of(must_decode<energy::Account>(*value)) : 0;
    } else if (named(name, "trade/") && value) {
      const energy::TradeState trade = must_decode<energy::TradeRecord>(*value).state;
      settled_seen_ |= trade == energy::TradeState::kSettled || trade == energy::TradeState::kFinal;
      disputed_seen_ |= trade == energy::TradeState::kDisputed;
    } else if (name.size() == energy::market_totals_name().size() && named(name, "market") && value) {
      const auto totals = must_decode<energy::MarketTotals>(*value);
      recorded_ = totals.issued;
      pools_ = 0;
      for (const uint64_t pool : totals.pools) pools_ += pool;
    }
  }
  for (size_t i = 0; i < block.txs.size(); ++i) {
    if (execution.results[i].code != 0) continue;
    for (const Action& action : block.txs[i]->actions()) {
      if (action.type != ActionType::kIssue && action.type != ActionType::kRedeem) continue;
      const auto decoded = energy::decode_market_action(action.type, action.payload);
      TL_CHECK(decoded.ok());
      if (const auto* issue = std::get_if<energy::Issue>(&*decoded)) signed_ += issue->amount;
      if (const auto* redeem = std::get_if<energy::Redeem>(&*decoded)) signed_ -= redeem->amount;
    }
  }
  uint64_t held = pools_;
  for (const auto& [key, amount] : accounts_) held += amount;
  if (held == recorded_ && recorded_ == signed_) return std::nullopt;
  return "height " + std::to_string(block.header.height) + ": " + std::to_string(held) + " is held, " +
         std::to_string(recorded_) + " is recorded as issued, and " + std::to_string(signed_) + " was signed";
}

std::optional<std::string> market_at_rest(const Genesis& genesis, const StoreReader& store) {
  const StateView view(store);
  const StateSource source(view);
  const energy::Market market(market_params(genesis.market->numbers), source);
  if (!market.due_queue().empty()) return "something is still due though all deadlines have passed";
  for (const MarketMember& m : genesis.market->members) {
    const energy::Account account = market.book().account(m.participant);
    if (account[Purse::kMargin] != 0 || account[Purse::kPayment] != 0)
      return "participant " + std::to_string(m.participant) + " has money locked though no trade is under way";
    const energy::StakeRecord* stake = market.stakes().find(m.participant);
    if (account[Purse::kStake] != (stake == nullptr ? 0 : stake->total()))
      return "participant " + std::to_string(m.participant) + " has another stake than its record";
  }
  return std::nullopt;
}

}  // namespace tieline::sim
