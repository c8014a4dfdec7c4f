#include "ledger/memory_store.h"

#include <utility>

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
  for (const StoreWrite& write : batch)
    exchange(write.column, write.key, write.value ? std::make_shared<const Bytes>(*write.value) : nullptr);
}

MemoryStore::Value MemoryStore::exchange(Column column, const Bytes& key, Value value) {
  Map& map = writable(column);
  const auto at = map.lower_bound(key);
  if (at == map.end() || BytesLess{}(key, at->first)) {
    if (value) map.emplace_hint(at, key, std::move(value));
    return nullptr;
  }
  if (value) return std::exchange(at->second, std::move(value));
  Value before = std::move(at->second);
  map.erase(at);
  return before;
}

void MemoryStore::scan_shared(Column column,
                              const std::function<void(const Bytes& key, const Value& value)>& visit) const {
  for (const auto& [key, value] : *maps_[static_cast<size_t>(column)]) visit(key, value);
}

std::shared_ptr<const StoreReader> MemoryStore::snapshot() const { return std::make_shared<Snapshot>(maps_); }

void MemoryStore::clear(Column column) { writable(column).clear(); }

size_t MemoryStore::size(Column column) const { return maps_[static_cast<size_t>(column)]->size(); }

}  // namespace tieline
