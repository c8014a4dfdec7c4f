#include "ledger/state_tree.h"

#include <bit>

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/state.h"

namespace tieline {
namespace {

using state::kBuckets;

constexpr uint8_t kInnerPrefix = 1;  // RFC 6962, as in crypto/merkle.h
constexpr size_t kFan = StateTree::kFan;
static_assert(kBuckets == kFan * kFan * kFan && StateTree::kLevels == 3, "a full tree of full pieces");
constexpr std::array<size_t, StateTree::kLevels> kFirstOfLevel = {0, 1, 1 + kFan};
constexpr size_t kPieces = 1 + kFan + kFan * kFan;

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

constexpr uint16_t bit(size_t leaf) { return static_cast<uint16_t>(1U << leaf); }

}  // namespace

// By level; computed once.
const std::array<StateTree::Piece, StateTree::kLevels>& StateTree::empty_pieces() {
  static const std::array<Piece, kLevels> pieces = [] {
    std::array<Piece, kLevels> out;
    Hash leaf = merkle_leaf({});
    for (size_t level = kLevels; level-- > 0;) {
      auto& nodes = out[level].nodes;
      for (size_t i = kFan; i < 2 * kFan; ++i) nodes[i] = leaf;
      for (size_t width = kFan / 2; width >= 1; width /= 2) {
        const Hash node = inner(nodes[2 * width], nodes[2 * width]);
        for (size_t i = width; i < 2 * width; ++i) nodes[i] = node;
      }
      leaf = nodes[1];
    }
    return out;
  }();
  return pieces;
}

StateTree::StateTree() : pieces_(kPieces) {}

StateTree::Piece& StateTree::piece(size_t level, size_t index) {
  std::unique_ptr<Piece>& at = pieces_[kFirstOfLevel[level] + index];
  if (!at) at = std::make_unique<Piece>(empty_pieces()[level]);
  return *at;
}

void StateTree::set_bucket(uint16_t bucket, ByteView entries) {
  Piece& at = piece(kLevels - 1, bucket / kFan);
  at.nodes[kFan + bucket % kFan] = merkle_leaf(entries);
  at.changed |= bit(bucket % kFan);
}

// Inner nodes wait for the first root: by then they may have to change again.
void StateTree::load(const StoreReader& store) {
  *this = StateTree();
  Writer entries;
  std::optional<uint16_t> open;
  const auto close_bucket = [&] {
    if (!open) return;
    set_bucket(*open, entries.view());
    entries = Writer();
  };
  store.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    const std::optional<uint16_t> bucket = state::bucket_of_key(key);
    TL_CHECK_MSG(bucket.has_value(), "a state key stands outside its bucket");
    if (open != bucket) {
      close_bucket();
      open = bucket;
    }
    put_entry(entries, key, value);
    return true;
  });
  close_bucket();
}

void StateTree::mark(const WriteSet& writes) {
  for (const auto& [key, value] : writes) {
    TL_CHECK(key.size() > state::kBucketBytes);
    const size_t bucket = load_be<uint16_t>(key.data());
    TL_CHECK(bucket < kBuckets);
    piece(kLevels - 1, bucket / kFan).marked |= bit(bucket % kFan);
  }
}

Hash StateTree::root(const StoreReader& at) {
  for (size_t index = 0; index < kFan * kFan; ++index) {
    const auto& owner = pieces_[kFirstOfLevel[kLevels - 1] + index];
    if (!owner) continue;
    for (unsigned left = std::exchange(owner->marked, uint16_t{0}); left != 0; left &= left - 1) {
      const size_t bucket = index * kFan + static_cast<size_t>(std::countr_zero(left));
      Writer entries;
      at.scan(Column::kState, bucket_start(bucket), bucket_start(bucket + 1), false, [&](ByteView key, ByteView value) {
        put_entry(entries, key, value);
        return true;
      });
      set_bucket(static_cast<uint16_t>(bucket), entries.view());
    }
  }
  return root();
}

Hash StateTree::root() {
  for (size_t level = kLevels; level-- > 0;)
    for (size_t index = 0; index < (level + 1 < kLevels ? kFirstOfLevel[level + 1] : kPieces) - kFirstOfLevel[level];
         ++index)
      raise(level, index);
  return pieces_[0] ? pieces_[0]->nodes[1] : empty_pieces()[0].nodes[1];
}

// From a piece's changed leaves to its root, each inner node once, and that into the piece above.
void StateTree::raise(size_t level, size_t index) {
  const auto& owner = pieces_[kFirstOfLevel[level] + index];
  if (!owner || owner->changed == 0) return;
  auto& nodes = owner->nodes;
  uint32_t changed = uint32_t{std::exchange(owner->changed, uint16_t{0})} << kFan;  // a bit a node
  for (size_t node = kFan - 1; node >= 1; --node) {
    if ((changed >> 2 * node & 3) == 0) continue;
    nodes[node] = inner(nodes[2 * node], nodes[2 * node + 1]);
    changed |= uint32_t{1} << node;
  }
  if (level == 0) return;
  Piece& above = piece(level - 1, index / kFan);
  above.nodes[kFan + index % kFan] = nodes[1];
  above.changed |= bit(index % kFan);
}

Status StateRootBuilder::add(ByteView key, ByteView value) {
  if (!last_key_.empty() && !BytesLess{}(last_key_, key)) {
    return Error{"malformed", "malformed state: its keys are not strictly ascending"};
  }
  const std::optional<uint16_t> bucket = state::bucket_of_key(key);
  if (!bucket) return Error{"malformed", "malformed state: a key stands outside its bucket"};
  if (bucket_ != *bucket) {
    close_bucket();
    bucket_ = *bucket;
  }
  put_entry(entries_, key, value);
  last_key_.assign(key.begin(), key.end());
  return {};
}

void StateRootBuilder::close_bucket() {
  if (entries_.size() == 0) return;
  tree_.set_bucket(bucket_, entries_.view());
  entries_ = Writer();
}

Hash StateRootBuilder::root() {
  close_bucket();
  return tree_.root();
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
