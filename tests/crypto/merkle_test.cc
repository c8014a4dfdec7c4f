#include "crypto/merkle.h"

#include <gtest/gtest.h>

#include <bit>

#include "crypto/hash.h"
#include "crypto_testing.h"

namespace tieline {
namespace {

using testing::bytes_of_hex;
using testing::with_bit_flipped;

std::vector<Hash> leaves(size_t count) {
  std::vector<Hash> out;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t data[2] = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)};
    out.push_back(merkle_leaf(data));
  }
  return out;
}

// The definition of RFC 6962 section 2.1, word for word.
Hash root_by_definition(std::span<const Hash> hashes) {
  if (hashes.size() == 1) return hashes[0];
  const size_t k = std::bit_floor(hashes.size() - 1);
  const uint8_t prefix[1] = {1};
  const Hash left = root_by_definition(hashes.first(k));
  const Hash right = root_by_definition(hashes.subspan(k));
  return sha256({ByteView(prefix), left.view(), right.view()});
}

TEST(Merkle, GivesTheRootsOfCertificateTransparencysTestTree) {
  const char* data[] = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const char* roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  std::vector<Hash> hashes;
  EXPECT_EQ(to_hex(merkle_root(hashes)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (size_t i = 0; i < std::size(data); ++i) {
    hashes.push_back(merkle_leaf(bytes_of_hex(data[i])));
    EXPECT_EQ(to_hex(merkle_root(hashes)), roots[i]) << i + 1 << " leaves";
  }
}

TEST(Merkle, EveryLeafOfEveryTreeUpTo70HasAPathThatVerifiesOnlyForIt) {
  for (size_t count = 1; count <= 70; ++count) {
    const auto hashes = leaves(count);
    const Hash root = merkle_root(hashes);
    ASSERT_EQ(root, root_by_definition(hashes));
    for (size_t index = 0; index < count; ++index) {
      const auto path = merkle_path(hashes, index);
      ASSERT_TRUE(merkle_verify(root, hashes[index], index, count, path)) << index << " of " << count;
      for (size_t other = 0; other < count + 2; ++other) {
        if (other == index) continue;
        ASSERT_FALSE(merkle_verify(root, hashes[index], other, count, path)) << index << " as " << other;
      }
    }
  }
}

TEST(Merkle, AnyFlippedBitOfRootLeafOrPathIsRefused) {
  for (const size_t count : {1, 2, 3, 7, 8, 13}) {
    const auto hashes = leaves(count);
    const Hash root = merkle_root(hashes);
    for (size_t index = 0; index < count; ++index) {
      const auto path = merkle_path(hashes, index);
      for (size_t bit = 0; bit < 256; ++bit) {
        ASSERT_FALSE(merkle_verify(with_bit_flipped(root, bit), hashes[index], index, count, path));
        ASSERT_FALSE(merkle_verify(root, with_bit_flipped(hashes[index], bit), index, count, path));
        for (size_t step = 0; step < path.size(); ++step) {
          auto broken = path;
          broken[step] = with_bit_flipped(broken[step], bit);
          ASSERT_FALSE(merkle_verify(root, hashes[index], index, count, broken));
        }
      }
    }
  }
}

TEST(Merkle, APathOfTheWrongLengthIsRefused) {
  for (size_t count = 1; count <= 70; ++count) {
    const auto hashes = leaves(count);
    const Hash root = merkle_root(hashes);
    for (size_t index = 0; index < count; ++index) {
      auto path = merkle_path(hashes, index);
      path.push_back(hashes[0]);
      ASSERT_FALSE(merkle_verify(root, hashes[index], index, count, path));
      path.pop_back();
      if (path.empty()) continue;
      path.pop_back();
      ASSERT_FALSE(merkle_verify(root, hashes[index], index, count, path));
    }
  }
}

TEST(Merkle, AnInnerNodeDoesNotPassAsALeaf) {
  const auto hashes = leaves(4);
  const Hash left = merkle_root(std::span(hashes).first(2));
  const Hash right = merkle_root(std::span(hashes).last(2));
  const Hash root = merkle_root(hashes);
  // The node itself verifies as a leaf hash of a two-leaf tree, so the count must come from a signed source; the data
  // of a leaf, though, can never hash to a node.
  EXPECT_FALSE(merkle_verify(root, left, 0, 4, std::vector<Hash>{right}));
  Bytes joined(left.bytes.begin(), left.bytes.end());
  joined.insert(joined.end(), right.bytes.begin(), right.bytes.end());
  EXPECT_NE(merkle_leaf(joined), root);
}

TEST(Merkle, AnOddLastLeafIsNotItsOwnTwin) {
  auto three = leaves(3);
  auto doubled = three;
  doubled.push_back(three.back());
  EXPECT_NE(merkle_root(three), merkle_root(doubled));
}

TEST(Merkle, HugeAndSenselessPositionsAreRefusedWithoutReadingBeyondThePath) {
  const auto hashes = leaves(5);
  const Hash root = merkle_root(hashes);
  const auto path = merkle_path(hashes, 4);
  EXPECT_FALSE(merkle_verify(root, hashes[4], 0, 0, path));
  EXPECT_FALSE(merkle_verify(root, hashes[4], 5, 5, path));
  EXPECT_FALSE(merkle_verify(root, hashes[4], UINT64_MAX, UINT64_MAX, path));
  EXPECT_FALSE(merkle_verify(root, hashes[4], UINT64_MAX - 1, UINT64_MAX, path));
  EXPECT_FALSE(merkle_verify(root, hashes[4], 4, UINT64_MAX, path));
}

}  // namespace
}  // namespace tieline
