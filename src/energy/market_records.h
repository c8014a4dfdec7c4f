#pragma once
// The market's records as they stand in the state, with their names and encodings (docs/formats/state.md). Energy in
// Wh, times in milliseconds since 1970 UTC, amounts in micro-currency.

#include "energy/governance.h"
#include "energy/history.h"
#include "energy/margin.h"
#include "energy/paged_list.h"
#include "energy/participant_trust.h"
#include "energy/reading_state.h"
#include "energy/stake.h"
#include "energy/statement.h"
#include "energy/zone_check.h"

namespace tieline::energy {

struct MarketParticipant {
  OrgId org = 0;
  Role role = Role::kUser;
  uint64_t capacity_w = 0;  // of a user: the contracted load
  uint32_t loss_ppm = 0;
  MarginHistory history;   // trust is kept in `trust`
  ParticipantTrust trust;  // as of the end of the day before `day`, which is still open
  uint32_t day = 0;        // the market day that trust.day counts
  bool operator==(const MarketParticipant&) const = default;
};

struct FlowKey {
  ParticipantId from = 0;
  ParticipantId to = 0;
  auto operator<=>(const FlowKey&) const = default;
};
struct FlowOf {
  uint32_t slot = 0;
  FlowKey flow;
  auto operator<=>(const FlowOf&) const = default;
};
// A flow of energy in an interval, metered or contracted. Its main meter is the one of `from`; `to` counter-meters it.
struct MeteredFlow {
  ReadingRecord main;
  std::optional<uint64_t> neighbour;
  uint32_t contracts = 0;  // trades that are to deliver by it
  uint64_t contracted_wh = 0;
  // What its own past says of the main meter's value: far outside, and the neighbour's meter agrees; and whether the
  // profile learns it when it settles (energy/history.h).
  bool flagged = false;
  bool learns = false;
  bool operator==(const MeteredFlow&) const = default;
};

// The rules that an interval is judged and settled by.
struct IntervalRules {
  MarketTimes times;
  ZoneLimits zone;
  uint32_t zone_loss_ppm = 60'000;  // declared, for residuals
  uint32_t tolerance_ppm = kDefaultTolerancePpm;
  bool operator==(const IntervalRules&) const = default;
};

struct Interval {
  enum class Phase : uint8_t { kOpen, kClosed, kSettled };
  Phase phase = Phase::kOpen;
  IntervalRules rules;            // as they were when it opened; no vote changes them
  std::optional<uint64_t> price;  // the one that was published for it; fixed when it settles
  int64_t due_ms = 0;
  uint32_t flows = 0;
  uint32_t trades = 0;
  uint32_t settlements = 0;  // version of its statements; 0: none yet
  bool operator==(const Interval&) const = default;
};

// A statement has a record of its own: an interval can have thousands, and a value of the state travels whole.
struct StatementOf {
  uint32_t slot = 0;
  ChargeKey key;
  auto operator<=>(const StatementOf&) const = default;
};

// What is one for the whole market.
struct MarketTotals {
  uint64_t issued = 0;
  std::array<uint64_t, kPools> pools{};
  uint64_t last_price = 0;
  Epoch epoch = 0;
  uint32_t day = 0;         // market days since 1970
  uint32_t first_slot = 0;  // slots before it may not open any more: one of them, or a later one, is FINAL
  std::array<RoleMonth, kParties> months{};  // by PartyRole: the role's last month
  bool operator==(const MarketTotals&) const = default;
};

void encode(Writer& w, const MarketParticipant& p);
void decode(Reader& r, MarketParticipant& p);
void encode(Writer& w, const FlowKey& f);
void decode(Reader& r, FlowKey& f);
void encode(Writer& w, const MeteredFlow& f);
void decode(Reader& r, MeteredFlow& f);
void encode(Writer& w, const MarketTimes& t);
void decode(Reader& r, MarketTimes& t);
void encode(Writer& w, const Interval& i);
void decode(Reader& r, Interval& i);
void encode(Writer& w, const MarketTotals& t);
void decode(Reader& r, MarketTotals& t);
void encode(Writer& w, const TradeRecord& t);
void decode(Reader& r, TradeRecord& t);
void encode(Writer& w, const ChargeKey& k);
void decode(Reader& r, ChargeKey& k);
void encode(Writer& w, const Statement& s);
void decode(Reader& r, Statement& s);
void encode(Writer& w, const StakeRecord& s);
void decode(Reader& r, StakeRecord& s);
void encode(Writer& w, const Proposal& p);
void decode(Reader& r, Proposal& p);

// Names: "party/" u32, "trade/" hash, "interval/" u32, "flow/" u32 u32 u32, "profile/" u32 u32, "statement/" u32 hash
// u32, "stake/" u32, "proposal/" hash, "open-trades/" u16, "market"; money's and reservations' are with these.
Bytes party_name(const ParticipantId& who);
Bytes trade_name(const TradeId& id);
Bytes interval_name(const uint32_t& slot);
Bytes flow_name(const FlowOf& of);
Bytes profile_name(const FlowKey& flow);
Bytes statement_name(const StatementOf& of);
Bytes stake_name(const ParticipantId& who);
Bytes proposal_name(const Hash& id);
Bytes open_trades_name(const OrgId& org);
Bytes market_totals_name();

}  // namespace tieline::energy
