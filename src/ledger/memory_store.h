#pragma once
// The store of the simulator and of tests: ordered maps in memory. A snapshot shares the maps until the next write to
// them, which then works on a copy of the map (values stay shared); so snapshots cost nothing until they are outlived.

#include <array>
#include <map>

#include "ledger/store.h"

namespace tieline {

class MemoryStore final : public Store {
 public:
  MemoryStore();
  std::optional<Bytes> get(Column column, ByteView key) const override;
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView key, ByteView value)>& visit) const override;
  void apply(const StoreBatch& batch) override;
  std::shared_ptr<const StoreReader> snapshot() const override;

  // A value that is shared, not copied; none: no such key.
  using Value = std::shared_ptr<const Bytes>;
  // Sets one value and returns the one before.
  Value exchange(Column column, const Bytes& key, Value value);
  void scan_shared(Column column, const std::function<void(const Bytes& key, const Value& value)>& visit) const;

  void clear(Column column);
  size_t size(Column column) const;

 private:
  using Map = std::map<Bytes, Value, BytesLess>;
  using Maps = std::array<std::shared_ptr<Map>, kColumns>;
  class Snapshot;

  static std::optional<Bytes> get_from(const Map& map, ByteView key);
  static void scan_map(const Map& map, ByteView from, ByteView to, bool descending,
                       const std::function<bool(ByteView key, ByteView value)>& visit);
  Map& writable(Column column);

  Maps maps_;
};

}  // namespace tieline
