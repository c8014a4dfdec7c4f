#include "ledger/memory_store.h"

namespace tieline {

class MemoryStore::Snapshot final : public StoreReader {
 public:
  explicit Snapshot(Maps maps) : maps_(std::move(maps)) {}
  std::optional<Bytes> get(Column column, ByteView key) const override {
    return get_from(*maps_[static_cast<size_t>(column)], key);
  }
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView key, ByteView value)>& visit) const override {
    scan_map(*maps_[static_cast<size_t>(column)], from, to, descending, visit);
  }

 private:
  Maps maps_;
};

MemoryStore::MemoryStore() {
  for (auto& map : maps_) map = std::make_shared<Map>();
}

std::optional<Bytes> MemoryStore::get_from(const Map& map, ByteView key) {
  const auto at = map.find(key);
  if (at == map.end()) return std::nullopt;
  return *at->second;
}

void MemoryStore::scan_map(const Map& map, ByteView from, ByteView to, bool descending,
                           const std::function<bool(ByteView key, ByteView value)>& visit) {
  const auto first = map.lower_bound(from);
  const auto last = to.empty() ? map.end() : map.lower_bound(to);
  if (!to.empty() && !BytesLess{}(from, to)) return;
  if (!descending) {
    for (auto at = first; at != last; ++at) {
      if (!visit(at->first, *at->second)) return;
    }
    return;
  }
  for (auto at = last; at != first;) {
    --at;
    if (!visit(at->first, *at->second)) return;
  }
}

std::optional<Bytes> MemoryStore::get(Column column, ByteView key) const {
  return get_from(*maps_[static_cast<size_t>(column)], key);
}

void MemoryStore::scan(Column column, ByteView from, ByteView to, bool descending,
                       const std::function<bool(ByteView key, ByteView value)>& visit) const {
  scan_map(*maps_[static_cast<size_t>(column)], from, to, descending, visit);
}

MemoryStore::Map& MemoryStore::writable(Column column) {
  auto& map = maps_[static_cast<size_t>(column)];
  if (map.use_count() > 1) map = std::make_shared<Map>(*map);  // a snapshot still reads the old one
  return *map;
}

void MemoryStore::apply(const StoreBatch& batch) {
  for (const StoreWrite& write : batch) {
    Map& map = writable(write.column);
    if (write.value) {
      map.insert_or_assign(write.key, std::make_shared<const Bytes>(*write.value));
    } else {
      map.erase(write.key);
    }
  }
}

std::shared_ptr<const StoreReader> MemoryStore::snapshot() const { return std::make_shared<Snapshot>(maps_); }

void MemoryStore::clear(Column column) { writable(column).clear(); }

size_t MemoryStore::size(Column column) const { return maps_[static_cast<size_t>(column)]->size(); }

}  // namespace tieline
