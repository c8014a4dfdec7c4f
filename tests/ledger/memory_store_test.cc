#include "ledger/memory_store.h"

#include <gtest/gtest.h>

namespace tieline {
namespace {

Bytes key(std::initializer_list<uint8_t> bytes) { return bytes; }

std::vector<Bytes> keys(const StoreReader& store, ByteView from, ByteView to, bool descending, size_t limit = 100) {
  std::vector<Bytes> out;
  store.scan(Column::kState, from, to, descending, [&](ByteView k, ByteView) {
    out.emplace_back(k.begin(), k.end());
    return out.size() < limit;
  });
  return out;
}

class MemoryStoreTest : public ::testing::Test {
 protected:
  MemoryStoreTest() {
    for (uint8_t i : Bytes{3, 1, 2}) store_.apply({{Column::kState, key({i}), key({i, i})}});
  }
  MemoryStore store_;
};

TEST_F(MemoryStoreTest, KeepsColumnsApart) {
  EXPECT_EQ(store_.get(Column::kState, key({1})), key({1, 1}));
  EXPECT_EQ(store_.get(Column::kMeta, key({1})), std::nullopt);
}

TEST_F(MemoryStoreTest, ScansBothWaysWithinItsBoundsAndStopsWhenTold) {
  EXPECT_EQ(keys(store_, {}, {}, false), (std::vector<Bytes>{key({1}), key({2}), key({3})}));
  EXPECT_EQ(keys(store_, {}, {}, true), (std::vector<Bytes>{key({3}), key({2}), key({1})}));
  EXPECT_EQ(keys(store_, key({2}), key({3}), false), (std::vector<Bytes>{key({2})}));
  EXPECT_EQ(keys(store_, key({2}), key({3}), true), (std::vector<Bytes>{key({2})}));
  EXPECT_EQ(keys(store_, key({2}), {}, false, 1), (std::vector<Bytes>{key({2})}));
  EXPECT_TRUE(keys(store_, key({3}), key({1}), false).empty());
  EXPECT_TRUE(keys(store_, key({3}), key({1}), true).empty());
}

TEST_F(MemoryStoreTest, ASnapshotStaysAsItWas) {
  const auto before = store_.snapshot();
  store_.apply({{Column::kState, key({1}), std::nullopt}, {Column::kState, key({2}), key({9})}});
  EXPECT_EQ(before->get(Column::kState, key({1})), key({1, 1}));
  EXPECT_EQ(before->get(Column::kState, key({2})), key({2, 2}));
  EXPECT_EQ(store_.get(Column::kState, key({1})), std::nullopt);
  EXPECT_EQ(store_.get(Column::kState, key({2})), key({9}));
}

}  // namespace
}  // namespace tieline
