#include "paper/attacks.h"

#include <algorithm>
#include <functional>

#include "energy/margin.h"
#include "energy/market_actions.h"
#include "ledger/codes.h"
#include "model/receipt.h"
#include "paper/central_server.h"
#include "paper/world_impl.h"

namespace tieline::paper {
namespace {

constexpr DayOptions kGrid{.participants = 10, .proposals = 1, .hours = 1, .seed = 1};
constexpr int64_t kHourMs = 3'600'000;
constexpr size_t kSlotsBack = 80;    // readings of so many slots are in time
constexpr size_t kDoubleSales = 24;  // offers that stay open: an organisation may have 32
constexpr size_t kCollusionWaves = 6, kCollusionWave = 8;
constexpr size_t kFlood = 3'000, kBesideFlood = 8;
constexpr size_t kWindow = 1'024;  // sequence numbers, the ledger's default
constexpr uint64_t kWh = 1'000;
constexpr uint64_t kPrice = 50'000'000;
constexpr Height kLifetime = 50'000;
constexpr ParticipantId kSybils = 1'000;
constexpr uint32_t kWorldBlockTx = 500;

DayGrid small_grid() {
  auto grid = day_grid(kGrid);
  TL_CHECK(grid.ok());
  return std::move(*grid);
}

// A network that runs, and what its participants and its attackers send.
class Network {
 public:
  Network(EngineKind engine, uint64_t seed, std::set<ValidatorId> coalition = {})
      : grid_(small_grid()), ledger_(ledger_of(grid_)), world_(options(engine, seed, std::move(coalition))) {
    world_.open();
    chain_ = world_.genesis().chain_id();
    sequence_.assign(grid_.members.size() + 1, 0);
    now_ms_ = world_.genesis().time_ms + 24 * kHourMs;
    const auto ticked = send({sign(grid_.authority, owned(energy::Tick{now_ms_}))});
    TL_CHECK(ticked.ok() && ticked->front().code == 0);
  }
  World& world() { return world_; }
  const DayGrid& grid() const { return grid_; }
  uint32_t slot_now() const { return static_cast<uint32_t>(now_ms_ / energy::kSlotMs); }

  using Owned = TransactionDraft::OwnedAction;
  template <class A>
  static Owned owned(const A& action) {
    return {A::kType, energy::encode_market_action(action)};
  }
  Bytes sign(ParticipantId who, Owned action, std::optional<ParticipantId> with = {}) {
    TransactionDraft d;
    d.chain = chain_;
    d.signatories = {who};
    d.sequence = who < sequence_.size() ? ++sequence_[who] : 1;
    d.timestamp_ms = world_.now_ms();
    d.expiry_height = kLifetime;
    d.actions.push_back(std::move(action));
    const SimSigner signer = world_.client(with.value_or(who) - 1);
    const Signer* keys[] = {&signer};
    return build_transaction(d, keys);
  }
  // Intervals that nobody has recorded yet, of one flow after the other.
  struct Free {
    const DayFlow* flow = nullptr;
    uint32_t slot = 0;
  };
  Free next_free() {
    const size_t at = next_++;
    TL_CHECK(at < grid_.flows.size() * kSlotsBack);
    return {&grid_.flows[at / kSlotsBack], slot_now() - 1 - static_cast<uint32_t>(at % kSlotsBack)};
  }
  static Owned reading(const Free& of, uint64_t wh) {
    Reading r;
    r.meter = of.flow->meter;
    r.obis = Obis::kExport;
    r.start_s = int64_t{of.slot} * energy::kSlotSeconds;
    r.duration_s = static_cast<uint32_t>(energy::kSlotSeconds);
    r.wh = wh;
    return {ActionType::kReadings, encode_readings({r})};
  }
  bls::Signature share(ParticipantId who, const energy::TradeId& id, const energy::TradeTerms& terms) const {
    return world_.client(who - 1).sign_share(energy::endorsement_message(chain_, id, 1, terms).view());
  }
  const ChainId& chain() const { return chain_; }
  uint64_t next_sequence(ParticipantId who) const { return sequence_[who] + 1; }

  Result<std::vector<replica::TxOutcome>> send(std::vector<Bytes> list, std::vector<int64_t>* took_us = nullptr) {
    std::vector<Blob> blobs;
    for (Bytes& bytes : list) blobs.emplace_back(std::move(bytes));
    std::vector<int64_t> took;
    auto outcomes = world_.deliver(std::move(blobs), took);
    if (took_us != nullptr) *took_us = std::move(took);
    return outcomes;
  }
  // Sends one that is honest.
  replica::TxOutcome must(Bytes bytes) {
    auto sent = send({std::move(bytes)});
    TL_CHECK_MSG(sent.ok() && sent->front().committed && sent->front().code == 0, "an honest transaction is recorded");
    return sent->front();
  }

 private:
  static Genesis ledger_of(const DayGrid& grid) {
    Genesis g;
    for (const DayMember& m : grid.members) g.participants.push_back(m.participant);
    g.market = day_market(grid);
    return g;
  }
  WorldOptions options(EngineKind engine, uint64_t seed, std::set<ValidatorId> coalition) const {
    WorldOptions o;
    o.engine = engine;
    o.seed = seed;
    o.block_tx = kWorldBlockTx;
    o.coalition = std::move(coalition);
    o.ledger = &ledger_;
    return o;
  }

  const DayGrid grid_;
  const Genesis ledger_;
  World world_;
  ChainId chain_;
  std::vector<uint64_t> sequence_;
  int64_t now_ms_ = 0;
  size_t next_ = 0;
};

bool accepted(const replica::TxOutcome& o) { return o.committed && o.code == 0; }
void count(Attempts& a, const replica::TxOutcome& o) {
  ++a.tried;
  a.succeeded += accepted(o) ? 1 : 0;
  if (!accepted(o)) a.by = code_name(o.code);
}

Attempts forged_source(Network& n, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    const auto of = n.next_free();
    const ParticipantId thief = of.flow->from == 1 ? 2 : 1;
    count(a, n.send({n.sign(of.flow->from, Network::reading(of, kWh), thief)})->front());
  }
  return a;
}

Attempts replay(Network& n, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    const auto of = n.next_free();
    const Bytes bytes = n.sign(of.flow->from, Network::reading(of, kWh));
    const replica::TxOutcome first = n.must(bytes);
    const replica::TxOutcome again = n.send({bytes})->front();
    ++a.tried;
    a.succeeded += accepted(again) && again.height != first.height ? 1 : 0;
  }
  a.by = "the place it has already";
  return a;
}

Attempts tampered(Network& n, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    const auto of = n.next_free();
    Bytes bytes = n.sign(of.flow->from, Network::reading(of, kWh));
    const Bytes honest = Network::reading(of, kWh).payload, other = Network::reading(of, kWh * 2).payload;
    const auto at = std::search(bytes.begin(), bytes.end(), honest.begin(), honest.end());
    TL_CHECK(at != bytes.end());
    std::copy(other.begin(), other.end(), at);
    count(a, n.send({std::move(bytes)})->front());
  }
  return a;
}

// The buyer's whole contracted load, twice; the second one is all endorsed but for its last signature.
Attempts double_sale(Network& n, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < std::min(attempts, kDoubleSales); ++i) {
    const DayLot& lot = n.grid().lots[i % n.grid().lots.size()];
    energy::TradeTerms t;
    t.party = {lot.plant, lot.grid, lot.distributor, lot.user};
    t.wh = n.grid().of(lot.user).contracted_w / kHourSlots;
    t.plant_price = kPrice;
    t.grid_loss_ppm = n.grid().of(lot.grid).loss_ppm;
    t.distributor_loss_ppm = n.grid().of(lot.distributor).loss_ppm;
    t.first_slot = n.slot_now() + 8 + static_cast<uint32_t>(i);
    for (const bool second : {false, true}) {
      const ParticipantId plant = lot.plant;
      const energy::TradeId id = energy::trade_id(n.chain(), plant, n.next_sequence(plant), 0);
      const auto margin = [&](size_t p) { return 2 * energy::margin_base(t, energy::kPartyRoles[p], 2 * kPrice); };
      n.must(n.sign(plant, Network::owned(energy::Offer{t, margin(0), n.share(plant, id, t)})));
      for (size_t p = 1; p < energy::kParties; ++p) {
        const ParticipantId who = t.party[p];
        Bytes bytes = n.sign(who, Network::owned(energy::Endorse{id, 1, margin(p), n.share(who, id, t)}));
        if (second && p + 1 == energy::kParties) {
          count(a, n.send({std::move(bytes)})->front());
        } else {
          n.must(std::move(bytes));
        }
      }
    }
  }
  return a;
}

Attempts sybil(Network& n, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    const auto of = n.next_free();
    count(a, n.send({n.sign(kSybils + static_cast<ParticipantId>(i), Network::reading(of, kWh), ParticipantId{1})})
                 ->front());
  }
  return a;
}

// One of four shows different blocks to different validators, whenever it leads.
Attempts collusion(EngineKind engine, uint64_t seed, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    Network n(engine, seed + i, {0});
    bool wrong = false;
    for (size_t w = 0; w < kCollusionWaves && !wrong; ++w) {
      std::vector<Bytes> wave;
      for (size_t k = 0; k < kCollusionWave; ++k) {
        const auto of = n.next_free();
        wave.push_back(n.sign(of.flow->from, Network::reading(of, kWh)));
      }
      const auto sent = n.send(std::move(wave));
      wrong = !sent.ok() || !std::all_of(sent->begin(), sent->end(), accepted);
    }
    ++a.tried;
    a.succeeded += wrong || n.world().measured().fork ? 1 : 0;
  }
  a.by = "a quorum confirms one block";
  return a;
}

// Of two that are ready, the one that belongs second pays to be first: in the same block, or by leaving the other out.
std::pair<Attempts, Attempts> bribed(Network& n, size_t attempts) {
  Attempts order, choice;
  for (size_t i = 0; i < attempts; ++i) {
    const auto one = n.next_free();
    auto other = n.next_free();
    other.flow = &n.grid().flows.back();
    const std::vector<Blob> lawful =
        n.world().lawful_order({Blob(n.sign(one.flow->from, Network::reading(one, kWh))),
                                Blob(n.sign(other.flow->from, Network::reading(other, kWh)))});
    const Status reordered = n.world().judge_block_of({lawful[1], lawful[0]});
    ++order.tried;
    order.succeeded += reordered.ok() ? 1 : 0;
    if (!reordered.ok()) order.by = reordered.error().code;
    ++choice.tried;
    choice.succeeded += n.world().judge_block_of({lawful[1]}).ok() ? 1 : 0;
  }
  choice.by = "nobody can show that it knew the other";
  return {order, choice};
}

Attempts flood(EngineKind engine, uint64_t seed, size_t attempts) {
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    Network n(engine, seed + i);
    const DayFlow& flooder = n.grid().flows.front();
    std::vector<Bytes> wave;
    for (size_t k = 0; k < kFlood; ++k) {
      const Bytes noise = {static_cast<uint8_t>(k), static_cast<uint8_t>(k >> 8)};
      wave.push_back(n.sign(flooder.from, {ActionType::kData, noise}));
    }
    for (size_t k = 0; k < kBesideFlood; ++k) {
      const DayFlow& other = n.grid().flows[1 + k % (n.grid().flows.size() - 1)];
      wave.push_back(n.sign(other.to, {ActionType::kData, {static_cast<uint8_t>(k)}}));
    }
    const auto sent = n.send(std::move(wave));
    TL_CHECK(sent.ok());
    for (size_t k = 0; k < kBesideFlood; ++k) {
      const replica::TxOutcome& honest = (*sent)[kFlood + k];
      uint64_t before = 0;
      for (size_t f = 0; f < kFlood; ++f) {
        const replica::TxOutcome& o = (*sent)[f];
        before += accepted(o) && std::pair(o.height, o.index) < std::pair(honest.height, honest.index) ? 1 : 0;
      }
      ++a.tried;
      a.succeeded += !accepted(honest) || before > kWindow ? 1 : 0;
    }
  }
  a.by = "the window of sequence numbers";
  return a;
}

}  // namespace

const char* attack_name(Attack attack) {
  constexpr std::array kNames = {"forged source", "replay",    "tampered payload",       "double sale",
                                 "Sybil names",   "collusion", "bribed leader reorders", "bribed leader leaves out",
                                 "flood"};
  static_assert(kNames.size() == kAttacks);
  return kNames[static_cast<size_t>(attack)];
}

AttackResults attack_network(EngineKind engine, uint64_t seed, size_t attempts) {
  Network n(engine, seed);
  const size_t worlds = std::max<size_t>(1, attempts / 10);  // each of these makes a network of its own
  const auto [order, choice] = bribed(n, attempts);
  return {forged_source(n, attempts),
          replay(n, attempts),
          tampered(n, attempts),
          double_sale(n, attempts),
          sybil(n, attempts),
          collusion(engine, seed + 1, worlds),
          order,
          choice,
          flood(engine, seed + 1, std::max<size_t>(1, worlds / 4))};
}

AttackResults attack_central(uint64_t seed, size_t attempts) {
  const DayGrid grid = small_grid();
  CentralServer server(accounts_of(grid));
  Rng rng(seed);
  AttackResults out;
  const auto of = [&](Attack attack) -> Attempts& { return out[static_cast<size_t>(attack)]; };
  const auto count = [](Attempts& a, bool succeeded, const std::string& by) {
    ++a.tried;
    a.succeeded += succeeded ? 1 : 0;
    a.by = by;
  };
  uint32_t slot = 1'000;
  const DayFlow& flow = grid.flows.front();
  const std::string owner = grid.of(flow.from).name;
  const DayLot& lot = grid.lots.front();
  const CentralServer::SaleRequest sale{
      grid.of(lot.plant).name, grid.of(lot.plant).name, grid.of(lot.user).name, 0, kWh, kPrice};
  for (size_t i = 0; i < attempts; ++i) {
    // Whoever sends it, it says that it is from the owner; and on the way anyone may have changed it.
    std::string said = server.record({owner, flow.meter, ++slot, kWh + rng.below(kWh)});
    count(of(Attack::kForgedSource), said == "ok", said == "ok" ? "nothing shows who sent it" : said);
    said = server.record({owner, flow.meter, ++slot, 2 * kWh});
    count(of(Attack::kTamperedPayload), said == "ok" && server.reading(flow.meter, slot) == 2 * kWh,
          "nothing shows what was sent");
    CentralServer::SaleRequest once = sale;
    once.slot = ++slot;
    const uint64_t before = server.sales();
    TL_CHECK(server.sell(once) == "ok");
    server.sell(once);
    count(of(Attack::kReplay), server.sales() == before + 2, "a sale like another is another sale");
    CentralServer::SaleRequest whole = sale;
    whole.slot = ++slot;
    whole.wh = grid.of(lot.user).contracted_w / kHourSlots;
    TL_CHECK(server.sell(whole) == "ok");
    said = server.sell(whole);
    count(of(Attack::kDoubleSale), said == "ok", said);
    said = server.record({"sybil-" + std::to_string(i), flow.meter, ++slot, kWh});
    count(of(Attack::kSybil), said == "ok", said);
    TL_CHECK(server.record({owner, flow.meter, ++slot, kWh}) == "ok");
    server.overwrite(flow.meter, slot, 3 * kWh);
    count(of(Attack::kCollusion), server.reading(flow.meter, slot) == 3 * kWh,
          "its operator alone says what was recorded");
    // Two want all that the buyer may take; its operator takes the later one first.
    CentralServer::SaleRequest came_first = sale, bribed = sale;
    came_first.slot = bribed.slot = ++slot;
    came_first.wh = bribed.wh = whole.wh;
    bribed.price = kPrice + 1;
    const bool sold = server.sell(bribed) == "ok";
    count(of(Attack::kBribedOrder), sold && server.sell(came_first) != "ok", "its operator alone says what came first");
    // Or it does not take the other at all.
    bribed.slot = ++slot;
    count(of(Attack::kBribedChoice), server.sell(bribed) == "ok", "its operator alone says what came");
  }
  // First come, first served: what is answered before a request that came behind a flood.
  size_t before = 0;
  for (size_t k = 0; k < kFlood; ++k) before += server.record({owner, flow.meter, ++slot, kWh}) == "ok" ? 1 : 0;
  const DayFlow& beside = grid.flows.back();
  const bool served = server.record({grid.of(beside.from).name, beside.meter, ++slot, kWh}) == "ok";
  count(of(Attack::kFlood), !served || before > kWindow, "one queue for all");
  return out;
}

Attempts traceable(EngineKind engine, uint64_t seed, size_t attempts) {
  Network n(engine, seed);
  Attempts a;
  for (size_t i = 0; i < attempts; ++i) {
    const auto of = n.next_free();
    const replica::TxOutcome o = n.must(n.sign(of.flow->from, Network::reading(of, kWh)));
    const auto receipt = n.world().receipt(o.id);
    ++a.tried;
    if (!receipt) continue;
    const auto facts = verify_receipt(encoded(*receipt), n.world().genesis(), n.world().keys());
    a.succeeded += facts.ok() && facts->txid == o.id && facts->height == o.height ? 1 : 0;
  }
  a.by = "a receipt that verifies offline";
  return a;
}

}  // namespace tieline::paper
