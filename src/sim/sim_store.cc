#include "sim/sim_store.h"

#include <algorithm>

#include "sim/mix.h"

namespace tieline::sim {

void SimStore::apply(const StoreBatch& batch) {
  for (const StoreWrite& write : batch) undo_.push_back({write.column, write.key, rows_.get(write.column, write.key)});
  // A key that stands twice in the batch has its first value recorded twice: undoing backwards ends at the right one.
  rows_.apply(batch);
}

void SimStore::clear(Column column) {
  rows_.scan(column, {}, {}, false, [&](ByteView key, ByteView value) {
    undo_.push_back({column, Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
    return true;
  });
  rows_.clear(column);
}

void SimStore::crash() {
  std::reverse(undo_.begin(), undo_.end());
  rows_.apply(undo_);
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
