#include "ledger/readings.h"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "base/rng.h"
#include "chain.h"
#include "ledger/block_record.h"

namespace tieline::testing {
namespace {

using Key = std::tuple<int64_t, uint8_t>;

struct Page {
  std::vector<RecordedReading> readings;
  std::optional<ReadingsCursor> next;
};

Page page(const TestChain& chain, MeterId meter, int64_t from_s, int64_t to_s, size_t limit,
          const std::optional<ReadingsCursor>& after = {}) {
  Page out;
  auto next = scan_readings(chain.store, meter, from_s, to_s, limit, after, [&](const RecordedReading& r) {
    out.readings.push_back(r);
    return true;
  });
  EXPECT_TRUE(next.ok());
  if (next.ok()) out.next = *next;
  return out;
}

std::vector<Key> all_keys(const TestChain& chain, MeterId meter, int64_t from_s, int64_t to_s, size_t limit) {
  std::vector<Key> out;
  std::optional<ReadingsCursor> at;
  for (int pages = 0; pages < 10'000; ++pages) {
    const Page p = page(chain, meter, from_s, to_s, limit, at);
    for (const RecordedReading& r : p.readings)
      out.emplace_back(r.reading.start_s, static_cast<uint8_t>(r.reading.obis));
    if (!p.next) return out;
    at = cursor_from_string(to_string(*p.next));
    EXPECT_EQ(at, p.next);
  }
  ADD_FAILURE() << "paging does not end";
  return out;
}

TEST(Readings, OfAMeterComeInTheOrderOfTimeWithTheirTransactions) {
  TestChain chain;
  const TxPtr first = chain.readings(kUser, 1,
                                     {reading(kUserMeter, kStartS - 3'600, 1), reading(kUserMeter2, kStartS - 3'600),
                                      reading(kUserMeter, kStartS - 2'700, 2)});
  const TxPtr second = chain.readings(kUser, 2, {reading(kUserMeter, kStartS - 1'800, 3)});
  chain.add({chain.data(kPlant, 1), first});
  chain.add({second});
  const Page p = page(chain, kUserMeter, 0, INT64_MAX, 100);
  ASSERT_EQ(p.readings.size(), 3u);
  EXPECT_EQ(p.next, std::nullopt);
  EXPECT_EQ(p.readings[0].reading.wh, 1u);
  EXPECT_EQ(p.readings[1].txid, first->id());
  EXPECT_EQ(p.readings[1].index, 1u);
  EXPECT_EQ(p.readings[2].txid, second->id());
  EXPECT_EQ(p.readings[2].height, 2u);
}

TEST(Readings, OfRefusedTransactionsAreNotSeen) {
  TestChain chain;
  chain.add({chain.readings(kPlant, 1, {reading(kUserMeter, kStartS - 900)})});
  EXPECT_TRUE(page(chain, kUserMeter, 0, INT64_MAX, 100).readings.empty());
}

TEST(Readings, ThatMeetTheTimeAreSeenAndOthersAreNot) {
  TestChain chain;
  chain.add({chain.readings(kUser, 1,
                            {reading(kUserMeter, kStartS - 9'000, 1, 1'800), reading(kUserMeter, kStartS - 7'200)})});
  EXPECT_EQ(page(chain, kUserMeter, kStartS - 8'101, kStartS - 8'100, 9).readings.size(), 1u);
  EXPECT_EQ(page(chain, kUserMeter, kStartS - 7'200, kStartS - 7'199, 9).readings.size(), 1u);
  EXPECT_EQ(page(chain, kUserMeter, kStartS - 7'201, kStartS - 7'199, 9).readings.size(), 2u);
  EXPECT_EQ(page(chain, kUserMeter, kStartS - 7'300, kStartS - 7'200, 9).readings.size(), 1u);
  EXPECT_EQ(page(chain, kUserMeter, kStartS - 6'300, kStartS, 9).readings.size(), 0u);
  EXPECT_EQ(page(chain, kUserMeter, kStartS, kStartS - 9'000, 9).readings.size(), 0u);
}

TEST(Readings, APageEndsWhereItIsToldAndTheNextBeginsThere) {
  TestChain chain;
  std::vector<Reading> list;
  for (int i = 50; i > 0; --i) list.push_back(reading(kUserMeter, kStartS - 900 * i, static_cast<uint64_t>(i)));
  chain.add({chain.readings(kUser, 1, list)});
  const Page first = page(chain, kUserMeter, 0, INT64_MAX, 20);
  ASSERT_EQ(first.readings.size(), 20u);
  ASSERT_TRUE(first.next.has_value());
  chain.add({chain.readings(kUser, 2, {reading(kUserMeter, kStartS - 900 * 60)})});  // history arrives in between
  const Page second = page(chain, kUserMeter, 0, INT64_MAX, 100, first.next);
  ASSERT_EQ(second.readings.size(), 30u);
  EXPECT_EQ(second.readings[0].reading.wh, 30u);
  size_t taken = 0;
  const auto stopped = scan_readings(chain.store, kUserMeter, 0, INT64_MAX, 100, {},
                                     [&](const RecordedReading&) { return ++taken <= 5; });
  EXPECT_EQ(page(chain, kUserMeter, 0, INT64_MAX, 1, *stopped).readings[0].reading.wh, 46u);
}

TEST(Readings, AreFoundWholeOverRandomHistoriesAndPageSizes) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    TestChain chain;
    Rng rng(seed);
    std::map<MeterId, std::set<Key>> recorded;
    std::map<MeterId, std::map<Key, int64_t>> ends;
    uint64_t sequence = 0;
    for (int block = 0; block < 8; ++block) {
      std::vector<TxPtr> txs;
      std::vector<std::vector<Reading>> lists;
      for (size_t n = rng.below(4); n > 0; --n) {
        std::vector<Reading> list;
        const int64_t reach = rng.chance(500'000) ? 100 : 20'000;  // hours, or months
        for (size_t r = 1 + rng.below(30); r > 0; --r) {
          Reading one =
              reading(static_cast<MeterId>(rng.chance(500'000) ? kUserMeter : kUserMeter2),
                      kStartS - 900 * rng.between(4, reach), 1, static_cast<uint32_t>(900 * rng.between(1, 4)));
          one.obis = rng.chance(300'000) ? Obis::kExport : Obis::kImport;
          list.push_back(one);
        }
        txs.push_back(chain.readings(kUser, ++sequence, list));
        lists.push_back(list);
      }
      const auto codes = chain.add(txs);
      for (size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] != TxCode::ok) continue;
        for (const Reading& r : lists[i]) {
          const Key key{r.start_s, static_cast<uint8_t>(r.obis)};
          EXPECT_TRUE(recorded[r.meter].insert(key).second);
          ends[r.meter][key] = r.start_s + r.duration_s;
        }
      }
    }
    for (MeterId meter : {kUserMeter, kUserMeter2}) {
      const int64_t from = kStartS - 900 * rng.between(0, 20'000), to = from + 900 * rng.between(1, 20'000);
      std::set<Key> wanted;
      for (const Key& key : recorded[meter]) {
        if (std::get<0>(key) < to && ends[meter][key] > from) wanted.insert(key);
      }
      for (size_t limit : {1u, 7u, 1'000u}) {
        const std::vector<Key> found = all_keys(chain, meter, from, to, limit);
        ASSERT_EQ(found.size(), wanted.size()) << "seed " << seed << ": something twice or missing";
        ASSERT_EQ(std::set<Key>(found.begin(), found.end()), wanted) << "seed " << seed;
      }
    }
  }
}

TEST(Readings, AreSeenOnceWhereTwoStretchesOfATransactionOverlap) {
  TestChain chain;
  const int64_t first = kStartS - 2 * kIndexSpanSeconds;
  Reading out = reading(kUserMeter, first + kIndexSpanSeconds - 1'800, 1, 1'800);
  out.obis = Obis::kExport;  // ends the first stretch after the second has begun
  const TxPtr tx = chain.readings(
      kUser, 1, {reading(kUserMeter, first), out, reading(kUserMeter, first + kIndexSpanSeconds - 900, 1, 1'800)});
  ASSERT_EQ(reading_spans(*tx).size(), 2u);
  ASSERT_EQ(chain.add_one(tx), TxCode::ok);
  EXPECT_EQ(page(chain, kUserMeter, 0, INT64_MAX, 10).readings.size(), 3u);
  EXPECT_EQ(all_keys(chain, kUserMeter, 0, INT64_MAX, 1).size(), 3u);
}

TEST(Readings, ADamagedBlockOrIndexIsReported) {
  TestChain chain;
  chain.add({chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 900)})});
  const auto code = [&] {
    const auto r =
        scan_readings(chain.store, kUserMeter, 0, INT64_MAX, 9, {}, [](const RecordedReading&) { return true; });
    return r.ok() ? std::string("ok") : r.error().code;
  };
  EXPECT_EQ(code(), "ok");
  const Bytes whole = *chain.store.get(Column::kBlocks, block_key(1));
  Bytes flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  chain.store.apply({{Column::kBlocks, block_key(1), flipped}});
  EXPECT_EQ(code(), "corrupt_store");
  chain.store.apply({{Column::kBlocks, block_key(1), std::nullopt}});
  EXPECT_EQ(code(), "corrupt_store");
  chain.store.apply({{Column::kBlocks, block_key(1), whole}});
  chain.store.apply({{Column::kReadings, reading_key(kUserMeter, kStartS - 1'800, 1, 0), Bytes(8, 0x7f)}});
  EXPECT_EQ(code(), "corrupt_store");
}

TEST(Readings, ACursorThatIsNoneIsRefused) {
  EXPECT_EQ(cursor_from_string(""), std::nullopt);
  EXPECT_EQ(cursor_from_string("zz"), std::nullopt);
  EXPECT_EQ(cursor_from_string(std::string(46, '0')), std::nullopt);
  EXPECT_TRUE(cursor_from_string(std::string(48, '0')).has_value());
}

}  // namespace
}  // namespace tieline::testing
