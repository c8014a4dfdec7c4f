#include "energy/private_record.h"

#include <gtest/gtest.h>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::kNoon;
using testing::PrivateWorld;

std::string code(const Status& status) { return status ? "" : status.error().code; }

std::string refusal(const PrivateWorld& world, const PrivateRecord& record, uint64_t bucket_w = 11'000) {
  return code(check_private_record(kChain, record, bucket_w, world.verifier));
}

TEST(PrivateRecord, ARecordOfAnHourIsAcceptedAndComesBackFromItsBytes) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({0, 250, 2'749, 2'750});
  EXPECT_EQ(refusal(world, record), "");
  const Bytes bytes = encode_private_record(record);
  EXPECT_EQ(decode_private_record(bytes).value(), record);
}

TEST(PrivateRecord, HasTheSizesThatTheDocumentsName) {
  const PrivateWorld world;
  PrivateWorld one_receiver;
  one_receiver.receivers.pop_back();
  EXPECT_EQ(encode_private_record(one_receiver.record({250})).size(), 823u);
  EXPECT_EQ(encode_private_record(world.record({250})).size(), 979u);
  EXPECT_EQ(encode_private_record(one_receiver.record(std::vector<uint64_t>(16, 250))).size(), 4'169u);
}

TEST(PrivateRecord, ItsBytesArePinned) {
  const PrivateWorld world;
  EXPECT_EQ(to_hex(sha256(encode_private_record(world.record({250, 3})))),
            "863fab5f3482cd73001d33c2d9a3d068b2a61681758a04b3bcecfd96db4c15cd");
}

TEST(PrivateRecord, TheProofHasTheBitsThatTheCapNeeds) {
  PrivateWorld world;
  const size_t small = world.record({250}).range_proof.size();
  world.meter.bucket_w = 4 * 65'535;
  EXPECT_EQ(world.record({250}).range_proof.size(), small);
  world.meter.bucket_w = 4 * 65'536;
  const PrivateRecord large = world.record({65'536});
  EXPECT_EQ(large.range_proof.size(), small + 64);
  EXPECT_EQ(refusal(world, large, 4 * 65'536), "");
}

TEST(PrivateRecord, EveryFlippedBitIsRefused) {
  const PrivateWorld world;
  const Bytes bytes = encode_private_record(world.record({250, 3}));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bad = bytes;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const Result<PrivateRecord> record = decode_private_record(bad);
    if (!record) continue;
    EXPECT_NE(refusal(world, *record), "") << bit;
  }
}

TEST(PrivateRecord, IsWorthNothingOnAnotherChainOrInAnotherBucket) {
  const PrivateWorld world;
  const PrivateRecord record = world.record({250});
  EXPECT_EQ(code(check_private_record(sha256(view_of("other")), record, 11'000, world.verifier)), "bad_signature");
  EXPECT_EQ(refusal(world, record, 12'000), "bad_range_proof");
}

TEST(PrivateRecord, AValueAboveTheCapCannotBeRecorded) {
  const PrivateWorld world;
  const Measured above{Obis::kImport, kNoon, 900, 0, 2'751};
  const auto refused = make_private_record(world.meter, kChain, std::span(&above, 1), world.receivers);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "out_of_range");
  // A proof made for a wider bucket does not pass for the registered one.
  PrivateWorld liar;
  liar.meter.bucket_w = 22'000;
  EXPECT_EQ(refusal(world, liar.record({2'751})), "bad_range_proof");
}

TEST(PrivateRecord, AReadingKeepsItsProofOnlyInItsOwnIntervalCodeAndVersion) {
  const PrivateWorld world;
  const PrivateRecord right = world.record({250, 3});
  const auto changed = [&](auto change) {
    PrivateRecord record = right;
    change(record);
    world.sign(record);  // the pseudonym itself lies
    return refusal(world, record);
  };
  EXPECT_EQ(changed([](PrivateRecord&) {}), "");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[1].start_s += 900; }), "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[1].obis = Obis::kExport; }), "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[1].version = 1; }), "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[1].duration_s = 1'800; }), "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { std::swap(r.readings[0].commitment, r.readings[1].commitment); }),
            "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings.pop_back(); }), "bad_range_proof");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.range_proof.clear(); }), "bad_range_proof");
}

TEST(PrivateRecord, EachBrokenRuleHasItsCode) {
  const PrivateWorld world;
  const PrivateRecord right = world.record({250, 3});
  const auto changed = [&](auto change) {
    PrivateRecord record = right;
    change(record);
    world.sign(record);
    return refusal(world, record);
  };
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].start_s += 1; }), "misaligned_interval");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].start_s = -900; }), "misaligned_interval");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].duration_s = 0; }), "bad_duration");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].duration_s = 86'400 + 900; }), "bad_duration");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].duration_s = 1'000; }), "bad_duration");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].duration_s = 1'800; }), "overlap");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[1].start_s = r.readings[0].start_s; }), "overlap");
  EXPECT_EQ(changed([](PrivateRecord& r) { std::swap(r.readings[0], r.readings[1]); }), "overlap");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].obis = Obis::kExport; }), "overlap");
  EXPECT_EQ(changed([](PrivateRecord& r) { r.readings[0].commitment = {}; }), "bad_commitment");
  EXPECT_EQ(refusal(world, right, 0), "over_capacity");
  EXPECT_EQ(refusal(world, right, UINT64_MAX), "over_capacity");
  PrivateRecord stranger = right;
  stranger.signature = testing::signer_of("stranger").sign(signed_digest(kChain, right).view());
  EXPECT_EQ(refusal(world, stranger), "bad_signature");
}

TEST(PrivateRecord, TheCapIsTheBucketsEnergyRoundedDown) {
  EXPECT_EQ(private_cap_wh(11'000, 900), 2'750u);
  EXPECT_EQ(private_cap_wh(11'001, 900), 2'750u);
  EXPECT_EQ(private_cap_wh(11'004, 900), 2'751u);
  EXPECT_EQ(private_cap_wh(uint64_t{UINT32_MAX} * 4 + 3, 900), UINT32_MAX);
  EXPECT_EQ(private_cap_wh(uint64_t{UINT32_MAX} * 4 + 4, 900), 0u);
  EXPECT_EQ(private_cap_wh(UINT64_MAX, 86'400), 0u);
}

TEST(PrivateRecord, ADecoderTakesNoDisorderAndNoBoundBroken) {
  const PrivateWorld world;
  const PrivateRecord right = world.record({250});
  const auto decodes = [&](auto change) {
    PrivateRecord record = right;
    change(record);
    return decode_private_record(encode_private_record(record)).ok();
  };
  EXPECT_TRUE(decodes([](PrivateRecord&) {}));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings.clear(); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings.resize(17, r.readings[0]); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings[0].sealed.clear(); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { std::swap(r.readings[0].sealed[0], r.readings[0].sealed[1]); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings[0].sealed[1].receiver = 7; }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings[0].version = 4; }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.readings[0].obis = static_cast<Obis>(3); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) { r.range_proof.resize(range::kProofSizeMax + 1); }));
  EXPECT_FALSE(decodes([](PrivateRecord& r) {
    SealedFor more = r.readings[0].sealed[1];
    while (r.readings[0].sealed.size() <= kPrivateReceiversMax) {
      ++more.receiver;
      r.readings[0].sealed.push_back(more);
    }
  }));
}

TEST(PrivateRecord, ABatchOfManyMetersIsCheckedAtOnce) {
  const PrivateWorld world;
  std::vector<PrivateRecord> records;
  std::vector<RangeView> views;
  for (uint64_t i = 0; i < 6; ++i) {
    PrivateWorld meter;
    meter.meter_secret = testing::secret_of("meter " + std::to_string(i));
    records.push_back(meter.record({i, 2 * i}));
  }
  records[4].range_proof = records[3].range_proof;
  for (const PrivateRecord& record : records) views.emplace_back(kChain, record, 11'000);
  std::vector<range::Item> items;
  for (size_t i = 0; i < records.size(); ++i) items.push_back({views[i].claim(), records[i].range_proof});
  std::vector<uint8_t> ok(items.size());
  range::verify_batch(items, ok);
  EXPECT_EQ(ok, (std::vector<uint8_t>{1, 1, 1, 1, 0, 1}));
}

}  // namespace
}  // namespace tieline::energy
