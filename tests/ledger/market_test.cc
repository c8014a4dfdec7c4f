// Transactions of the market: executed, kept in the state, refused with their codes and nothing changed.

#include <gtest/gtest.h>

#include "crypto/verified_cache.h"
#include "ledger/state_tree.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using energy::Pool;
using energy::Purse;
using energy::TradeState;

constexpr int64_t kEnd = (int64_t{kFirstSlot} + 1) * energy::kSlotMs;
constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;

uint64_t all_money(const MarketChain& chain) {
  uint64_t sum = 0;
  for (ParticipantId id = 1; id <= kPoor; ++id) {
    for (uint64_t held : chain.account(id).held) sum += held;
  }
  return sum + chain.market().book().pool(Pool::kReward) + chain.market().book().pool(Pool::kImbalance);
}

// What is checked ahead, by a validator's workers, is exactly what execution would ask the verifier for.
TEST(MarketLedger, EndorsementsAreKnownAheadOnceTheirTermsAre) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  const energy::TradeId id = chain.next_id(kSeller);
  const TxPtr offer = chain.act({kSeller}, {chain.offer(kSeller, t)});
  const TxPtr endorse = chain.act({kGridCompany}, {chain.endorse(kGridCompany, id, t)});
  const TxPtr late = chain.act({kDistributor}, {chain.endorse(kDistributor, id, t)});
  const auto claims = [&](const TxPtr& tx) { return chain.ledger.endorsements(*tx, StateView(chain.store)); };
  ASSERT_EQ(claims(offer).size(), 1u) << "an offer says its own terms";
  const EndorsementClaim said = claims(offer).front();
  EXPECT_EQ(said.key, participant_key(kSeller).bls_key());
  EXPECT_EQ(said.message, energy::endorsement_message(chain.ledger.chain(), id, 1, t));
  EXPECT_TRUE(claims(endorse).empty()) << "of a trade that nobody knows";
  ASSERT_EQ(chain.add({offer}), (std::vector<TxCode>{TxCode::ok}));
  ASSERT_EQ(claims(endorse).size(), 1u);
  EXPECT_EQ(claims(endorse).front().message, said.message);

  // Found good ahead: execution asks for it no more, nor for anything else.
  class Counting final : public Verifier {
   public:
    bool verify(const PublicKey&, ByteView, const Signature&) const override { return true; }
    void verify_batch(std::span<const SignedItem>, std::span<uint8_t> ok) const override {
      std::fill(ok.begin(), ok.end(), 1);
    }
    bool verify_aggregate(const AggregateItem&) const override {
      ++asked;
      return true;
    }
    mutable size_t asked = 0;
  };
  const Counting counting;
  const VerifiedCache remembered(counting);
  for (const TxPtr& tx : {endorse, late}) {
    const EndorsementClaim c = claims(tx).front();
    remembered.remember_good(c.key, c.message, c.signature);
  }
  const EndorsementClaim c = claims(endorse).front();
  EXPECT_TRUE(remembered.verify_aggregate({{&c.key}, c.message.view(), c.signature}));
  EXPECT_EQ(counting.asked, 0u);
  const EndorsementClaim other = claims(late).front();
  EXPECT_TRUE(remembered.verify_aggregate({{&other.key}, c.message.view(), c.signature}));
  EXPECT_EQ(counting.asked, 1u) << "for another key it is not known";
}

TEST(MarketLedger, ATradeGoesFromOfferToFinalAndTheMoneyMoves) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  const energy::TradeId id = chain.commit_trade(t);
  ASSERT_TRUE(chain.trade(id).has_value());
  EXPECT_EQ(chain.trade(id)->state, TradeState::kCommitted);
  const energy::Legs pay = energy::legs(t);
  EXPECT_EQ(chain.account(kBuyer)[Purse::kPayment], pay.total());
  EXPECT_GT(chain.account(kSeller)[Purse::kMargin], 0u);

  chain.until(kEnd);
  EXPECT_EQ(chain.add({chain.meter(kSeller, kSellerMeter, 110'816, Obis::kExport),
                       chain.meter(kGridCompany, kGridCheck, 110'816, Obis::kImport),
                       chain.meter(kGridCompany, kGridMeter, 104'167, Obis::kExport),
                       chain.meter(kDistributor, kDistributorCheck, 104'167, Obis::kImport),
                       chain.meter(kDistributor, kDistributorMeter, 100'000, Obis::kExport),
                       chain.meter(kBuyer, kBuyerCheck, 100'000, Obis::kImport)}),
            std::vector<TxCode>(6, TxCode::ok));
  EXPECT_EQ(chain.run({kAuthority}, energy::PublishPrice{kFirstSlot, 100'000'000}), TxCode::ok);
  chain.until(kEnd + 72 * kHour);
  ASSERT_TRUE(chain.trade(id).has_value());
  EXPECT_EQ(chain.trade(id)->state, TradeState::kSettled);
  chain.until(kEnd + 60 * kDay);
  EXPECT_FALSE(chain.trade(id).has_value()) << "final: the chain keeps it, the state does not";
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(chain.balance(t.party[i]), kMoney + pay.to[i]);
  EXPECT_EQ(chain.balance(kBuyer), kMoney - pay.total());
}

TEST(MarketLedger, NothingOfAFinalTradeStaysInTheState) {
  MarketChain chain;
  const size_t before = chain.store.size(Column::kState);
  chain.commit_trade();
  chain.until(kEnd + 60 * kDay);
  // What stays of it: the senders' windows, and that prices, participants and the day are known.
  size_t names = 0;
  chain.store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView) {
    const std::string name(key.begin() + 2, key.end());
    for (const char* word :
         {"trade/", "interval/", "flow/", "statement/", "due/", "reserved/", "slot-", "party-trades/"}) {
      if (name.starts_with(word)) ++names;
    }
    return true;
  });
  EXPECT_EQ(names, 0u);
  EXPECT_LT(chain.store.size(Column::kState), before + 30);
}

TEST(MarketLedger, WhoDoesNotDeliverCompensates) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  chain.commit_trade(t);
  chain.until(kEnd);
  // Half of everything, on all meters.
  chain.add({chain.meter(kSeller, kSellerMeter, 55'408, Obis::kExport),
             chain.meter(kGridCompany, kGridCheck, 55'408, Obis::kImport),
             chain.meter(kGridCompany, kGridMeter, 52'083, Obis::kExport),
             chain.meter(kDistributor, kDistributorMeter, 50'000, Obis::kExport),
             chain.meter(kBuyer, kBuyerCheck, 50'000, Obis::kImport)});
  EXPECT_EQ(chain.run({kAuthority}, energy::PublishPrice{kFirstSlot, 100'000'000}), TxCode::ok);
  chain.until(kEnd + 60 * kDay);
  const energy::Legs pay = energy::legs(t);
  const uint64_t owed = 55'408 * 100, compensation = (55'408 - 2'216) * 100 / 4;
  EXPECT_EQ(chain.balance(kSeller), kMoney + pay.to[0] - owed - compensation);
  EXPECT_EQ(all_money(chain), 6 * kMoney + 10);
  chain.until(kEnd + 61 * kDay);  // the day of the settlement is over
  EXPECT_LT(chain.market().trust_of(kSeller).trust, energy::kTrustStart);
}

TEST(MarketLedger, TheEndorsementsAreKeptAsOneSum) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  const energy::TradeId id = chain.commit_trade(t);
  std::vector<PublicKey> none;
  std::vector<bls::PublicKey> keys;
  std::vector<const bls::PublicKey*> pointers;
  for (ParticipantId who : t.party) keys.push_back(participant_key(who).bls_key());
  for (const auto& key : keys) pointers.push_back(&key);
  const Hash message = energy::endorsement_message(chain.ledger.chain(), id, 1, t);
  EXPECT_TRUE(chain.verifier.verify_aggregate({pointers, message.view(), chain.trade(id)->endorsements}));
}

TEST(MarketLedger, AnEndorsementIsCheckedBeforeItCounts) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  energy::Offer bad = chain.offer(kSeller, t);
  bad.endorsement = chain.endorsement(kSeller, chain.next_id(kSeller), 2, t);  // of another round
  EXPECT_EQ(chain.run({kSeller}, bad), TxCode::bad_endorsement);
  EXPECT_EQ(chain.account(kSeller)[Purse::kMargin], 0u);
  const energy::TradeId id = chain.next_id(kSeller);
  ASSERT_EQ(chain.run({kSeller}, chain.offer(kSeller, t)), TxCode::ok);
  energy::Endorse other = chain.endorse(kGridCompany, id, t);
  other.endorsement = chain.endorsement(kDistributor, id, 1, t);  // somebody else's
  EXPECT_EQ(chain.run({kGridCompany}, other), TxCode::bad_endorsement);
  EXPECT_EQ(chain.trade(id)->entered, 1u);
  // In one block with good ones, each by itself.
  energy::Endorse forged = chain.endorse(kBuyer, id, t);
  forged.endorsement.bytes[0] ^= 1;
  EXPECT_EQ(chain.add({chain.act({kGridCompany}, {chain.endorse(kGridCompany, id, t)}), chain.act({kBuyer}, {forged}),
                       chain.act({kDistributor}, {chain.endorse(kDistributor, id, t)})}),
            (std::vector<TxCode>{TxCode::ok, TxCode::bad_endorsement, TxCode::ok}));
}

TEST(MarketLedger, ACounterOfferFreesWhatWasLockedAndOpensTheNextRound) {
  MarketChain chain;
  energy::TradeTerms t = MarketChain::terms();
  const energy::TradeId id = chain.next_id(kSeller);
  ASSERT_EQ(chain.run({kSeller}, chain.offer(kSeller, t)), TxCode::ok);
  t.plant_price -= 1'000'000;
  const energy::Counter counter{id, 2, t, chain.margin(t, kBuyer), chain.endorsement(kBuyer, id, 2, t)};
  energy::Counter early = counter;
  early.round = 3;
  EXPECT_EQ(chain.run({kBuyer}, early), TxCode::other_terms);
  EXPECT_EQ(chain.trade(id)->round, 1u);
  EXPECT_EQ(chain.run({kBuyer}, counter), TxCode::ok);
  EXPECT_EQ(chain.account(kSeller)[Purse::kMargin], 0u);
  EXPECT_EQ(chain.account(kBuyer)[Purse::kPayment], energy::legs(t).total());
  EXPECT_EQ(chain.run({kGridCompany}, chain.endorse(kGridCompany, id, t, 1)), TxCode::other_terms);
  EXPECT_EQ(chain.run({kGridCompany}, chain.endorse(kGridCompany, id, t, 2)), TxCode::ok);
  EXPECT_EQ(chain.run({kDistributor}, energy::Decline{id}), TxCode::ok);
  EXPECT_FALSE(chain.trade(id).has_value());
  EXPECT_EQ(chain.balance(kBuyer), kMoney);
}

TEST(MarketLedger, AnOfferThatNobodyAnswersLapsesAtTheStartOfABlock) {
  MarketChain chain;
  const energy::TradeId id = chain.next_id(kSeller);
  ASSERT_EQ(chain.run({kSeller}, chain.offer(kSeller, MarketChain::terms())), TxCode::ok);
  const int64_t due = chain.trade(id)->due_ms;
  chain.add({}, due - chain.tip.time_ms - 1);
  EXPECT_TRUE(chain.trade(id).has_value());
  // In the block of the deadline it is too late for an endorsement: the ledger's turn comes first.
  EXPECT_EQ(chain.add({chain.act({kBuyer}, {chain.endorse(kBuyer, id, MarketChain::terms())})}, 1),
            (std::vector<TxCode>{TxCode::unknown_trade}));
  EXPECT_FALSE(chain.trade(id).has_value());
  EXPECT_EQ(chain.balance(kSeller), kMoney);
}

TEST(MarketLedger, CapacityThatIsSoldCannotBeSoldAgain) {
  MarketChain chain;
  energy::TradeTerms t = MarketChain::terms();
  t.wh = 200'000;  // of 250,000 Wh a slot
  chain.commit_trade(t);
  const energy::TradeId id = chain.next_id(kSeller);
  ASSERT_EQ(chain.run({kSeller}, chain.offer(kSeller, t)), TxCode::ok);
  for (ParticipantId who : {kGridCompany, kDistributor})
    ASSERT_EQ(chain.run({who}, chain.endorse(who, id, t)), TxCode::ok);
  EXPECT_EQ(chain.run({kBuyer}, chain.endorse(kBuyer, id, t)), TxCode::over_committed);
  EXPECT_EQ(chain.trade(id)->state, TradeState::kOpen);
}

TEST(MarketLedger, ACommittedTradeIsCancelledByAllFourOnly) {
  MarketChain chain;
  const energy::TradeId id = chain.commit_trade();
  EXPECT_EQ(chain.run({kSeller, kGridCompany, kBuyer}, energy::Cancel{id}), TxCode::not_all_four);
  EXPECT_EQ(chain.run({kSeller, kGridCompany, kDistributor, kBuyer}, energy::Cancel{id}), TxCode::ok);
  EXPECT_FALSE(chain.trade(id).has_value());
  EXPECT_EQ(all_money(chain), 6 * kMoney + 10);
  EXPECT_EQ(chain.balance(kBuyer), kMoney);
  EXPECT_EQ(chain.commit_trade().is_zero(), false) << "its capacity is free again";
}

TEST(MarketLedger, AllActionsOfATransactionCountOrNone) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  energy::Offer first = chain.offer(kSeller, t);
  const auto state_before = chain.account(kSeller);
  const auto tx = chain.act({kSeller}, {first, energy::Repay{1}});  // it has no debt
  EXPECT_EQ(chain.add_one(tx), TxCode::insufficient_funds);
  EXPECT_EQ(chain.account(kSeller), state_before);
  EXPECT_TRUE(chain.market().due_queue().empty());
  // Money that was issued before a refused action is not.
  EXPECT_EQ(chain.add_one(chain.act({kRegulating}, {energy::Issue{kSeller, 5}, energy::Issue{99, 5}})),
            TxCode::unknown_participant);
  EXPECT_EQ(chain.market().book().issued, 6 * kMoney + 10);
  // A reading that comes before a refused action is not recorded either.
  chain.until(kEnd);
  Reading r = reading(kSellerMeter, int64_t{kFirstSlot} * energy::kSlotSeconds, 100);
  r.obis = Obis::kExport;
  const auto mixed = chain.send({kSeller}, {{ActionType::kReadings, encode_readings({r})},
                                            {ActionType::kRepay, energy::encode_market_action(energy::Repay{1})}});
  EXPECT_EQ(chain.add_one(mixed), TxCode::insufficient_funds);
  EXPECT_EQ(chain.series(kSellerMeter, Obis::kExport).readings, 0u);
  EXPECT_TRUE(chain.market().flows_in(kFirstSlot).empty());
  EXPECT_EQ(chain.add_one(chain.meter(kSeller, kSellerMeter, 100, Obis::kExport)), TxCode::ok);
  EXPECT_EQ(chain.market().flows_in(kFirstSlot).size(), 1u);
}

TEST(MarketLedger, MoneyIsIssuedAndRedeemedByTheRegulatorOnly) {
  MarketChain chain;
  EXPECT_EQ(chain.run({kSeller}, energy::Issue{kSeller, 5}), TxCode::not_authorised);
  EXPECT_EQ(chain.run({kRegulating}, energy::Issue{99, 5}), TxCode::unknown_participant);
  EXPECT_EQ(chain.run({kRegulating}, energy::Issue{kSeller, 0}), TxCode::zero_amount);
  EXPECT_EQ(chain.run({kRegulating}, energy::Issue{kSeller, uint64_t{1} << 62}), TxCode::over_issued);
  EXPECT_EQ(chain.run({kRegulating}, energy::Issue{kSeller, 5}), TxCode::ok);
  EXPECT_EQ(chain.balance(kSeller), kMoney + 5);
  EXPECT_EQ(chain.run({kRegulating}, energy::Redeem{kSeller, 5}), TxCode::not_authorised) << "its owner signs too";
  EXPECT_EQ(chain.run({kSeller}, energy::Redeem{kSeller, 5}), TxCode::not_authorised);
  EXPECT_EQ(chain.run({kSeller, kRegulating}, energy::Redeem{kSeller, 5}), TxCode::ok);
  EXPECT_EQ(chain.market().book().issued, 6 * kMoney + 10);
}

TEST(MarketLedger, RefusalsHaveTheirCodesAndCountAgainstTheSignerWhenTheSignerAloneCausedThem) {
  MarketChain chain;
  energy::TradeTerms t = MarketChain::terms();
  t.party[3] = kPoor;
  EXPECT_EQ(chain.run({kPoor}, chain.offer(kPoor, t)), TxCode::insufficient_funds);
  EXPECT_EQ(chain.market().participants().at(kPoor).trust.day.refused, 0u);
  energy::TradeTerms wrong = MarketChain::terms();
  wrong.grid_loss_ppm = 1;
  EXPECT_EQ(chain.run({kSeller}, chain.offer(kSeller, wrong)), TxCode::bad_terms);
  EXPECT_EQ(chain.market().participants().at(kSeller).trust.day.refused, 1u);
  energy::Offer little = chain.offer(kSeller, MarketChain::terms());
  little.margin -= 1;
  EXPECT_EQ(chain.run({kSeller}, little), TxCode::margin_too_low);
  EXPECT_EQ(chain.run({kSeller}, energy::Decline{Hash{}}), TxCode::unknown_trade);
  EXPECT_EQ(chain.run({kSeller}, energy::PublishPrice{kFirstSlot, 1}), TxCode::not_authorised);
  EXPECT_EQ(chain.run({kAuthority}, energy::PublishPrice{kFirstSlot, 2'000'000'000}), TxCode::bad_price);
  EXPECT_EQ(chain.run({kSeller}, energy::Ruling{kFirstSlot, kSeller, kGridCompany, 5}), TxCode::not_authorised);
  EXPECT_EQ(chain.run({kSeller}, energy::RotateKey{}), TxCode::bad_key);
  EXPECT_EQ(chain.add_one(chain.send({kSeller}, {{ActionType::kRepay, Bytes{1}}})), TxCode::malformed);
}

TEST(MarketLedger, TheOwnerOfAMeterLetsOthersReadItForATime) {
  MarketChain chain;
  EXPECT_EQ(chain.run({kBuyer}, energy::GrantRead{kBuyer, kSellerMeter, 0, 10}), TxCode::not_owner);
  EXPECT_EQ(chain.run({kSeller}, energy::GrantRead{kBuyer, 99, 0, 10}), TxCode::unknown_meter);
  EXPECT_EQ(chain.run({kSeller}, energy::GrantRead{99, kSellerMeter, 0, 10}), TxCode::unknown_participant);
  EXPECT_EQ(chain.run({kSeller}, energy::GrantRead{kBuyer, kSellerMeter, 10, 10}), TxCode::no_grant);
  EXPECT_EQ(chain.run({kSeller}, energy::RevokeRead{kBuyer, kSellerMeter}), TxCode::no_grant);
  EXPECT_EQ(chain.run({kSeller}, energy::GrantRead{kBuyer, kSellerMeter, 0, 10}), TxCode::ok);
  EXPECT_EQ(read_grant(chain.view(), kSellerMeter, kBuyer), (ReadGrant{0, 10}));
  EXPECT_EQ(read_grant(chain.view(), kSellerMeter, kPoor), std::nullopt);
  EXPECT_EQ(chain.run({kBuyer}, energy::RevokeRead{kBuyer, kSellerMeter}), TxCode::not_owner);
  EXPECT_EQ(chain.run({kSeller}, energy::RevokeRead{kBuyer, kSellerMeter}), TxCode::ok);
  EXPECT_EQ(read_grant(chain.view(), kSellerMeter, kBuyer), std::nullopt);
}

TEST(MarketLedger, ANetworkWithoutAMarketHasNoneOfItsActions) {
  TestChain chain;
  TransactionDraft d = chain.draft(kPlant, 1);
  d.actions = {{ActionType::kRepay, energy::encode_market_action(energy::Repay{1})}};
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::no_market);
}

TEST(MarketLedger, ADisputedReadingWaitsForTheNeighbourOrTheRegulator) {
  MarketChain chain;
  const energy::TradeId id = chain.commit_trade();
  chain.until(kEnd);
  chain.add({chain.meter(kSeller, kSellerMeter, 200'000, Obis::kExport),
             chain.meter(kGridCompany, kGridCheck, 110'816, Obis::kImport),
             chain.meter(kDistributor, kDistributorMeter, 100'000, Obis::kExport)});
  chain.until(kEnd + 72 * kHour);
  EXPECT_EQ(chain.trade(id)->state, TradeState::kDisputed);
  EXPECT_EQ(chain.run({kSeller}, energy::Accept{kFirstSlot, kSeller, kGridCompany}), TxCode::not_the_neighbour);
  EXPECT_EQ(chain.run({kRegulating}, energy::Ruling{kFirstSlot, kSeller, kGridCompany, UINT64_MAX}),
            TxCode::over_capacity);
  EXPECT_EQ(chain.run({kRegulating}, energy::Ruling{kFirstSlot, kSeller, kGridCompany, 110'816}), TxCode::ok);
  EXPECT_EQ(chain.trade(id)->state, TradeState::kSettled);
}

TEST(MarketLedger, ACorrectionIsSignedByTheMetersOwnerAndKeepsTheLimits) {
  MarketChain chain;
  const energy::TradeId id = chain.commit_trade();
  chain.until(kEnd);
  chain.add({chain.meter(kSeller, kSellerMeter, 105'000, Obis::kExport, kFirstSlot, Quality::kEstimated),
             chain.meter(kGridCompany, kGridMeter, 104'167, Obis::kExport),
             chain.meter(kDistributor, kDistributorMeter, 100'000, Obis::kExport)});
  chain.until(kEnd + 72 * kHour);
  energy::Correct c{kFirstSlot, kSeller, kGridCompany, 1, 110'816, Quality::kMeasured};
  EXPECT_EQ(chain.run({kBuyer}, c), TxCode::not_authorised);
  c.wh = 500'000;
  EXPECT_EQ(chain.run({kSeller}, c), TxCode::over_capacity);
  c.wh = 110'816;
  c.of_version = 2;
  EXPECT_EQ(chain.run({kSeller}, c), TxCode::other_version);
  c.of_version = 1;
  EXPECT_EQ(chain.run({kSeller}, c), TxCode::ok);
  EXPECT_EQ(chain.trade(id)->version, 2u);
  c.of_version = 2;
  EXPECT_EQ(chain.run({kSeller}, c), TxCode::rank_not_raised);
  EXPECT_EQ(chain.run({kSeller, kGridCompany}, c), TxCode::ok) << "the neighbour signs too";
}

TEST(MarketLedger, ReadingsOfFlowsComeInTimeOthersWhenever) {
  MarketChain chain;
  chain.until(kEnd + 24 * kHour);
  EXPECT_EQ(chain.add_one(chain.meter(kSeller, kSellerMeter, 5, Obis::kExport)), TxCode::too_late);
  EXPECT_EQ(chain.add_one(chain.meter(kSeller, kSellerMeter, 5, Obis::kImport)), TxCode::ok)
      << "what a plant takes for itself is no part of the flow";
}

TEST(MarketLedger, AReadingOfAnHourIsOneOfEachQuarter) {
  MarketChain chain;
  chain.until(kEnd + 4 * energy::kSlotMs);
  Reading r = reading(kSellerMeter, int64_t{kFirstSlot} * energy::kSlotSeconds, 103, 3'600);
  r.obis = Obis::kExport;
  ASSERT_EQ(chain.add_one(chain.send({kSeller}, {{ActionType::kReadings, encode_readings({r})}})), TxCode::ok);
  std::vector<uint64_t> parts;
  for (uint32_t i = 0; i < 4; ++i) {
    parts.push_back(chain.market().flows_in(kFirstSlot + i).at({kSeller, kGridCompany}).main.wh);
  }
  EXPECT_EQ(parts, (std::vector<uint64_t>{26, 26, 26, 25}));
}

TEST(MarketLedger, TheSameBlocksGiveTheSameStateAndAReopenedStoreGoesOn) {
  MarketChain a, b;
  for (MarketChain* chain : {&a, &b}) {
    chain->commit_trade();
    chain->until(kEnd + 49 * kHour);
  }
  EXPECT_EQ(state_root_of(a.store), state_root_of(b.store));
  EXPECT_EQ(a.tip.digest(), b.tip.digest());
  // Another ledger over what the first one stored.
  const MarketChain other;
  const BlockDraft next = a.next({a.act({kRegulating}, {energy::Issue{kPoor, 7}})}, 30 * kDay);
  const Result<Execution> here = a.ledger.execute(next, a.tip, a.view());
  const Result<Execution> there = other.ledger.execute(next, a.tip, a.view());
  ASSERT_TRUE(here.ok() && there.ok());
  EXPECT_EQ(here->header.digest(), there->header.digest());
}

// Transit is not of the zone's border: nothing but its own past speaks of it. One day is past enough in this genesis.
TEST(MarketPast, ACloseAsksThePastByTheThresholdsOfGenesis) {
  Genesis g = market_genesis();
  g.plausibility.history_days = 1;
  g.plausibility.history_window_slots = 0;
  MarketChain chain(std::move(g));
  const auto closed = [&](uint32_t slot, uint64_t wh) {
    const int64_t end_ms = (int64_t{slot} + 1) * energy::kSlotMs;
    chain.until(end_ms);
    EXPECT_EQ(chain.add_one(chain.meter(kGridCompany, kGridMeter, wh, Obis::kExport, slot)), TxCode::ok);
    chain.until(end_ms + chain.market().params().times.close_ms);
    const energy::ReadingState state = chain.market().flows_in(slot).at({kGridCompany, kDistributor}).main.state;
    chain.until(end_ms + chain.market().params().times.resolve_ms);
    return state;
  };
  constexpr uint32_t kWeek = 7 * energy::kDaySlots;
  EXPECT_EQ(closed(kFirstSlot, 20'000), energy::ReadingState::kValidated);
  EXPECT_EQ(closed(kFirstSlot + kWeek + 1, 100'000), energy::ReadingState::kValidated) << "another time of day";
  EXPECT_EQ(closed(kFirstSlot + 2 * kWeek, 100'000), energy::ReadingState::kDisputed);
  EXPECT_EQ(closed(kFirstSlot + 3 * kWeek, 22'000), energy::ReadingState::kValidated);
}

}  // namespace
}  // namespace tieline::testing
