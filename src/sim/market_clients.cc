#include "sim/market_clients.h"

#include <algorithm>
#include <utility>

#include "energy/margin.h"
#include "sim/setup.h"

namespace tieline::sim {
namespace {

using energy::kParties;
using energy::kSlotMs;
using energy::kSlotSeconds;

constexpr int64_t kMinuteMs = 60'000;
constexpr uint64_t kWatts = 1'000'000;
constexpr uint32_t kGridLossPpm = 60'000, kDistributorLossPpm = 40'000;
constexpr uint64_t kLotWhMax = 120'000;       // a line carries two such, not three
constexpr uint64_t kPriceMost = 100'000'000;  // margins are posted as if imbalances cost so much
constexpr size_t kOpenMax = 12;               // transactions of one party without an answer
constexpr uint64_t kAheadMax = 40;            // sequence numbers; a signer's window is at least 64
constexpr size_t kRegulator = 4, kAuthority = 5;
constexpr uint64_t kLiePpm = 80'000, kMissingPpm = 80'000;
constexpr uint32_t kMeteredAtOnceMax = 2;
constexpr int64_t kLastStepMs = 24 * 3'600'000;
// After the faults, once all is answered, time passes in these steps: what was agreed is delivered and metered, closed
// and disputed, and all deadlines pass. What is due runs at the start of the block after that, so the last comes twice.
constexpr std::array kLastSteps = {30 * kMinuteMs, 30 * kMinuteMs, 50 * kMinuteMs, kLastStepMs, kLastStepMs};
constexpr size_t kMeteredSteps = 2;

const char* const kNames[kMarketKeys] = {"plant", "grid", "distributor", "user", "regulator", "authority"};
constexpr Role kRoles[kMarketKeys] = {Role::kPlant, Role::kGrid,      Role::kDistributor,
                                      Role::kUser,  Role::kRegulator, Role::kNeutral};

}  // namespace

void add_market(Genesis& g, const SimKeys& keys, size_t first_key) {
  MarketGenesis& market = g.market.emplace();
  MeterId meter = 0;
  for (const GenesisParticipant& p : g.participants) meter += static_cast<MeterId>(p.meters.size());
  const auto first = static_cast<ParticipantId>(g.participants.size() + 1);
  for (size_t i = 0; i < kMarketKeys; ++i) {
    GenesisParticipant p;
    p.id = first + static_cast<ParticipantId>(i);
    p.name = kNames[i];
    p.role = kRoles[i];
    p.key = keys.key(first_key + i);
    if (i < kParties) (p.role == Role::kUser ? p.contracted_w : p.capacity_w) = kWatts;
    if (p.role == Role::kGrid) p.loss_ppm = kGridLossPpm;
    if (p.role == Role::kDistributor) p.loss_ppm = kDistributorLossPpm;
    if (i > 0 && i < kParties) p.meters.push_back(p.name + "-in");
    if (i + 1 < kParties) p.meters.push_back(p.name + "-out");
    g.participants.push_back(p);
    MarketMember m;
    m.participant = p.id;
    m.org = static_cast<OrgId>(100 + i);
    m.bls_key = keys.bls_key(first_key + i);
    m.balance = kMarketMoney;
    market.members.push_back(m);
  }
  // Meters are numbered in the order of their owners: plant-out, grid-in, grid-out, distributor-in, ...
  for (size_t i = 0; i + 1 < kParties; ++i) {
    const auto from = first + static_cast<ParticipantId>(i);
    const auto out = meter + static_cast<MeterId>(2 * i + 1);
    market.flows.push_back({from, from + 1, out, out + 1});
  }
  for (size_t i = 0; i < std::min(kParties, g.validators.size()); ++i)
    market.seats.push_back({g.validators[i].id, first + static_cast<ParticipantId>(i)});
  MarketNumbers& n = market.numbers;
  n.gate_ms = kMinuteMs;
  n.round_ms = 60 * kMinuteMs;
  n.submit_ms = 30 * kMinuteMs;
  n.close_ms = 45 * kMinuteMs;
  n.settle_ms = 60 * kMinuteMs;
  n.resolve_ms = 90 * kMinuteMs;
  n.final_ms = 150 * kMinuteMs;
  n.stake_min = 1'000;
  n.time_rate = 0;
}

MarketClients::MarketClients(uint64_t seed, const Genesis& genesis, const ChainId& chain, const SimKeys& keys,
                             size_t first_key)
    : rng_(seed ^ 0x4d41524b4554ULL),
      chain_(chain),
      first_(genesis.market->members.front().participant),
      first_meter_(genesis.market->flows.front().meter),
      market_ms_(genesis.time_ms),
      metered_to_(slot() + 1) {
  for (size_t i = 0; i < kMarketKeys; ++i) parties_.push_back({keys.signer(first_key + i), 0, {}});
}

bool MarketClients::may_send(ParticipantId who) {
  const Party& p = party(who);
  return p.open.size() < kOpenMax && (p.open.empty() || p.sequence < *p.open.begin() + kAheadMax);
}

void MarketClients::send(std::vector<ParticipantId> who, const std::vector<energy::MarketAction>& actions,
                         bool must_fail, Kind kind, size_t deal) {
  std::vector<TransactionDraft::OwnedAction> owned;
  for (const energy::MarketAction& a : actions) owned.push_back({energy::type_of(a), energy::encode_market_action(a)});
  send_owned(std::move(who), std::move(owned), must_fail, kind, deal);
}

void MarketClients::send_owned(std::vector<ParticipantId> who, std::vector<TransactionDraft::OwnedAction> actions,
                               bool must_fail, Kind kind, size_t deal) {
  Party& first = party(who.front());
  TransactionDraft d;
  d.chain = chain_;
  d.sequence = ++first.sequence;
  d.timestamp_ms = now_ms_;
  d.expiry_height = kClientExpiryBlocks;
  d.actions = std::move(actions);
  std::vector<const Signer*> keys;
  for (ParticipantId one : who) keys.push_back(&party(one).signer);
  first.open.insert(d.sequence);
  out_.push_back({{}, steps_.size(), d.sequence, must_fail});
  steps_.push_back({who.front(), d.sequence, kind, deal, must_fail});
  d.signatories = std::move(who);
  out_.back().bytes = build_transaction(d, keys);
}

bls::Signature MarketClients::share(ParticipantId who, const Deal& deal, uint32_t round) {
  return party(who).signer.sign_share(energy::endorsement_message(chain_, deal.id, round, deal.terms).view());
}

energy::TradeTerms MarketClients::draw_terms() {
  energy::TradeTerms t;
  for (size_t i = 0; i < kParties; ++i) t.party[i] = id(i);
  t.wh = 1 + rng_.below(kLotWhMax);
  t.plant_price = rng_.below(80'000'000);
  t.grid_fee = rng_.below(8'000'000);
  t.distributor_fee = rng_.below(8'000'000);
  t.grid_loss_ppm = kGridLossPpm;
  t.distributor_loss_ppm = kDistributorLossPpm;
  t.first_slot = slot() + 1 + static_cast<uint32_t>(rng_.below(2));
  t.slots = static_cast<uint16_t>(1 + rng_.below(2));
  return t;
}

// ---- what they do

// One tick at a time: it is time when all know that it is, or meters would speak of what is yet to come.
void MarketClients::pass_time(int64_t by_ms) {
  if (!party(id(kAuthority)).open.empty()) return;
  send({id(kAuthority)}, {energy::Tick{market_ms_ + by_ms}}, false, Kind::kTick);
  steps_.back().market_ms = market_ms_ + by_ms;
}

void MarketClients::offer() {
  Deal d;
  d.terms = draw_terms();
  d.sender = rng_.below(kParties);
  const ParticipantId who = id(d.sender);
  if (!may_send(who)) return;
  d.id = energy::trade_id(chain_, who, party(who).sequence + 1, 0);
  deals_.push_back(d);
  send({who},
       {energy::Offer{d.terms, 2 * margin_base(d.terms, energy::kPartyRoles[d.sender], kPriceMost), share(who, d, 1)}},
       false, Kind::kOffer, deals_.size() - 1);
}

void MarketClients::counter(size_t deal) {
  Deal& d = deals_[deal];
  d.sender = (d.sender + 1 + rng_.below(kParties - 1)) % kParties;
  d.terms.plant_price = rng_.below(80'000'000);
  ++d.round;
  d.in = 1;
  const ParticipantId who = id(d.sender);
  send({who},
       {energy::Counter{d.id, d.round, d.terms, 2 * margin_base(d.terms, energy::kPartyRoles[d.sender], kPriceMost),
                        share(who, d, d.round)}},
       false, Kind::kCounter, deal);
}

// All others at once; now and then one is silent, one posts nothing, or signs what nobody stated.
void MarketClients::endorse(size_t deal) {
  const Deal& d = deals_[deal];
  for (size_t i = 0; i < kParties; ++i) {
    if (i == d.sender || rng_.chance(30'000) || !may_send(id(i))) continue;
    const bool forged = rng_.chance(20'000), broke = rng_.chance(20'000);
    const uint64_t margin = broke ? 0 : 2 * margin_base(d.terms, energy::kPartyRoles[i], kPriceMost);
    send({id(i)}, {energy::Endorse{d.id, d.round, margin, share(id(i), d, d.round + (forged ? 7 : 0))}}, forged,
         Kind::kEndorse, deal);
  }
}

// Of the slots that ended: what was contracted, more or less, at both ends of each of the three flows. A lie is one
// meter's; who is missing says nothing of that slot.
void MarketClients::meter() {
  if (slot() - metered_to_ > kMeteredAtOnceMax) metered_to_ = slot() - kMeteredAtOnceMax;
  for (; metered_to_ < slot(); ++metered_to_) {
    uint64_t contracted = 0;
    for (const Deal& d : deals_) {
      if (d.in == kParties && d.terms.first_slot <= metered_to_ && metered_to_ < d.terms.first_slot + d.terms.slots)
        contracted += d.terms.wh / d.terms.slots;
    }
    const uint64_t delivered = contracted * static_cast<uint64_t>(rng_.between(900, 1'050)) / 1'000 + rng_.below(100);
    std::array<uint64_t, kParties - 1> wh{};  // plant to grid, grid to distributor, distributor to user
    wh[2] = delivered;
    wh[1] = wh[2] * 1'000'000 / (1'000'000 - kDistributorLossPpm);
    wh[0] = wh[1] * 1'000'000 / (1'000'000 - kGridLossPpm);
    const size_t liar = rng_.chance(kLiePpm) ? rng_.below(kParties) : kParties;
    if (liar < kParties) disputable_.push_back(metered_to_);
    for (size_t i = 0; i < kParties; ++i) {
      if (rng_.chance(kMissingPpm) || !may_send(id(i))) continue;
      std::vector<Reading> list;
      const auto say = [&](MeterId meter, Obis obis, uint64_t value) {
        Reading& r = list.emplace_back();
        r.meter = meter;
        r.obis = obis;
        r.start_s = int64_t{metered_to_} * kSlotSeconds;
        r.duration_s = static_cast<uint32_t>(kSlotSeconds);
        r.wh = liar == i ? value / 3 + rng_.below(1'000) : value;
        r.quality = Quality::kMeasured;
      };
      const auto out = first_meter_ + static_cast<MeterId>(2 * i);
      if (i > 0) say(out - 1, Obis::kImport, wh[i - 1]);
      if (i + 1 < kParties) say(out, Obis::kExport, wh[i]);
      send_owned({id(i)}, {{ActionType::kReadings, encode_readings(list)}}, false, Kind::kOther, 0);
    }
  }
}

void MarketClients::settle_dispute() {
  const uint32_t of = disputable_.empty() || rng_.chance(200'000) ? slot() - 1 - static_cast<uint32_t>(rng_.below(8))
                                                                  : disputable_.front();
  const ParticipantId from = id(rng_.below(kParties - 1));
  switch (rng_.below(3)) {
    case 0:
      if (may_send(from + 1)) send({from + 1}, {energy::Accept{of, from, from + 1}});
      break;
    case 1:
      if (may_send(id(kRegulator))) send({id(kRegulator)}, {energy::Ruling{of, from, from + 1, rng_.below(kLotWhMax)}});
      break;
    default:
      if (may_send(from))
        send({from, from + 1}, {energy::Correct{of, from, from + 1, static_cast<uint8_t>(1 + rng_.below(2)),
                                                rng_.below(kLotWhMax), Quality::kMeasured}});
      break;
  }
  if (disputable_.size() > 2) disputable_.pop_front();
}

void MarketClients::move_money() {
  const ParticipantId who = id(rng_.below(kParties)), regulator = id(kRegulator);
  if (!may_send(who) || !may_send(regulator)) return;
  switch (rng_.below(5)) {
    case 0:
      return send({regulator}, {energy::Issue{who, rng_.below(10'000'000)}});
    case 1:
      return send({who, regulator}, {energy::Redeem{who, rng_.below(10'000'000)}});
    case 2:
      return send({who}, {energy::Repay{1 + rng_.below(1'000'000)}});
    case 3:
      return send({who}, {energy::Bond{1'000 + rng_.below(1'000'000)}});
    default:
      return rng_.chance(700'000) ? send({who}, {energy::Unbond{1 + rng_.below(100'000)}})
                                  : send({who}, {energy::Withdraw{}});
  }
}

void MarketClients::try_what_must_fail() {
  const ParticipantId who = id(rng_.below(kParties));
  if (!may_send(who)) return;
  switch (rng_.below(4)) {
    case 0:
      return send({who}, {energy::Issue{who, 1 + rng_.below(kMarketMoney)}}, true);
    case 1:
      return send({who}, {energy::Tick{market_ms_ + kLastStepMs}}, true);
    case 2:
      return send({who}, {energy::Redeem{who, kMarketMoney / 1'000}}, true);
    default:
      return send({who}, {energy::Ruling{slot() - 1, id(0), id(1), 0}}, true);
  }
}

// ---- when

std::vector<MarketClients::Sent> MarketClients::tick(int64_t now_ms) {
  if (over_) return {};
  now_ms_ = now_ms;
  const uint64_t pick = rng_.below(100);
  if (pick < 15) {
    settle_dispute();
  } else if (pick < 30) {
    move_money();
  } else if (pick < 40) {
    try_what_must_fail();
  } else {
    offer();
  }
  pass_time(rng_.between(2, 15) * kMinuteMs);
  return std::exchange(out_, {});
}

std::vector<MarketClients::Sent> MarketClients::answered(uint64_t step, TxCode code, int64_t now_ms) {
  const Step s = steps_[step];
  party(s.who).open.erase(s.sequence);
  now_ms_ = now_ms;
  if (code == TxCode::ok) go_on(s);
  if (over_ && out_.empty()) last_step();
  return std::exchange(out_, {});
}

// What follows from something that has been recorded.
void MarketClients::go_on(const Step& s) {
  const uint64_t pick = rng_.below(100);
  switch (s.kind) {
    case Kind::kTick:
      market_ms_ = s.market_ms;
      if (over_ && stage_ > kMeteredSteps) return;
      meter();
      if (pick < 30 && may_send(id(kAuthority)))
        send({id(kAuthority)}, {energy::PublishPrice{slot() - 1, rng_.below(kPriceMost)}});
      return;
    case Kind::kEndorse:
      if (++deals_[s.deal].in == kParties && pick < 5 && may_send(id(0)))
        send({id(0), id(1), id(2), id(3)}, {energy::Cancel{deals_[s.deal].id}});
      return;
    case Kind::kOffer:
    case Kind::kCounter:
      if (pick < 12 && deals_[s.deal].round < 3) return counter(s.deal);
      if (pick < 16) return send({id((deals_[s.deal].sender + 1) % kParties)}, {energy::Decline{deals_[s.deal].id}});
      return endorse(s.deal);
    case Kind::kOther:
      return;
  }
}

// When nothing is under way.
void MarketClients::last_step() {
  for (const Party& p : parties_)
    if (!p.open.empty()) return;
  if (stage_ == kLastSteps.size()) return;
  if (stage_ > kMeteredSteps && !disputable_.empty()) {
    settle_dispute();
    disputable_.clear();
    if (!out_.empty()) return;
  }
  pass_time(kLastSteps[stage_++]);
}

bool MarketClients::may_get(uint64_t step, TxCode code) const {
  if (steps_[step].must_fail) return code != TxCode::ok;
  switch (code) {
    case TxCode::malformed:
    case TxCode::no_market:
    case TxCode::not_authorised:
    case TxCode::unknown_participant:
    case TxCode::bad_endorsement:
    case TxCode::not_a_party:
    case TxCode::unknown_meter:
    case TxCode::not_owner:
      return false;
    default:
      return code == TxCode::ok || code_consumes_sequence(number(code));
  }
}

std::vector<MarketClients::Sent> MarketClients::finish(int64_t now_ms) {
  now_ms_ = now_ms;
  over_ = true;
  last_step();
  return std::exchange(out_, {});
}

}  // namespace tieline::sim
