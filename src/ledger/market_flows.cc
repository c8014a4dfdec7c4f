// What votes decide of members besides who they are: which meters stand for which flow of energy, and what each may do.
// Genesis' own flows stay; its members' limits change like those of later ones. Both count from the turn of the epoch
// on that they act in; how much a metering point may record follows with the block after it.

#include "energy/wide.h"
#include "ledger/market_work.h"

namespace tieline {
namespace {

constexpr uint8_t kOnly = 0;

}  // namespace

MemberCounts MarketWork::counts() const {
  const MemberCounts* now = counts_.find(kOnly);
  return now == nullptr ? chain_.members.counts() : *now;
}

MemberCounts& MarketWork::counts_to_change() {
  if (!counts_.contains(kOnly)) counts_[kOnly] = chain_.members.counts();
  return counts_[kOnly];
}

// The state is asked only where votes have registered a flow at all: a reading of a meter without one costs no more.
const Registry::FlowEnd* MarketWork::flow(MeterId meter) const {
  if (const Registry::FlowEnd* end = chain_.registry.flow(meter)) return end;
  return counts().flows == 0 ? nullptr : flow_ends_.find(meter);
}

const energy::MeterPoint* MarketWork::main_meter(const energy::FlowKey& flow) const {
  const VotedFlow* voted = voted_flows_.find(flow);
  return chain_.members.meter(voted != nullptr ? voted->meter : chain_.registry.main_meter(flow.from, flow.to));
}

// A meter stands for one flow only, and a flow of genesis keeps its own.
TxCode MarketWork::check(const energy::FlowChange& c) const {
  const energy::FlowKey key{c.from, c.to};
  if (!is_party(c.from) || !is_party(c.to)) return TxCode::unknown_participant;
  if (!market_.is_path(key) || chain_.registry.main_meter(c.from, c.to) != 0) return TxCode::bad_proposal;
  const bool known = voted_flows_.contains(key);
  if (c.meter == 0) return known && c.check_meter == 0 ? TxCode::ok : TxCode::bad_proposal;
  if (!known && chain_.genesis.market->flows.size() + counts().flows >= kMarketFlowsMax) return TxCode::bad_proposal;
  if (c.meter == c.check_meter) return TxCode::bad_proposal;
  for (const auto& [meter, owner] : {std::pair(c.meter, c.from), std::pair(c.check_meter, c.to)}) {
    if (meter == 0) continue;
    const energy::MeterPoint* point = chain_.members.meter(meter);
    if (point == nullptr) return TxCode::unknown_meter;
    if (point->owner != owner) return TxCode::not_owner;
    const Registry::FlowEnd* end = flow(meter);
    if (end != nullptr && energy::FlowKey{end->from, end->to} != key) return TxCode::bad_proposal;
  }
  return TxCode::ok;
}

// Another vote may have given a meter away meanwhile: then nothing changes.
void MarketWork::set_flow(const energy::FlowChange& c) {
  if (check(c) != TxCode::ok) return;
  const energy::FlowKey key{c.from, c.to};
  if (const VotedFlow* before = voted_flows_.find(key)) {
    flow_ends_.erase(before->meter);
    if (before->check_meter != 0) flow_ends_.erase(before->check_meter);
    voted_flows_.erase(key);
    --counts_to_change().flows;
  }
  if (c.meter == 0) return market_.forget(key);
  voted_flows_[key] = {c.meter, c.check_meter};
  flow_ends_[c.meter] = {c.from, c.to, true};
  if (c.check_meter != 0) flow_ends_[c.check_meter] = {c.from, c.to, false};
  ++counts_to_change().flows;
}

std::vector<MeterId> MarketWork::meters_of(ParticipantId owner) const {
  std::vector<MeterId> out;
  if (!chain_.registry.knows(owner)) {
    const MemberRecord& member = members_.at(owner);
    for (size_t i = 0; i < member.meters.size(); ++i) out.push_back(member.first_meter + static_cast<MeterId>(i));
    return out;
  }
  for (MeterId id = 1; id <= chain_.registry.meters(); ++id) {
    if (chain_.registry.meter(id)->owner == owner) out.push_back(id);
  }
  return out;
}

energy::MeterPoint MarketWork::changed_point(const energy::LimitChange& c, energy::MeterPoint point) const {
  if (c.capacity_w) point.limit_w = *c.capacity_w;
  if (c.cost_lo) point.cost_lo = *c.cost_lo;
  if (c.cost_hi) point.cost_hi = *c.cost_hi;
  return point;
}

TxCode MarketWork::check(const energy::LimitChange& c) const {
  if (!is_party(c.member)) return TxCode::unknown_participant;
  if (!c.capacity_w && !c.loss_ppm && !c.cost_lo) return TxCode::bad_proposal;
  if (c.capacity_w.value_or(0) > kWattsMax || c.loss_ppm.value_or(0) >= energy::kPpm) return TxCode::bad_proposal;
  if (c.cost_lo && (*c.cost_lo > *c.cost_hi || *c.cost_hi > kCostMax)) return TxCode::bad_proposal;
  const bool plant = market_.participants().at(c.member).role == Role::kPlant;
  return c.cost_lo && !plant ? TxCode::bad_proposal : TxCode::ok;
}

void MarketWork::set_limits(const energy::LimitChange& c) {
  if (check(c) != TxCode::ok) return;
  const energy::MarketParticipant& before = market_.participants().at(c.member);
  const uint64_t capacity_w = c.capacity_w.value_or(before.capacity_w);
  const uint32_t loss_ppm = c.loss_ppm.value_or(before.loss_ppm);
  market_.set_limits(c.member, capacity_w, loss_ppm);
  state::ParticipantRecord& record = registered_[c.member];
  (record.role == Role::kUser ? record.contracted_w : record.capacity_w) = capacity_w;
  record.loss_ppm = loss_ppm;
  for (const MeterId meter : meters_of(c.member)) meters_[meter] = changed_point(c, meters_.at(meter));
  ++counts_to_change().limits;
}

}  // namespace tieline
