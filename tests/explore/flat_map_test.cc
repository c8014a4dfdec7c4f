// The maps under the search: what was put in is found, equal lists have one number, and order matters in lists.

#include "explore/flat_map.h"

#include <gtest/gtest.h>

#include "explore/sets.h"

namespace tieline::explore {
namespace {

TEST(FlatMap, FindsWhatWasPutInAndNothingElse) {
  FlatMap map;
  constexpr uint32_t kMany = 20'000;  // it has to grow several times
  for (uint32_t i = 0; i < kMany; ++i) map.insert(uint64_t{i} << 20, i);
  EXPECT_EQ(map.size(), kMany);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(map.find(uint64_t{i} << 20), i);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(map.find((uint64_t{i} << 20) + 1), FlatMap::kNone);
}

TEST(FlatMap, TakesTheKeyZero) {
  FlatMap map;
  EXPECT_EQ(map.find(0), FlatMap::kNone);
  map.insert(0, 7);
  EXPECT_EQ(map.find(0), 7u);
}

TEST(Lists, EqualListsHaveOneNumberAndTheEmptyOneIsZero) {
  Lists lists;
  EXPECT_EQ(lists.id({}), 0u);
  const std::vector<uint32_t> a{1, 2}, b{2, 1};
  const Lists::Id first = lists.id(a);
  EXPECT_NE(first, 0u);
  EXPECT_EQ(lists.id(a), first);
  EXPECT_NE(lists.id(b), first);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), lists.at(first).begin(), lists.at(first).end()));
}

TEST(Lists, AUnionIsAscendingAndHoldsEachOnce) {
  Lists lists;
  const Lists::Id set = lists.united(0, std::vector<uint32_t>{5, 3, 5});
  const std::vector<uint32_t> expected{3, 4, 5};
  EXPECT_EQ(lists.united(set, std::vector<uint32_t>{4, 3}), lists.id(expected));
  EXPECT_EQ(lists.united(set, std::vector<uint32_t>{3}), set);
}

}  // namespace
}  // namespace tieline::explore
