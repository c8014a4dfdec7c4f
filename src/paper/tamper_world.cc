#include "paper/tamper_world.h"

#include <algorithm>
#include <map>
#include <utility>

#include "crypto/hash.h"
#include "energy/history.h"
#include "model/declaration.h"
#include "paper/tamper_central.h"
#include "paper/tamper_chain.h"
#include "paper/tamper_grid.h"

namespace tieline::paper {
namespace {

constexpr uint32_t kMeterErrorPpm = 5'000;  // class 0.5
constexpr int64_t kAfterCloseS = 60;        // from the end of a slot to its block
constexpr size_t kLaterBlocks = 10;
constexpr size_t kDrawsMax = 1'000'000;
constexpr Height kLifetime = 1'000;
constexpr size_t kDayBegins = kDaysBefore * kSlotsOfDay;

ed25519::SecretKey key_of(uint64_t seed, ParticipantId id) {
  const Hash secret =
      sha256({view_of("table4 key "), view_of(std::to_string(seed)), view_of("/"), view_of(std::to_string(id))});
  return ed25519::SecretKey::from_seed(std::span<const uint8_t, ed25519::kSeedSize>(secret.bytes));
}

struct Proposal {
  Truth::Kind kind = Truth::Kind::kReading;
  size_t flow = 0;
  bool neighbour = false;  // read by the neighbour's meter
  size_t slot = 0;         // of the day
  ParticipantId signer = 0;
  MeterId meter = 0;
  uint64_t value = 0;  // honest: Wh, cost or W
  std::optional<ForgeryClass> forged;
  Lie lie;
  bool caught = false;  // refused
};

class Day {
 public:
  Day(const std::vector<HonestSeries>& shapes, uint64_t seed) : rng_(seed), grid_(tamper_grid(shapes, rng_)) {
    for (GenesisParticipant& p : grid_.genesis.participants) {
      signers_.emplace_back(key_of(seed, p.id));
      p.key = signers_.back().public_key();
    }
    Genesis other = grid_.genesis;
    other.network += "-other";
    other_chain_ = other.chain_id();
    sequence_.assign(signers_.size() + 1, 0);
    seen_.resize(grid_.flows.size() * kSlotsOfDay);
    chain_.emplace(grid_.genesis);
    central_.emplace(grid_.genesis, seed);
    teach();
    record_yesterday();
    propose();
    forge_some();
  }

  TamperRun run() {
    std::vector<std::vector<size_t>> of_slot(kSlotsOfDay);
    for (size_t i = 0; i < proposals_.size(); ++i) of_slot[proposals_[i].slot].push_back(i);
    for (size_t slot = 0; slot < kSlotsOfDay + 1; ++slot) {
      now_ms_ = (kTamperDayS + static_cast<int64_t>(slot + 1) * 900 + kAfterCloseS) * 1'000;
      for (size_t i : std::exchange(again_, {})) send_honest(i);
      for (auto due = replays_.begin(); due != replays_.end() && due->first <= slot; due = replays_.erase(due)) {
        deliver(due->second.first, std::move(due->second.second));
      }
      if (slot < kSlotsOfDay) {
        central_->set_time(kTamperDayS + static_cast<int64_t>(slot) * 900);
        for (size_t i : of_slot[slot]) send(i, slot);
        for (size_t i : of_slot[slot]) send_to_server(proposals_[i]);
      }
      for (const TamperChain::Outcome& o : chain_->close_block(now_ms_)) settle(o);
    }
    // What was due after the day: the replays of its last hours.
    for (auto& [slot, replay] : replays_) deliver(replay.first, std::move(replay.second));
    for (const TamperChain::Outcome& o : chain_->close_block(now_ms_ + 900'000)) settle(o);
    close();
    return counts_;
  }

 private:
  // What the ledger holds of a flow in a slot, and whether one of its readings is a lie.
  struct Seen {
    std::optional<uint64_t> main, neighbour;
    std::optional<size_t> forged;  // the proposal
  };
  Seen& seen(size_t flow, size_t slot) { return seen_[flow * kSlotsOfDay + slot]; }

  uint64_t metered(uint64_t wh) {
    const int64_t error = rng_.between(-int64_t{kMeterErrorPpm}, int64_t{kMeterErrorPpm});
    return static_cast<uint64_t>(static_cast<__int128>(wh) * (1'000'000 + error) / 1'000'000);
  }

  void teach() {
    profiles_.resize(grid_.flows.size());
    for (size_t f = 0; f < grid_.flows.size(); ++f) {
      for (size_t i = 0; i < kDayBegins; ++i) {
        Reading r;
        r.start_s = kTamperDayS + (static_cast<int64_t>(i) - static_cast<int64_t>(kDayBegins)) * 900;
        r.duration_s = 900;
        r.wh = metered(grid_.flows[f].true_wh[i]);
        energy::learn(profiles_[f], r, grid_.genesis.plausibility);
      }
    }
  }

  // The day before is on the ledger, so that an interval of it is recorded already.
  void record_yesterday() {
    now_ms_ = grid_.genesis.time_ms;
    const auto record = [&](ParticipantId signer, MeterId meter, const std::vector<uint64_t>& true_wh) {
      std::vector<Reading> readings;
      for (size_t i = kDayBegins - kSlotsOfDay; i < kDayBegins; ++i) {
        Reading& r = readings.emplace_back();
        r.meter = meter;
        r.start_s = kTamperDayS + (static_cast<int64_t>(i) - static_cast<int64_t>(kDayBegins)) * 900;
        r.duration_s = 900;
        r.wh = metered(true_wh[i]);
        central_->takes({signer, Truth::Kind::kReading, meter, r.start_s, r.wh});
      }
      Proposal by;
      by.signer = signer;
      const auto refused = chain_->submit(signed_bytes(by, encode_readings(readings), 0, chain_->chain()), 0);
      TL_CHECK(!refused);
    };
    for (const GridFlow& flow : grid_.flows) {
      record(flow.owner, flow.main, flow.true_wh);
      if (flow.neighbour != 0) record(flow.neighbour_owner, flow.neighbour, flow.true_wh);
    }
    for (const TamperChain::Outcome& o : chain_->close_block(now_ms_)) TL_CHECK_MSG(o.refused.empty(), "an honest day");
  }

  void propose() {
    std::vector<std::pair<Truth::Kind, size_t>> declarers;
    for (size_t f = 0; f < kPlants + kLines; ++f) {
      declarers.emplace_back(f < kPlants ? Truth::Kind::kCost : Truth::Kind::kLineCapacity, f);
    }
    for (size_t slot = 0; slot < kSlotsOfDay; ++slot) {
      for (size_t f = 0; f < grid_.flows.size(); ++f) {
        const GridFlow& flow = grid_.flows[f];
        const uint64_t wh = flow.true_wh[kDayBegins + slot];
        proposals_.push_back(
            {Truth::Kind::kReading, f, false, slot, flow.owner, flow.main, metered(wh), {}, {}, false});
        if (flow.neighbour == 0) continue;
        proposals_.push_back(
            {Truth::Kind::kReading, f, true, slot, flow.neighbour_owner, flow.neighbour, metered(wh), {}, {}, false});
      }
    }
    for (size_t k = 0; proposals_.size() < kProposals; ++k) {
      const auto& [kind, f] = declarers[k % declarers.size()];
      const GridFlow& flow = grid_.flows[f];
      const GenesisParticipant& p = grid_.genesis.participants[flow.owner - 1];
      const uint64_t value = kind == Truth::Kind::kCost
                                 ? p.cost_lo + rng_.below(p.cost_hi - p.cost_lo + 1)
                                 : p.capacity_w / 1'000 * static_cast<uint64_t>(rng_.between(700, 1'000));
      proposals_.push_back({kind, f, false, rng_.below(kSlotsOfDay), flow.owner, flow.main, value, {}, {}, false});
    }
  }

  Truth truth_of(const Proposal& p) {
    const GridFlow& flow = grid_.flows[p.flow];
    const GenesisParticipant& owner = grid_.genesis.participants[p.signer - 1];
    Truth t;
    t.kind = p.kind;
    t.start_s = kTamperDayS + static_cast<int64_t>(p.slot) * 900;
    t.limit_w = p.neighbour ? flow.neighbour_limit_w : flow.limit_w;
    t.cost_lo = owner.cost_lo;
    t.cost_hi = owner.cost_hi;
    if (p.kind == Truth::Kind::kReading) t.wh = p.value;
    if (p.kind == Truth::Kind::kCost) t.cost = p.value;
    if (p.kind == Truth::Kind::kLineCapacity) t.line_w = p.value;
    t.day = std::span(flow.true_wh).subspan(kDayBegins + p.slot - kSlotsOfDay, kSlotsOfDay);
    t.other_wh = grid_.flows[rng_.below(grid_.flows.size())].true_wh[kDayBegins + p.slot];
    return t;
  }

  // One forgery a flow and slot: nobody holds the keys of both neighbours.
  void forge_some() {
    size_t made = 0;
    for (size_t draws = 0; made < kForged; ++draws) {
      TL_CHECK_MSG(draws < kDrawsMax, "the day offers too little to forge");
      const ForgeryClass c = kForgeryClasses[made % kForgeryClasses.size()];
      const size_t index = rng_.below(proposals_.size());
      Proposal& p = proposals_[index];
      const Truth truth = truth_of(p);
      if (p.forged || !applies(c, truth)) continue;
      const bool reading = p.kind == Truth::Kind::kReading;
      if (reading && seen(p.flow, p.slot).forged) continue;
      if (needs_key(c)) {
        const auto lie = forge(c, truth, rng_);
        if (!lie) continue;
        p.lie = *lie;
      }
      p.forged = c;
      if (reading) seen(p.flow, p.slot).forged = index;
      ++made;
    }
  }

  Bytes payload_of(const Proposal& p, MeterId meter, int64_t start_s, uint64_t value) const {
    if (p.kind == Truth::Kind::kReading) {
      Reading r;
      r.meter = meter;
      r.start_s = start_s;
      r.duration_s = 900;
      r.wh = value;
      return encode_readings({r});
    }
    Declaration d;
    d.meter = meter;
    d.kind = p.kind == Truth::Kind::kCost ? DeclarationKind::kGenerationCost : DeclarationKind::kLineCapacity;
    d.start_s = start_s;
    d.duration_s = 900;
    d.value = value;
    return encode_declarations({d});
  }
  Bytes payload_of(const Proposal& p) const {
    return payload_of(p, p.meter, kTamperDayS + static_cast<int64_t>(p.slot) * 900, p.value);
  }
  Bytes signed_bytes(const Proposal& p, Bytes payload, int64_t later_s, const ChainId& chain) {
    TransactionDraft d;
    d.chain = chain;
    d.signatories = {p.signer};
    d.sequence = ++sequence_[p.signer];
    d.timestamp_ms = now_ms_ + later_s * 1'000;
    d.expiry_height = chain_->height() + kLifetime;
    d.actions.push_back(
        {p.kind == Truth::Kind::kReading ? ActionType::kReadings : ActionType::kDeclarations, std::move(payload)});
    const Signer* keys[] = {&signers_[p.signer - 1]};
    return build_transaction(d, keys);
  }

  // Tickets: a proposal's number; above all proposals, what its owner sends beside it.
  size_t own(size_t index) const { return index + proposals_.size(); }
  void send_honest(size_t index) {
    Proposal& p = proposals_[index];
    Bytes bytes = signed_bytes(p, payload_of(p), 0, chain_->chain());
    if (chain_->submit(std::move(bytes), own(index))) ++counts_.honest_refused;
  }

  void deliver(size_t index, Bytes bytes) {
    if (chain_->submit(std::move(bytes), index)) refuse(index);
  }

  // What came to nothing is sent by its owner; a forged transaction that was refused took nothing from it.
  void refuse(size_t index) {
    Proposal& p = proposals_[index];
    p.caught = true;
    if (p.forged && *p.forged != ForgeryClass::kReplay) again_.push_back(index);
    if (!p.forged) ++counts_.honest_refused;
  }

  void send(size_t index, size_t slot) {
    Proposal& p = proposals_[index];
    if (!p.forged) return deliver(index, signed_bytes(p, payload_of(p), 0, chain_->chain()));
    switch (*p.forged) {
      case ForgeryClass::kBitFlip:
        return deliver(index, flipped_bit(signed_bytes(p, payload_of(p), 0, chain_->chain()), rng_));
      case ForgeryClass::kReplay:
        return replay(index, slot);
      case ForgeryClass::kChangedInFlight:
        return deliver(index, changed(p));
      default:
        break;
    }
    const Truth& said = p.lie.said;
    const uint64_t value = p.kind == Truth::Kind::kReading ? said.wh
                           : p.kind == Truth::Kind::kCost  ? said.cost
                                                           : said.line_w;
    deliver(index, signed_bytes(p, payload_of(p, p.meter, said.start_s, value), p.lie.signed_later_s, chain_->chain()));
  }

  // The owner's transaction is recorded, and its bytes come again; or they come from another chain with the same keys.
  void replay(size_t index, size_t slot) {
    Proposal& p = proposals_[index];
    const ReplayWay way = replay_way(rng_);
    if (way == ReplayWay::kOtherChain) {
      send_honest(index);
      return deliver(index, signed_bytes(p, payload_of(p), 0, other_chain_));
    }
    Bytes bytes = signed_bytes(p, payload_of(p), 0, chain_->chain());
    if (chain_->submit(bytes, own(index))) ++counts_.honest_refused;
    if (way == ReplayWay::kAtOnce) return deliver(index, std::move(bytes));
    replays_.emplace(slot + kLaterBlocks, std::pair(index, std::move(bytes)));
  }

  CentralRequest request_of(const Proposal& p) const {
    return {p.signer, p.kind, p.meter, kTamperDayS + static_cast<int64_t>(p.slot) * 900, p.value};
  }
  void send_to_server(const Proposal& p) {
    if (!p.forged) {
      counts_.central_honest_refused += central_->takes(request_of(p)) ? 0 : 1;
    } else if (const auto refused = central_->refuses_forged(*p.forged, request_of(p), p.lie)) {
      ClassCount& count = counts_.central[static_cast<size_t>(*p.forged)];
      ++count.forged;
      count.refused += *refused ? 1 : 0;
    }
  }

  Bytes changed(const Proposal& p) {
    const Bytes honest = payload_of(p);
    Bytes bytes = signed_bytes(p, honest, 0, chain_->chain());
    const int64_t start_s = kTamperDayS + static_cast<int64_t>(p.slot) * 900;
    Bytes other;
    switch (changed_field(rng_)) {
      case ChangedField::kValue:
        other = payload_of(p, p.meter, start_s, p.value * 2 + 1);
        break;
      case ChangedField::kMeter:
        other = payload_of(p, p.meter == 1 ? 2 : p.meter - 1, start_s, p.value);
        break;
      case ChangedField::kStart:
        other = payload_of(p, p.meter, start_s - 900, p.value);
        break;
    }
    const auto at = std::search(bytes.begin(), bytes.end(), honest.begin(), honest.end());
    TL_CHECK(at != bytes.end() && other.size() == honest.size());
    std::copy(other.begin(), other.end(), at);
    return bytes;
  }

  void settle(const TamperChain::Outcome& o) {
    const size_t index = o.ticket % proposals_.size();
    const bool owners = o.ticket >= proposals_.size();
    if (!o.refused.empty()) {
      if (owners) {
        ++counts_.honest_refused;
      } else {
        refuse(index);
      }
      return;
    }
    if (proposals_[index].kind != Truth::Kind::kReading) return;
    const auto readings = decode_readings(o.tx->actions()[0].payload);
    TL_CHECK(readings.ok());
    const Reading& r = readings->front();
    const int64_t slot = (r.start_s - kTamperDayS) / 900;
    if (slot < 0 || slot >= static_cast<int64_t>(kSlotsOfDay)) return;
    Seen& s = seen(proposals_[index].flow, static_cast<size_t>(slot));
    (proposals_[index].neighbour ? s.neighbour : s.main) = r.wh;
  }

  Reading main_reading(size_t flow, size_t slot, uint64_t wh) const {
    Reading r;
    r.meter = grid_.flows[flow].main;
    r.start_s = kTamperDayS + static_cast<int64_t>(slot) * 900;
    r.duration_s = 900;
    r.wh = wh;
    return r;
  }

  std::vector<bool> disputed_in(size_t slot, std::vector<bool>& flagged) {
    std::vector<bool> disputed(grid_.flows.size(), false);
    for (const GridZone& zone : grid_.zones) {
      std::vector<energy::ZoneFlow> flows;
      std::vector<size_t> which;
      for (const bool in : {true, false}) {
        for (size_t f : in ? zone.in : zone.out) {
          const Seen& s = seen(f, slot);
          const uint64_t last_week = grid_.flows[f].true_wh[kDayBegins + slot - 7 * kSlotsOfDay];
          flows.push_back({grid_.flows[f].main, in, s.main, s.neighbour, last_week});
          which.push_back(f);
        }
      }
      const energy::ZoneVerdict verdict = energy::check_zone(flows, zone.limits);
      for (size_t i = 0; i < which.size(); ++i) {
        if (verdict.disputed[i]) disputed[which[i]] = true;
      }
    }
    for (size_t f = 0; f < grid_.flows.size(); ++f) {
      const Seen& s = seen(f, slot);
      if (!s.main) continue;
      const energy::Usual usual =
          energy::judge_history(profiles_[f], main_reading(f, slot, *s.main), grid_.genesis.plausibility);
      const bool agrees = s.neighbour && energy::meters_agree(*s.main, *s.neighbour, energy::ZoneLimits{});
      const energy::HistoryVerdict verdict = energy::history_verdict(usual, agrees);
      if (verdict == energy::HistoryVerdict::kDisputed) disputed[f] = true;
      if (verdict == energy::HistoryVerdict::kFlagged) flagged[f] = true;
    }
    return disputed;
  }

  ClassCount& count_of(ForgeryClass c) { return counts_.classes[static_cast<size_t>(c)]; }

  void close() {
    for (const Proposal& p : proposals_) {
      if (!p.forged) {
        ++counts_.honest;
        continue;
      }
      ++count_of(*p.forged).forged;
      if (p.caught) ++count_of(*p.forged).refused;
    }
    for (size_t slot = 0; slot < kSlotsOfDay; ++slot) {
      std::vector<bool> flagged(grid_.flows.size(), false);
      const std::vector<bool> disputed = disputed_in(slot, flagged);
      for (size_t f = 0; f < grid_.flows.size(); ++f) {
        const auto forged = seen(f, slot).forged;
        const bool lives = forged && needs_key(*proposals_[*forged].forged) && !proposals_[*forged].caught;
        if (!lives) {
          counts_.honest_disputed += disputed[f] ? 1 : 0;
          counts_.honest_flagged += flagged[f] ? 1 : 0;
          continue;
        }
        const Proposal& p = proposals_[*forged];
        if (disputed[f]) ++count_of(*p.forged).disputed;
        const energy::Usual alone =
            energy::judge_history(profiles_[f], main_reading(f, slot, p.lie.said.wh), grid_.genesis.plausibility);
        if (energy::history_verdict(alone, false) == energy::HistoryVerdict::kDisputed) ++count_of(*p.forged).alone;
      }
    }
  }

  Rng rng_;
  TamperGrid grid_;
  std::vector<Ed25519Signer> signers_;
  ChainId other_chain_;
  std::vector<uint64_t> sequence_;
  std::optional<TamperChain> chain_;
  std::optional<TamperCentral> central_;
  std::vector<energy::SeasonalProfile> profiles_;
  std::vector<Proposal> proposals_;
  std::vector<Seen> seen_;
  std::vector<size_t> again_;
  std::multimap<size_t, std::pair<size_t, Bytes>> replays_;  // by the slot in which they come
  int64_t now_ms_ = 0;
  TamperRun counts_;
};

}  // namespace

uint64_t TamperRun::proposals() const {
  uint64_t out = honest;
  for (const ClassCount& c : classes) out += c.forged;
  return out;
}

TamperRun tamper_run(const std::vector<HonestSeries>& shapes, uint64_t seed) { return Day(shapes, seed).run(); }

}  // namespace tieline::paper
