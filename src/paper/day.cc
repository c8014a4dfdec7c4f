#include "paper/day.h"

#include <algorithm>
#include <set>

#include "energy/due_queue.h"
#include "ledger/codes.h"
#include "paper/day_writer.h"

namespace tieline::paper {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the market's actions, all of them

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDaysMs = 86'400'000;
constexpr int64_t kAheadHours = 2;  // trading of an hour's delivery, before it
constexpr Height kLifetime = 50'000;
constexpr uint64_t kPriceMost = 100'000'000;  // margins are posted as if imbalances cost so much
constexpr uint64_t kImplausibleTimes = 3;

// The first midnight that leaves time for the trading before it.
int64_t midnight_after(int64_t genesis_ms) {
  return ((genesis_ms + (kAheadHours + 1) * kHourMs) / kDaysMs + 1) * kDaysMs;
}

class Day {
 public:
  Day(DayScript script, DayNetwork& network)
      : s_(std::move(script)),
        grid_(s_.grid),
        network_(network),
        day_ms_(midnight_after(s_.genesis.time_ms)),
        draws_(grid_, static_cast<uint32_t>(day_ms_ / kSlotMs)),
        writer_(s_, network, draws_) {
    run_.first_slot = static_cast<uint32_t>(day_ms_ / kSlotMs);
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
    writer_.set_expiry(*height + kLifetime);
    return {};
  }

  Result<std::vector<DayOutcome>> send(DayWave& wave) {
    if (wave.empty()) return std::vector<DayOutcome>();
    std::vector<Blob> blobs;
    for (const DayItem& item : wave) blobs.push_back(Blob(item.bytes));
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

  void note(const DayItem& item, const DayOutcome& o) {
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

  Status send_all(DayWave wave) {
    auto sent = send(wave);
    return sent ? Status() : Status(sent.error());
  }

  // Market time goes on, and what is due runs: so many blocks of due items.
  Status tick(int64_t market_ms, size_t blocks) {
    market_ms_ = market_ms;
    writer_.set_market_ms(market_ms);
    if (auto s = refresh(); !s) return s;
    for (size_t i = 0; i < blocks + 1; ++i) {
      DayWave wave;
      writer_.add(wave, grid_.authority, Tick{market_ms});
      wave.back().counts = false;
      if (auto s = send_all(std::move(wave)); !s) return s;
    }
    return {};
  }

  // ---- trading

  void offer(DayWave& wave, Deal& deal) {
    writer_.offer(wave, deal);
    ++run_.offered;
  }

  Status trade(size_t hour) {
    size_t steps = draws_.proposals(hour) - draws_.invalid(hour) - grid_.flows.size() * 2;
    std::vector<DayKind> bad = draws_.trading_kinds(hour);
    size_t twice = static_cast<size_t>(std::count(bad.begin(), bad.end(), DayKind::kDoubleSale));
    steps -= std::min(steps, twice * (kStepsOfTrade - 1));
    std::vector<Deal> made = draws_.deals(hour, steps);
    std::vector<size_t> sure;  // those that will be committed
    for (size_t i = 0; i < made.size(); ++i)
      if (made[i].fate == Fate::kEndorsed) sure.push_back(i);
    if (sure.empty()) {  // nothing to try it on: costs instead
      for (DayKind& kind : bad)
        if (needs_deal(kind)) kind = DayKind::kCostBand;
      steps += twice * (kStepsOfTrade - 1);
    }

    DayWave prices;
    std::vector<TransactionDraft::OwnedAction> actions;
    for (size_t k = 0; k < kHourSlots; ++k) {
      const size_t slot = hour * kHourSlots + k;
      actions.push_back(
          DayWriter::owned(PublishPrice{run_.first_slot + static_cast<uint32_t>(slot), grid_.imbalance_price[slot]}));
    }
    prices.push_back({writer_.signed_by(grid_.authority, std::move(actions)), DayKind::kHonest, false});
    if (auto s = send_all(std::move(prices)); !s) return s;

    DayWave offers, counters, strangers, endorsements, sold_twice;
    for (Deal& d : made) offer(offers, d);
    for (size_t i = 0; i < steps; ++i) writer_.declare(offers, hour, i, DayKind::kHonest);
    std::vector<Deal> doubles;
    for (DayKind kind : bad) {
      if (kind == DayKind::kDoubleSale) {
        // All that the buyer may draw in that hour, though some of it is sold already.
        const TradeTerms& other = made[draws_.one_of(sure)].terms;
        Deal& d = doubles.emplace_back();
        d.terms = other;
        d.terms.wh = grid_.of(other.party[3]).contracted_w;
        d.fate = Fate::kDoubleSale;
        offer(offers, d);
      } else {
        writer_.try_offer(offers, hour, kind);
      }
    }
    if (auto s = send_all(std::move(offers)); !s) return s;

    for (Deal& d : made) {
      if (d.fate != Fate::kCountered) continue;
      draws_.counter(d);
      writer_.counter(counters, d);
    }
    if (auto s = send_all(std::move(counters)); !s) return s;

    for (DayKind kind : bad)
      if (needs_deal(kind) && kind != DayKind::kDoubleSale)
        writer_.try_endorsement(strangers, made[draws_.one_of(sure)], kind);
    for (const Deal& d : made)
      if (d.fate == Fate::kDeclined) writer_.add(strangers, d.terms.party[(d.sender + 1) % kParties], Decline{d.id});
    if (auto s = send_all(std::move(strangers)); !s) return s;

    for (const Deal& d : made) {
      if (d.fate != Fate::kEndorsed && d.fate != Fate::kCountered) continue;
      for (size_t p = 0; p < kParties; ++p)
        if (p != d.sender) writer_.endorse(endorsements, d, p);
      run_.trades.push_back({d.id, d.terms});
      ++run_.committed;
    }
    for (const Deal& d : doubles) {
      writer_.endorse(endorsements, d, 1);
      writer_.endorse(endorsements, d, 2);
      writer_.endorse(sold_twice, d, 3, DayKind::kDoubleSale);
    }
    if (auto s = send_all(std::move(endorsements)); !s) return s;
    return send_all(std::move(sold_twice));
  }

  // ---- metering

  Status meter(size_t hour) {
    if (auto s = refresh(); !s) return s;
    std::vector<DayKind> bad = draws_.reading_kinds(hour);
    // A plant's stolen key says three times what the line took: once an hour, for there is one explanation to be found.
    std::optional<size_t> lied;
    if (std::find(bad.begin(), bad.end(), DayKind::kImplausible) != bad.end()) lied = draws_.lied_flow(hour);
    bool lie_done = false;
    for (DayKind& kind : bad) {
      if (kind != DayKind::kImplausible) continue;
      if (!lied || lie_done) kind = DayKind::kOverlap;
      lie_done = true;
    }
    DayWave honest, invalid;
    for (size_t i = 0; i < grid_.flows.size(); ++i) {
      const DayFlow& f = grid_.flows[i];
      std::vector<Reading> said = draws_.readings(f, true, hour), seen = draws_.readings(f, false, hour);
      DayKind kind = DayKind::kHonest;
      if (lied == i) {
        said[0].wh *= kImplausibleTimes;
        kind = DayKind::kImplausible;
        const auto slot = static_cast<uint32_t>(said[0].start_s / kSlotSeconds);
        lies_.insert({slot, {f.from, f.to}});
      }
      for (const Reading& r : seen) seen_[{static_cast<uint32_t>(r.start_s / kSlotSeconds), {f.from, f.to}}] = r.wh;
      honest.push_back(writer_.reading_item(f.from, said, kind));
      honest.push_back(writer_.reading_item(f.to, seen, DayKind::kHonest));
    }
    DayWave sent = honest;
    auto outcomes = send(sent);
    if (!outcomes) return outcomes.error();
    for (DayKind kind : bad)
      if (kind != DayKind::kImplausible) writer_.try_reading(invalid, honest, *outcomes, hour, kind);
    if (lied) writer_.declare(invalid, hour, hour, DayKind::kHonest);  // the lie took an honest reading's place
    return send_all(std::move(invalid));
  }

  // ---- afterwards

  Status close() {
    const MarketNumbers& n = s_.genesis.market->numbers;
    const size_t slots = grid_.slots();
    const int64_t end = day_ms_ + static_cast<int64_t>(slots) * kSlotMs;
    const size_t blocks = (slots + run_.offered) / kDuePerBlockMax + 1;
    if (auto s = tick(end + static_cast<int64_t>(n.close_ms) + kMinuteMs, blocks); !s) return s;
    DayWave rulings;
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
        writer_.add(rulings, grid_.regulator, Ruling{slot, flow.from, flow.to, seen_.at({slot, flow})});
        rulings.back().counts = false;
      }
    }
    if (auto s = send_all(std::move(rulings)); !s) return s;
    if (auto s = tick(end + static_cast<int64_t>(n.settle_ms) + kMinuteMs, blocks); !s) return s;
    return reach_root();
  }

  // Validators agree on a state root every so many blocks: market time stands until they have one of all this.
  Status reach_root() {
    const Height due = network_.root_due();
    while (true) {
      auto height = network_.height();
      if (!height) return height.error();
      if (*height >= due) return {};
      if (auto s = tick(market_ms_, 0); !s) return s;
    }
  }

  DayScript s_;
  const DayGrid& grid_;
  DayNetwork& network_;
  const int64_t day_ms_;
  int64_t market_ms_ = 0;
  DayDraws draws_;
  DayWriter writer_;
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
