// Tables and lists over a source: read once, undone wholly, written once.

#include "energy/table.h"

#include <gtest/gtest.h>

#include "energy/paged_list.h"
#include "memory_source.h"

namespace tieline::energy {
namespace {

Bytes name(const uint32_t& key) { return RecordName("t/").id(key).take(); }
Bytes page_name(const PageOf<uint32_t>& key) { return RecordName("t/").id(key.list).id(key.page).take(); }
using Numbers = Table<uint32_t, uint64_t>;
using List = PagedList<uint32_t, uint64_t>;

TEST(Tables, ReadARecordOnceAndWriteOnlyWhatChanged) {
  MemorySource source;
  source.records[name(1)] = encoded(uint64_t{10});
  source.records[name(2)] = encoded(uint64_t{20});
  Numbers t(name);
  t.attach(source);
  EXPECT_EQ(t.at(1), 10u);
  EXPECT_EQ(t.at(1), 10u);
  EXPECT_FALSE(t.contains(3));
  EXPECT_FALSE(t.contains(3));
  EXPECT_EQ(source.reads, 2u);
  t[2] = 21;
  t[4] = 40;
  t[5] = 50;
  EXPECT_EQ(t.erase(5), 1u);
  EXPECT_EQ(t.erase(1), 1u);
  EXPECT_EQ(t.erase(1), 0u);
  RecordWrites writes;
  t.add_writes(writes);
  EXPECT_EQ(writes, (RecordWrites{
                        {name(1), std::nullopt}, {name(2), encoded(uint64_t{21})}, {name(4), encoded(uint64_t{40})}}));
}

TEST(Tables, ARolledBackTransactionHasNotHappened) {
  for (const bool with_source : {true, false}) {
    MemorySource source;
    source.records[name(1)] = encoded(uint64_t{10});
    Numbers t(name);
    if (with_source) {
      t.attach(source);
    } else {
      t[1] = 10;
    }
    t.begin_changes();
    t[2] = 20;
    t.commit();
    t.begin_changes();
    t[1] = 11;
    t.erase(2);
    t[2] = 5;
    t[3] = 30;
    t.erase(1);
    t.roll_back();
    EXPECT_EQ(t.at(1), 10u);
    EXPECT_EQ(t.at(2), 20u);
    EXPECT_FALSE(t.contains(3));
    if (!with_source) continue;
    RecordWrites writes;
    t.add_writes(writes);
    EXPECT_EQ(writes, (RecordWrites{{name(2), encoded(uint64_t{20})}}));
  }
}

TEST(Lists, KeepTheirOrderInPagesAndLeaveNothingWhenTheyAreEmpty) {
  MemorySource source;
  List list(name, page_name);
  list.each_table([&](auto& table) { table.attach(source); });
  std::vector<uint64_t> expected;
  for (uint64_t i = 0; i < 5 * kPageItems; ++i) {
    list.add(7, i);
    expected.push_back(i);
  }
  const auto remove = [&](uint64_t item, bool newest_first) {
    list.remove(7, item, newest_first);
    std::erase(expected, item);
    EXPECT_EQ(list.items(7), expected);
  };
  for (uint64_t i = kPageItems; i < 2 * kPageItems; ++i) remove(i, true);  // a page in the middle
  for (uint64_t i = 0; i < kPageItems; ++i) remove(i, false);
  remove(5 * kPageItems - 1, true);
  list.add(7, 1'000);
  expected.push_back(1'000);
  EXPECT_EQ(list.items(7), expected);
  RecordWrites writes;
  list.each_table([&](const auto& table) { table.add_writes(writes); });
  source.apply(writes);
  EXPECT_EQ(source.records.size(), 4u) << "a head and three pages";
  List again(name, page_name);
  again.each_table([&](auto& table) { table.attach(source); });
  EXPECT_EQ(again.items(7), expected);
  again.clear(7);
  EXPECT_TRUE(again.items(7).empty());
  writes.clear();
  again.each_table([&](const auto& table) { table.add_writes(writes); });
  source.apply(writes);
  EXPECT_TRUE(source.records.empty());
}

TEST(Lists, AreUndoneWithTheTransaction) {
  List list(name, page_name);
  for (uint64_t i = 0; i < 40; ++i) list.add(1, i);
  const List before = list;
  list.each_table([](auto& table) { table.begin_changes(); });
  list.remove(1, 3, false);
  for (uint64_t i = 0; i < 60; ++i) list.add(1, i + 100);
  list.clear(1);
  list.add(1, 5);
  list.each_table([](auto& table) { table.roll_back(); });
  EXPECT_TRUE(list == before);
}

}  // namespace
}  // namespace tieline::energy
