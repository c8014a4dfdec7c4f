#pragma once
// A chain with a market: a plant sells over a grid company and a distributor to a user; a regulator, a neutral
// authority, and four organisations that stake. Every flow has a main meter and a check meter.

#include "chain.h"
#include "energy/market_actions.h"
#include "ledger/market_state.h"

namespace tieline::testing {

inline constexpr ParticipantId kSeller = 1, kGridCompany = 2, kDistributor = 3, kBuyer = 4, kAuthority = 6, kPoor = 7,
                               kRegulating = 5;
inline constexpr MeterId kSellerMeter = 1, kGridCheck = 2, kGridMeter = 3, kDistributorCheck = 4, kDistributorMeter = 5,
                         kBuyerCheck = 6;
inline constexpr uint64_t kMoney = 1'000'000'000;
inline constexpr uint32_t kSlotNow = static_cast<uint32_t>(kStartMs / energy::kSlotMs);
inline constexpr uint32_t kFirstSlot = kSlotNow + 3;

inline Genesis market_genesis() {
  Genesis g = test_genesis();
  g.participants.clear();
  const auto add = [&](const char* name, Role role, uint64_t watts, uint32_t loss, std::vector<std::string> meters) {
    GenesisParticipant p;
    p.id = static_cast<ParticipantId>(g.participants.size() + 1);
    p.name = name;
    p.role = role;
    p.key = participant_key(p.id).public_key();
    (role == Role::kUser ? p.contracted_w : p.capacity_w) = watts;
    p.loss_ppm = loss;
    p.meters = std::move(meters);
    g.participants.push_back(p);
  };
  add("seller", Role::kPlant, 1'000'000, 0, {"S"});
  add("grid", Role::kGrid, 1'000'000, 60'000, {"G-in", "G-out"});
  add("distributor", Role::kDistributor, 1'000'000, 40'000, {"D-in", "D-out"});
  add("buyer", Role::kUser, 1'000'000, 0, {"B"});
  add("regulator", Role::kRegulator, 0, 0, {});
  add("authority", Role::kNeutral, 0, 0, {});
  add("poor", Role::kUser, 1'000'000, 0, {});
  g.market.emplace();
  g.market->numbers.stake_min = 1'000;
  g.market->numbers.lifetime_blocks = 1'000;  // as the chain's transactions have
  for (const GenesisParticipant& p : g.participants) {
    MarketMember m;
    m.participant = p.id;
    m.org = static_cast<OrgId>(100 + p.id);
    m.bls_key = participant_key(p.id).bls_key();
    m.balance = p.id == kPoor ? 10 : kMoney;
    g.market->members.push_back(m);
  }
  g.market->flows = {{kSeller, kGridCompany, kSellerMeter, kGridCheck},
                     {kGridCompany, kDistributor, kGridMeter, kDistributorCheck},
                     {kDistributor, kBuyer, kDistributorMeter, kBuyerCheck}};
  g.market->seats = {{0, kSeller}, {1, kGridCompany}, {2, kDistributor}, {3, kBuyer}};
  return g;
}

class MarketChain : public TestChain {
 public:
  explicit MarketChain(Genesis genesis = market_genesis()) : TestChain(std::move(genesis)) {}

  // Actions in one transaction; the first of `signers` acts.
  TxPtr act(std::vector<ParticipantId> signers, const std::vector<energy::MarketAction>& actions) {
    std::vector<TransactionDraft::OwnedAction> owned;
    for (const auto& a : actions) owned.push_back({energy::type_of(a), energy::encode_market_action(a)});
    return send(signers, std::move(owned));
  }
  TxPtr send(std::vector<ParticipantId> signers, std::vector<TransactionDraft::OwnedAction> actions) {
    const ParticipantId first = signers.front();
    std::sort(signers.begin(), signers.end());
    EXPECT_EQ(signers.front(), first) << "signatories ascend: the first acts";
    TransactionDraft d = draft(first, ++sequence[first]);
    d.signatories = std::move(signers);
    d.actions = std::move(actions);
    return make(d);
  }
  TxCode run(std::vector<ParticipantId> signers, const energy::MarketAction& action) {
    return add_one(act(std::move(signers), {action}));
  }

  static energy::TradeTerms terms() {
    energy::TradeTerms t;
    t.party = {kSeller, kGridCompany, kDistributor, kBuyer};
    t.wh = 100'000;  // q_D 104167, q_G 110816
    t.plant_price = 50'000'000;
    t.grid_fee = 5'000'000;
    t.distributor_fee = 8'000'000;
    t.grid_loss_ppm = 60'000;
    t.distributor_loss_ppm = 40'000;
    t.first_slot = kFirstSlot;
    t.slots = 1;
    return t;
  }
  bls::Signature endorsement(ParticipantId by, const energy::TradeId& id, uint32_t round,
                             const energy::TradeTerms& t) const {
    return participant_key(by).sign_share(energy::endorsement_message(ledger.chain(), id, round, t).view());
  }
  uint64_t margin(const energy::TradeTerms& t, ParticipantId by) const { return market().margin_asked(t, by); }
  // The id of what the signer's next transaction offers as its first action.
  energy::TradeId next_id(ParticipantId by) { return energy::trade_id(ledger.chain(), by, sequence[by] + 1, 0); }
  energy::Offer offer(ParticipantId by, const energy::TradeTerms& t) {
    return {t, margin(t, by), endorsement(by, next_id(by), 1, t)};
  }
  energy::Endorse endorse(ParticipantId by, const energy::TradeId& id, const energy::TradeTerms& t,
                          uint32_t round = 1) const {
    return {id, round, margin(t, by), endorsement(by, id, round, t)};
  }
  // A trade that all four have endorsed.
  energy::TradeId commit_trade(const energy::TradeTerms& t = terms()) {
    const energy::TradeId id = next_id(t.party[0]);
    EXPECT_EQ(run({t.party[0]}, offer(t.party[0], t)), TxCode::ok);
    for (size_t i = 1; i < energy::kParties; ++i) EXPECT_EQ(run({t.party[i]}, endorse(t.party[i], id, t)), TxCode::ok);
    return id;
  }
  TxPtr meter(ParticipantId owner, MeterId id, uint64_t wh, Obis obis, uint32_t slot = kFirstSlot,
              Quality quality = Quality::kMeasured) {
    Reading r = reading(id, int64_t{slot} * energy::kSlotSeconds, wh);
    r.obis = obis;
    r.quality = quality;
    return send({owner}, {{ActionType::kReadings, encode_readings({r})}});
  }

  // Blocks until block time is at least `time_ms` and nothing is due.
  void until(int64_t time_ms) {
    if (time_ms > tip.time_ms) add({}, time_ms - tip.time_ms);
    while (energy::next_due(market().due_queue(), tip.time_ms)) add({}, 0);
  }
  // The market over the committed state.
  energy::Market market() const {
    return energy::Market(market_params(ledger.genesis().market->numbers), committed_.source);
  }
  std::optional<energy::TradeRecord> trade(const energy::TradeId& id) const {
    const energy::Market m = market();
    const energy::TradeRecord* t = m.trades().find(id);
    return t == nullptr ? std::nullopt : std::optional(*t);
  }
  energy::Account account(ParticipantId who) const { return market().book().account(who); }
  uint64_t balance(ParticipantId who) const { return account(who)[energy::Purse::kBalance]; }

  std::map<ParticipantId, uint64_t> sequence;

 private:
  struct StoredView {
    explicit StoredView(const StoreReader& store) : view(store), source(view) {}
    StateView view;
    StateSource source;
  };
  StoredView committed_{store};
};

}  // namespace tieline::testing
