#include "sim/sim_store.h"

#include "sim/mix.h"

namespace tieline::sim {

void SimStore::apply(StoreBatch&& batch) {
  for (StoreWrite& write : batch) {
    MemoryStore::Value value = write.value ? std::make_shared<const Bytes>(std::move(*write.value)) : nullptr;
    MemoryStore::Value before = rows_.exchange(write.column, write.key, std::move(value));
    undo_.push_back({write.column, std::move(write.key), std::move(before)});
  }
}

void SimStore::clear(Column column) {
  rows_.scan_shared(column, [&](const Bytes& key, const MemoryStore::Value& value) {
    undo_.push_back({column, key, value});
  });
  rows_.clear(column);
}

// Of a key that was written twice the first value is the last that is put back.
void SimStore::crash() {
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) rows_.exchange(it->column, it->key, std::move(it->before));
  undo_.clear();
}

void SimStore::wipe() {
  rows_ = MemoryStore();
  undo_.clear();
}

uint64_t SimStore::hash(Column column) const {
  uint64_t sum = 0;
  rows_.scan(column, {}, {}, false, [&](ByteView key, ByteView value) {
    sum = mix(sum, mix_bytes(mix_bytes(1, key), value));
    return true;
  });
  return sum;
}

}  // namespace tieline::sim
