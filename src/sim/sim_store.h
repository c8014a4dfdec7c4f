#pragma once
// The store of a simulated validator: the ledger's MemoryStore, and a record of what every batch since the last flush
// replaced, so that a crash takes back what was not flushed (a RocksDB without write-ahead log behaves so: a prefix of
// the batches survives).

#include <vector>

#include "ledger/memory_store.h"

namespace tieline::sim {

class SimStore final : public Store {
 public:
  std::optional<Bytes> get(Column column, ByteView key) const override { return rows_.get(column, key); }
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView key, ByteView value)>& visit) const override {
    rows_.scan(column, from, to, descending, visit);
  }
  void apply(const StoreBatch& batch) override { apply(StoreBatch(batch)); }
  void apply(StoreBatch&& batch);
  std::shared_ptr<const StoreReader> snapshot() const override { return rows_.snapshot(); }

  void clear(Column column);       // for StoreApply.replace_state
  void flush() { undo_.clear(); }  // everything applied so far would survive power loss
  void crash();                    // back to the last flush
  void wipe();
  uint64_t hash(Column column) const;  // of keys and values, to compare validators

 private:
  struct Undo {
    Column column = Column::kState;
    Bytes key;
    MemoryStore::Value before;
  };
  MemoryStore rows_;
  std::vector<Undo> undo_;  // newest last; to be applied backwards
};

}  // namespace tieline::sim
