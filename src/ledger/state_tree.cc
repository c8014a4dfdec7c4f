#include "ledger/state_tree.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/state.h"

namespace tieline {
namespace {

using state::kBuckets;

constexpr uint8_t kInnerPrefix = 1;  // RFC 6962, as in crypto/merkle.h
static_assert((kBuckets & (kBuckets - 1)) == 0, "a full binary tree");

Hash inner(const Hash& left, const Hash& right) {
  return sha256({ByteView{&kInnerPrefix, 1}, left.view(), right.view()});
}

void put_entry(Writer& w, ByteView key, ByteView value) {
  w.bytes(key);
  w.bytes(value);
}

Bytes bucket_start(size_t bucket) {
  if (bucket >= kBuckets) return {};
  return {static_cast<uint8_t>(bucket >> 8), static_cast<uint8_t>(bucket)};
}

// The tree of the empty state, computed once: most of a small state's buckets are empty.
const std::vector<Hash>& empty_nodes() {
  static const std::vector<Hash> nodes = [] {
    std::vector<Hash> out(2 * kBuckets);
    const Hash leaf = merkle_leaf({});
    std::fill(out.begin() + kBuckets, out.end(), leaf);
    for (size_t level = kBuckets / 2; level >= 1; level /= 2) {
      std::fill(out.begin() + static_cast<ptrdiff_t>(level), out.begin() + static_cast<ptrdiff_t>(2 * level),
                inner(out[2 * level], out[2 * level]));
    }
    return out;
  }();
  return nodes;
}

}  // namespace

StateTree::StateTree() : nodes_(empty_nodes()), dirty_(kBuckets, 0) {}

void StateTree::load(const StoreReader& store) {
  if (touched_) *this = StateTree();
  touched_ = true;
  Writer entries;
  const auto close_bucket = [&] {
    if (marked_.empty()) return;
    nodes_[kBuckets + marked_.back()] = merkle_leaf(entries.view());
    entries = Writer();
  };
  store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    const std::optional<uint16_t> bucket = state::bucket_of_key(key);
    TL_CHECK_MSG(bucket.has_value(), "a state key stands outside its bucket");
    if (marked_.empty() || marked_.back() != *bucket) {
      close_bucket();
      marked_.push_back(*bucket);
    }
    put_entry(entries, key, value);
    return true;
  });
  close_bucket();
  raise();
}

void StateTree::mark(const WriteSet& writes) {
  touched_ = true;
  for (const auto& [key, value] : writes) {
    TL_CHECK(key.size() > state::kBucketBytes);
    const auto bucket = static_cast<uint16_t>(key[0] << 8 | key[1]);
    TL_CHECK(bucket < kBuckets);
    if (dirty_[bucket] == 0) {
      dirty_[bucket] = 1;
      marked_.push_back(bucket);
    }
  }
}

Hash StateTree::root(const StoreReader& at) {
  std::sort(marked_.begin(), marked_.end());
  for (uint16_t bucket : marked_) refresh(at, bucket);
  raise();
  return nodes_[1];
}

// From the marked leaves to the root, level by level, each inner node once. Nothing is marked afterwards.
void StateTree::raise() {
  std::vector<size_t> level;
  level.reserve(marked_.size());
  for (uint16_t bucket : marked_) {
    level.push_back((kBuckets + bucket) / 2);
    dirty_[bucket] = 0;
  }
  marked_.clear();
  while (!level.empty() && level.front() >= 1) {
    level.erase(std::unique(level.begin(), level.end()), level.end());
    for (size_t& node : level) {
      nodes_[node] = inner(nodes_[2 * node], nodes_[2 * node + 1]);
      node /= 2;
    }
  }
}

void StateTree::refresh(const StoreReader& at, uint16_t bucket) {
  Writer entries;
  at.scan(Column::kState, bucket_start(bucket), bucket_start(size_t{bucket} + 1), false,
          [&](ByteView key, ByteView value) {
            put_entry(entries, key, value);
            return true;
          });
  nodes_[kBuckets + bucket] = merkle_leaf(entries.view());
}

StateRootBuilder::StateRootBuilder() { leaves_.reserve(kBuckets); }

Status StateRootBuilder::add(ByteView key, ByteView value) {
  if (!last_key_.empty() && !BytesLess{}(last_key_, key)) {
    return Error{"malformed", "malformed state: its keys are not strictly ascending"};
  }
  const std::optional<uint16_t> bucket = state::bucket_of_key(key);
  if (!bucket) return Error{"malformed", "malformed state: a key stands outside its bucket"};
  while (bucket_ < *bucket) close_bucket();
  put_entry(entries_, key, value);
  last_key_.assign(key.begin(), key.end());
  return {};
}

void StateRootBuilder::close_bucket() {
  leaves_.push_back(merkle_leaf(entries_.view()));
  entries_ = Writer();
  ++bucket_;
}

Hash StateRootBuilder::root() {
  while (bucket_ < kBuckets) close_bucket();
  return merkle_root(leaves_);
}

Hash state_root_of(const StoreReader& store) {
  StateRootBuilder builder;
  store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    const Status added = builder.add(key, value);
    TL_CHECK_MSG(added.ok(), "the store's state is damaged: a key out of order or outside its bucket");
    return true;
  });
  return builder.root();
}

}  // namespace tieline
