#include "api/governance_view.h"

#include <nlohmann/json.hpp>

#include "api/market_json.h"
#include "api/seen_market.h"

namespace tieline::api {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the market's records, all of them
using Json = nlohmann::ordered_json;

const char* proposal_state_name(ProposalState state) {
  constexpr std::array kNames = {"open", "passed", "acted", "vetoed", "failed"};
  return kNames[static_cast<size_t>(state)];
}

Propose content_of(const StateView& state, const Hash& id) {
  const auto content =
      state::must_read<ProposalContent>(state, state::key_of(proposal_content_name(id)), "damaged state record");
  const Result<MarketAction> action = decode_market_action(ActionType::kPropose, content.payload);
  TL_CHECK(action.ok());
  return std::get<Propose>(*action);
}

}  // namespace

Result<std::string> stakes_json(const Genesis& genesis, const StateView& state) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const std::vector<StakeRecord> all = (*s)->market.all_stakes();
  const Votes votes = votes_of(all);
  Json list = Json::array();
  for (const StakeRecord& stake : all) {
    uint64_t unbonding = 0;
    for (const Unbonding& one : stake.unbonding) unbonding += one.amount;
    const auto at = votes.find(stake.owner);
    list.push_back({{"owner", participant_name(genesis, stake.owner)},
                    {"org", stake.org},
                    {"bonded", stake.bonded},
                    {"unbonding", unbonding},
                    {"votes", at == votes.end() ? 0 : at->second},
                    {"jailed_until", stake.jailed_until}});
  }
  return Json{{"stakes", std::move(list)}, {"next", nullptr}}.dump();
}

Result<std::string> proposals_json(const Genesis& genesis, const StateView& state) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  Json list = Json::array();
  for (const Hash& id : (*s)->market.open_proposals()) {
    const Proposal& p = (*s)->market.proposals().at(id);
    const bool passed = p.state == ProposalState::kPassed;
    Json one = {{"id", to_hex(id)},
                {"state", proposal_state_name(p.state)},
                {"opened", p.opened},
                {"passed", p.passed},
                {"acts", passed ? Json(p.passed + kActEpochs) : Json(nullptr)},
                {"in_favour", p.in_favour},
                {"of", sum_of(p.electorate)}};
    Json proposed = action_json(genesis, content_of(state, id));
    proposed.erase("action");
    one.update(proposed);
    list.push_back(std::move(one));
  }
  return Json{{"proposals", std::move(list)}, {"next", nullptr}}.dump();
}

Result<std::string> rules_json(const Genesis& genesis, const StateView& state) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  struct Decided {
    uint64_t value = 0;
    Epoch from = 0;
    Hash by;
  };
  std::map<std::string, Decided> decided;  // of several the one that acts last stands
  for (const Hash& id : (*s)->market.open_proposals()) {
    const Proposal& p = (*s)->market.proposals().at(id);
    if (p.kind != ProposalKind::kRules || p.state != ProposalState::kPassed) continue;
    const Propose proposed = content_of(state, id);
    for (const RuleChange& c : std::get<RuleChanges>(proposed.content)) {
      Decided& d = decided[c.rule];
      if (p.passed + kActEpochs >= d.from) d = {c.value, p.passed + kActEpochs, id};
    }
  }
  Json list = Json::array();
  for (const MarketNumber& number : market_numbers()) {
    Json one = {{"rule", rule_name(number)},    {"value", (*s)->numbers.*number.value},
                {"by_vote", number.may_change}, {"least", number.least},
                {"most", number.most},          {"decided", nullptr},
                {"from_epoch", nullptr},        {"proposal", nullptr}};
    if (const auto at = decided.find(rule_name(number)); at != decided.end()) {
      one["decided"] = at->second.value;
      one["from_epoch"] = at->second.from;
      one["proposal"] = to_hex(at->second.by);
    }
    list.push_back(std::move(one));
  }
  return Json{{"epoch", (*s)->market.epoch()}, {"rules", std::move(list)}, {"next", nullptr}}.dump();
}

}  // namespace tieline::api
