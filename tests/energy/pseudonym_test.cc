#include "energy/pseudonym.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::secret_of;
using testing::signer_of;

constexpr int64_t kDay = 86'400;
const BillingPeriod kPeriod{19'000 * kDay, 19'030 * kDay};
const BillingPeriod kNextPeriod{19'030 * kDay, 19'061 * kDay};
const std::vector<uint64_t> kBuckets = {3'700, 11'000, 44'000};

std::string code(const Status& status) { return status ? "" : status.error().code; }

struct Registry {
  explicit Registry(size_t count = 40, BillingPeriod period_in = kPeriod) : period(period_in) {
    for (size_t i = 0; i < count; ++i) {
      const Secret meter = secret_of("meter " + std::to_string(i));
      const Secret seed = pseudonym_seed(meter, kChain, period);
      const uint64_t limit = i % 2 == 0 ? 3'000 + i : 9'000 + i;
      points.push_back({static_cast<MeterId>(i + 1), limit, ed25519::SecretKey::from_seed(seed.bytes()).public_key()});
    }
    context = {kChain, distributor.public_key(), regulator.public_key(), kBuckets.size(), count, 0};
  }
  PseudonymBatch batch() const {
    PseudonymBatch out = make_batch(kChain, 7, 8, period, points, kBuckets).value();
    sign(out);
    return out;
  }
  void sign(PseudonymBatch& changed) const {
    changed.distributor_signature = distributor.sign(batch_digest(changed).view());
    changed.regulator_signature = regulator.sign(batch_digest(changed).view());
  }
  std::string refusal(const PseudonymBatch& given) const { return code(check_batch(given, context, verifier)); }

  BillingPeriod period;
  std::vector<ActivePoint> points;
  Ed25519Signer distributor = signer_of("distributor");
  Ed25519Signer regulator = signer_of("regulator");
  Ed25519Verifier verifier;
  BatchContext context;
};

TEST(Pseudonym, ABatchIsAcceptedWithBothSignaturesAndComesBackFromItsBytes) {
  const Registry registry;
  const PseudonymBatch batch = registry.batch();
  EXPECT_EQ(registry.refusal(batch), "");
  EXPECT_EQ(code(check_links(batch, registry.points, kBuckets)), "");
  EXPECT_EQ(decoded<PseudonymBatch>(encoded(batch), "batch").value(), batch);
  PseudonymBatch alone = batch;
  alone.regulator_signature = alone.distributor_signature;
  EXPECT_EQ(registry.refusal(alone), "bad_signature");
  alone = batch;
  alone.distributor_signature = alone.regulator_signature;
  EXPECT_EQ(registry.refusal(alone), "bad_signature");
  alone = batch;
  alone.chain.bytes[0] ^= 1;
  registry.sign(alone);
  EXPECT_EQ(registry.refusal(alone), "bad_signature") << "signed for another chain";
}

TEST(Pseudonym, TheBytesOfABatchArePinned) {
  EXPECT_EQ(to_hex(sha256(encoded(Registry().batch()))),
            "8d756120b684e7421d72e51f0c62424981fa1ac52f9f4a06646b8a7a6f768596");
}

TEST(Pseudonym, TheOrderOfABatchTellsNothingOfThePoints) {
  const Registry registry(200);
  const PseudonymBatch batch = registry.batch();
  std::map<PublicKey, size_t> place;
  for (size_t i = 0; i < batch.entries.size(); ++i) place[batch.entries[i].key] = i;
  // Neighbours among the points are no neighbours in the batch, beyond what chance does.
  size_t neighbours = 0;
  for (size_t i = 1; i < registry.points.size(); ++i) {
    const size_t a = place.at(registry.points[i - 1].key);
    const size_t b = place.at(registry.points[i].key);
    neighbours += (a > b ? a - b : b - a) == 1 ? 1 : 0;
  }
  EXPECT_LE(neighbours, 10u);
  // The same points in another order of registration make the same batch.
  EXPECT_TRUE(std::ranges::is_sorted(batch.entries, {}, &PseudonymEntry::key));
}

TEST(Pseudonym, KeysOfTwoPeriodsChainsAndMetersHaveNothingInCommon) {
  const Registry now(60);
  const Registry later(60, kNextPeriod);
  std::vector<PublicKey> both;
  for (const ActivePoint& p : now.points) both.push_back(p.key);
  for (const ActivePoint& p : later.points) both.push_back(p.key);
  std::ranges::sort(both);
  EXPECT_EQ(std::ranges::adjacent_find(both), both.end());
  const Secret meter = secret_of("meter 0");
  EXPECT_EQ(to_hex(pseudonym_seed(meter, kChain, kPeriod).bytes()),
            to_hex(pseudonym_seed(meter, kChain, kPeriod).bytes()));
  EXPECT_NE(to_hex(pseudonym_seed(meter, kChain, kPeriod).bytes()),
            to_hex(pseudonym_seed(meter, sha256(view_of("other")), kPeriod).bytes()));
}

TEST(Pseudonym, ABucketOfFewIsLiftedIntoTheNext) {
  Registry registry;
  for (const PseudonymEntry& e : registry.batch().entries) EXPECT_LT(e.bucket, 2);
  // Nine small points would stand out: they are shown with the others.
  size_t small = 0;
  for (ActivePoint& p : registry.points)
    if (p.limit_w <= 3'700 && ++small > 9) p.limit_w = 9'000;
  for (const PseudonymEntry& e : registry.batch().entries) EXPECT_EQ(e.bucket, 1);
  // And the last bucket takes whoever is left.
  for (ActivePoint& p : registry.points) p.limit_w = p.point <= 5 ? 3'000 : 40'000;
  for (const PseudonymEntry& e : registry.batch().entries) EXPECT_EQ(e.bucket, 2);
  EXPECT_EQ(registry.refusal(registry.batch()), "");
}

TEST(Pseudonym, NoMoreThanTheRegisteredPointsInOneBatchOrSeveral) {
  Registry registry(40);
  const PseudonymBatch batch = registry.batch();
  registry.context.registered_points = 39;
  EXPECT_EQ(registry.refusal(batch), "too_many_pseudonyms");
  registry.context.registered_points = 79;
  registry.context.taken = 40;
  EXPECT_EQ(registry.refusal(batch), "too_many_pseudonyms");
  registry.context.taken = 39;
  EXPECT_EQ(registry.refusal(batch), "");
  registry.context.taken = 80;
  EXPECT_EQ(registry.refusal(batch), "too_many_pseudonyms");
}

TEST(Pseudonym, TheRegulatorSeesAnInventedAMissingAndAMisplacedPoint) {
  const Registry registry;
  const PseudonymBatch right = registry.batch();
  PseudonymBatch sybil = right;
  sybil.entries.push_back({signer_of("nobody").public_key(), 0});
  std::ranges::sort(sybil.entries, {}, &PseudonymEntry::key);
  EXPECT_EQ(code(check_links(sybil, registry.points, kBuckets)), "not_the_points");
  PseudonymBatch missing = right;
  missing.entries.pop_back();
  EXPECT_EQ(code(check_links(missing, registry.points, kBuckets)), "not_the_points");
  PseudonymBatch misplaced = right;
  misplaced.entries[3].bucket = 2;
  EXPECT_EQ(code(check_links(misplaced, registry.points, kBuckets)), "not_the_points");
}

TEST(Pseudonym, EachBrokenRuleHasItsCode) {
  const Registry registry;
  const auto changed = [&](auto change) {
    PseudonymBatch batch = registry.batch();
    change(batch);
    registry.sign(batch);
    return registry.refusal(batch);
  };
  EXPECT_EQ(changed([](PseudonymBatch&) {}), "");
  EXPECT_EQ(changed([](PseudonymBatch& b) { std::swap(b.entries[0], b.entries[1]); }), "unordered");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.entries[1] = b.entries[0]; }), "unordered");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.entries.clear(); }), "unordered");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.entries[1].bucket = 3; }), "unknown_bucket");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.period.end_s = b.period.start_s; }), "bad_period");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.period.end_s = b.period.start_s + 101 * kDay; }), "bad_period");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.period.start_s += 1; }), "bad_period");
  EXPECT_EQ(changed([](PseudonymBatch& b) { b.period.start_s = INT64_MIN; }), "bad_period");

  Registry bad;
  bad.points[0].limit_w = 44'001;
  EXPECT_EQ(make_batch(kChain, 7, 8, kPeriod, bad.points, kBuckets).error().code, "over_capacity");
  bad.points[0].limit_w = 44'000;
  bad.points[1].key = bad.points[0].key;
  EXPECT_EQ(make_batch(kChain, 7, 8, kPeriod, bad.points, kBuckets).error().code, "duplicate_key");
  EXPECT_EQ(make_batch(kChain, 7, 8, kPeriod, {}, kBuckets).error().code, "too_many_pseudonyms");
  bad.points.resize(kPseudonymsMax + 1);
  EXPECT_EQ(make_batch(kChain, 7, 8, kPeriod, bad.points, kBuckets).error().code, "too_many_pseudonyms");
}

TEST(Pseudonym, SpeaksForTheIntervalsOfItsPeriodAlone) {
  EXPECT_TRUE(speaks_for(kPeriod, kPeriod.start_s, 900));
  EXPECT_TRUE(speaks_for(kPeriod, kPeriod.end_s - 900, 900));
  EXPECT_FALSE(speaks_for(kPeriod, kPeriod.end_s - 900, 1'800));
  EXPECT_FALSE(speaks_for(kPeriod, kPeriod.end_s, 900));
  EXPECT_FALSE(speaks_for(kPeriod, kPeriod.start_s - 900, 900));
  EXPECT_FALSE(speaks_for(kPeriod, INT64_MIN, 900));
}

}  // namespace
}  // namespace tieline::energy
