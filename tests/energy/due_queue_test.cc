#include "energy/due_queue.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "memory_source.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

TEST(DueQueue, GivesWhatIsDueByDeadlineAndThenById) {
  DueQueue queue;
  for (const DueItem& item : {DueItem{11, test_id(1)}, {10, test_id(3)}, {10, test_id(2)}, {12, test_id(0)}}) {
    EXPECT_TRUE(queue.insert(item));
    EXPECT_FALSE(queue.insert(item));
  }
  std::vector<DueItem> ran;
  while (const auto item = next_due(queue, 11)) {
    EXPECT_TRUE(queue.erase(*item));
    EXPECT_FALSE(queue.erase(*item));
    ran.push_back(*item);
    if (ran.size() == 1) queue.insert({10, test_id(9)});  // due at once, in its place
  }
  EXPECT_EQ(ran, (std::vector<DueItem>{{10, test_id(2)}, {10, test_id(3)}, {10, test_id(9)}, {11, test_id(1)}}));
  EXPECT_EQ(queue.size(), 1u);
}

DueItem random_item(Rng& rng) {
  DueItem item;
  // Few deadlines, so that many share one, and ids that differ only late, so that nodes stand deep.
  item.deadline_ms = 1'700'000'000'000 + static_cast<int64_t>(rng.below(20)) * (rng.chance(500'000) ? 1 : 900'000);
  if (rng.chance(10'000)) item.deadline_ms = -static_cast<int64_t>(rng.below(5));
  for (size_t i = rng.chance(500'000) ? 0 : 30; i < Hash::kSize; ++i)
    item.id.bytes[i] = static_cast<uint8_t>(rng.next());
  return item;
}

TEST(DueQueue, IsASetInOrderWhateverComesAndGoesAlsoWhenItIsWrittenAndReadAgain) {
  Rng rng(7);
  std::set<DueItem> expected;
  MemorySource source;
  size_t largest = 0;
  for (int block = 0; block < 60; ++block) {
    DueQueue queue;
    queue.each_table([&](auto& table) { table.attach(source); });
    for (int i = 0; i < 200; ++i) {
      if (rng.chance(block < 30 ? 700'000 : 250'000) || expected.empty()) {
        const DueItem item = random_item(rng);
        EXPECT_EQ(queue.insert(item), expected.insert(item).second);
      } else if (rng.chance(500'000)) {
        const DueItem first = *expected.begin();
        ASSERT_EQ(queue.first(), first);
        EXPECT_TRUE(queue.erase(first));
        expected.erase(first);
      } else {
        auto at = expected.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(rng.below(expected.size())));
        const DueItem item = *at;
        EXPECT_TRUE(queue.contains(item));
        EXPECT_TRUE(queue.erase(item));
        EXPECT_FALSE(queue.contains(item));
        expected.erase(item);
      }
    }
    ASSERT_EQ(queue.size(), expected.size());
    largest = std::max(largest, expected.size());
    RecordWrites writes;
    queue.each_table([&](const auto& table) { table.add_writes(writes); });
    source.apply(writes);
  }
  EXPECT_GT(largest, 20 * kDueLeafMax);
  DueQueue queue;
  queue.each_table([&](auto& table) { table.attach(source); });
  while (const auto first = queue.first()) {
    ASSERT_EQ(*first, *expected.begin());
    queue.erase(*first);
    expected.erase(expected.begin());
  }
  EXPECT_TRUE(expected.empty());
  RecordWrites writes;
  queue.each_table([&](const auto& table) { table.add_writes(writes); });
  source.apply(writes);
  EXPECT_TRUE(source.records.empty()) << "an empty queue leaves nothing behind";
}

TEST(DueQueue, FindsTheFirstOfManyWithFewReads) {
  MemorySource source;
  Rng rng(3);
  DueQueue full;
  full.each_table([&](auto& table) { table.attach(source); });
  for (int i = 0; i < 20'000; ++i) full.insert(random_item(rng));
  RecordWrites writes;
  full.each_table([&](const auto& table) { table.add_writes(writes); });
  source.apply(writes);
  DueQueue queue;
  queue.each_table([&](auto& table) { table.attach(source); });
  source.reads = 0;
  EXPECT_TRUE(queue.first().has_value());
  EXPECT_LE(source.reads, 40u);
}

}  // namespace
}  // namespace tieline::energy
