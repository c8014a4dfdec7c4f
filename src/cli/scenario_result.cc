#include "cli/scenario_result.h"

#include <algorithm>
#include <map>
#include <set>

#include "cli/network_access.h"
#include "cli/rfc3339.h"
#include "crypto/hash.h"
#include "energy/settlement.h"

namespace tieline::cli {
namespace {

using energy::kParties;

class Reader {
 public:
  Reader(const paper::DayGrid& grid, paper::DayRun run, ScenarioNetwork& network) : grid_(grid), network_(network) {
    out_.run = std::move(run);
    for (const paper::DayMember& m : grid.members) {
      ids_[m.participant.name] = m.participant.id;
      out_.accounts.push_back({.name = m.participant.name, .role = role_name(m.participant.role)});
    }
  }

  Result<ScenarioResult> read() {
    auto facts = network_.facts();
    if (!facts) return facts.error();
    out_.facts = *facts;
    if (auto s = read_trades(); !s) return s.error();
    if (auto s = read_slots(); !s) return s.error();
    if (auto s = read_money(); !s) return s.error();
    out_.settlement = to_hex(sha256(view_of(text_)));
    return std::move(out_);
  }

 private:
  ScenarioAccount& account(const std::string& name) { return out_.accounts[ids_.at(name) - 1]; }
  ScenarioAccount& account(ParticipantId id) { return out_.accounts[id - 1]; }
  void wrong(const std::string& what) { out_.wrong.push_back(what); }
  // What the digest is of: a line a fact.
  void say(const std::string& line) { text_ += line + "\n"; }

  Status read_trades() {
    std::set<std::string> settled;
    for (const paper::DayMember& m : grid_.members) {
      if (m.participant.role != Role::kPlant) continue;
      auto list = network_.get("/v1/trades?participant=" + m.participant.name);
      if (!list) return list.error();
      for (const Json& trade : list->value("trades", Json::array())) {
        if (trade.value("state", "") == "SETTLED") {
          settled.insert(trade.value("id", ""));
        } else {
          wrong("trade " + trade.value("id", "") + " is " + trade.value("state", ""));
        }
      }
    }
    for (const paper::DayTrade& trade : out_.run.trades) {
      if (!settled.contains(to_hex(trade.id))) {
        wrong("trade " + to_hex(trade.id) + " was committed and is not settled");
        continue;
      }
      ++out_.settled;
      const energy::Legs paid = energy::legs(trade.terms);
      for (size_t i = 0; i + 1 < kParties; ++i) account(trade.terms.party[i]).sold += paid.to[i];
      account(trade.terms.party[kParties - 1]).bought += paid.total();
      for (size_t i = 0; i < kParties; ++i) out_.margins_posted += paper::day_margin(trade.terms, i);
      for (uint16_t k = 0; k < trade.terms.slots; ++k) contracts_[trade.terms.first_slot + k].push_back(&trade);
    }
    if (settled.size() != out_.settled) wrong("trades are settled that the day did not make");
    out_.lapsed = out_.run.offered - out_.settled;
    say("trades " + std::to_string(out_.settled) + " of " + std::to_string(out_.run.offered));
    return {};
  }

  Status read_slots() {
    const MarketNumbers& n = network_.genesis().market->numbers;
    bool balanced = true;
    for (size_t i = 0; i < grid_.slots(); ++i) {
      const uint32_t at = out_.run.first_slot + static_cast<uint32_t>(i);
      auto shown = network_.get("/v1/settlements/" + rfc3339_utc(int64_t{at} * energy::kSlotSeconds));
      if (!shown) return shown.error();
      if (shown->value("phase", "") != "settled") wrong("interval " + std::to_string(i) + " is not settled");
      ScenarioSlot& slot = out_.slots.emplace_back();
      slot.price = shown->value("price", uint64_t{0});
      say("slot " + std::to_string(i) + " price " + std::to_string(slot.price));
      const std::vector<energy::Flow> flows = read_flows(*shown, slot);
      balanced = read_statements(*shown, i, at, slot, flows) && balanced;
      const unsigned __int128 lost = slot.injected >= slot.withdrawn ? slot.lost() : 0;
      const bool in_band = slot.injected >= slot.withdrawn &&
                           lost * 1'000'000 >= static_cast<unsigned __int128>(slot.injected) * n.loss_lo_ppm &&
                           lost * 1'000'000 <= static_cast<unsigned __int128>(slot.injected) * n.loss_hi_ppm;
      if (!in_band)
        wrong("interval " + std::to_string(i) + ": injected " + std::to_string(slot.injected) + " Wh, withdrawn " +
              std::to_string(slot.withdrawn));
      balanced = balanced && in_band;
    }
    out_.energy_conserved = balanced;
    return {};
  }

  std::vector<energy::Flow> read_flows(const Json& shown, ScenarioSlot& slot) {
    std::vector<energy::Flow> flows;
    for (const Json& flow : shown.value("flows", Json::array())) {
      const std::string from = flow.value("from", ""), to = flow.value("to", "");
      const uint64_t wh = flow.value("wh", uint64_t{0});
      flows.push_back({ids_.at(from), ids_.at(to), wh});
      if (grid_.of(ids_.at(from)).role == Role::kPlant) slot.injected += wh;
      if (grid_.of(ids_.at(to)).role == Role::kUser) {
        slot.withdrawn += wh;
        slot.contracted += flow.value("contracted_wh", uint64_t{0});
      }
      say(from + " " + to + " " + std::to_string(wh) + " " + flow.value("state", ""));
    }
    return flows;
  }

  // The statements as shown, against what follows from the flows and the contracts.
  bool read_statements(const Json& shown, size_t number, uint32_t at, const ScenarioSlot& slot,
                       const std::vector<energy::Flow>& flows) {
    std::vector<energy::Contract> contracts;
    for (const paper::DayTrade* trade : contracts_[at]) {
      contracts.push_back(
          {trade->id, trade->terms.party,
           energy::quantities_of_slot(trade->terms, static_cast<uint16_t>(at - trade->terms.first_slot)),
           energy::legs(trade->terms)});
    }
    const energy::Charges charges = energy::interval_charges(
        flows, contracts, {slot.price, static_cast<uint32_t>(network_.genesis().market->numbers.tolerance_ppm)});
    std::map<std::pair<ParticipantId, bool>, uint64_t> owed, expected;  // bool: compensation
    for (const auto& [key, charge] : charges)
      for (const auto& [who, amount] : charge.owed) expected[{who, key.payer != 0}] += amount;
    std::map<std::pair<std::string, std::string>, uint64_t> compensations;  // by payer and receiver
    for (const Json& statement : shown.value("statements", Json::array())) {
      const bool imbalance = statement.value("kind", "") == "imbalance";
      for (const Json& line : statement.value("lines", Json::array())) {
        const std::string name = line.value("participant", "");
        const uint64_t paid = line.value("paid", uint64_t{0}), received = line.value("received", uint64_t{0});
        if (line.value("owed", uint64_t{0}) > 0) owed[{ids_.at(name), !imbalance}] += line.value("owed", uint64_t{0});
        ScenarioAccount& a = account(name);
        (imbalance ? a.imbalance_paid : a.compensation_paid) += paid;
        (imbalance ? a.imbalance_received : a.compensation_received) += received;
        out_.deviations_paid += paid;
        if (imbalance) {
          say(name + " paid " + std::to_string(paid) + " received " + std::to_string(received));
        } else {
          compensations[{statement.value("payer", ""), name}] += paid + received;
        }
      }
    }
    for (const auto& [who, amount] : compensations) say(who.first + " to " + who.second + " " + std::to_string(amount));
    if (owed == expected) return true;
    wrong("the statements of interval " + std::to_string(number) + " are not what its flows and contracts ask for");
    return false;
  }

  Status read_money() {
    auto market = network_.get("/v1/market");
    if (!market) return market.error();
    uint64_t issued_at_first = 0;
    for (const paper::DayMember& m : grid_.members) issued_at_first += m.balance;
    const auto number = [&](const char* name) { return market->value(name, uint64_t{0}); };
    out_.money_conserved = number("issued") == issued_at_first &&
                           number("issued") == number("held") + number("reward_pool") + number("imbalance_pool");
    for (const Json& shown : market->value("accounts", Json::array())) {
      const auto at = ids_.find(shown.value("name", ""));
      if (at == ids_.end()) continue;
      ScenarioAccount& a = account(at->second);
      a.margin_locked = shown.value("margin_locked", uint64_t{0});
      a.debt = shown.value("debt", uint64_t{0});
      a.wealth = shown.value("balance", uint64_t{0}) + shown.value("payment_locked", uint64_t{0}) + a.margin_locked +
                 shown.value("stake", uint64_t{0});
      out_.margins_locked += a.margin_locked;
      const uint64_t in = a.sold + a.imbalance_received + a.compensation_received;
      const uint64_t gone = a.bought + a.imbalance_paid + a.compensation_paid;
      a.adds_up = a.wealth + gone == grid_.members[at->second - 1].balance + in;
      if (!a.adds_up)
        wrong(a.name + " holds " + std::to_string(a.wealth) + ", which its trades and statements do not say");
      out_.money_conserved = out_.money_conserved && a.adds_up;
      say(a.name + " holds " + std::to_string(a.wealth) + " owes " + std::to_string(a.debt));
    }
    return {};
  }

  const paper::DayGrid& grid_;
  ScenarioNetwork& network_;
  std::map<std::string, ParticipantId> ids_;
  std::map<uint32_t, std::vector<const paper::DayTrade*>> contracts_;
  ScenarioResult out_;
  std::string text_;
};

}  // namespace

Result<ScenarioResult> scenario_result(const paper::DayGrid& grid, paper::DayRun run, ScenarioNetwork& network) {
  return Reader(grid, std::move(run), network).read();
}

}  // namespace tieline::cli
