#pragma once
// The market as one working set: the units of this folder put together, each operation wholly carried out or refused
// with nothing changed. It knows nothing of blocks, signatures or the store: who signed, and that a reading has passed
// the rules of submission (energy/rules.h), is the caller's to have checked. Time is market time and never goes back.
// Invariants over all of it: broken_invariant(). Source: ENERGY.md, "Trades" to "Stake, governance, regulator".
//
// One zone: plants feed into grid companies, these into distributors, these into users. An interval is one 15-minute
// slot; it closes, settles and becomes final by itself (advance), each time with everything it concerns.

#include <map>
#include <string>

#include "energy/due_queue.h"
#include "energy/governance.h"
#include "energy/margin.h"
#include "energy/participant_trust.h"
#include "energy/reading_state.h"
#include "energy/reservation.h"
#include "energy/stake.h"
#include "energy/statement.h"
#include "energy/substitution.h"

namespace tieline::energy {

struct MarketParams {
  MarketTimes times;
  ZoneLimits zone;
  uint32_t zone_loss_ppm = 60'000;  // declared, for residuals
  uint32_t tolerance_ppm = kDefaultTolerancePpm;
  uint64_t price_cap = 1'000'000'000;  // of the imbalance price, micro-currency per MWh
  uint64_t stake_min = kDefaultStakeMin;
};

struct MarketParticipant {
  OrgId org = 0;
  Role role = Role::kUser;
  uint64_t capacity_w = 0;  // of a user: the contracted load
  uint32_t loss_ppm = 0;
  MarginHistory history;  // trust is kept in `trust`
  ParticipantTrust trust;
  bool operator==(const MarketParticipant&) const = default;
};

struct FlowKey {
  ParticipantId from = 0;
  ParticipantId to = 0;
  auto operator<=>(const FlowKey&) const = default;
};
// A flow's main meter is the one of `from`; `to` counter-meters it.
struct MeteredFlow {
  ReadingRecord main;
  std::optional<uint64_t> neighbour;
  bool operator==(const MeteredFlow&) const = default;
};
struct Interval {
  enum class Phase : uint8_t { kOpen, kClosed, kSettled };
  Phase phase = Phase::kOpen;
  std::map<FlowKey, MeteredFlow> flows;
  IntervalStatements statements;
  std::optional<uint64_t> price;  // the one that was published for it; fixed when it settles
  int64_t due_ms = 0;
  bool operator==(const Interval&) const = default;
};

class Market {
 public:
  explicit Market(const MarketParams& params) : params_(params) {}

  void register_participant(ParticipantId id, const MarketParticipant& participant);

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

  // readings and what follows from them (market_intervals.cc)
  MarketRefusal record(uint32_t slot, const FlowKey& flow, uint64_t wh, Quality quality, int64_t now_ms);
  MarketRefusal record_neighbour(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms);
  MarketRefusal accept(uint32_t slot, const FlowKey& flow, ParticipantId by, int64_t now_ms);
  MarketRefusal rule(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms);
  MarketRefusal correct(uint32_t slot, const FlowKey& flow, const Correction& correction, int64_t now_ms);
  MarketRefusal publish_price(uint32_t slot, uint64_t price, int64_t now_ms);
  void close_day();

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
  void next_epoch();

  // Empty when everything holds, otherwise the name of what does not, and what was found: money_conserved,
  // margin_conserved, payments_conserved, stake_conserved, capacity_conserved, due_once. (That imbalances sum to 0 is
  // checked wherever they are made: energy/imbalance.h.)
  std::string broken_invariant() const;

  const Book& book() const { return book_; }
  const std::map<TradeId, TradeRecord>& trades() const { return trades_; }
  const std::map<uint32_t, Interval>& intervals() const { return intervals_; }
  const std::map<ParticipantId, MarketParticipant>& participants() const { return participants_; }
  const std::map<ParticipantId, StakeRecord>& stakes() const { return stakes_; }
  const std::map<Hash, Proposal>& proposals() const { return proposals_; }
  const Reservations& reserved() const { return reserved_; }
  const DueQueue& due_queue() const { return due_; }
  Epoch epoch() const { return epoch_; }
  // What a party would be asked to post for these terms.
  uint64_t margin_asked(const TradeTerms& terms, ParticipantId party) const;
  bool operator==(const Market& other) const;

 private:
  const MarketParticipant* find(ParticipantId id) const;
  std::optional<std::array<PartyInfo, kParties>> parties_of(const TradeTerms& terms) const;
  RoleMonth month_of(Role role) const;
  Entry entry_of(const TradeTerms& terms, ParticipantId by, uint64_t margin) const;
  uint32_t open_trades_of(OrgId org) const;
  MarketRefusal take(const TradeStep& step);
  void set_due(const TradeRecord& before, const TradeRecord& after);
  void run_trade(const TradeId& id, int64_t now_ms);
  void note_settled(const TradeRecord& trade);
  bool intervals_settled(const TradeTerms& terms) const;

  void open_interval(uint32_t slot);
  void run_interval(uint32_t slot, int64_t now_ms);
  std::vector<Contract> contracts_of(uint32_t slot) const;
  std::vector<TradeRecord*> trades_in(uint32_t slot);
  std::map<FlowKey, uint64_t> expected_of(uint32_t slot) const;
  bool is_path(const FlowKey& flow) const;
  bool is_border(const FlowKey& flow) const;
  // The zone's border flows as its checks see them; `keys` says which is which.
  std::vector<ZoneFlow> zone_of(const Interval& interval, const std::map<FlowKey, uint64_t>& expected,
                                std::vector<FlowKey>& keys) const;
  void set_interval_due(uint32_t slot, int64_t due_ms);
  void close_interval(uint32_t slot, int64_t now_ms);
  void substitute_gaps(uint32_t slot, int64_t now_ms);
  void resolve_interval(uint32_t slot, int64_t now_ms);
  void settle_interval(uint32_t slot, int64_t now_ms);
  std::vector<Flow> flows_of(uint32_t slot) const;
  void charge_interval(uint32_t slot);
  void note_unmet(uint32_t slot);
  void settle_when_undisputed(uint32_t slot, int64_t now_ms);
  MeteredFlow* flow_of(uint32_t slot, const FlowKey& flow);

  MarketParams params_;
  std::map<ParticipantId, MarketParticipant> participants_;
  Book book_;
  std::map<TradeId, TradeRecord> trades_;
  Reservations reserved_;
  DueQueue due_;
  std::map<uint32_t, Interval> intervals_;
  uint64_t last_price_ = 0;
  std::map<ParticipantId, StakeRecord> stakes_;
  std::map<Hash, Proposal> proposals_;
  Epoch epoch_ = 0;
};

// Ids of due items that are intervals: 28 zero bytes and the slot, big-endian. They run before trades of one deadline.
Hash interval_id(uint32_t slot);
std::optional<uint32_t> slot_of(const Hash& id);

}  // namespace tieline::energy
