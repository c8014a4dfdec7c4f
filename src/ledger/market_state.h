#pragma once
// The market's records in the state, and its numbers. The records' names and encodings are the market's
// (energy/market_records.h); docs/formats/state.md lists them.

#include "energy/benefit.h"
#include "energy/market.h"
#include "energy/market_actions.h"
#include "ledger/registry.h"
#include "ledger/state.h"

namespace tieline {

// Records as the state below a block has them.
class StateSource final : public energy::RecordSource {
 public:
  explicit StateSource(const StateView& view) : view_(view) {}
  std::optional<Bytes> read(ByteView name) const override { return view_.get(state::key_of(name)); }

 private:
  const StateView& view_;
};

// Plausibility is asked for where intervals close; who only looks needs none.
energy::MarketParams market_params(const MarketNumbers& numbers, const PlausibilityParams& plausibility = {});
energy::BenefitParams benefit_params(const MarketNumbers& numbers);
// The rules with these changes, all of them together; none: one names no rule that may change, has a value out of its
// bounds, or the rules would not go together (in_order). In market_governance.cc.
std::optional<MarketNumbers> changed(MarketNumbers numbers, const energy::RuleChanges& changes);
std::string rule_name(const MarketNumber& number);  // "market.gate_ms"

// What governance has been asked to decide: the payload of the action that proposed it.
struct ProposalContent {
  Bytes payload;
  bool operator==(const ProposalContent&) const = default;
};
void encode(Writer& w, const ProposalContent& c);
void decode(Reader& r, ProposalContent& c);
Bytes proposal_content_name(const Hash& id);

// Who may read a meter besides those who always may: intervals that begin in [from_s, to_s).
struct GrantKey {
  MeterId meter = 0;
  ParticipantId reader = 0;
  auto operator<=>(const GrantKey&) const = default;
};
struct ReadGrant {
  int64_t from_s = 0;
  int64_t to_s = 0;
  bool operator==(const ReadGrant&) const = default;
};
void encode(Writer& w, const ReadGrant& g);
void decode(Reader& r, ReadGrant& g);
Bytes grant_name(const GrantKey& key);
// Of the state at hand; none: nothing is granted.
std::optional<ReadGrant> read_grant(const StateView& view, MeterId meter, ParticipantId reader);

// A flow that a vote has registered: its meters, and for each of these the end that it stands for.
struct VotedFlow {
  MeterId meter = 0;
  MeterId check_meter = 0;
  bool operator==(const VotedFlow&) const = default;
};
void encode(Writer& w, const VotedFlow& f);
void decode(Reader& r, VotedFlow& f);
void encode(Writer& w, const Registry::FlowEnd& e);
void decode(Reader& r, Registry::FlowEnd& e);
Bytes voted_flow_name(const energy::FlowKey& flow);  // "flow-meters/" u32 from, u32 to
Bytes flow_end_name(const MeterId& meter);           // "meter-flow/" u32

// Market time of a block on top of this state (model/genesis_market.h).
int64_t market_time_ms(const Genesis& genesis, const StateView& parent, int64_t block_time_ms);
struct MarketTime {  // the record of the newest tick
  int64_t ms = 0;
};
void encode(Writer& w, const MarketTime& t);
void decode(Reader& r, MarketTime& t);

// The market at height 0: its members, and the money that genesis gives them.
energy::Market market_of_genesis(const Genesis& genesis);

}  // namespace tieline
