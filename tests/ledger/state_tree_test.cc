#include "ledger/state_tree.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "chain.h"
#include "crypto/merkle.h"

namespace tieline::testing {
namespace {

Bytes name_of(uint64_t number) {
  Writer w;
  w.string("thing");
  w.u64(number);
  return state::key_of(w.view());
}

void put_all(MemoryStore& store, const WriteSet& writes) {
  StoreBatch batch;
  for (const auto& [key, value] : writes) batch.push_back({Column::kState, key, value});
  store.apply(batch);
}

// As docs/formats/state.md defines it, without the tree.
Hash plain_root(const StoreReader& store) {
  std::vector<Writer> buckets(state::kBuckets);
  store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    Writer& entries = buckets.at(state::bucket_of_key(key).value());
    entries.bytes(key);
    entries.bytes(value);
    return true;
  });
  std::vector<Hash> leaves;
  for (const Writer& entries : buckets) leaves.push_back(merkle_leaf(entries.view()));
  return merkle_root(leaves);
}

TEST(StateTree, OfTheEmptyStateIsTheRootOfEmptyBuckets) {
  MemoryStore store;
  StateTree tree;
  EXPECT_EQ(tree.root(store), plain_root(store));
  EXPECT_EQ(state_root_of(store), plain_root(store));
}

TEST(StateTree, AgreesWithTheFullRootOverRandomHistories) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    Rng rng(seed);
    MemoryStore store;
    StateTree tree;
    tree.load(store);
    for (int step = 0; step < 20; ++step) {
      for (size_t n = rng.below(4); n > 0; --n) {
        WriteSet writes;
        for (size_t k = rng.below(60); k > 0; --k) {
          std::optional<Bytes> value;
          if (!rng.chance(250'000)) value = Bytes(rng.below(40), static_cast<uint8_t>(rng.next()));
          writes[name_of(rng.below(500))] = value;
        }
        put_all(store, writes);
        tree.mark(writes);
      }
      const Hash root = tree.root(store);
      ASSERT_EQ(root, plain_root(store)) << "seed " << seed << " step " << step;
      ASSERT_EQ(state_root_of(store), root);
      StateTree loaded;
      loaded.load(store);
      ASSERT_EQ(loaded.root(store), root);
    }
  }
}

TEST(StateTree, SeesEveryKeyAndEveryValue) {
  MemoryStore store;
  put_all(store, {{name_of(1), Bytes{1}}, {name_of(2), Bytes{2}}});
  const Hash root = state_root_of(store);
  MemoryStore other;
  put_all(other, {{name_of(1), Bytes{1}}, {name_of(2), Bytes{3}}});
  EXPECT_NE(state_root_of(other), root);
  MemoryStore more;
  put_all(more, {{name_of(1), Bytes{1}}, {name_of(2), Bytes{2}}, {name_of(3), Bytes{}}});
  EXPECT_NE(state_root_of(more), root);
}

TEST(StateTree, RootsASnapshotWhileTheStoreMovesOn) {
  MemoryStore store;
  StateTree tree;
  WriteSet first = {{name_of(1), Bytes{1}}}, second = {{name_of(1), Bytes{2}}};
  put_all(store, first);
  tree.mark(first);
  const auto at = store.snapshot();
  const Hash wanted = state_root_of(store);
  put_all(store, second);
  EXPECT_EQ(tree.root(*at), wanted);
  tree.mark(second);
  EXPECT_EQ(tree.root(store), state_root_of(store));
}

TEST(StateTree, OfAChainIsTheSameForTwoValidatorsAndForASnapshotOfIt) {
  TestChain one, two;
  StateTree tree;
  tree.load(one.store);
  for (int block = 0; block < 12; ++block) {
    const BlockDraft d = one.next({one.data(kUser, 1 + static_cast<uint64_t>(block))}, 900);
    one.commit(d);
    two.commit(d);
    tree.mark(*one.last.writes);
  }
  const Hash root = tree.root(one.store);
  EXPECT_EQ(root, state_root_of(two.store));
  StateRootBuilder builder;
  one.store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    EXPECT_TRUE(builder.add(key, value).ok());
    return true;
  });
  EXPECT_EQ(builder.root(), root);
}

TEST(StateRootBuilder, RefusesKeysOutOfOrderTwiceOrOutsideTheirBucket) {
  Bytes a = name_of(1), b = name_of(2);
  if (b < a) std::swap(a, b);
  StateRootBuilder builder;
  EXPECT_TRUE(builder.add(b, Bytes{}).ok());
  EXPECT_EQ(builder.add(a, Bytes{}).error().code, "malformed");
  EXPECT_EQ(builder.add(b, Bytes{}).error().code, "malformed");
  Bytes moved = b;
  moved[1] = static_cast<uint8_t>(moved[1] + 1);
  EXPECT_EQ(StateRootBuilder().add(moved, Bytes{}).error().code, "malformed");
  EXPECT_EQ(StateRootBuilder().add(Bytes{0, 1}, Bytes{}).error().code, "malformed");
  EXPECT_EQ(StateRootBuilder().add(Bytes{}, Bytes{}).error().code, "malformed");
}

}  // namespace
}  // namespace tieline::testing
