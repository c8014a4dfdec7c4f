#include "energy/private_reading.h"

#include <gtest/gtest.h>

#include <set>

#include "energy/private_gap.h"
#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::kNoon;
using testing::PrivateWorld;

OpenedPayload open(const PrivateWorld& world, const PrivateReading& reading, ParticipantId id,
                   const seal::SecretKey& key) {
  return open_payload(kChain, world.pseudonym.public_key(), reading, id, key, world.verifier).value();
}

TEST(PrivateReading, EveryNamedReceiverOpensItsValueAndNobodyElseDoes) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250, 3});
  for (size_t i = 0; i < 2; ++i) {
    const PrivateReading& reading = record.readings[i];
    for (const auto& [id, key] : {std::pair{7u, &world.distributor}, std::pair{9u, &world.owner}}) {
      const OpenedPayload opened = open(world, reading, id, *key);
      EXPECT_EQ(opened.verdict, PayloadVerdict::kGood);
      EXPECT_EQ(opened.payload.wh, i == 0 ? 250u : 3u);
      EXPECT_TRUE(opens(reading.commitment, opened.payload.wh, opened.payload.blinding));
    }
    EXPECT_EQ(open(world, reading, 7, world.owner).verdict, PayloadVerdict::kDoesNotOpen);
  }
  const auto stranger =
      open_payload(kChain, world.pseudonym.public_key(), record.readings[0], 8, world.owner, world.verifier);
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code, "not_addressed");
}

TEST(PrivateReading, ACiphertextIsWorthNothingOutsideItsContextAndCommitment) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250, 3});
  const auto verdict = [&](auto change) {
    PrivateReading reading = record.readings[0];
    change(reading);
    return open(world, reading, 7, world.distributor).verdict;
  };
  EXPECT_EQ(verdict([](PrivateReading&) {}), PayloadVerdict::kGood);
  EXPECT_EQ(verdict([](PrivateReading& r) { r.start_s += 900; }), PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(verdict([](PrivateReading& r) { r.duration_s += 900; }), PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(verdict([](PrivateReading& r) { r.version = 1; }), PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(verdict([](PrivateReading& r) { r.obis = Obis::kExport; }), PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(verdict([&](PrivateReading& r) { r.commitment = record.readings[1].commitment; }),
            PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(verdict([&](PrivateReading& r) { r.sealed = record.readings[1].sealed; }), PayloadVerdict::kDoesNotOpen);
  const auto other_chain = open_payload(sha256(view_of("other")), world.pseudonym.public_key(), record.readings[0], 7,
                                        world.distributor, world.verifier);
  EXPECT_EQ(other_chain->verdict, PayloadVerdict::kDoesNotOpen);
  const auto other_meter = open_payload(kChain, testing::signer_of("other").public_key(), record.readings[0], 7,
                                        world.distributor, world.verifier);
  EXPECT_EQ(other_meter->verdict, PayloadVerdict::kDoesNotOpen);
}

TEST(PrivateReading, ASignedPayloadThatTheCommitmentDoesNotHoldIsForged) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250});
  PrivateReading reading = record.readings[0];
  const PrivateContext context = context_of(kChain, record.pseudonym, reading);
  const auto forge = [&](uint64_t wh, const Blinding& blinding, const Signer& signer) {
    const Hash digest = payload_digest(context, reading.commitment, world.receivers[0].key, wh, blinding);
    const PrivatePayload payload = {wh, blinding, signer.sign(digest.view())};
    reading.sealed[0].payload =
        seal_payload(context, reading.commitment, world.receivers[0], payload, testing::secret_of("seed")).value();
    return open(world, reading, 7, world.distributor).verdict;
  };
  const Blinding right = reading_blinding(world.meter_secret, context);
  Blinding unreduced;
  unreduced.bytes.fill(0xff);
  EXPECT_EQ(forge(250, right, world.pseudonym), PayloadVerdict::kGood);
  EXPECT_EQ(forge(251, right, world.pseudonym), PayloadVerdict::kForged);
  EXPECT_EQ(forge(250, Blinding{}, world.pseudonym), PayloadVerdict::kForged);
  EXPECT_EQ(forge(250, unreduced, world.pseudonym), PayloadVerdict::kForged);
  EXPECT_EQ(forge(250, right, testing::signer_of("stranger")), PayloadVerdict::kDoesNotOpen);
}

TEST(PrivateReading, APayloadSignedForOneReceiverProvesNothingToAnother) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250});
  PrivateReading reading = record.readings[0];
  const PrivateContext context = context_of(kChain, record.pseudonym, reading);
  // The distributor passes on what it opened, sealed to the owner.
  const OpenedPayload mine = open(world, reading, 7, world.distributor);
  reading.sealed[1].payload =
      seal_payload(context, reading.commitment, world.receivers[1], mine.payload, testing::secret_of("seed")).value();
  EXPECT_EQ(open(world, reading, 9, world.owner).verdict, PayloadVerdict::kDoesNotOpen);
}

TEST(PrivateReading, BlindingsAndSeedsDifferInEveryContextAndHangOnTheSecret) {
  const PrivateWorld world;
  std::set<std::string> blindings;
  PrivateContext context{kChain, world.pseudonym.public_key(), Obis::kImport, kNoon, 900, 0};
  const auto note = [&] { blindings.insert(to_hex(reading_blinding(world.meter_secret, context))); };
  note();
  context.version = 1;
  note();
  context.start_s += 900;
  note();
  context.duration_s = 1'800;
  note();
  context.obis = Obis::kExport;
  note();
  context.pseudonym.bytes[0] ^= 1;
  note();
  context.chain.bytes[0] ^= 1;
  note();
  EXPECT_EQ(blindings.size(), 7u);
  EXPECT_EQ(reading_blinding(world.meter_secret, context), reading_blinding(world.meter_secret, context));
  EXPECT_NE(reading_blinding(world.meter_secret, context), reading_blinding(testing::secret_of("x"), context));

  const PrivateRecord record = world.record({250});
  EXPECT_NE(record.readings[0].sealed[0].payload.enc, record.readings[0].sealed[1].payload.enc);
}

TEST(PrivateReading, EqualValuesLookDifferentInEveryInterval) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250, 250});
  EXPECT_NE(record.readings[0].commitment, record.readings[1].commitment);
  EXPECT_NE(record.readings[0].sealed[0].payload, record.readings[1].sealed[0].payload);
}

TEST(PrivateReading, AReceiverWithAnUnusableKeyIsRefusedByTheMeter) {
  PrivateWorld world;
  world.receivers[1].key = {};
  const Measured measured{Obis::kImport, kNoon, 900, 0, 1};
  const auto refused = make_private_record(world.meter, kChain, std::span(&measured, 1), world.receivers);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "bad_seal_key");
}

TEST(PrivateGap, IsFiveQuartersOfTheProfileRoundedDownAndNeverAboveTheCap) {
  EXPECT_EQ(substituted_wh(11'000, 900, 100'000), 343u);  // 2,750 x 0.1 x 1.25 = 343.75
  EXPECT_EQ(substituted_wh(11'000, 900, 0), 0u);
  EXPECT_EQ(substituted_wh(11'000, 900, 800'000), 2'750u);
  EXPECT_EQ(substituted_wh(11'000, 900, 1'000'000), 2'750u);
  EXPECT_EQ(substituted_wh(uint64_t{UINT32_MAX} * 4, 900, 1'000'000), UINT32_MAX);
}

TEST(PrivateGap, ALateValueIsTheNextVersionWithABlindingOfItsOwn) {
  const PrivateWorld world;
  const std::vector<Measured> late = {{Obis::kImport, kNoon, 900, 1, 250}};
  const PrivateRecord corrected = make_private_record(world.meter, kChain, late, world.receivers).value();
  EXPECT_TRUE(check_private_record(kChain, corrected, 11'000, world.verifier).ok());
  EXPECT_NE(corrected.readings[0].commitment, world.record({250}).readings[0].commitment);
  EXPECT_EQ(open(world, corrected.readings[0], 7, world.distributor).payload.wh, 250u);
}

}  // namespace
}  // namespace tieline::energy
