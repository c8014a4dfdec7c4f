#pragma once
// The market as one working set: the units of this folder put together, each operation wholly carried out or refused
// with nothing changed. It knows nothing of blocks, signatures or the store: who signed, and that a reading has passed
// the rules of submission (energy/rules.h), is the caller's to have checked. Time is market time and never goes back.
// Invariants over all of it: broken_invariant(). Source: ENERGY.md, "Trades" to "Stake, governance, regulator".
//
// Its records live in tables (energy/table.h): over a source each is read when it is needed and written at the end of
// the block, so that an operation costs what it touches; without one the market is all in memory.
//
// One zone: plants feed into grid companies, these into distributors, these into users. An interval is one 15-minute
// slot; it closes, settles and becomes final by itself (advance), each time with everything it concerns.

#include <map>
#include <string>

#include "energy/due_queue.h"
#include "energy/market_records.h"
#include "energy/reservation.h"
#include "energy/substitution.h"

namespace tieline::energy {

// The rules in force, by which intervals open from now on, and what is asked at the moment something is done.
struct MarketParams : IntervalRules {
  PlausibilityParams plausibility;     // of genesis
  uint64_t price_cap = 1'000'000'000;  // of the imbalance price, micro-currency per MWh
  uint64_t stake_min = kDefaultStakeMin;
};

inline constexpr int64_t kDayMs = 86'400'000;
inline constexpr uint32_t kMeteredFlowsMax = kZoneFlowsMax / 2;  // registered, with a meter
// What trades may add to an interval beyond these: flows that nobody meters.
inline constexpr uint32_t kContractedFlowsMax = kZoneFlowsMax - kMeteredFlowsMax;
inline constexpr uint32_t kSlotTradesMax = 8'192;  // that deliver in one interval: what its settlement costs is bounded

class Market {
 public:
  explicit Market(const MarketParams& params);              // empty, in memory
  Market(const MarketParams& params, const RecordSource&);  // as the source has it; empty if it has nothing

  // One transaction: what happens between begin() and roll_back() has not happened.
  void begin();
  void commit();
  void roll_back();
  // What the block leaves behind, in no order.
  void add_writes(RecordWrites& out) const;

  void register_participant(ParticipantId id, const MarketParticipant& participant);
  // By a vote. What is sold stays sold: of a capacity below that, nothing is left.
  void set_limits(ParticipantId id, uint64_t capacity_w, uint32_t loss_ppm);
  bool is_path(const FlowKey& flow) const;  // of energy: plant, grid company, distributor, user, each to the next

  // Everything that is due by `now` (at most kDuePerBlockMax items): what a block does first. Returns how many items
  // ran.
  size_t advance(int64_t now_ms);

  // money; trades (market_trades.cc)
  MarketRefusal issue(ParticipantId to, uint64_t amount) { return energy::issue(to, amount, book_); }
  MarketRefusal redeem(ParticipantId from, uint64_t amount) { return energy::redeem(from, amount, book_); }
  MarketRefusal repay(ParticipantId who, uint64_t amount) { return energy::repay(who, amount, book_); }
  MarketRefusal offer(const TradeId& id, const TradeTerms& terms, ParticipantId by, uint64_t margin, int64_t now_ms);
  MarketRefusal counter(const TradeId& id, const TradeTerms& terms, ParticipantId by, uint64_t margin, int64_t now_ms);
  MarketRefusal endorse(const TradeId& id, uint32_t round, ParticipantId by, uint64_t margin, int64_t now_ms);
  MarketRefusal decline(const TradeId& id, ParticipantId by, int64_t now_ms);
  MarketRefusal cancel(const TradeId& id, std::span<const ParticipantId> by, int64_t now_ms);
  // The sum of the signatures over the standing terms, kept with the trade.
  void set_endorsements(const TradeId& id, const bls::Signature& sum) { trades_[id].endorsements = sum; }

  // readings and what follows from them (market_intervals.cc)
  MarketRefusal record(uint32_t slot, const FlowKey& flow, uint64_t wh, Quality quality, int64_t now_ms);
  MarketRefusal record_neighbour(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms);
  MarketRefusal accept(uint32_t slot, const FlowKey& flow, ParticipantId by, int64_t now_ms);
  MarketRefusal rule(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms);
  MarketRefusal correct(uint32_t slot, const FlowKey& flow, const Correction& correction, int64_t now_ms);
  MarketRefusal publish_price(uint32_t slot, uint64_t price, int64_t now_ms);
  void close_day();  // advance() does it when market time enters the next one
  // A transaction of `who` was refused with this code.
  void note_refused(ParticipantId who, uint16_t code);
  // What the rules of private points find it to have done (energy/participant_trust.h).
  void note_breach(ParticipantId who, uint32_t weight);

  // stake and governance (market_stake.cc)
  MarketRefusal bond(ParticipantId who, uint64_t amount);
  MarketRefusal unbond(ParticipantId who, uint64_t amount);
  MarketRefusal withdraw(ParticipantId who);
  MarketRefusal confiscate(ParticipantId who);  // by proof of two votes, or by a proposal that acts
  MarketRefusal penalise(ParticipantId who, uint64_t value);
  MarketRefusal pay_rewards(uint64_t amount);
  MarketRefusal propose(const Hash& id, ProposalKind kind, ParticipantId by);
  MarketRefusal vote(const Hash& id, ParticipantId by, bool in_favour);
  MarketRefusal veto(const Hash& id);
  void restore(ParticipantId who);  // trust, by a proposal that acts
  // The proposals that are over with it, as they ended: whoever calls carries out those that acted.
  std::vector<Proposal> next_epoch();

  // Empty when everything holds, otherwise the name of what does not, and what was found: money_conserved,
  // margin_conserved, payments_conserved, stake_conserved, capacity_conserved, due_once, due_by_its_rules. (That
  // imbalances sum to 0 is checked wherever they are made: energy/imbalance.h.)
  std::string broken_invariant() const;

  const MarketParams& params() const { return params_; }
  // By a vote, at the turn of an epoch. What is under way stays due when it was, and an interval that has opened keeps
  // the rules it opened under; a price above a cap that was lowered is no price to fall back on.
  void set_params(const MarketParams& params);
  const Book& book() const { return book_; }
  const Table<TradeId, TradeRecord>& trades() const { return trades_; }
  const Table<uint32_t, Interval>& intervals() const { return intervals_; }
  const Table<FlowKey, SeasonalProfile>& profiles() const { return profiles_; }
  void forget(const FlowKey& flow) { profiles_.erase(flow); }  // its past, when it ends
  std::map<FlowKey, MeteredFlow> flows_in(uint32_t slot) const;
  // The statements of a settled interval, put together from their records; what find() gives stands until the next one.
  struct Statements {
    const Market& market;
    const IntervalStatements* find(uint32_t slot) const;
  };
  Statements statements() const { return {*this}; }
  const Table<ParticipantId, MarketParticipant>& participants() const { return participants_; }
  ParticipantTrust trust_of(ParticipantId id) const;  // as of the day before
  const Table<ParticipantId, StakeRecord>& stakes() const { return stakes_; }
  const Table<Hash, Proposal>& proposals() const { return proposals_; }
  const Reservations& reserved() const { return reserved_; }
  std::vector<TradeId> trades_of(ParticipantId who) const { return party_trades_.items(who); }  // not ended
  std::vector<StakeRecord> all_stakes() const;
  std::vector<Hash> open_proposals() const;
  const DueQueue& due_queue() const { return due_; }
  uint64_t last_price() const { return last_price_; }
  Epoch epoch() const { return epoch_; }
  // What a party would be asked to post for these terms.
  uint64_t margin_asked(const TradeTerms& terms, ParticipantId party) const;
  std::optional<std::array<PartyInfo, kParties>> parties_of(const TradeTerms& terms) const;  // none: not all are known
  bool operator==(const Market& other) const;

 private:
  // Every table, in one order.
  template <class Self, class Visit>
  static void each_table(Self& self, Visit visit) {
    visit(self.participants_);
    visit(self.book_.accounts);
    visit(self.trades_);
    visit(self.open_trades_);
    visit(self.reserved_);
    self.due_.each_table(visit);
    visit(self.intervals_);
    visit(self.flows_);
    visit(self.profiles_);
    visit(self.statements_);
    self.slot_statements_.each_table(visit);
    self.slot_flows_.each_table(visit);
    self.slot_trades_.each_table(visit);
    self.party_trades_.each_table(visit);
    visit(self.stakes_);
    self.stakers_.each_table(visit);
    visit(self.proposals_);
    self.proposal_ids_.each_table(visit);
  }
  MarketTotals totals() const;
  void set_totals(const MarketTotals& totals);

  const MarketParticipant* find(ParticipantId id) const { return participants_.find(id); }
  MarketParticipant& participant_today(ParticipantId id);
  Entry entry_of(const TradeTerms& terms, ParticipantId by, uint64_t margin) const;
  uint32_t open_trades_of(OrgId org) const;
  void count_open(const TradeRecord& trade, bool more);
  MarketRefusal take(const TradeStep& step);
  void list_parties(const TradeRecord& before, const TradeRecord& after);
  void set_due(const TradeRecord& before, const TradeRecord& after);
  void run_trade(const TradeId& id, int64_t now_ms);
  void note_settled(const TradeRecord& trade);
  bool intervals_settled(const TradeTerms& terms) const;

  // The times of a slot's deadlines: those it opened under, or would open under now.
  const MarketTimes& times_of(uint32_t slot) const;
  MarketTimes times_of(const TradeTerms& terms) const;  // the latest of its slots
  bool may_open(uint32_t slot) const { return slot >= first_slot_ || intervals_.contains(slot); }
  bool has_room(uint32_t slot, const FlowKey& flow) const;  // for the flow, if it is not there
  void open_interval(uint32_t slot);
  void run_interval(uint32_t slot, int64_t now_ms);
  bool slots_fit(const TradeTerms& terms) const;
  void add_contract(const TradeRecord& trade);
  void remove_contract(const TradeRecord& trade);
  std::vector<TradeId> trades_in(uint32_t slot) const;  // ascending
  std::vector<Contract> contracts_of(uint32_t slot) const;
  void draw(std::vector<TradeId> from, ParticipantId who, uint64_t amount);
  bool is_border(const FlowKey& flow) const;
  using Flows = std::map<FlowKey, MeteredFlow>;
  // The zone's border flows as its checks see them; `keys` says which is which.
  std::vector<ZoneFlow> zone_of(const Flows& flows, std::vector<FlowKey>& keys) const;
  MeteredFlow& flow_at(uint32_t slot, const FlowKey& flow);  // made if it is not there
  void put_flows(uint32_t slot, const Flows& flows);         // those that differ
  bool any_disputed(uint32_t slot) const;
  void set_interval_due(uint32_t slot, int64_t due_ms);
  void close_interval(uint32_t slot, int64_t now_ms);
  // What the flow's own past says of its value (market_history.cc).
  HistoryVerdict past_says(uint32_t slot, const FlowKey& key, const MeteredFlow& flow, const ZoneLimits& zone) const;
  void learn_settled(uint32_t slot, const Flows& flows);
  void substitute_gaps(uint32_t slot, Flows& flows, int64_t now_ms);
  void resolve_interval(uint32_t slot, int64_t now_ms);
  void settle_interval(uint32_t slot, int64_t now_ms);
  void drop_interval(uint32_t slot);
  IntervalStatements statements_of(uint32_t slot) const;  // version 0: it has not settled
  void charge_interval(uint32_t slot);
  void put_statements(uint32_t slot, const IntervalStatements& before, const IntervalStatements& after);
  void note_unmet(uint32_t slot);
  void settle_when_undisputed(uint32_t slot, int64_t now_ms);

  void put_stake(const StakeRecord& stake);

  MarketParams params_;
  Table<ParticipantId, MarketParticipant> participants_{party_name};
  Book book_;
  Table<TradeId, TradeRecord> trades_{trade_name};
  Table<OrgId, uint32_t> open_trades_{open_trades_name};
  Reservations reserved_{reservation_name};
  DueQueue due_;
  Table<uint32_t, Interval> intervals_{interval_name};
  Table<FlowOf, MeteredFlow> flows_{flow_name};
  Table<FlowKey, SeasonalProfile> profiles_{profile_name};  // of flows that are or were metered
  Table<StatementOf, Statement> statements_{statement_name};
  // What the state cannot be asked for: the flows, the statements and the trades of a slot, the trades of a
  // participant, all stakers, all proposals.
  PagedList<uint32_t, FlowKey> slot_flows_;
  PagedList<uint32_t, ChargeKey> slot_statements_;
  PagedList<uint32_t, TradeId> slot_trades_;
  PagedList<ParticipantId, TradeId> party_trades_;
  Table<ParticipantId, StakeRecord> stakes_{stake_name};
  PagedList<uint8_t, ParticipantId> stakers_;
  Table<Hash, Proposal> proposals_{proposal_name};
  PagedList<uint8_t, Hash> proposal_ids_;
  uint64_t last_price_ = 0;
  Epoch epoch_ = 0;
  uint32_t day_ = 0;
  uint32_t first_slot_ = 0;
  std::array<RoleMonth, kParties> months_{};
  std::optional<MarketTotals> stored_totals_;  // in the source
  MarketTotals totals_before_;                 // the transaction
  mutable IntervalStatements shown_;           // by statements()
};

// Whether it is due when the rules that it keeps say, whatever the rules have become.
bool due_by_its_rules(uint32_t slot, const Interval& interval);
bool due_by_its_rules(const TradeRecord& trade);

// Ids of due items that are intervals: 28 zero bytes and the slot, big-endian. They run before trades of one deadline.
Hash interval_id(uint32_t slot);
std::optional<uint32_t> slot_of(const Hash& id);

}  // namespace tieline::energy
