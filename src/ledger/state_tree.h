#pragma once
// The state root that validators sign at checkpoints. The state's keys fall into 4,096 buckets by the hash of their
// names; a bucket is a Merkle leaf over its entries in key order, the root that of RFC 6962 over all buckets. Only
// buckets that were written since the last root are read again, so a root costs in proportion to what changed.

#include <utility>
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

 private:
  void refresh(const StoreReader& at, uint16_t bucket);
  void raise();

  std::vector<Hash> nodes_;       // heap order: 1 is the root, kBuckets + b the leaf of bucket b
  std::vector<uint8_t> dirty_;    // by bucket
  std::vector<uint16_t> marked_;  // the dirty ones; ascending when raise() is called
  bool touched_ = false;          // until then it is the tree of the empty state
};

// The root of a complete state that comes in pieces, as in a snapshot from a peer: entries in ascending key order.
class StateRootBuilder {
 public:
  StateRootBuilder();
  // Errors: malformed (out of order, twice, or outside its bucket).
  Status add(ByteView key, ByteView value);
  Hash root();

 private:
  void close_bucket();

  std::vector<Hash> leaves_;
  Bytes last_key_;
  uint16_t bucket_ = 0;
  Writer entries_;
};

Hash state_root_of(const StoreReader& store);  // from scratch

}  // namespace tieline
