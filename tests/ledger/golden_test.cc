// The bytes of docs/formats/state.md, pinned: they are signed, rooted and kept for as long as a network lives. A value
// here changes only with a new version of its format.

#include <gtest/gtest.h>

#include "chain.h"
#include "ledger/block_record.h"
#include "ledger/state_tree.h"

namespace tieline::testing {
namespace {

TEST(Golden, KeysAreBucketWordAndIds) {
  EXPECT_EQ(to_hex(state::signer_key(1)), "09297369676e65722f00000001");
  EXPECT_EQ(to_hex(state::series_key(258, Obis::kExport)), "0fbe7365726965732f0000010202");
  EXPECT_EQ(to_hex(state::committee_key(3)), "00cf636f6d6d69747465652f0000000000000003");
  EXPECT_EQ(to_hex(state::totals_key()), "0fee746f74616c73");
}

TEST(Golden, ASignersRecord) {
  state::SignerRecord record;
  for (uint64_t s : {1, 2, 3, 6, 7}) record.window.use(s);
  record.used = 5;
  record.timestamp_ms = 1'700'000'000'000;
  EXPECT_EQ(to_hex(encoded(record)), "0700000000000000030200020003000500000000000000010068e5cf8b010000");
}

TEST(Golden, AMetersSeries) {
  energy::MeterSeries series;
  series.recorded.insert(1'000, 1'004);
  series.recorded.insert(1'010, 1'011);
  series.readings = 5;
  series.total_wh = 12'345;
  series.last_register = energy::MeterSeries::Register{99, 909'900};
  series.latest = energy::MeterSeries::Latest{909'900, 900, 7};
  EXPECT_EQ(
      to_hex(encoded(series)),
      "0000000002e8030000ec030000f2030000f3030000050000000000000039300000000000000163000000000000004ce20d0000000000"
      "014ce20d0000000000840300000700000000000000");
}

TEST(Golden, TheDigestOfWrites) {
  const WriteSet writes = {{Bytes{0, 1, 'a'}, Bytes{7}}, {Bytes{0, 2, 'b'}, std::nullopt}};
  EXPECT_EQ(to_hex(state::writes_digest(Hash{}, writes)),
            "444413f7580afc17c607885395f151aa8322972aa340f581d1b98f45ee6d5cc4");
}

TEST(Golden, TheStateRootOfAShortChain) {
  TestChain chain;
  chain.add({chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 900)}), chain.data(kPlant, 2)}, 1'000);
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(to_hex(chain.tip.writes_digest), "0d39eb8961dde253fcfcaaee3ea9f398f7af40b944647c4dcf6d6353d2554b12");
  EXPECT_EQ(to_hex(state_root_of(chain.store)), "121d3e41b6e355030a7ecce373643329339675c0ecdeb64f6b4451258e9d01ed");
}

TEST(Golden, AnIndexKey) {
  EXPECT_EQ(to_hex(reading_key(7, 900, 258, 3)), "000000070000000000000384000000000000010200000003");
}

}  // namespace
}  // namespace tieline::testing
