// A market of random operations, valid and invalid, over all of its units: after each one money, margins, payments,
// stake and capacity are conserved, and what was refused has changed nothing, and the same
// market over the state, written and read again every few operations, holds the same records. Imbalances sum to 0
// wherever they are made (a check in the program). The rules change all the while, deadlines among them.
// TIELINE_OPERATIONS=1000000 TIELINE_SEED=1 market_operations_test runs it long.

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "energy/market.h"
#include "memory_source.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr uint64_t kOperationsPerBlock = 40;

// The deadlines of ENERGY.md, an order of magnitude shorter, so that the working set stays small.
MarketParams small_params() {
  MarketParams p;
  p.times.submit_ms = 2 * kHour;
  p.times.close_ms = 4 * kHour;
  p.times.settle_ms = 6 * kHour;
  p.times.resolve_ms = 14 * kHour;
  p.times.final_ms = 20 * kHour;
  p.zone = {0, 150'000, 20'000, 100};
  p.stake_min = 1'000'000;
  p.plausibility.history_days = 1;  // so that the past has its say within the run
  p.plausibility.history_window_slots = 0;
  return p;
}

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class Operations {
 public:
  explicit Operations(uint64_t seed) : rng_(seed), market_(params_), before_(params_) {
    const std::array<std::pair<Role, size_t>, 4> roles = {
        {{Role::kPlant, 4}, {Role::kGrid, 3}, {Role::kDistributor, 3}, {Role::kUser, 5}}};
    ParticipantId id = 1;
    for (size_t r = 0; r < roles.size(); ++r) {
      for (size_t i = 0; i < roles[r].second; ++i, ++id) {
        MarketParticipant p;
        p.org = static_cast<OrgId>(rng_.chance(200'000) ? 1 : id);
        p.role = roles[r].first;
        p.capacity_w = p.role == Role::kUser && i == 0 ? 0 : 400'000 + rng_.below(400'000);
        p.loss_ppm = p.role == Role::kGrid || p.role == Role::kDistributor ? 50'000 : 0;
        p.history.months = static_cast<uint32_t>(rng_.below(9));
        p.history.six_months_wh = rng_.below(1'000'000'000);
        market_.register_participant(id, p);
        by_role_[r].push_back(id);
        everyone_.push_back(id);
        EXPECT_EQ(market_.issue(id, 20'000'000 + rng_.below(60'000'000)), MarketRefusal::kNone);
      }
    }
    everyone_.push_back(999);  // nobody has registered it
    before_ = market_;
    build_list();
    RecordWrites all;
    market_.add_writes(all);
    source_.apply(all);
    reopen();
  }

  void run(uint64_t operations) {
    for (uint64_t n = 0; n < operations; ++n) {
      if (n % kOperationsPerBlock == 0) write_block();
      pass_time();
      const Operation& operation = pick();
      const MarketRefusal refusal = operation.run();
      ++seen_[refusal];
      ASSERT_EQ(market_.broken_invariant(), "") << "operation " << n << " " << operation.name;
      ASSERT_FALSE(sold_beyond_capacity()) << "operation " << n << " " << operation.name;
      if (refusal == MarketRefusal::kNone) {
        ++done_[operation.name];
        before_ = market_;
      } else {
        ASSERT_TRUE(market_ == before_) << "operation " << n << " " << operation.name << " was refused ("
                                        << market_refusal_name(refusal) << ") and has changed something";
      }
    }
  }

  const std::map<MarketRefusal, uint64_t>& seen() const { return seen_; }
  const std::map<std::string, uint64_t>& done() const { return done_; }
  const std::map<TradeState, uint64_t>& states() const { return states_; }
  size_t kinds() const { return list_.size(); }

 private:
  struct Operation {
    const char* name;
    uint64_t weight;
    std::function<MarketRefusal()> run;
  };

  // The same operation on the market in memory and on the one over the state; there now and then first in a transaction
  // that is rolled back.
  template <class Method, class... Args>
  MarketRefusal call(Method method, const Args&... args) {
    if (rng_.chance(100'000)) {
      stored_->begin();
      (*stored_.*method)(args...);
      stored_->roll_back();
    }
    stored_->begin();
    const MarketRefusal refusal = (market_.*method)(args...);
    EXPECT_EQ((*stored_.*method)(args...), refusal);
    refusal == MarketRefusal::kNone ? stored_->commit() : stored_->roll_back();
    return refusal;
  }
  void reopen() { stored_ = std::make_unique<Market>(params_, source_); }
  // What the blocks have written is the market in memory, record by record.
  void write_block() {
    RecordWrites writes, all;
    stored_->add_writes(writes);
    source_.apply(writes);
    market_.add_writes(all);
    const std::map<Bytes, std::optional<Bytes>> expected(all.begin(), all.end());
    ASSERT_EQ(source_.records.size(), expected.size());
    for (const auto& [name, value] : source_.records) {
      const auto at = expected.find(name);
      ASSERT_TRUE(at != expected.end() && *at->second == value) << to_hex(name);
    }
    reopen();
  }

  template <class List>
  auto one_of(const List& list) {
    return list[rng_.below(list.size())];
  }
  ParticipantId anyone() { return one_of(everyone_); }
  uint64_t amount() { return rng_.chance(20'000) ? rng_.next() : rng_.below(rng_.chance(500'000) ? 100 : 4'000'000); }
  uint32_t slot_now() const { return static_cast<uint32_t>(now_ / kSlotMs); }

  void pass_time() {
    if (rng_.chance(250'000)) now_ += static_cast<int64_t>(rng_.below(2 * 60'000));
    if (rng_.chance(200)) now_ += static_cast<int64_t>(rng_.below(20)) * kHour;
    const bool new_day = now_ / kDayMs != day_;  // which the market notes, whether or not anything is due
    day_ = now_ / kDayMs;
    const size_t ran = market_.advance(now_);
    ASSERT_EQ(stored_->advance(now_), ran);
    if (ran == 0 && !new_day) return;
    ASSERT_EQ(market_.broken_invariant(), "");
    for (const auto& [id, trade] : market_.trades()) ++states_[trade.state];
    before_ = market_;
  }

  // Now and then somebody offers as fast as it can.
  const Operation& pick() {
    if (flood_ == 0 && rng_.chance(500)) {
      flood_ = 60;
      flooder_ = one_of(by_role_[0]);
    }
    if (flood_ > 0) {
      --flood_;
      return flooding_;
    }
    uint64_t at = rng_.below(weights_);
    for (const Operation& o : list_) {
      if (at < o.weight) return o;
      at -= o.weight;
    }
    return list_.front();
  }

  TradeTerms terms() {
    TradeTerms t;
    for (size_t i = 0; i < kParties; ++i) t.party[i] = one_of(by_role_[i]);
    if (rng_.chance(20'000)) t.party[rng_.below(kParties)] = anyone();
    t.slots = static_cast<uint16_t>(1 + rng_.below(4));
    t.wh = 1 + rng_.below(120'000 * t.slots);
    t.plant_price = rng_.below(20'000'000);
    t.grid_fee = rng_.below(2'000'000);
    t.distributor_fee = rng_.below(2'000'000);
    t.grid_loss_ppm = t.distributor_loss_ppm = 50'000;
    t.first_slot = slot_now() + static_cast<uint32_t>(1 + rng_.below(6));
    return t;
  }
  uint64_t margin_for(const TradeTerms& t, ParticipantId by) {
    return rng_.chance(950'000) ? market_.margin_asked(t, by) : amount();
  }
  // A trade, sometimes one that is none.
  TradeId any_trade(bool open) {
    std::vector<TradeId> ids;
    for (const auto& [id, trade] : market_.trades()) {
      if ((trade.state == TradeState::kOpen) == open || rng_.chance(50'000)) ids.push_back(id);
    }
    return ids.empty() || rng_.chance(10'000) ? test_id(1) : one_of(ids);
  }
  const TradeRecord* find(const TradeId& id) const { return market_.trades().find(id); }
  ParticipantId party_of(const TradeRecord* trade) {
    return trade == nullptr || rng_.chance(20'000) ? anyone() : one_of(trade->terms.party);
  }

  // A slot and a flow of it that a trade is about, and what was contracted there.
  struct Place {
    uint32_t slot = 0;
    FlowKey flow;
    uint64_t wh = 0;
  };
  Place any_place(Interval::Phase phase) {
    Place p;
    std::vector<uint32_t> slots;
    for (const auto& [slot, interval] : market_.intervals()) {
      if (interval.phase == phase && slot < slot_now()) slots.push_back(slot);
    }
    p.slot = slots.empty() || rng_.chance(10'000) ? slot_now() - static_cast<uint32_t>(rng_.below(9)) : one_of(slots);
    std::vector<const TradeRecord*> trades;
    for (const auto& [id, trade] : market_.trades()) {
      const TradeTerms& t = trade.terms;
      if (trade.state != TradeState::kOpen && p.slot >= t.first_slot && p.slot < t.first_slot + t.slots) {
        trades.push_back(&trade);
      }
    }
    const size_t leg = rng_.below(3);
    if (trades.empty() || rng_.chance(20'000)) {
      p.flow = {one_of(by_role_[leg]), rng_.chance(100'000) ? anyone() : one_of(by_role_[leg + 1])};
      p.wh = rng_.below(50'000);
      return p;
    }
    const TradeTerms& t = one_of(trades)->terms;
    p.flow = {t.party[leg], t.party[leg + 1]};
    for (const TradeRecord* trade : trades) {
      const TradeTerms& other = trade->terms;
      if (other.party[leg] != p.flow.from || other.party[leg + 1] != p.flow.to) continue;
      p.wh += quantities_of_slot(other, static_cast<uint16_t>(p.slot - other.first_slot)).of(kPartyRoles[leg]);
    }
    return p;
  }
  uint64_t metered(uint64_t wh) {
    if (rng_.chance(50'000)) return rng_.below(100'000);     // a forger, or a great failure
    return wh * (970'000 + rng_.below(60'001)) / 1'000'000;  // within 3 %
  }
  Quality quality() { return static_cast<Quality>(1 + rng_.below(4)); }

  void build_list() {
    const auto add = [this](const char* name, uint64_t weight, std::function<MarketRefusal()> run) {
      list_.push_back({name, weight, std::move(run)});
      weights_ += weight;
    };
    add("issue", 12, [this] {
      return call(&Market::issue, rng_.chance(500'000) ? debtor() : anyone(),
                  rng_.chance(30'000) ? kIssuedMax : amount());
    });
    add("redeem", 3, [this] { return call(&Market::redeem, anyone(), amount() / 8); });
    add("repay", 20, [this] { return repay(); });
    add("offer", 60, [this] { return offer(); });
    add("counter", 20, [this] { return counter(); });
    add("endorse", 150, [this] { return endorse(); });
    add("decline", 4, [this] {
      const TradeId id = any_trade(true);
      return call(&Market::decline, id, party_of(find(id)), now_);
    });
    add("cancel", 12, [this] { return cancel(); });
    add("record", 90, [this] {
      const Place p = any_place(Interval::Phase::kOpen);
      return call(&Market::record, p.slot, p.flow, metered(p.wh), quality(), now_);
    });
    add("record_neighbour", 50, [this] {
      const Place p = any_place(Interval::Phase::kOpen);
      return call(&Market::record_neighbour, p.slot, p.flow, metered(p.wh), now_);
    });
    add("accept", 10, [this] {
      const Place p = disputed_place();
      return call(&Market::accept, p.slot, p.flow, rng_.chance(100'000) ? anyone() : p.flow.to, now_);
    });
    add("rule", 5, [this] {
      const Place p = disputed_place();
      return call(&Market::rule, p.slot, p.flow, metered(p.wh), now_);
    });
    add("correct", 25, [this] { return correct(); });
    add("price", 10, [this] {
      const Place p = any_place(Interval::Phase::kOpen);
      return call(&Market::publish_price, p.slot, rng_.below(rng_.chance(100'000) ? 1'500'000'000 : 40'000'000), now_);
    });
    add("close_day", 1, [this] {
      market_.close_day();
      stored_->close_day();
      return MarketRefusal::kNone;
    });
    add("bond", 8, [this] { return call(&Market::bond, anyone(), amount()); });
    add("unbond", 8, [this] { return call(&Market::unbond, anyone(), amount()); });
    add("withdraw", 4, [this] { return call(&Market::withdraw, anyone()); });
    add("confiscate", 1, [this] { return call(&Market::confiscate, rng_.chance(100'000) ? anyone() : 999); });
    add("penalise", 1,
        [this] { return call(&Market::penalise, rng_.chance(100'000) ? anyone() : 999, rng_.below(200'000)); });
    add("reward", 2, [this] { return call(&Market::pay_rewards, amount()); });
    add("propose", 8,
        [this] { return call(&Market::propose, new_id(), static_cast<ProposalKind>(rng_.below(5)), anyone()); });
    add("vote", 25, [this] { return vote(); });
    add("veto", 3, [this] { return veto(); });
    add("rules", 2, [this] { return change_rules(); });
    add("limits", 3, [this] { return change_limits(); });
    add("next_epoch", 1, [this] {
      market_.next_epoch();
      stored_->next_epoch();
      return MarketRefusal::kNone;
    });
  }

  // Of a capacity below what is sold nothing is left: no slot is sold further beyond it.
  MarketRefusal change_limits() {
    const ParticipantId who = everyone_[rng_.below(everyone_.size() - 1)];
    const MarketParticipant& p = market_.participants().at(who);
    const uint64_t capacity_w = rng_.chance(300'000) ? rng_.below(100'000) : 400'000 + rng_.below(400'000);
    const uint32_t loss_ppm = p.loss_ppm;
    market_.set_limits(who, capacity_w, loss_ppm);
    stored_->set_limits(who, capacity_w, loss_ppm);
    return MarketRefusal::kNone;
  }
  bool sold_beyond_capacity() const {
    for (const auto& [of, wh] : market_.reserved()) {
      const MarketParticipant& p = market_.participants().at(of.resource);
      const uint64_t* before = before_.reserved().find(of);
      const bool bounded = p.role != Role::kUser || p.capacity_w > 0;
      if (bounded && wh > (before == nullptr ? 0 : *before) && wh > p.capacity_w / 4) return true;
    }
    return false;
  }
  // Any that go together, from half the deadlines to twice.
  MarketRefusal change_rules() {
    const auto up_to = [this](int64_t hours) {
      return static_cast<int64_t>(rng_.below(static_cast<uint64_t>(hours) * 60)) * 60'000;
    };
    params_ = small_params();
    MarketTimes& t = params_.times;
    t.gate_ms = up_to(1) / 4;
    t.round_ms = 10 * 60'000 + up_to(1);
    t.submit_ms = 1 + up_to(4);
    t.close_ms = t.submit_ms + up_to(4);
    t.settle_ms = t.close_ms + 1 + up_to(4);
    t.resolve_ms = t.settle_ms + up_to(16);
    t.final_ms = t.resolve_ms + 1 + up_to(12);
    params_.zone.agree_ppm = static_cast<uint32_t>(rng_.below(40'000));
    params_.zone.loss_hi_ppm = 100'000 + static_cast<uint32_t>(rng_.below(100'000));
    params_.zone_loss_ppm = static_cast<uint32_t>(rng_.below(120'000));
    params_.tolerance_ppm = static_cast<uint32_t>(rng_.below(40'000));
    params_.price_cap = rng_.chance(200'000) ? rng_.below(40'000'000) : 1'000'000'000;
    market_.set_params(params_);
    stored_->set_params(params_);
    return MarketRefusal::kNone;
  }
  MarketRefusal offer() {
    TradeTerms t = terms();
    if (rng_.chance(20'000)) t.first_slot = slot_now();
    const ParticipantId by = rng_.chance(990'000) ? one_of(t.party) : anyone();
    const TradeId id = rng_.chance(20'000) ? any_trade(true) : new_id();
    return call(&Market::offer, id, t, by, margin_for(t, by), now_);
  }
  MarketRefusal flood() {
    TradeTerms t = terms();
    t.party[0] = flooder_;
    t.wh = 1;
    t.first_slot += 4;
    return call(&Market::offer, new_id(), t, flooder_, market_.margin_asked(t, flooder_), now_);
  }
  MarketRefusal counter() {
    TradeId id = any_trade(true);
    for (const auto& [other, open] : market_.trades()) {  // a long negotiation goes on
      if (open.state == TradeState::kOpen && open.round > 2 && rng_.chance(700'000)) id = other;
    }
    TradeTerms t = terms();
    const TradeRecord* trade = find(id);
    if (trade != nullptr && rng_.chance(980'000)) t.party = trade->terms.party;
    ParticipantId by = party_of(trade);
    if (trade != nullptr && by == trade->terms.party[trade->sender] && rng_.chance(800'000)) by = one_of(t.party);
    return call(&Market::counter, id, t, by, margin_for(t, by), now_);
  }
  MarketRefusal endorse() {
    const TradeId id = any_trade(true);
    const TradeRecord* trade = find(id);
    ParticipantId by = party_of(trade);
    for (int i = 0; i < 3 && trade != nullptr; ++i) {
      const auto party = trade->party_of(by);
      if (party && trade->has_entered(*party)) by = party_of(trade);
    }
    const uint64_t margin = trade == nullptr ? 0 : margin_for(trade->terms, by);
    const uint32_t round = trade == nullptr ? 0 : trade->round;
    return call(&Market::endorse, id, rng_.chance(980'000) ? round : round + 1, by, margin, now_);
  }
  MarketRefusal cancel() {
    const TradeId id = any_trade(false);
    std::vector<ParticipantId> by;
    if (const TradeRecord* trade = find(id)) by.assign(trade->terms.party.begin(), trade->terms.party.end());
    if (!by.empty() && rng_.chance(200'000)) by.pop_back();
    return call(&Market::cancel, id, by, now_);
  }
  ParticipantId debtor() {
    std::vector<ParticipantId> debtors;
    for (const auto& [who, account] : market_.book().accounts) {
      if (account.suspended()) debtors.push_back(who);
    }
    return debtors.empty() ? anyone() : one_of(debtors);
  }
  MarketRefusal repay() {
    const ParticipantId who = rng_.chance(800'000) ? debtor() : anyone();
    const Account& account = market_.book().account(who);
    return call(&Market::repay, who,
                rng_.chance(900'000) ? std::min(account.debt, account[Purse::kBalance]) : amount());
  }
  Place disputed_place() {
    for (const auto& [slot, interval] : market_.intervals()) {
      for (const auto& [key, flow] : market_.flows_in(slot)) {
        if (flow.main.state == ReadingState::kDisputed && rng_.chance(300'000)) return {slot, key, flow.main.wh};
      }
    }
    return any_place(Interval::Phase::kClosed);
  }
  MarketRefusal correct() {
    const Place p = any_place(rng_.chance(700'000) ? Interval::Phase::kSettled : Interval::Phase::kClosed);
    Correction c{1, metered(p.wh), quality(), rng_.chance(600'000)};
    const auto flows = market_.flows_in(p.slot);
    const auto flow = flows.find(p.flow);
    if (flow != flows.end() && rng_.chance(950'000)) c.of_version = flow->second.main.version;
    return call(&Market::correct, p.slot, p.flow, c, now_);
  }
  Hash new_id() {
    Hash id;
    for (uint8_t& b : id.bytes) b = static_cast<uint8_t>(rng_.next());
    return id;
  }
  MarketRefusal vote() {
    const Hash id = any_proposal();
    ParticipantId by = anyone();
    if (const Proposal* proposal = market_.proposals().find(id)) {
      for (const auto& [voter, votes] : proposal->electorate) {
        if (!proposal->voted.contains(voter) && rng_.chance(400'000)) by = voter;
      }
    }
    return call(&Market::vote, id, by, rng_.chance(800'000));
  }
  MarketRefusal veto() {
    Hash id = any_proposal();
    for (const auto& [other, proposal] : market_.proposals()) {
      if (proposal.state == ProposalState::kPassed && rng_.chance(500'000)) id = other;
    }
    return call(&Market::veto, id);
  }
  Hash any_proposal() {
    if (market_.proposals().empty() || rng_.chance(20'000)) return new_id();
    std::vector<Hash> ids;
    for (const auto& [id, proposal] : market_.proposals()) ids.push_back(id);
    return one_of(ids);
  }

  Rng rng_;
  MarketParams params_ = small_params();
  Market market_;
  MemorySource source_;
  std::unique_ptr<Market> stored_;  // over source_
  Market before_;
  int64_t now_ = kTestStart;
  int64_t day_ = 0;
  std::array<std::vector<ParticipantId>, kParties> by_role_;
  std::vector<ParticipantId> everyone_;
  std::vector<Operation> list_;
  Operation flooding_{"offer", 0, [this] { return flood(); }};
  uint64_t flood_ = 0;  // operations left of a flood
  ParticipantId flooder_ = 0;
  uint64_t weights_ = 0;
  std::map<MarketRefusal, uint64_t> seen_;
  std::map<std::string, uint64_t> done_;
  std::map<TradeState, uint64_t> states_;
};

TEST(MarketOperations, ConserveEverythingAndARefusedOneChangesNothing) {
  const uint64_t operations = from_environment("TIELINE_OPERATIONS", 30'000);
  Operations run(from_environment("TIELINE_SEED", 1));
  run.run(operations);
  if (HasFatalFailure()) return;
  uint64_t refused = 0;
  for (const auto& [refusal, count] : run.seen()) {
    if (refusal != MarketRefusal::kNone) refused += count;
  }
  std::cout << operations << " operations, " << refused << " refused; carried out:";
  for (const auto& [name, count] : run.done()) std::cout << " " << name << " " << count;
  std::cout << "\n";
  // The run is worth something only if it gets everywhere: every operation, every state, every refusal.
  EXPECT_EQ(run.done().size(), run.kinds());
  for (TradeState state : {TradeState::kOpen, TradeState::kCommitted, TradeState::kDisputed, TradeState::kSettled}) {
    EXPECT_GT(run.states().count(state), 0u) << name_of(state);
  }
  for (const MarketRefusalText& text : market_refusals()) {
    EXPECT_GT(run.seen().count(text.refusal), 0u) << "nothing was refused as " << text.name;
  }
}

}  // namespace
}  // namespace tieline::energy
