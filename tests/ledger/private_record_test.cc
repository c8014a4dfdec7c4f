// Private metering points on the chain: pseudonyms, records, gaps and corrections, and each attempt to break them.

#include <gtest/gtest.h>

#include "crypto/verified_cache.h"
#include "private_chain.h"

namespace tieline::testing {
namespace {

using energy::PrivateRecord;

TEST(PrivateLedger, ABatchGivesEachPointOnePseudonymForItsPeriod) {
  PrivateChain c;
  EXPECT_EQ(c.put(c.record(0, 5)), TxCode::unknown_pseudonym);
  ASSERT_EQ(c.put(c.batch()), TxCode::ok);
  EXPECT_EQ(c.pseudonym(3), (PseudonymRecord{kDistributor, 1, PrivateChain::kPeriod, 0}));
  EXPECT_EQ(c.put(c.batch()), TxCode::bad_period) << "once";

  const int64_t end = PrivateChain::kPeriod.end_s;
  for (size_t i = 0; i < kPoints; ++i) c.signers[i] = PlainSigner(6'000 + i);
  EXPECT_EQ(c.put(c.batch({end - 900, end + 86'400})), TxCode::bad_period)
      << "a point would have two pseudonyms for one interval";
  EXPECT_EQ(c.put(c.batch({end, end + 86'400})), TxCode::ok);
}

TEST(PrivateLedger, ABatchNeedsItsDistributorTheRegulatorAndNoMorePointsThanThereAre) {
  PrivateChain c;
  const energy::PseudonymBatch good = c.batch();
  energy::PseudonymBatch bad = good;
  bad.regulator_signature = bad.distributor_signature;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature);
  bad = good;
  bad.distributor_signature = bad.regulator_signature;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature);
  bad = good;
  bad.regulator = kAuthority;
  PrivateChain::sign(bad);
  EXPECT_EQ(c.put(bad), TxCode::not_authorised) << "co-signed by somebody who is no regulator";
  bad = good;
  bad.distributor = kGridCompany;
  EXPECT_EQ(c.put(bad), TxCode::not_authorised) << "who has no private points";
  bad = good;
  bad.chain.bytes[0] ^= 1;
  PrivateChain::sign(bad);
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "signed for another chain";
  bad = good;
  bad.entries.front().bucket = 2;
  PrivateChain::sign(bad);
  EXPECT_EQ(c.put(bad), TxCode::too_many_pseudonyms) << "a bucket that genesis does not have";
  c.signers.emplace_back(7'000);
  EXPECT_EQ(c.put(c.batch()), TxCode::too_many_pseudonyms) << "a Sybil: a thirteenth of twelve points";
  c.signers.pop_back();
  ASSERT_EQ(c.put(good), TxCode::ok);
  const int64_t end = PrivateChain::kPeriod.end_s;
  EXPECT_EQ(c.put(c.batch({end, end + 86'400})), TxCode::too_many_pseudonyms) << "a key of the period before";
}

TEST(PrivateLedger, ABatchThatCouldNeverBeBalancedIsRefused) {
  PrivateChain c;
  energy::PseudonymBatch few = c.batch();
  few.entries.resize(kRegionMetersMin - 1);
  PrivateChain::sign(few);
  EXPECT_EQ(c.put(few), TxCode::region_too_small);
  EXPECT_EQ(c.put(c.batch({kStartS - 3 * 86'400, kStartS - 2 * 86'400})), TxCode::bad_period)
      << "nothing of it may be recorded any more";
  EXPECT_EQ(c.put(c.batch({kStartS + 101 * 86'400, kStartS + 102 * 86'400})), TxCode::bad_period)
      << "a slip that would lock the distributor out";
  const int64_t far = int64_t{UINT32_MAX} * 900 + 900;
  EXPECT_EQ(c.put(c.batch({far, far + 86'400})), TxCode::bad_period) << "slots have 32 bits";
  ASSERT_EQ(c.put(c.batch({kStartS - 5 * 86'400, kStartS + 86'400})), TxCode::ok);
  const PrivateDuty duty = c.duty();
  ASSERT_EQ(duty.periods.size(), 1u);
  EXPECT_EQ(duty.periods[0].closes, kSlotNow - 96) << "it answers for what may still be recorded";
  c.add({}, 1'000);
  EXPECT_EQ(c.duty().defaults, 0u);
}

TEST(PrivateLedger, ARecordIsKeptAsACommitmentAndWhoMayOpenIt) {
  PrivateChain c;
  c.start();
  const PrivateRecord record = c.record(0, 612);
  const TxPtr tx = c.carry(record);
  ASSERT_EQ(c.add_one(tx), TxCode::ok);
  const PrivateEntry want{0, false, record.readings[0].commitment, tx->id(), {kDistributor, kRegulating}, {}, {}};
  EXPECT_EQ(c.entry(0), want);
  EXPECT_FALSE(c.entry(1).has_value());
  EXPECT_EQ(c.put(c.record(0, 12, kSlotNow, 0, Obis::kExport)), TxCode::ok) << "the other register of the same point";

  EXPECT_EQ(c.add_one(c.carry(record, {kBuyer})), TxCode::overlap) << "a replay in somebody else's transaction";
  EXPECT_EQ(c.put(c.record(0, 1)), TxCode::overlap) << "a second value for one interval";
  EXPECT_EQ(c.entry(0), want);
}

TEST(PrivateLedger, AProofCommitmentOrSignatureIsWorthNothingElsewhere) {
  PrivateChain c;
  c.start();
  const PrivateRecord mine = c.record(0, 612), other = c.record(1, 10);

  PrivateRecord bad = mine;
  bad.readings[0].commitment = other.readings[0].commitment;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature);
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof) << "another commitment under this proof";
  bad.range_proof = other.range_proof;
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof) << "commitment and proof of another pseudonym";

  bad = mine;
  bad.readings[0].start_s -= 900;
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_period) << "before the period";
  c.add({}, 900'000);
  bad.readings[0].start_s += 2 * 900;
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof) << "another interval";
  bad = mine;
  bad.readings[0].obis = Obis::kExport;
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof) << "another register";

  bad = other;
  bad.pseudonym = mine.pseudonym;
  EXPECT_EQ(c.put(bad), TxCode::bad_inner_signature) << "signed by another pseudonym";

  ChainId elsewhere = c.ledger.chain();
  elsewhere.bytes[5] ^= 1;
  const std::vector<energy::Measured> one = {{Obis::kImport, kStartS, 900, 0, 612}};
  const PrivateRecord foreign = energy::make_private_record(c.meter_of(0), elsewhere, one, c.receivers()).value();
  EXPECT_EQ(c.put(foreign), TxCode::bad_inner_signature) << "recorded on another chain";
  bad = foreign;
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof) << "its proof is of that chain too";
  EXPECT_FALSE(c.entry(0).has_value());
  EXPECT_EQ(c.put(mine), TxCode::ok);
}

TEST(PrivateLedger, AValueAboveTheBucketsCapOrBelowNothingHasNoProof) {
  PrivateChain c;
  c.start();
  const auto with_bucket = [&](uint64_t bucket_w, uint64_t wh) {
    const std::vector<energy::Measured> one = {{Obis::kImport, kStartS, 900, 0, wh}};
    return energy::make_private_record(c.meter_of(0, bucket_w), c.ledger.chain(), one, c.receivers());
  };
  EXPECT_EQ(with_bucket(kBucketW, 2'751).error().code, "out_of_range");
  EXPECT_EQ(c.put(with_bucket(44'000, 2'751).value()), TxCode::bad_range_proof) << "proved under a wider bucket";
  EXPECT_EQ(c.put(with_bucket(44'000, 5).value()), TxCode::bad_range_proof) << "a bucket that is not the point's";

  // -1: the value that wraps around to the group's order less one.
  PrivateRecord bad = c.record(0, 5);
  const Blinding r = energy::reading_blinding(c.secrets[0], c.context(bad));
  bad.readings[0].commitment = commit(-1, r).value();
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_range_proof);
  bad.readings[0].commitment = Commitment{};
  c.sign(bad, 0);
  EXPECT_EQ(c.put(bad), TxCode::bad_commitment) << "the identity hides nothing";
  EXPECT_EQ(c.put(with_bucket(kBucketW, 2'750).value()), TxCode::ok);
}

TEST(PrivateLedger, ARecordIsOfWholeSlotsOfItsPeriodInTimeAndForItsDistributor) {
  PrivateChain c;
  c.start();
  const auto made = [&](int64_t start_s, uint32_t duration_s) {
    const std::vector<energy::Measured> one = {{Obis::kImport, start_s, duration_s, 0, 5}};
    return energy::make_private_record(c.meter_of(0), c.ledger.chain(), one, c.receivers()).value();
  };
  EXPECT_EQ(c.put(made(kStartS, 1'800)), TxCode::bad_duration) << "two slots could not be balanced";
  EXPECT_EQ(c.put(made(kStartS + 1, 900)), TxCode::misaligned_interval);
  EXPECT_EQ(c.put(made(PrivateChain::kPeriod.end_s, 900)), TxCode::bad_period);
  EXPECT_EQ(c.put(made(kStartS + 2 * 900, 900)), TxCode::future_interval);

  const std::vector<energy::Measured> one = {{Obis::kImport, kStartS, 900, 0, 5}};
  const std::vector<energy::Receiver> without = {{kRegulating, c.regulator_seal.public_key()}};
  EXPECT_EQ(c.put(energy::make_private_record(c.meter_of(0), c.ledger.chain(), one, without).value()),
            TxCode::distributor_left_out);
  std::vector<energy::Receiver> with_owner = {c.receivers()[0], {kBuyer, c.owner_seal.public_key()}};
  EXPECT_EQ(c.put(energy::make_private_record(c.meter_of(0), c.ledger.chain(), one, with_owner).value()),
            TxCode::may_not_receive)
      << "its number would stand beside every reading of the household";
  with_owner[1].id = kGridCompany;
  std::ranges::sort(with_owner, {}, &energy::Receiver::id);
  EXPECT_EQ(c.put(energy::make_private_record(c.meter_of(0), c.ledger.chain(), one, with_owner).value()),
            TxCode::may_not_receive);
  auto with_stranger = c.receivers();
  with_stranger.push_back({99, c.owner_seal.public_key()});
  EXPECT_EQ(c.put(energy::make_private_record(c.meter_of(0), c.ledger.chain(), one, with_stranger).value()),
            TxCode::unknown_participant);
  EXPECT_EQ(c.add_one(c.send({kPoor}, {{ActionType::kPrivateRecord, Bytes(900, 7)}})), TxCode::malformed);
}

TEST(PrivateLedger, AGapIsFilledOnceItHasClosedAndNeverByTheMeterAlone) {
  PrivateChain c;
  c.start();
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 1)), TxCode::too_early);
  c.after(kSlotNow, 24 * kHourMs - 1'000);
  EXPECT_EQ(c.put(c.record(3, 5)), TxCode::ok) << "just in time";
  c.after(kSlotNow, 24 * kHourMs);
  EXPECT_EQ(c.put(c.record(0, 5)), TxCode::too_late);
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 1)), TxCode::too_early) << "gaps stay until the balance is proved";
  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.put(c.record(0, 5)), TxCode::too_late);
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 2)), TxCode::other_version);
  EXPECT_EQ(c.put(c.record(0, 0, kSlotNow, 1)), TxCode::rank_not_raised)
      << "no balance is asked for any more: it would keep its readings back and record nothing drawn";
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 1), {kDistributor}), TxCode::ok);
  EXPECT_EQ(c.put(c.record(1, 5, kSlotNow, 1), {kRegulating}), TxCode::ok) << "who is the way around a distributor";
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 1)), TxCode::overlap);
  c.after(kSlotNow, 60 * kDayMs);
  EXPECT_EQ(c.put(c.record(2, 5, kSlotNow, 1)), TxCode::too_late) << "final";
}

TEST(PrivateLedger, AReadingThatStandsIsCorrectedWithASecondSignatureOnly) {
  PrivateChain c;
  c.start();
  ASSERT_EQ(c.put(c.record(0, 5)), TxCode::ok);
  const PrivateRecord next = c.record(0, 6, kSlotNow, 1);
  EXPECT_EQ(c.put(next, {kDistributor}), TxCode::too_early) << "what is balanced does not move before the close";
  c.after(kSlotNow, 48 * kHourMs);
  EXPECT_EQ(c.put(c.record(0, 6, kSlotNow, 2), {kDistributor}), TxCode::other_version);
  EXPECT_EQ(c.put(next), TxCode::rank_not_raised) << "measured is not better than measured";
  EXPECT_EQ(c.put(next, {kDistributor}), TxCode::ok);
  EXPECT_EQ(c.entry(0)->version, 1);
  EXPECT_EQ(c.put(c.record(0, 7, kSlotNow, 2), {kRegulating}), TxCode::ok) << "or the regulator's";
  EXPECT_EQ(c.put(c.record(0, 8, kSlotNow, 3), {kRegulating}), TxCode::ok);
  EXPECT_EQ(c.entry(0)->version, energy::kPrivateVersionMax) << "a fourth has no encoding";
}

TEST(PrivateLedger, WhoCarriesABadRecordPaysNothingForIt) {
  PrivateChain c;
  c.start();
  ASSERT_EQ(c.put(c.record(0, 5)), TxCode::ok);
  c.after(kSlotNow, 48 * kHourMs);
  const auto refused = [&](ParticipantId who) { return c.market().participants().at(who).trust.day.refused; };
  const uint32_t before = refused(kPoor);
  const std::vector<energy::Measured> odd = {{Obis::kImport, kStartS, 1'800, 0, 5}};
  EXPECT_EQ(c.put(energy::make_private_record(c.meter_of(1), c.ledger.chain(), odd, c.receivers()).value()),
            TxCode::bad_duration);
  EXPECT_EQ(c.put(c.record(0, 5, kSlotNow, 1)), TxCode::rank_not_raised);
  EXPECT_EQ(refused(kPoor), before) << "the household signed it, not its gateway";
  EXPECT_EQ(c.add_one(c.meter(kPoor, kGridMeter, 5, Obis::kExport)), TxCode::not_owner);
  EXPECT_EQ(refused(kPoor), before + 1) << "what is one's own counts";
}

TEST(PrivateLedger, WhatATransactionRecordsIsTakenBackWithIt) {
  PrivateChain c;
  c.start();
  const auto owned = [&](const PrivateRecord& r) {
    return TransactionDraft::OwnedAction{ActionType::kPrivateRecord, energy::encode_private_record(r)};
  };
  PrivateRecord bad = c.record(1, 5);
  bad.range_proof.back() ^= 1;
  c.sign(bad, 1);
  EXPECT_EQ(c.add_one(c.send({kPoor}, {owned(c.record(0, 5)), owned(bad)})), TxCode::bad_range_proof);
  EXPECT_FALSE(c.entry(0).has_value());
  EXPECT_EQ(c.add_one(c.send({kPoor}, {owned(c.record(0, 5)), owned(c.record(1, 5))})), TxCode::ok);
  EXPECT_TRUE(c.entry(0).has_value() && c.entry(1).has_value());
}

TEST(PrivateLedger, APseudonymThatTheBlockRegistersIsCheckedInIt) {
  PrivateChain c;
  c.add({}, 900'000);
  PrivateRecord bad = c.record(1, 5);
  bad.range_proof.back() ^= 1;
  c.sign(bad, 1);
  const auto action = [](const energy::PrivateAction& a) {
    return TransactionDraft::OwnedAction{energy::type_of(a), energy::encode_private_action(a)};
  };
  EXPECT_EQ(c.add_one(c.send({kPoor}, {action(c.batch()), action(bad)})), TxCode::bad_range_proof);
  EXPECT_EQ(c.add_one(c.send({kPoor}, {action(c.batch()), action(c.record(1, 5))})), TxCode::ok);
}

TEST(PrivateLedger, WithoutPrivatePointsTheActionsAreRefused) {
  MarketChain c;
  const PrivateChain other;
  const energy::PrivateAction action = energy::PrivateRuling{};
  const TransactionDraft::OwnedAction owned{energy::type_of(action), energy::encode_private_action(action)};
  EXPECT_EQ(c.add_one(c.send({kPoor}, {owned})), TxCode::no_private_points);
  TestChain plain;
  TransactionDraft d = plain.draft(kPlant, 1);
  d.actions = {owned};
  EXPECT_EQ(plain.add_one(TestChain::make(d)), TxCode::no_market);
}

// Counts what reaches the signatures of pseudonyms, and remembers as a validator does.
class CountingVerifier final : public SumVerifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    return plain_.verify(key, message, signature);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    if (!items.empty()) sizes.push_back(items.size());
    plain_.verify_batch(items, ok);
  }
  mutable std::vector<size_t> sizes;

 private:
  PlainVerifier plain_;
};

TEST(PrivateLedger, ABlocksRecordsAreCheckedInOneBatchAndNeverTwice) {
  PrivateChain c;
  c.start();
  const CountingVerifier counting;
  const VerifiedCache cache(counting);
  const Ledger ledger(private_genesis(), cache);
  ASSERT_EQ(ledger.chain(), c.ledger.chain());
  std::vector<TxPtr> txs;
  for (size_t i = 0; i < 4; ++i) txs.push_back(c.carry(c.record(i, 5)));
  const BlockDraft draft = c.next(ledger.in_order(txs, c.tip, c.view()));

  std::vector<Hash> digests;
  for (const TxPtr& tx : txs) digests.push_back(ledger.endorsements(*tx, c.view()).at(0).message);
  const auto claims = ledger.endorsements(*txs[0], c.view());
  ASSERT_EQ(claims.size(), 1u);
  ASSERT_NE(claims[0].record, nullptr);
  EXPECT_EQ(claims[0].message, claims[0].record->digest);
  EXPECT_EQ(check_claims(std::array{claims[0].record.get()}, counting), std::vector{TxCode::ok});
  cache.remember(claims[0].message);  // as the replica does when its worker says so
  counting.sizes.clear();

  ASSERT_TRUE(ledger.execute(draft, c.tip, c.view()).ok());
  EXPECT_EQ(counting.sizes, std::vector<size_t>{3}) << "all but the one that was checked ahead, together";
  ASSERT_TRUE(ledger.execute(draft, c.tip, c.view()).ok());
  EXPECT_EQ(counting.sizes.size(), 1u) << "and never again";
  for (const Hash& digest : digests) EXPECT_TRUE(cache.remembers(digest)) << "its proof neither";
  for (const TxPtr& tx : txs) EXPECT_TRUE(ledger.endorsements(*tx, c.view()).empty()) << "nobody is asked again";
}

TEST(PrivateLedger, AReplayedRecordCostsNoProof) {
  PrivateChain c;
  c.start();
  const PrivateRecord record = c.record(0, 5);
  ASSERT_EQ(c.put(record), TxCode::ok);
  const CountingVerifier counting;
  const Ledger ledger(private_genesis(), counting);
  ASSERT_TRUE(ledger.execute(c.next({c.carry(record)}), c.tip, c.view()).ok());
  EXPECT_TRUE(counting.sizes.empty());
}

TEST(PrivateLedger, TheDoorAsksForNoProofOfWhatIsRecordedOrKnown) {
  PrivateChain c;
  c.start();
  const PrivateRecord record = c.record(0, 5);
  const CountingVerifier counting;
  const VerifiedCache cache(counting);
  const Ledger ledger(private_genesis(), cache);
  const TxPtr first = c.carry(record), second = c.carry(record, {kBuyer});
  const auto claims = ledger.endorsements(*first, c.view());
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].record->carrier, first->signed_digest());
  cache.remember(claims[0].message);
  EXPECT_TRUE(ledger.endorsements(*second, c.view()).empty()) << "found good before, whoever carries it";
  const Ledger fresh(private_genesis(), counting);
  EXPECT_EQ(fresh.endorsements(*second, c.view()).size(), 1u);
  ASSERT_EQ(c.put(record), TxCode::ok);
  EXPECT_TRUE(fresh.endorsements(*second, c.view()).empty()) << "a copy from the chain";
}

TEST(PrivateLedger, OneProofIsCheckedForAReadingThatIsSentManyTimes) {
  PrivateChain c;
  c.start();
  const CountingVerifier counting;
  const Ledger ledger(private_genesis(), counting);
  const PrivateRecord good = c.record(0, 5);
  std::vector<TxPtr> txs;
  for (size_t i = 0; i < 5; ++i) txs.push_back(c.carry(good));
  ASSERT_TRUE(ledger.execute(c.next(ledger.in_order(txs, c.tip, c.view())), c.tip, c.view()).ok());
  EXPECT_EQ(counting.sizes, std::vector<size_t>{1});
  counting.sizes.clear();
  txs.clear();
  for (uint64_t wh = 0; wh < 5; ++wh) txs.push_back(c.carry(c.record(0, wh)));
  ASSERT_TRUE(ledger.execute(c.next(ledger.in_order(txs, c.tip, c.view())), c.tip, c.view()).ok());
  EXPECT_EQ(counting.sizes, std::vector<size_t>{1}) << "other values for the same slot: the first stands";
}

TEST(PrivateLedger, WhatABlockAsksForIsBoundedAndTheRestWaits) {
  PrivateChain c;
  c.start();
  const energy::PrivateAction flood = energy::Balance{kDistributor, kStartS, kSlotNow, {}};
  const uint64_t each = energy::private_work_us(flood);
  const auto fit = static_cast<size_t>(energy::kPrivateWorkMax / each);
  std::vector<TxPtr> txs;
  for (size_t i = 0; i < fit + 3; ++i) txs.push_back(c.carry(flood, {kDistributor}));
  EXPECT_EQ(c.ledger.in_order(txs, c.tip, c.view()).size(), fit);
  const std::vector<TxPtr> most(txs.begin(), txs.begin() + static_cast<ptrdiff_t>(fit));
  EXPECT_TRUE(c.ledger.execute(c.next(c.ledger.in_order(most, c.tip, c.view())), c.tip, c.view()).ok());
  EXPECT_EQ(c.refusal(c.next(txs)).code, "block_invalid") << "a leader that ignores it has no block";

  std::vector<TransactionDraft::OwnedAction> many;
  for (size_t i = 0; i <= fit; ++i) many.push_back({ActionType::kBalance, energy::encode_private_action(flood)});
  const TxPtr whole = c.send({kDistributor}, many);
  EXPECT_EQ(c.ledger.precheck(*whole, c.view(), c.tip), number(TxCode::over_size)) << "no block could ever hold it";
}

TEST(PrivateLedger, WhatIsRefusedUnseenTakesNothingOfABlocksWork) {
  PrivateChain c;
  c.start();
  const auto twelve = [&](const TransactionDraft::OwnedAction& action, ParticipantId by) {
    return c.send({by}, std::vector<TransactionDraft::OwnedAction>(12, action));
  };
  const auto owned = [](const energy::PrivateAction& a) {
    return TransactionDraft::OwnedAction{energy::type_of(a), energy::encode_private_action(a)};
  };
  const energy::Balance balance{kDistributor, kStartS, kSlotNow, {}};
  const TxPtr rubbish = twelve({ActionType::kBalance, {}}, kPoor), foreign = twelve(owned(balance), kPoor),
              counted = twelve({ActionType::kPrivateRecord, Bytes(36, 16)}, kPoor);
  for (const TxPtr& tx : {rubbish, foreign, counted}) EXPECT_EQ(private_work_us(*tx), 0u);
  EXPECT_EQ(private_work_us(*twelve(owned(balance), kDistributor)), 12 * energy::private_work_us(balance));
  EXPECT_EQ(c.ledger.precheck(*rubbish, c.view(), c.tip), number(TxCode::malformed));
  EXPECT_EQ(c.ledger.precheck(*counted, c.view(), c.tip), number(TxCode::malformed));
  EXPECT_EQ(c.ledger.precheck(*foreign, c.view(), c.tip), number(TxCode::not_authorised));
  EXPECT_EQ(c.ledger.precheck(*c.carry(energy::PrivateRuling{}), c.view(), c.tip), number(TxCode::not_authorised));
  EXPECT_EQ(c.ledger.precheck(*c.carry(energy::PrivateRuling{}, {kRegulating}), c.view(), c.tip), 0u);
  energy::OpenTotal total{c.signers[0].public_key(), Obis::kImport, kSet, {{96, 1}}, {}};
  EXPECT_EQ(c.ledger.precheck(*c.carry(total), c.view(), c.tip), 0u);
  total.tariff = {{kOpeningSlotsMax, 1}};
  EXPECT_EQ(c.ledger.precheck(*c.carry(total), c.view(), c.tip), number(TxCode::may_not_open));
  total = {c.signers[0].public_key(), Obis::kImport, kSet + 1, {{96, 1}}, {}};
  EXPECT_EQ(c.ledger.precheck(*c.carry(total), c.view(), c.tip), number(TxCode::may_not_open));
  // And what honest points record stands beside it in one block.
  const auto order = c.ledger.in_order({rubbish, foreign, counted, c.carry(c.record(0, 5))}, c.tip, c.view());
  EXPECT_EQ(order.size(), 4u);
}

TEST(PrivateLedger, OneOrganisationsFloodOfWorkLeavesTheOthersTheirShare) {
  PrivateChain c;
  c.start();
  const energy::Balance balance{kDistributor, kStartS, kSlotNow, {}};
  std::vector<TxPtr> txs;
  for (size_t i = 0; i < 40; ++i) txs.push_back(c.carry(balance, {kDistributor}));
  std::vector<TxPtr> records;
  for (size_t i = 0; i < 8; ++i) records.push_back(c.carry(c.record(i, 5), {kPoor}));
  txs.insert(txs.end(), records.begin(), records.end());
  const std::vector<TxPtr> order = c.ledger.in_order(txs, c.tip, c.view());
  for (const TxPtr& record : records) {
    const auto at = std::find(order.begin(), order.end(), record);
    ASSERT_NE(at, order.end()) << "the flood took the work of the whole block";
    EXPECT_LT(at - order.begin(), 10);
  }
}

}  // namespace
}  // namespace tieline::testing
