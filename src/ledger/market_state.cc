#include "ledger/market_state.h"

namespace tieline {
namespace {

energy::MarketParticipant participant_of(const GenesisParticipant& p, const MarketMember& m) {
  energy::MarketParticipant out;
  out.org = m.org;
  out.role = p.role;
  out.capacity_w = p.role == Role::kUser ? p.contracted_w : p.capacity_w;
  out.loss_ppm = p.loss_ppm;
  return out;
}

}  // namespace

energy::MarketParams market_params(const MarketNumbers& n, const PlausibilityParams& plausibility) {
  energy::MarketParams p;
  p.plausibility = plausibility;
  p.times = {static_cast<int64_t>(n.gate_ms),  static_cast<int64_t>(n.round_ms),  static_cast<int64_t>(n.submit_ms),
             static_cast<int64_t>(n.close_ms), static_cast<int64_t>(n.settle_ms), static_cast<int64_t>(n.resolve_ms),
             static_cast<int64_t>(n.final_ms)};
  p.zone = {static_cast<uint32_t>(n.loss_lo_ppm), static_cast<uint32_t>(n.loss_hi_ppm),
            static_cast<uint32_t>(n.agree_ppm), n.agree_wh};
  p.zone_loss_ppm = static_cast<uint32_t>(n.zone_loss_ppm);
  p.tolerance_ppm = static_cast<uint32_t>(n.tolerance_ppm);
  p.price_cap = n.price_cap;
  p.stake_min = n.stake_min;
  return p;
}

energy::BenefitParams benefit_params(const MarketNumbers& n) {
  return {.nominal_per_byte = n.nominal_per_byte, .lifetime = n.lifetime_blocks};
}

void encode(Writer& w, const ProposalContent& c) { w.bytes(c.payload); }

void decode(Reader& r, ProposalContent& c) {
  const ByteView payload = r.bytes(kTxBytesMax);
  c.payload.assign(payload.begin(), payload.end());
}

Bytes proposal_content_name(const Hash& id) { return energy::RecordName("proposed/").id(id.view()).take(); }

void encode(Writer& w, const ReadGrant& g) {
  w.i64(g.from_s);
  w.i64(g.to_s);
}

void decode(Reader& r, ReadGrant& g) {
  g.from_s = r.i64();
  g.to_s = r.i64();
}

Bytes grant_name(const GrantKey& key) { return energy::RecordName("grant/").id(key.meter).id(key.reader).take(); }

std::optional<ReadGrant> read_grant(const StateView& view, MeterId meter, ParticipantId reader) {
  return state::read<ReadGrant>(view, state::key_of(grant_name({meter, reader})), "damaged state record: grant");
}

void encode(Writer& w, const VotedFlow& f) {
  w.u32(f.meter);
  w.u32(f.check_meter);
}

void decode(Reader& r, VotedFlow& f) {
  f.meter = r.u32();
  f.check_meter = r.u32();
}

void encode(Writer& w, const Registry::FlowEnd& e) {
  w.u32(e.from);
  w.u32(e.to);
  w.boolean(e.main);
}

void decode(Reader& r, Registry::FlowEnd& e) {
  e.from = r.u32();
  e.to = r.u32();
  e.main = r.boolean();
}

Bytes voted_flow_name(const energy::FlowKey& flow) {
  return energy::RecordName("flow-meters/").id(flow.from).id(flow.to).take();
}

Bytes flow_end_name(const MeterId& meter) { return energy::RecordName("meter-flow/").id(meter).take(); }

void encode(Writer& w, const MarketTime& t) { w.i64(t.ms); }

void decode(Reader& r, MarketTime& t) { t.ms = r.i64(); }

int64_t market_time_ms(const Genesis& genesis, const StateView& parent, int64_t block_time_ms) {
  if (genesis.market && genesis.market->numbers.time_rate == 0) {
    const auto ticked = state::read<MarketTime>(parent, state::market_time_key(), "damaged state record: market time");
    if (ticked) return ticked->ms;
  }
  return market_time_ms(genesis, block_time_ms);
}

energy::Market market_of_genesis(const Genesis& genesis) {
  energy::Market market(market_params(genesis.market->numbers));
  for (const MarketMember& m : genesis.market->members) {
    market.register_participant(m.participant, participant_of(genesis.participants[m.participant - 1], m));
    if (m.balance > 0) TL_CHECK(market.issue(m.participant, m.balance) == energy::MarketRefusal::kNone);
  }
  return market;
}

}  // namespace tieline
