#pragma once
// The store of a node: RocksDB with one column family a Column (docs/formats/store.md).
//
// It runs without a write-ahead log of its own: the vote log (storage/vote_log.h) is the only thing synced on the way
// to a vote. Column families are flushed together (atomic_flush), so after a crash the store is what it was at some
// earlier applied block, whole, and the log replays the rest. A thread of the store flushes after kFlushIntervalMs or
// when flush_bytes have been applied, and says which height would survive power loss.
//
// Threads: one writer (apply, apply_block); reads, snapshot() and flush() from any thread.
// Errors: open: corrupt_store, disk_full, read_only, disk_error, not_found. Everything else throws StoreError.

#include <filesystem>
#include <functional>
#include <memory>

#include "ledger/store.h"
#include "model/ids.h"
#include "storage/store_error.h"

namespace tieline::storage {

struct StoreOptions {
  size_t block_cache_bytes = 32 * 1024 * 1024;
  size_t flush_bytes = 64 * 1024 * 1024;
  int64_t flush_interval_ms = 5'000;
  // Less room than this on the file system and the store stops: RocksDB must never meet a full disk itself, in the
  // middle of a file (Debian's build aborts there), and other programs on this machine need room to say so.
  size_t free_bytes_min = 128 * 1024 * 1024;
  bool read_only = false;  // for offline tools: nothing in the folder is changed
};

class RocksStore final : public Store {
 public:
  static Result<std::unique_ptr<RocksStore>> open(const std::filesystem::path& folder, StoreOptions options = {});
  ~RocksStore() override;  // flushes nothing: whoever wants that calls flush() before
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  std::optional<Bytes> get(Column column, ByteView key) const override;
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView key, ByteView value)>& visit) const override;
  std::shared_ptr<const StoreReader> snapshot() const override;  // may outlive the store

  void apply(const StoreBatch& batch) override { apply_block(0, batch, false); }
  // The batch that brings the store to `height`. With `replace_state` every key of kState goes first, in the same
  // atomic write: a snapshot takes its place. Blocks, indexes and links of committed blocks stay true and stay.
  void apply_block(Height height, const StoreBatch& batch, bool replace_state);

  // Makes all that was applied before the call durable; returns the newest height among it.
  Result<Height> flush();

  Status check_room() const;  // disk_full when less than free_bytes_min is free

  // Flushes in a thread of its own from now on, and looks at the room that is left every second. `flushed` and `failed`
  // are called on that thread; after `failed` it ends.
  void start_flushing(std::function<void(Height)> flushed, std::function<void(Error)> failed);
  void stop_flushing();  // returns when no call is under way any more

 private:
  struct Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tieline::storage
