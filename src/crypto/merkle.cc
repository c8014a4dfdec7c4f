#include "crypto/merkle.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr uint8_t kLeafPrefix[1] = {0x00};
constexpr uint8_t kNodePrefix[1] = {0x01};

Hash node(const Hash& left, const Hash& right) { return sha256({ByteView(kNodePrefix), left.view(), right.view()}); }

// Replaces a level by its parents. Pairing from the left and lifting an odd last node builds the tree of the RFC.
void climb(std::vector<Hash>& level) {
  const size_t pairs = level.size() / 2;
  for (size_t i = 0; i < pairs; ++i) level[i] = node(level[2 * i], level[2 * i + 1]);
  if (level.size() % 2 == 1) {
    level[pairs] = level.back();
    level.resize(pairs + 1);
  } else {
    level.resize(pairs);
  }
}

// Where a node stands among those of its level.
struct Position {
  uint64_t index;
  uint64_t last;  // index of the level's last node
  void climb() {
    index /= 2;
    last /= 2;
  }
  // An odd last node has no sibling: it rises to the level where it has one, or to the root.
  void lift() {
    while (last > 0 && index == last && index % 2 == 0) climb();
  }
};

}  // namespace

Hash merkle_leaf(ByteView data) { return sha256({ByteView(kLeafPrefix), data}); }

Hash merkle_root(std::span<const Hash> leaf_hashes) {
  if (leaf_hashes.empty()) return sha256(ByteView{});
  std::vector<Hash> level(leaf_hashes.begin(), leaf_hashes.end());
  while (level.size() > 1) climb(level);
  return level.front();
}

std::vector<Hash> merkle_path(std::span<const Hash> leaf_hashes, size_t index) {
  TL_CHECK(index < leaf_hashes.size());
  std::vector<Hash> level(leaf_hashes.begin(), leaf_hashes.end());
  std::vector<Hash> path;
  while (level.size() > 1) {
    const size_t sibling = index ^ 1;
    if (sibling < level.size()) path.push_back(level[sibling]);
    climb(level);
    index /= 2;
  }
  return path;
}

bool merkle_verify(const Hash& root, const Hash& leaf, uint64_t index, uint64_t count, std::span<const Hash> path) {
  if (index >= count) return false;
  Hash hash = leaf;
  Position at{index, count - 1};
  at.lift();
  for (const Hash& sibling : path) {
    if (at.last == 0) return false;  // the path is longer than the tree is high
    hash = at.index % 2 == 1 ? node(sibling, hash) : node(hash, sibling);
    at.climb();
    at.lift();
  }
  return at.last == 0 && hash == root;
}

}  // namespace tieline
