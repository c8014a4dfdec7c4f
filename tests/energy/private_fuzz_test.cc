// Every decoder of the private formats under random damage: what still decodes encodes to the same bytes, passes no
// check it should not pass, and nothing crashes on either side of the C ABI (a panic there aborts the test).

#include <gtest/gtest.h>

#include "energy/exchange.h"
#include "energy/private_complaint.h"
#include "energy/private_region.h"
#include "energy/private_total.h"
#include "energy/pseudonym.h"
#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::damaged;
using testing::kChain;
using testing::kNoon;
using testing::PrivateWorld;
using testing::secret_of;
using testing::signer_of;

constexpr int kRounds = 20'000;

// Damages the bytes over and over; `check` is given what decodes and differs from the original.
template <class T, class Check>
void fuzz(const T& right, uint64_t seed, Check check) {
  const Bytes bytes = encoded(right);
  ASSERT_EQ(decoded<T>(bytes, "value").value(), right);
  std::mt19937_64 random(seed);
  size_t decodes = 0;
  for (int i = 0; i < kRounds; ++i) {
    const Bytes bad = damaged(bytes, random);
    const Result<T> value = decoded<T>(bad, "value");
    if (!value) {
      EXPECT_EQ(value.error().code, "malformed");
      continue;
    }
    EXPECT_EQ(encoded(*value), bad) << "one value, one spelling";
    if (bad == bytes) continue;
    ++decodes;
    if (decodes % 16 == 0) check(*value);  // signatures are dear
  }
  EXPECT_GT(decodes, 100u);
}

TEST(PrivateFuzz, Records) {
  const PrivateWorld world;
  const PrivateRecord right = world.record({250, 3});
  const Bytes bytes = encode_private_record(right);
  std::mt19937_64 random(1);
  size_t decodes = 0;
  for (int i = 0; i < kRounds; ++i) {
    const Bytes bad = damaged(bytes, random);
    const Result<PrivateRecord> record = decode_private_record(bad);
    if (!record) continue;
    EXPECT_EQ(encode_private_record(*record), bad);
    if (bad == bytes || ++decodes % 16 != 0) continue;
    EXPECT_FALSE(check_private_record(kChain, *record, 11'000, world.verifier).ok());
    // As if the pseudonym itself had signed it: then the range proof alone stands in the way of another value.
    PrivateRecord signed_again = *record;
    world.sign(signed_again);
    const bool passes = check_private_record(kChain, signed_again, 11'000, world.verifier).ok();
    if (passes) {
      for (size_t r = 0; r < record->readings.size(); ++r)
        EXPECT_EQ(record->readings[r].commitment, right.readings[r].commitment);
    }
    for (const PrivateReading& reading : record->readings)
      (void)open_payload(kChain, record->pseudonym, reading, 7, world.distributor, world.verifier);
  }
  EXPECT_GT(decodes, 1'000u);
}

TEST(PrivateFuzz, ContextsPayloadsForgeryProofsComplaintsAndReveals) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250});
  const PrivateReading& reading = record.readings[0];
  const PrivateContext context = context_of(kChain, record.pseudonym, reading);
  const OpenedPayload opened =
      open_payload(kChain, record.pseudonym, reading, 7, world.distributor, world.verifier).value();
  fuzz(context, 2, [&](const PrivateContext& c) {
    EXPECT_NE(reading_blinding(world.meter_secret, c), reading_blinding(world.meter_secret, context));
  });
  fuzz(opened.payload, 3, [](const PrivatePayload&) {});
  const ForgeryProof proof = forgery_proof(context, reading.commitment, world.receivers[0].key, opened.payload);
  fuzz(proof, 4,
       [&](const ForgeryProof& p) { EXPECT_FALSE(check_forgery(p, reading.commitment, world.verifier).ok()); });
  const Ed25519Signer distributor = signer_of("distributor");
  const Complaint complaint = make_complaint(context, reading.commitment, 7, distributor);
  const Secret seed = encapsulation_seed(world.meter_secret, context, reading.commitment, world.receivers[0].key);
  const Reveal reveal = make_reveal(complaint, seed, opened.payload, world.pseudonym);
  const ComplaintCase on_chain{context, &reading, world.receivers[0], distributor.public_key(), 0};
  fuzz(complaint, 5, [&](const Complaint& c) {
    EXPECT_EQ(rule(on_chain, c, reveal, 0, world.verifier), ComplaintRuling::kRejected);
  });
  fuzz(reveal, 6, [&](const Reveal& r) {
    EXPECT_EQ(rule(on_chain, complaint, r, 0, world.verifier), ComplaintRuling::kPending) << "no answer of the meter";
  });
}

TEST(PrivateFuzz, Totals) {
  const PrivateWorld world;
  TotalStatement statement{kChain, world.pseudonym.public_key(), Obis::kImport, 1, {}, energy_weights(2)};
  std::vector<Opening> openings;
  for (uint64_t wh : {5, 6}) {
    const std::string name = std::to_string(wh);
    openings.push_back({wh, derive_blinding("tieline/test/1", world.meter_secret, {view_of(name)})});
    statement.slots.push_back({commit(wh, openings.back().blinding).value(), 0});
  }
  const TotalOpening total = make_total(statement, openings, world.pseudonym).value();
  fuzz(total, 7, [&](const TotalOpening& t) { EXPECT_FALSE(check_total(statement, t, world.verifier).ok()); });
  const auto biller = seal::SecretKey::derive(secret_of("biller"));
  const TotalOpening for_biller = make_total(statement, openings, world.pseudonym, biller.public_key()).value();
  const seal::Sealed sealed = seal_total(statement, for_biller, biller.public_key(), secret_of("seed")).value();
  std::mt19937_64 random(8);
  for (int i = 0; i < 1'000; ++i) {
    seal::Sealed bad = sealed;
    bad.cipher = damaged(sealed.cipher, random);
    if (bad == sealed) continue;
    EXPECT_FALSE(open_total(statement, bad, biller, world.verifier).ok());
  }
}

TEST(PrivateFuzz, PseudonymBatches) {
  const Ed25519Signer distributor = signer_of("distributor");
  const Ed25519Signer regulator = signer_of("regulator");
  const Ed25519Verifier verifier;
  std::vector<ActivePoint> points;
  for (uint32_t i = 1; i <= 20; ++i) points.push_back({i, 3'000, signer_of(std::to_string(i)).public_key()});
  const std::vector<uint64_t> buckets = {3'700, 11'000};
  PseudonymBatch batch = make_batch(kChain, 7, 8, {0, 86'400}, points, buckets).value();
  batch.distributor_signature = distributor.sign(batch_digest(batch).view());
  batch.regulator_signature = regulator.sign(batch_digest(batch).view());
  const BatchContext context{kChain, distributor.public_key(), regulator.public_key(), 2, 20, 0};
  ASSERT_TRUE(check_batch(batch, context, verifier).ok());
  fuzz(batch, 9, [&](const PseudonymBatch& b) { EXPECT_FALSE(check_batch(b, context, verifier).ok()); });
}

TEST(PrivateFuzz, RegionProofs) {
  RegionBalance balance;
  balance.chain = kChain;
  balance.regions = {1};
  balance.meters = 10;
  balance.feeder_in_wh = 100;
  balance.loss_hi_ppm = 100'000;
  const Blinding blinding = derive_blinding("tieline/test/1", secret_of("x"), {});
  balance.drawn = {commit(95, blinding).value()};
  const Bytes proof = prove_region(balance, {{95, blinding}, {}}, secret_of("seed")).value();
  std::mt19937_64 random(10);
  for (int i = 0; i < 1'000; ++i) {
    const Bytes bad = damaged(proof, random);
    EXPECT_EQ(check_region(balance, bad).ok(), bad == proof) << i;
  }
}

TEST(PrivateFuzz, Exchanges) {
  const Ed25519Signer a = signer_of("a");
  const Ed25519Signer b = signer_of("b");
  const Ed25519Verifier verifier;
  const auto a_seal = seal::SecretKey::derive(secret_of("a seal"));
  const auto b_seal = seal::SecretKey::derive(secret_of("b seal"));
  const ExchangePair pair{kChain, {1, a.public_key(), a_seal.public_key()}, {2, b.public_key(), b_seal.public_key()}};
  const ExchangeSender sender =
      ExchangeSender::start(pair, view_of("message"), secret_of("nonce"), secret_of("seed"), a).value();
  const auto open = [&](const ExchangeRequest& r) {
    return ExchangeReceiver::open(pair, r, b_seal, secret_of("challenge"), secret_of("b seed"), b, verifier);
  };
  const ExchangeReceiver receiver = open(sender.request()).value();
  const ExchangeConfirmation confirmation = sender.confirm(receiver.response(), a_seal, a, verifier).value();
  fuzz(sender.request(), 11, [&](const ExchangeRequest& r) { EXPECT_FALSE(open(r).ok()); });
  fuzz(receiver.response(), 12,
       [&](const ExchangeResponse& r) { EXPECT_FALSE(sender.confirm(r, a_seal, a, verifier).ok()); });
  fuzz(confirmation, 13, [&](const ExchangeConfirmation& c) { EXPECT_FALSE(receiver.accept(c, verifier).ok()); });
}

}  // namespace
}  // namespace tieline::energy
