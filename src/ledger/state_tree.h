#pragma once
// The state root that validators sign at checkpoints. The state's keys fall into 4,096 buckets by the hash of their
// names; a bucket is a Merkle leaf over its entries in key order, the root that of RFC 6962 over all buckets. Only
// buckets that were written since the last root are read again, so a root costs in proportion to what changed.
//
// The tree is held in pieces of four levels, and a piece under which the state is empty is not held at all: a start
// costs what the state has, not what it may have.

#include <array>
#include <memory>
#include <vector>

#include "ledger/ledger.h"

namespace tieline {

class StateTree {
 public:
  StateTree();                          // of the empty state
  void load(const StoreReader& store);  // reads everything
  void mark(const WriteSet& writes);    // these keys have changed, or will have where root() looks
  // The root of the state that `at` holds. It must hold everything that was marked.
  Hash root(const StoreReader& at);
  // For who has the entries at hand: what stands in a bucket (each as u32 length and bytes of its key, then of its
  // value), and the root when nothing is marked.
  void set_bucket(uint16_t bucket, ByteView entries);
  Hash root();

  static constexpr size_t kLevels = 3;  // of pieces
  static constexpr size_t kFan = 16;    // leaves of a piece

 private:
  struct Piece {
    std::array<Hash, 2 * kFan> nodes;  // heap order: 1 is the root; kFan + i a bucket or the root of a piece below
    uint16_t changed = 0;              // leaves above which the hashes are old
    uint16_t marked = 0;               // buckets that must be read again
  };
  static const std::array<Piece, kLevels>& empty_pieces();
  Piece& piece(size_t level, size_t index);
  void raise(size_t level, size_t index);

  std::vector<std::unique_ptr<Piece>> pieces_;  // level by level; none: empty
};

// The root of a complete state that comes in pieces, as in a snapshot from a peer: entries in ascending key order.
class StateRootBuilder {
 public:
  // Errors: malformed (out of order, twice, or outside its bucket).
  Status add(ByteView key, ByteView value);
  Hash root();

 private:
  void close_bucket();

  StateTree tree_;
  Bytes last_key_;
  uint16_t bucket_ = 0;
  Writer entries_;
};

Hash state_root_of(const StoreReader& store);  // from scratch

}  // namespace tieline
