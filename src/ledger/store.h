#pragma once
// The key-value interface that the ledger stands on. In the node it is RocksDB (storage/rocks_store.h), in the
// simulator and in tests an ordered map (ledger/memory_store.h). One writer (the replica's thread, or the storage
// thread on its behalf); readers see the last applied batch.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace tieline {

// Column families (docs/formats/store.md):
//   kState     what every validator must hold alike; under the state root. Key = 2-byte bucket ++ name (ledger/state.h)
//   kBlocks    height (8 bytes, big-endian) -> block in transfer form, its results and its CommitProof
//   kTxs       transaction id -> height, index
//   kReadings  meter, first start, height, index (all big-endian) -> last end: finds transactions of a meter
//   kMeta      applied height and digest, stable checkpoints, committee links, tree nodes of the state root
enum class Column : uint8_t { kState = 0, kBlocks = 1, kTxs = 2, kReadings = 3, kMeta = 4 };
inline constexpr size_t kColumns = 5;

// The order of keys everywhere: bytewise, a prefix first. Compares with views, so that a lookup copies nothing.
struct BytesLess {
  using is_transparent = void;
  bool operator()(ByteView a, ByteView b) const {
    if (a.size() >= sizeof(uint64_t) && b.size() >= sizeof(uint64_t)) {  // which decides nearly always
      const auto first = load_be<uint64_t>(a.data()), second = load_be<uint64_t>(b.data());
      if (first != second) return first < second;
    }
    const size_t common = a.size() < b.size() ? a.size() : b.size();
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    return order != 0 ? order < 0 : a.size() < b.size();
  }
};

struct StoreWrite {
  Column column = Column::kState;
  Bytes key;
  std::optional<Bytes> value;  // empty: delete
  bool operator==(const StoreWrite&) const = default;
};
using StoreBatch = std::vector<StoreWrite>;

class StoreReader {
 public:
  virtual ~StoreReader() = default;
  virtual std::optional<Bytes> get(Column column, ByteView key) const = 0;
  // Keys in [from, to) ascending (or descending), until `visit` returns false. An empty `to` means: no end.
  virtual void scan(Column column, ByteView from, ByteView to, bool descending,
                    const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
};

class Store : public StoreReader {
 public:
  // All or nothing; not durable by itself (the log is). An I/O error aborts with a plain message in the node.
  virtual void apply(const StoreBatch& batch) = 0;
  virtual std::shared_ptr<const StoreReader> snapshot() const = 0;
};

}  // namespace tieline
