#include "paper/day.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/rng.h"
#include "energy/due_queue.h"
#include "energy/market_actions.h"
#include "ledger/codes.h"
#include "model/declaration.h"

namespace tieline::paper {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the market's actions, all of them

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDaysMs = 86'400'000;
constexpr int64_t kAheadHours = 2;  // trading of an hour's delivery, before it
constexpr Height kLifetime = 50'000;
constexpr uint64_t kInvalidOf = 20;    // one proposal of so many
constexpr uint64_t kStepsOfTrade = 4;  // an offer and three endorsements
constexpr uint64_t kCounteredPpm = 100'000, kDeclinedPpm = 30'000, kUnansweredPpm = 20'000;
constexpr uint64_t kPriceMost = 100'000'000;  // margins are posted as if imbalances cost so much
constexpr uint64_t kMeterErrorPpm = 2'000;
constexpr uint64_t kUnfundedWh = 100'000'000'000;
constexpr uint64_t kLeastLotWh = 10'000;
constexpr uint64_t kImplausibleTimes = 3;
constexpr ParticipantId kNobody = 99;  // beyond all participants

struct Item {
  Bytes bytes;
  DayKind kind = DayKind::kHonest;
  bool counts = true;                    // as a proposal
  std::optional<DayOutcome> first = {};  // of a replay
};

// How an offer goes on.
enum class Fate : uint8_t { kEndorsed, kCountered, kDeclined, kUnanswered, kDoubleSale };
struct Deal {
  Fate fate = Fate::kEndorsed;
  TradeTerms terms;
  TradeId id;
  uint32_t round = 1;
  size_t sender = 0;  // of the standing terms, by PartyRole
};

// Kinds by the moment at which they are tried.
constexpr std::array kTradingKinds = {DayKind::kForgedSignature, DayKind::kLateOffer,    DayKind::kForgedEndorsement,
                                      DayKind::kCostBand,        DayKind::kMarginTooLow, DayKind::kDoubleSale,
                                      DayKind::kOtherChain,      DayKind::kUnfunded,     DayKind::kBadTerms,
                                      DayKind::kNotAParty,       DayKind::kLineCapacity, DayKind::kOtherRound,
                                      DayKind::kOwnMoney,        DayKind::kUnregistered};
constexpr std::array kReadingKinds = {DayKind::kTamperedPayload, DayKind::kOverCapacity, DayKind::kReplay,
                                      DayKind::kOverlap,         DayKind::kForeignMeter, DayKind::kFutureInterval,
                                      DayKind::kImplausible,     DayKind::kUsedSequence};

class Day {
 public:
  Day(DayScript script, DayNetwork& network)
      : s_(std::move(script)),
        grid_(s_.grid),
        network_(network),
        rng_(grid_.options.seed ^ 0x5343524950540000ULL),
        chain_(s_.genesis.chain_id()) {
    // The first midnight that leaves time for the trading before it.
    const int64_t from = s_.genesis.time_ms + (kAheadHours + 1) * kHourMs;
    day_ms_ = (from / kDaysMs + 1) * kDaysMs;
    run_.first_slot = static_cast<uint32_t>(day_ms_ / kSlotMs);
    other_chain_ = chain_;
    other_chain_.bytes[0] ^= 1;
  }

  Result<DayRun> run() {
    const auto hours = static_cast<int64_t>(grid_.options.hours);
    for (int64_t t = -kAheadHours; t <= hours; ++t) {
      if (t + kAheadHours < hours) {
        if (auto s = tick(day_ms_ + t * kHourMs, 1); !s) return s.error();
        if (auto s = trade(static_cast<size_t>(t + kAheadHours)); !s) return s.error();
      }
      if (t < 1) continue;
      if (auto s = tick(day_ms_ + t * kHourMs + kMinuteMs, 1); !s) return s.error();
      if (auto s = meter(static_cast<size_t>(t - 1)); !s) return s.error();
    }
    if (auto s = close(); !s) return s.error();
    return std::move(run_);
  }

 private:
  // ---- sending

  Status refresh() {
    auto height = network_.height();
    if (!height) return height.error();
    expiry_ = *height + kLifetime;
    return {};
  }

  Bytes signed_by(ParticipantId who, std::vector<TransactionDraft::OwnedAction> actions,
                  std::optional<uint64_t> sequence = {}, std::optional<ChainId> chain = {}) {
    TransactionDraft d;
    d.chain = chain.value_or(chain_);
    d.signatories = {who};
    d.sequence = sequence ? *sequence : ++s_.sequence[who - 1];
    d.timestamp_ms = network_.now_ms();
    d.expiry_height = expiry_;
    d.actions = std::move(actions);
    const Signer* keys[] = {s_.signers[who - 1]};
    return build_transaction(d, keys);
  }
  template <class A>
  static TransactionDraft::OwnedAction owned(const A& action) {
    return {A::kType, encode_market_action(action)};
  }
  template <class A>
  void add(std::vector<Item>& wave, ParticipantId who, const A& action, DayKind kind = DayKind::kHonest) {
    wave.push_back({signed_by(who, {owned(action)}), kind});
  }

  Result<std::vector<DayOutcome>> send(std::vector<Item>& wave) {
    if (wave.empty()) return std::vector<DayOutcome>();
    std::vector<Blob> blobs;
    for (const Item& item : wave) blobs.push_back(Blob(item.bytes));
    const auto began = network_.now_ms();
    auto outcomes = network_.send(std::move(blobs));
    if (!outcomes) return outcomes;
    run_.busy_us += (network_.now_ms() - began) * 1'000;
    TL_CHECK(outcomes->size() == wave.size());
    for (size_t i = 0; i < wave.size(); ++i) note(wave[i], (*outcomes)[i]);
    if (s_.told) {
      s_.told("market time " + std::to_string((market_ms_ - day_ms_) / kHourMs) + " h, " +
              std::to_string(run_.proposals) + " proposals");
    }
    return outcomes;
  }

  void note(const Item& item, const DayOutcome& o) {
    const bool accepted = o.committed && o.code == 0;
    const bool again = item.first && accepted && o.height == item.first->height;  // the place it has already
    if (o.committed && !again) ++run_.transactions;
    if (accepted && !again) run_.us.push_back(o.us);
    if (!item.counts) {
      TL_CHECK_MSG(accepted, "the day's own clock, prices and rulings are accepted");
      return;
    }
    ++run_.proposals;
    DayKindCount& of = run_.kinds[static_cast<size_t>(item.kind)];
    ++of.sent;
    if (accepted && !again) return;
    ++of.caught;
    const std::string code = again ? "same_place" : code_name(o.code);
    ++of.codes[code];
    ++run_.rejected_by_code[code];
  }

  Status send_all(std::vector<Item> wave) {
    auto sent = send(wave);
    return sent ? Status() : Status(sent.error());
  }

  // Market time goes on, and what is due runs: so many blocks of due items.
  Status tick(int64_t market_ms, size_t blocks) {
    market_ms_ = market_ms;
    if (auto s = refresh(); !s) return s;
    for (size_t i = 0; i < blocks + 1; ++i) {
      std::vector<Item> wave;
      add(wave, grid_.authority, Tick{market_ms});
      wave.back().counts = false;
      if (auto s = send_all(std::move(wave)); !s) return s;
    }
    return {};
  }

  // ---- trading

  bls::Signature share(ParticipantId who, const TradeId& id, uint32_t round, const TradeTerms& terms) const {
    return s_.signers[who - 1]->sign_share(endorsement_message(chain_, id, round, terms).view());
  }
  TradeTerms terms_of(const DayLot& lot, size_t hour, uint64_t wh) {
    TradeTerms t;
    t.party = {lot.plant, lot.grid, lot.distributor, lot.user};
    t.wh = wh;
    const GenesisParticipant& plant = grid_.of(lot.plant);
    t.plant_price = plant.cost_lo + rng_.below(plant.cost_hi - plant.cost_lo + 1);
    t.grid_fee = static_cast<uint64_t>(rng_.between(2'000'000, 6'000'000));
    t.distributor_fee = static_cast<uint64_t>(rng_.between(5'000'000, 9'000'000));
    t.grid_loss_ppm = grid_.of(lot.grid).loss_ppm;
    t.distributor_loss_ppm = grid_.of(lot.distributor).loss_ppm;
    t.first_slot = run_.first_slot + static_cast<uint32_t>(hour * kHourSlots);
    t.slots = kHourSlots;
    return t;
  }

  // An hour's share of all proposals, and of the invalid ones.
  size_t part(size_t of, size_t hour) const {
    return of * (hour + 1) / grid_.options.hours - of * hour / grid_.options.hours;
  }
  size_t invalid_of(size_t hour) const { return part(grid_.options.proposals / kInvalidOf, hour); }
  size_t trading_invalid(size_t hour) const { return invalid_of(hour) - reading_invalid(hour); }
  size_t reading_invalid(size_t hour) const {
    return invalid_of(hour) * kReadingKinds.size() / (kReadingKinds.size() + kTradingKinds.size());
  }

  // What each lot is to deliver, cut into deals of different sizes: `steps` proposals in all.
  std::vector<Deal> deals(size_t hour, size_t& steps) {
    std::vector<const DayLot*> lots;
    for (const DayLot& lot : grid_.lots)
      if (lot.forecast_wh[hour] >= kLeastLotWh) lots.push_back(&lot);
    std::vector<Deal> out;
    if (lots.empty()) return out;
    std::vector<size_t> count(lots.size(), 0);
    const size_t wanted = steps / kStepsOfTrade;
    for (size_t i = 0; i < wanted; ++i) ++count[i % lots.size()];
    for (size_t l = 0; l < lots.size(); ++l) {
      uint64_t left = lots[l]->forecast_wh[hour];
      for (size_t k = count[l]; k > 0; --k) {
        const uint64_t mean = left / k;
        const uint64_t wh =
            k == 1 ? left : std::max<uint64_t>(4, mean * static_cast<uint64_t>(rng_.between(700, 1'300)) / 1'000);
        left -= std::min(left, wh);
        Deal& d = out.emplace_back();
        d.terms = terms_of(*lots[l], hour, std::max<uint64_t>(wh, 4));
        d.sender = rng_.below(kParties);
        const uint64_t draw = rng_.below(1'000'000);
        if (draw < kCounteredPpm) {
          d.fate = Fate::kCountered;
        } else if (draw < kCounteredPpm + kDeclinedPpm) {
          d.fate = Fate::kDeclined;
        } else if (draw < kCounteredPpm + kDeclinedPpm + kUnansweredPpm) {
          d.fate = Fate::kUnanswered;
        }
        const size_t cost = d.fate == Fate::kCountered    ? kStepsOfTrade + 1
                            : d.fate == Fate::kDeclined   ? 2
                            : d.fate == Fate::kUnanswered ? 1
                                                          : kStepsOfTrade;
        if (cost > steps) {
          out.pop_back();
          return out;
        }
        steps -= cost;
      }
    }
    return out;
  }

  void offer(std::vector<Item>& wave, Deal& d) {
    const ParticipantId who = d.terms.party[d.sender];
    d.id = trade_id(chain_, who, s_.sequence[who - 1] + 1, 0);
    add(wave, who, Offer{d.terms, day_margin(d.terms, d.sender), share(who, d.id, 1, d.terms)});
    ++run_.offered;
  }
  void endorse(std::vector<Item>& wave, const Deal& d, size_t party, DayKind kind = DayKind::kHonest) {
    const ParticipantId who = d.terms.party[party];
    add(wave, who, Endorse{d.id, d.round, day_margin(d.terms, party), share(who, d.id, d.round, d.terms)}, kind);
  }

  Status trade(size_t hour) {
    size_t steps = part(grid_.options.proposals, hour) - invalid_of(hour) - grid_.flows.size() * 2;
    std::vector<DayKind> bad;
    for (size_t i = 0; i < trading_invalid(hour); ++i)
      bad.push_back(kTradingKinds[next_trading_++ % kTradingKinds.size()]);
    size_t twice = static_cast<size_t>(std::count(bad.begin(), bad.end(), DayKind::kDoubleSale));
    steps -= std::min(steps, twice * (kStepsOfTrade - 1));
    std::vector<Deal> made = deals(hour, steps);
    std::vector<size_t> sure;  // those that will be committed
    for (size_t i = 0; i < made.size(); ++i)
      if (made[i].fate == Fate::kEndorsed) sure.push_back(i);
    if (sure.empty()) {  // nothing to try it on: costs instead
      for (DayKind& kind : bad)
        if (needs_deal(kind)) kind = DayKind::kCostBand;
      steps += twice * (kStepsOfTrade - 1);
    }

    std::vector<Item> prices;
    std::vector<TransactionDraft::OwnedAction> actions;
    for (size_t k = 0; k < kHourSlots; ++k) {
      const size_t slot = hour * kHourSlots + k;
      actions.push_back(
          owned(PublishPrice{run_.first_slot + static_cast<uint32_t>(slot), grid_.imbalance_price[slot]}));
    }
    prices.push_back({signed_by(grid_.authority, std::move(actions)), DayKind::kHonest, false});
    if (auto s = send_all(std::move(prices)); !s) return s;

    std::vector<Item> offers, counters, strangers, endorsements, sold_twice;
    for (Deal& d : made) offer(offers, d);
    for (size_t i = 0; i < steps; ++i) declare(offers, hour, i, DayKind::kHonest);
    std::vector<Deal> doubles;
    for (DayKind kind : bad) {
      if (kind == DayKind::kDoubleSale) {
        // All that the buyer may draw in that hour, though some of it is sold already.
        const TradeTerms& other = made[sure[rng_.below(sure.size())]].terms;
        Deal& d = doubles.emplace_back();
        d.terms = other;
        d.terms.wh = grid_.of(other.party[3]).contracted_w;
        d.fate = Fate::kDoubleSale;
        offer(offers, d);
      } else {
        try_offer(offers, hour, kind);
      }
    }
    if (auto s = send_all(std::move(offers)); !s) return s;

    for (Deal& d : made) {
      if (d.fate != Fate::kCountered) continue;
      d.sender = (d.sender + 1 + rng_.below(kParties - 1)) % kParties;
      d.round = 2;
      d.terms.plant_price = d.terms.plant_price * 98 / 100;
      const ParticipantId who = d.terms.party[d.sender];
      add(counters, who,
          Counter{d.id, d.round, d.terms, day_margin(d.terms, d.sender), share(who, d.id, d.round, d.terms)});
    }
    if (auto s = send_all(std::move(counters)); !s) return s;

    for (DayKind kind : bad)
      if (needs_deal(kind) && kind != DayKind::kDoubleSale)
        try_endorsement(strangers, made[sure[rng_.below(sure.size())]], kind);
    for (const Deal& d : made)
      if (d.fate == Fate::kDeclined) add(strangers, d.terms.party[(d.sender + 1) % kParties], Decline{d.id});
    if (auto s = send_all(std::move(strangers)); !s) return s;

    for (const Deal& d : made) {
      if (d.fate != Fate::kEndorsed && d.fate != Fate::kCountered) continue;
      for (size_t p = 0; p < kParties; ++p)
        if (p != d.sender) endorse(endorsements, d, p);
      run_.trades.push_back({d.id, d.terms});
      ++run_.committed;
    }
    for (const Deal& d : doubles) {
      endorse(endorsements, d, 1);
      endorse(endorsements, d, 2);
      endorse(sold_twice, d, 3, DayKind::kDoubleSale);
    }
    if (auto s = send_all(std::move(endorsements)); !s) return s;
    return send_all(std::move(sold_twice));
  }

  static bool needs_deal(DayKind kind) {
    return kind == DayKind::kForgedEndorsement || kind == DayKind::kMarginTooLow || kind == DayKind::kNotAParty ||
           kind == DayKind::kOtherRound || kind == DayKind::kDoubleSale;
  }

  // Plants say what it costs them, grid companies what their lines can carry, of the hour before.
  void declare(std::vector<Item>& wave, size_t hour, size_t number, DayKind kind) {
    std::vector<const DayFlow*> of;
    for (const DayFlow& f : grid_.flows) {
      const Role role = grid_.of(f.from).role;
      const bool fits = kind == DayKind::kCostBand       ? role == Role::kPlant
                        : kind == DayKind::kLineCapacity ? role == Role::kGrid
                                                         : role == Role::kPlant || role == Role::kGrid;
      if (fits) of.push_back(&f);
    }
    const DayFlow& f = *of[(number + hour) % of.size()];
    const GenesisParticipant& p = grid_.of(f.from);
    Declaration d;
    d.meter = f.meter;
    d.kind = p.role == Role::kPlant ? DeclarationKind::kGenerationCost : DeclarationKind::kLineCapacity;
    d.start_s = market_ms_ / 1'000 - 3'600;
    d.start_s -= d.start_s % kSlotSeconds;
    d.duration_s = 3'600;
    d.value = p.role == Role::kPlant ? p.cost_lo + rng_.below(p.cost_hi - p.cost_lo + 1)
                                     : p.capacity_w / 1'000 * static_cast<uint64_t>(rng_.between(700, 1'000));
    if (kind == DayKind::kCostBand) d.value = p.cost_hi * static_cast<uint64_t>(rng_.between(1'050, 10'000)) / 1'000;
    if (kind == DayKind::kLineCapacity)
      d.value = p.capacity_w / 1'000 * static_cast<uint64_t>(rng_.between(1'050, 3'000));
    const bool other = kind == DayKind::kOtherChain;
    Bytes bytes = signed_by(f.from, {{ActionType::kDeclarations, encode_declarations({d})}}, {},
                            other ? std::optional(other_chain_) : std::nullopt);
    if (kind == DayKind::kForgedSignature) bytes.back() ^= 1;
    wave.push_back({std::move(bytes), kind});
  }

  void try_offer(std::vector<Item>& wave, size_t hour, DayKind kind) {
    const DayLot& lot = grid_.lots[rng_.below(grid_.lots.size())];
    Deal d;
    d.terms = terms_of(lot, hour, kLeastLotWh);
    switch (kind) {
      case DayKind::kLateOffer:
        d.terms.first_slot = static_cast<uint32_t>(market_ms_ / kSlotMs);
        break;
      case DayKind::kBadTerms:
        d.terms.grid_loss_ppm -= 10'000;
        break;
      case DayKind::kUnfunded:
        d.terms.wh = kUnfundedWh;
        d.sender = index_of(PartyRole::kBuyer);
        break;
      case DayKind::kOwnMoney:
        return add(wave, lot.user, Issue{lot.user, 1'000'000}, kind);
      case DayKind::kUnregistered: {
        TransactionDraft t;
        t.chain = chain_;
        t.signatories = {static_cast<ParticipantId>(grid_.members.size() + kNobody)};
        t.sequence = 1;
        t.timestamp_ms = network_.now_ms();
        t.expiry_height = expiry_;
        t.actions = {{ActionType::kData, Bytes{static_cast<uint8_t>(hour), static_cast<uint8_t>(wave.size())}}};
        const Signer* keys[] = {s_.signers[lot.user - 1]};
        wave.push_back({build_transaction(t, keys), kind});
        return;
      }
      case DayKind::kForgedSignature:
      case DayKind::kOtherChain:
      case DayKind::kCostBand:
      case DayKind::kLineCapacity:
        return declare(wave, hour, rng_.below(grid_.flows.size()), kind);
      default:
        return;  // tried on a deal
    }
    const ParticipantId who = d.terms.party[d.sender];
    d.id = trade_id(chain_, who, s_.sequence[who - 1] + 1, 0);
    add(wave, who, Offer{d.terms, day_margin(d.terms, d.sender), share(who, d.id, 1, d.terms)}, kind);
  }

  void try_endorsement(std::vector<Item>& wave, const Deal& d, DayKind kind) {
    const size_t party = (d.sender + 1) % kParties;
    const ParticipantId who = d.terms.party[party];
    Endorse e{d.id, d.round, day_margin(d.terms, party), share(who, d.id, d.round, d.terms)};
    switch (kind) {
      case DayKind::kForgedEndorsement:  // of terms that nobody stated
        e.endorsement = share(who, d.id, d.round + 7, d.terms);
        break;
      case DayKind::kMarginTooLow:
        e.margin = 0;
        break;
      case DayKind::kOtherRound:
        e.round = d.round + 1;
        break;
      default: {  // somebody else of the same role
        ParticipantId other = grid_.regulator;
        for (const DayLot& lot : grid_.lots)
          if (lot.user != d.terms.party[3]) other = lot.user;
        e.endorsement = share(other, d.id, d.round, d.terms);
        return add(wave, other, e, kind);
      }
    }
    add(wave, who, e, kind);
  }

  // ---- metering

  uint64_t metered(uint64_t wh) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(wh) *
                                 (1'000'000 - kMeterErrorPpm + rng_.below(2 * kMeterErrorPpm + 1)) / 1'000'000);
  }
  std::vector<Reading> readings(const DayFlow& f, bool main, size_t hour) {
    std::vector<Reading> out;
    for (size_t k = 0; k < kHourSlots; ++k) {
      Reading& r = out.emplace_back();
      r.meter = main ? f.meter : f.check_meter;
      r.obis = main ? Obis::kExport : Obis::kImport;
      r.start_s = (int64_t{run_.first_slot} + static_cast<int64_t>(hour * kHourSlots + k)) * kSlotSeconds;
      r.duration_s = static_cast<uint32_t>(kSlotSeconds);
      r.wh = metered(f.wh[hour * kHourSlots + k]);
      r.quality = Quality::kMeasured;
    }
    return out;
  }
  Item reading_item(ParticipantId who, const std::vector<Reading>& list, DayKind kind,
                    std::optional<uint64_t> sequence = {}) {
    return {signed_by(who, {{ActionType::kReadings, encode_readings(list)}}, sequence), kind};
  }

  Status meter(size_t hour) {
    if (auto s = refresh(); !s) return s;
    std::vector<DayKind> bad;
    for (size_t i = 0; i < reading_invalid(hour); ++i)
      bad.push_back(kReadingKinds[next_reading_++ % kReadingKinds.size()]);
    // A plant's stolen key says three times what the line took: once an hour, for there is one explanation to be found.
    std::optional<size_t> lied;
    if (std::find(bad.begin(), bad.end(), DayKind::kImplausible) != bad.end()) {
      std::vector<size_t> of;
      for (size_t i = 0; i < grid_.flows.size(); ++i) {
        const DayFlow& f = grid_.flows[i];
        if (grid_.of(f.from).role == Role::kPlant && f.wh[hour * kHourSlots] > kLeastLotWh) of.push_back(i);
      }
      if (!of.empty()) lied = of[rng_.below(of.size())];
    }
    bool lie_done = false;
    for (DayKind& kind : bad) {
      if (kind != DayKind::kImplausible) continue;
      if (!lied || lie_done) kind = DayKind::kOverlap;
      lie_done = true;
    }
    std::vector<Item> honest, invalid;
    for (size_t i = 0; i < grid_.flows.size(); ++i) {
      const DayFlow& f = grid_.flows[i];
      std::vector<Reading> said = readings(f, true, hour), seen = readings(f, false, hour);
      DayKind kind = DayKind::kHonest;
      if (lied == i) {
        said[0].wh *= kImplausibleTimes;
        kind = DayKind::kImplausible;
        const auto slot = static_cast<uint32_t>(said[0].start_s / kSlotSeconds);
        lies_.insert({slot, {f.from, f.to}});
      }
      for (const Reading& r : seen) seen_[{static_cast<uint32_t>(r.start_s / kSlotSeconds), {f.from, f.to}}] = r.wh;
      honest.push_back(reading_item(f.from, said, kind));
      honest.push_back(reading_item(f.to, seen, DayKind::kHonest));
    }
    std::vector<Item> sent = honest;
    auto outcomes = send(sent);
    if (!outcomes) return outcomes.error();
    for (DayKind kind : bad)
      if (kind != DayKind::kImplausible) try_reading(invalid, honest, *outcomes, hour, kind);
    if (lied) declare(invalid, hour, hour, DayKind::kHonest);  // the lie took an honest reading's place
    return send_all(std::move(invalid));
  }

  void try_reading(std::vector<Item>& wave, const std::vector<Item>& honest, const std::vector<DayOutcome>& outcomes,
                   size_t hour, DayKind kind) {
    const size_t at = rng_.below(grid_.flows.size());
    const DayFlow& f = grid_.flows[at];
    std::vector<Reading> list = readings(f, true, hour);
    switch (kind) {
      case DayKind::kReplay: {
        const size_t which = rng_.below(honest.size());
        wave.push_back({honest[which].bytes, kind, true, outcomes[which]});
        return;
      }
      case DayKind::kTamperedPayload: {
        const Bytes said = encode_readings(list);
        ++list[0].wh;
        const Bytes other = encode_readings(list);
        Item item = reading_item(f.from, readings(f, true, hour), kind);
        const size_t tail = item.bytes.size() - Signature::kSize - other.size();
        std::copy(other.begin(), other.end(), item.bytes.begin() + static_cast<std::ptrdiff_t>(tail));
        wave.push_back(std::move(item));
        return;
      }
      case DayKind::kOverCapacity: {
        const unsigned __int128 most = grid_.of(f.from).capacity_w / kHourSlots;
        list[1].wh = static_cast<uint64_t>(most * static_cast<uint64_t>(rng_.between(1'050, 10'000)) / 1'000);
        list = {list[1]};
        list[0].start_s -= kDaysMs / 1'000;  // an interval that is free
        break;
      }
      case DayKind::kForeignMeter: {
        for (Reading& r : list) r.start_s -= 2 * kDaysMs / 1'000;
        const ParticipantId thief = f.from == 1 ? 2 : f.from - 1;
        wave.push_back(reading_item(thief, list, kind));
        return;
      }
      case DayKind::kFutureInterval:
        for (Reading& r : list) r.start_s += 2 * kDaysMs / 1'000;
        break;
      case DayKind::kUsedSequence:
        for (Reading& r : list) r.start_s -= 3 * kDaysMs / 1'000;
        wave.push_back(reading_item(f.from, list, kind, sequence_of(honest[2 * at].bytes)));
        return;
      default:  // kOverlap: another value for what is recorded
        for (Reading& r : list) r.wh += 1;
        break;
    }
    wave.push_back(reading_item(f.from, list, kind));
  }
  static uint64_t sequence_of(const Bytes& bytes) {
    const auto parsed = Transaction::parse(Blob(bytes));
    TL_CHECK(parsed.ok());
    return (*parsed)->sequence();
  }

  // ---- afterwards

  Status close() {
    const MarketNumbers& n = s_.genesis.market->numbers;
    const size_t slots = grid_.slots();
    const int64_t end = day_ms_ + static_cast<int64_t>(slots) * kSlotMs;
    const size_t blocks = (slots + run_.offered) / kDuePerBlockMax + 1;
    if (auto s = tick(end + static_cast<int64_t>(n.close_ms) + kMinuteMs, blocks); !s) return s;
    std::vector<Item> rulings;
    DayKindCount& lies = run_.kinds[static_cast<size_t>(DayKind::kImplausible)];
    for (size_t i = 0; i < slots; ++i) {
      const uint32_t slot = run_.first_slot + static_cast<uint32_t>(i);
      auto disputed = network_.disputed(slot);
      if (!disputed) return disputed.error();
      for (const FlowKey& flow : *disputed) {
        if (lies_.contains({slot, flow})) {
          ++lies.caught;
          ++lies.codes["disputed"];
          ++run_.rejected_by_code["disputed"];
        } else {
          ++run_.honest_disputed;
        }
        // The regulator goes and looks: the neighbour's meter is right.
        add(rulings, grid_.regulator, Ruling{slot, flow.from, flow.to, seen_.at({slot, flow})});
        rulings.back().counts = false;
      }
    }
    if (auto s = send_all(std::move(rulings)); !s) return s;
    return tick(end + static_cast<int64_t>(n.settle_ms) + kMinuteMs, blocks);
  }

  DayScript s_;
  const DayGrid& grid_;
  DayNetwork& network_;
  Rng rng_;
  const ChainId chain_;
  ChainId other_chain_;
  int64_t day_ms_ = 0, market_ms_ = 0;
  Height expiry_ = 0;
  size_t next_trading_ = 0, next_reading_ = 0;
  std::set<std::pair<uint32_t, FlowKey>> lies_;
  std::map<std::pair<uint32_t, FlowKey>, uint64_t> seen_;  // by the neighbours' meters
  DayRun run_;
};

}  // namespace

uint64_t day_margin(const TradeTerms& terms, size_t party) {
  return 2 * margin_base(terms, kPartyRoles[party], kPriceMost);
}

size_t least_proposals(const DayGrid& grid) {
  // Every hour its readings, one in twenty invalid, what double sales need, and a trade or two.
  const size_t hour = grid.flows.size() * 2 + grid.lots.size() * kStepsOfTrade + kTradingKinds.size();
  return (hour * kInvalidOf / (kInvalidOf - 1) + 1) * grid.options.hours;
}

Result<DayRun> run_day(DayScript script, DayNetwork& network) {
  TL_CHECK(script.signers.size() >= script.grid.members.size() && script.sequence.size() == script.signers.size());
  const size_t least = least_proposals(script.grid);
  if (script.grid.options.proposals < least) {
    return Error{"bad_day", std::to_string(script.grid.options.proposals) + " proposals are too few for " +
                                std::to_string(script.grid.options.participants) + " participants and " +
                                std::to_string(script.grid.options.hours) + " hours: at least " +
                                std::to_string(least)};
  }
  return Day(std::move(script), network).run();
}

}  // namespace tieline::paper
