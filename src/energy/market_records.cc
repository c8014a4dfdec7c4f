#include "energy/market_records.h"

#include "energy/rules.h"

namespace tieline::energy {
namespace {

constexpr size_t kOrgsMax = 65'536;
constexpr size_t kLinesMax = 65'536;  // of a statement: participants concerned by it
constexpr size_t kElectorateMax = 65'536;

template <class E>
void decode_enum(Reader& r, E& out, E last) {
  const uint8_t value = r.u8();
  if (value > static_cast<uint8_t>(last)) return r.fail();
  out = static_cast<E>(value);
}

// A map is a list whose keys ascend strictly.
template <class Map, class Put>
void encode_map(Writer& w, const Map& map, Put put) {
  TL_CHECK(map.size() <= UINT32_MAX);
  w.u32(static_cast<uint32_t>(map.size()));
  for (const auto& [key, value] : map) {
    encode(w, key);
    put(value);
  }
}
template <class Map, class Get>
void decode_map(Reader& r, Map& map, size_t max, size_t min_item_size, Get get) {
  map.clear();
  const size_t n = r.count(max, min_item_size);
  for (size_t i = 0; i < n && r.ok(); ++i) {
    typename Map::key_type key{};
    decode(r, key);
    if (!map.empty() && !(map.rbegin()->first < key)) return r.fail();
    get(map.emplace_hint(map.end(), key, typename Map::mapped_type{})->second);
  }
}

void encode(Writer& w, const ReadingRecord& m) {
  w.u8(static_cast<uint8_t>(m.state));
  w.i64(m.end_ms);
  w.u64(m.wh);
  w.u8(static_cast<uint8_t>(m.quality));
  w.u8(m.version);
  w.boolean(m.credits_trust);
}

void decode(Reader& r, ReadingRecord& m) {
  decode_enum(r, m.state, ReadingState::kFinal);
  m.end_ms = r.i64();
  m.wh = r.u64();
  decode_enum(r, m.quality, Quality::kEstimated);
  m.version = r.u8();
  m.credits_trust = r.boolean();
  if (m.wh > kReadingWhMax || m.quality < Quality::kMeasured) r.fail();
}

void encode(Writer& w, const IntervalRules& rules) {
  encode(w, rules.times);
  w.u32(rules.zone.loss_lo_ppm);
  w.u32(rules.zone.loss_hi_ppm);
  w.u32(rules.zone.agree_ppm);
  w.u64(rules.zone.agree_wh);
  w.u32(rules.zone.expected_ppm);
  w.u32(rules.zone_loss_ppm);
  w.u32(rules.tolerance_ppm);
}

void decode(Reader& r, IntervalRules& rules) {
  decode(r, rules.times);
  rules.zone.loss_lo_ppm = r.u32();
  rules.zone.loss_hi_ppm = r.u32();
  rules.zone.agree_ppm = r.u32();
  rules.zone.agree_wh = r.u64();
  rules.zone.expected_ppm = r.u32();
  rules.zone_loss_ppm = r.u32();
  rules.tolerance_ppm = r.u32();
}

}  // namespace

void encode(Writer& w, const MarketParticipant& p) {
  w.u16(p.org);
  w.u8(static_cast<uint8_t>(p.role));
  w.u64(p.capacity_w);
  w.u32(p.loss_ppm);
  w.u32(p.history.months);
  w.u64(p.history.six_months_wh);
  w.u32(p.history.settlements);
  w.u64(p.history.largest_settled);
  w.u32(p.trust.trust);
  w.boolean(p.trust.forged);
  w.u32(p.day);
  w.u32(p.trust.day.refused);
  encode_map(w, p.trust.day.with, [&](const TrustDay::Dealings& d) {
    w.u64(d.value);
    w.u64(d.met);
  });
}

void decode(Reader& r, MarketParticipant& p) {
  p.org = r.u16();
  decode_enum(r, p.role, Role::kNeutral);
  p.capacity_w = r.u64();
  p.loss_ppm = r.u32();
  p.history.months = r.u32();
  p.history.six_months_wh = r.u64();
  p.history.settlements = r.u32();
  p.history.largest_settled = r.u64();
  p.trust.trust = r.u32();
  p.trust.forged = r.boolean();
  p.day = r.u32();
  p.trust.day.refused = r.u32();
  decode_map(r, p.trust.day.with, kOrgsMax, 18, [&](TrustDay::Dealings& d) {
    d.value = r.u64();
    d.met = r.u64();
  });
  if (p.trust.trust > kTrustOne || p.trust.day.refused > kRefusedMax || p.role < Role::kPlant) r.fail();
}

void encode(Writer& w, const FlowKey& f) {
  w.u32(f.from);
  w.u32(f.to);
}

void decode(Reader& r, FlowKey& f) {
  f.from = r.u32();
  f.to = r.u32();
}

void encode(Writer& w, const MeteredFlow& f) {
  encode(w, f.main);
  encode(w, f.neighbour);
  w.u32(f.contracts);
  w.u64(f.contracted_wh);
  w.boolean(f.flagged);
  w.boolean(f.learns);
}

void decode(Reader& r, MeteredFlow& f) {
  decode(r, f.main);
  decode(r, f.neighbour);
  f.contracts = r.u32();
  f.contracted_wh = r.u64();
  f.flagged = r.boolean();
  f.learns = r.boolean();
}

void encode(Writer& w, const MarketTimes& t) {
  for (const int64_t ms : {t.gate_ms, t.round_ms, t.submit_ms, t.close_ms, t.settle_ms, t.resolve_ms, t.final_ms}) {
    w.i64(ms);
  }
}

void decode(Reader& r, MarketTimes& t) {
  for (int64_t* ms : {&t.gate_ms, &t.round_ms, &t.submit_ms, &t.close_ms, &t.settle_ms, &t.resolve_ms, &t.final_ms}) {
    *ms = r.i64();
  }
}

void encode(Writer& w, const Interval& i) {
  w.u8(static_cast<uint8_t>(i.phase));
  encode(w, i.rules);
  encode(w, i.price);
  w.i64(i.due_ms);
  w.u32(i.flows);
  w.u32(i.trades);
  w.u32(i.settlements);
}

void decode(Reader& r, Interval& i) {
  decode_enum(r, i.phase, Interval::Phase::kSettled);
  decode(r, i.rules);
  decode(r, i.price);
  i.due_ms = r.i64();
  i.flows = r.u32();
  i.trades = r.u32();
  i.settlements = r.u32();
}

void encode(Writer& w, const MarketTotals& t) {
  w.u64(t.issued);
  for (uint64_t amount : t.pools) w.u64(amount);
  w.u64(t.last_price);
  w.u64(t.epoch);
  w.u32(t.day);
  w.u32(t.first_slot);
  for (const RoleMonth& m : t.months) {
    w.u32(m.participants);
    w.u64(m.wh);
  }
}

void decode(Reader& r, MarketTotals& t) {
  t.issued = r.u64();
  for (uint64_t& amount : t.pools) amount = r.u64();
  t.last_price = r.u64();
  t.epoch = r.u64();
  t.day = r.u32();
  t.first_slot = r.u32();
  for (RoleMonth& m : t.months) {
    m.participants = r.u32();
    m.wh = r.u64();
  }
}

void encode(Writer& w, const TradeRecord& t) {
  encode(w, t.id);
  w.u8(static_cast<uint8_t>(t.state));
  encode(w, t.terms);
  for (OrgId org : t.org) w.u16(org);
  w.u32(t.round);
  w.u8(t.sender);
  w.u8(t.entered);
  w.i64(t.due_ms);
  encode(w, t.times);
  w.u32(t.version);
  w.u8(t.unmet);
  w.u64(t.payment);
  for (uint64_t margin : t.margin) w.u64(margin);
  encode(w, t.endorsements);
}

void decode(Reader& r, TradeRecord& t) {
  decode(r, t.id);
  decode_enum(r, t.state, TradeState::kFinal);
  decode(r, t.terms);
  for (OrgId& org : t.org) org = r.u16();
  t.round = r.u32();
  t.sender = r.u8();
  t.entered = r.u8();
  t.due_ms = r.i64();
  decode(r, t.times);
  t.version = r.u32();
  t.unmet = r.u8();
  t.payment = r.u64();
  for (uint64_t& margin : t.margin) margin = r.u64();
  decode(r, t.endorsements);
  if (t.sender >= kParties || t.entered >> kParties != 0 || t.unmet >> kParties != 0) r.fail();
}

void encode(Writer& w, const ChargeKey& k) {
  encode(w, k.trade);
  w.u32(k.payer);
}

void decode(Reader& r, ChargeKey& k) {
  decode(r, k.trade);
  k.payer = r.u32();
}

void encode(Writer& w, const Statement& s) {
  encode_map(w, s.lines, [&](const StatementLine& l) {
    for (uint64_t amount : {l.owed, l.paid, l.unpaid, l.received, l.reclaimed}) w.u64(amount);
  });
}

void decode(Reader& r, Statement& s) {
  decode_map(r, s.lines, kLinesMax, 44, [&](StatementLine& l) {
    for (uint64_t* amount : {&l.owed, &l.paid, &l.unpaid, &l.received, &l.reclaimed}) *amount = r.u64();
  });
}

void encode(Writer& w, const StakeRecord& s) {
  w.u32(s.owner);
  w.u16(s.org);
  w.u64(s.bonded);
  w.u64(s.jailed_until);
  w.u32(static_cast<uint32_t>(s.unbonding.size()));
  for (const Unbonding& u : s.unbonding) {
    w.u64(u.amount);
    w.u64(u.free_from);
  }
}

void decode(Reader& r, StakeRecord& s) {
  s.owner = r.u32();
  s.org = r.u16();
  s.bonded = r.u64();
  s.jailed_until = r.u64();
  s.unbonding.resize(r.count(kUnbondingsMax, 16));
  for (Unbonding& u : s.unbonding) {
    u.amount = r.u64();
    u.free_from = r.u64();
  }
}

void encode(Writer& w, const Proposal& p) {
  encode(w, p.id);
  w.u8(static_cast<uint8_t>(p.kind));
  w.u8(static_cast<uint8_t>(p.state));
  w.u64(p.opened);
  w.u64(p.passed);
  w.u64(p.in_favour);
  encode_map(w, p.electorate, [&](uint64_t votes) { w.u64(votes); });
  w.u32(static_cast<uint32_t>(p.voted.size()));
  for (ParticipantId who : p.voted) w.u32(who);
}

void decode(Reader& r, Proposal& p) {
  decode(r, p.id);
  decode_enum(r, p.kind, ProposalKind::kLimits);
  decode_enum(r, p.state, ProposalState::kFailed);
  p.opened = r.u64();
  p.passed = r.u64();
  p.in_favour = r.u64();
  decode_map(r, p.electorate, kElectorateMax, 12, [&](uint64_t& votes) { votes = r.u64(); });
  p.voted.clear();
  const size_t n = r.count(kElectorateMax, 4);
  for (size_t i = 0; i < n && r.ok(); ++i) {
    const ParticipantId who = r.u32();
    if (!p.voted.empty() && who <= *p.voted.rbegin()) return r.fail();
    p.voted.insert(p.voted.end(), who);
  }
}

Bytes party_name(const ParticipantId& who) { return RecordName("party/").id(who).take(); }
Bytes trade_name(const TradeId& id) { return RecordName("trade/").id(id.view()).take(); }
Bytes interval_name(const uint32_t& slot) { return RecordName("interval/").id(slot).take(); }
Bytes flow_name(const FlowOf& of) { return RecordName("flow/").id(of.slot).id(of.flow.from).id(of.flow.to).take(); }
Bytes profile_name(const FlowKey& flow) { return RecordName("profile/").id(flow.from).id(flow.to).take(); }
Bytes statement_name(const StatementOf& of) {
  return RecordName("statement/").id(of.slot).id(of.key.trade.view()).id(of.key.payer).take();
}
Bytes stake_name(const ParticipantId& who) { return RecordName("stake/").id(who).take(); }
Bytes proposal_name(const Hash& id) { return RecordName("proposal/").id(id.view()).take(); }
Bytes open_trades_name(const OrgId& org) { return RecordName("open-trades/").id(org).take(); }
Bytes market_totals_name() { return RecordName("market").take(); }

}  // namespace tieline::energy
