#include "storage/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/files.h"

namespace tieline::storage {
namespace {

constexpr std::array<const char*, kColumns> kColumnNames = {"state", "blocks", "txs", "readings", "meta"};
constexpr int kBloomBitsPerKey = 10;  // one percent false positives
constexpr size_t kBlocksTableBlock =
    64 * 1024;  // whole ledger blocks lie in there: small table blocks would only cost index
constexpr int kBackgroundJobs = 2;
constexpr size_t kInfoLogBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kLookAtRoom(1'000);
constexpr size_t kMebi = 1024 * 1024;
// Longer than any key (docs/formats/store.md) and of the highest bytes: the end of a range that means everything.
const std::string kBeyondEveryKey(256, '\xff');

rocksdb::Slice slice_of(ByteView bytes) {
  if (bytes.empty()) return {};  // never a null pointer
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view_of_slice(const rocksdb::Slice& s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

Error error_of(const rocksdb::Status& status, const std::filesystem::path& folder) {
  const std::string said = status.ToString();
  const std::string where = said.find('/') == std::string::npos ? " in " + folder.string() : "";
  if (status.IsNoSpace())
    return Error{"disk_full", "the store has no room" + where + ": " + said + "; make room and start again"};
  if (status.IsCorruption() || said.find("Corruption") != std::string::npos)
    return Error{"corrupt_store", "the store is damaged" + where + ": " + said +
                                      "; move the folder 'store' away: the validator takes a snapshot from the others"};
  if (said.find("Permission denied") != std::string::npos || said.find("Read-only file system") != std::string::npos)
    return Error{"read_only",
                 "the store cannot be written" + where + ": " + said + "; this user must be able to write there"};
  return Error{"disk_error", "the store failed" + where + ": " + said};
}

// What the store and its snapshots share: the database closes with the last of them.
struct Database {
  std::filesystem::path folder;
  std::shared_ptr<rocksdb::Cache> cache;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // by Column, then RocksDB's own "default", which stays empty

  ~Database() {
    if (!db) return;
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    db->Close();  // cannot fail for data: what must last was flushed, and there is no log
  }
  void require(const rocksdb::Status& status) const {
    if (!status.ok()) throw StoreError(error_of(status, folder));
  }
  rocksdb::ColumnFamilyHandle* handle(Column column) const { return handles[static_cast<size_t>(column)]; }

  std::optional<Bytes> get(const rocksdb::ReadOptions& options, Column column, ByteView key) const {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db->Get(options, handle(column), slice_of(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    require(status);
    const ByteView bytes = view_of_slice(value);
    return Bytes(bytes.begin(), bytes.end());
  }

  void scan(rocksdb::ReadOptions options, Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const {
    const rocksdb::Slice lower = slice_of(from);
    const rocksdb::Slice upper = slice_of(to);
    if (!from.empty()) options.iterate_lower_bound = &lower;
    if (!to.empty()) options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(options, handle(column)));
    if (descending)
      it->SeekToLast();
    else
      it->SeekToFirst();
    for (; it->Valid(); descending ? it->Prev() : it->Next())
      if (!visit(view_of_slice(it->key()), view_of_slice(it->value()))) return;
    require(it->status());
  }
};

class Snapshot final : public StoreReader {
 public:
  explicit Snapshot(std::shared_ptr<Database> base) : base_(std::move(base)), snapshot_(base_->db->GetSnapshot()) {
    options_.snapshot = snapshot_;
  }
  ~Snapshot() override { base_->db->ReleaseSnapshot(snapshot_); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  std::optional<Bytes> get(Column column, ByteView key) const override { return base_->get(options_, column, key); }
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    base_->scan(options_, column, from, to, descending, visit);
  }

 private:
  std::shared_ptr<Database> base_;
  const rocksdb::Snapshot* snapshot_;
  rocksdb::ReadOptions options_;
};

rocksdb::ColumnFamilyOptions column_options(Column column, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  if (column == Column::kState || column == Column::kTxs || column == Column::kMeta)
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  if (column == Column::kBlocks) table.block_size = kBlocksTableBlock;

  rocksdb::ColumnFamilyOptions out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Above what is applied between two flushes, so that a flush is normally the store's own and not forced by a full
  // buffer.
  out.write_buffer_size = options.flush_bytes * 2;
  out.max_write_buffer_number = 4;
  // Hashes, signatures and ciphertexts: nothing to squeeze out, and two cores serve four validators.
  out.compression = rocksdb::kNoCompression;
  out.level0_file_num_compaction_trigger = 8;
  out.level0_slowdown_writes_trigger = 40;
  out.level0_stop_writes_trigger = 60;
  out.target_file_size_base = 32 * 1024 * 1024;
  out.max_bytes_for_level_base = 256 * 1024 * 1024;
  return out;
}

rocksdb::DBOptions database_options(bool read_only) {
  rocksdb::DBOptions out;
  out.create_if_missing = !read_only;
  out.create_missing_column_families = !read_only;
  out.atomic_flush = true;
  out.paranoid_checks = true;
  out.allow_concurrent_memtable_write = false;  // one writer
  out.max_background_jobs = kBackgroundJobs;
  out.max_bgerror_resume_count = 0;  // a failed write is reported, not retried
  out.avoid_flush_during_shutdown = true;
  out.max_log_file_size = kInfoLogBytes;
  out.keep_log_file_num = 2;
  out.bytes_per_sync = 1024 * 1024;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.skip_stats_update_on_db_open = true;
  // The store works behind consensus: it must not take the processor from it.
  out.env = rocksdb::Env::Default();
  out.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW);
  return out;
}

}  // namespace

struct RocksStore::Impl {
  std::shared_ptr<Database> base;
  StoreOptions options;

  std::atomic<Height> applied{0};  // height of the newest applied batch
  std::atomic<size_t> unflushed_bytes{0};

  std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  bool stop = false;
  std::thread flusher;

  Status check_room() const {
    std::error_code code;
    const auto space = std::filesystem::space(base->folder, code);
    if (code) return disk_error(code.value(), "asking for the free room of", base->folder);
    if (space.available >= options.free_bytes_min) return {};
    return Error{"disk_full", "the file system of " + base->folder.string() + " has " +
                                  std::to_string(space.available / kMebi) + " MiB free, and the store needs " +
                                  std::to_string(options.free_bytes_min / kMebi) +
                                  " (store.free_bytes_min); make room and start again"};
  }

  Result<Height> flush() {
    if (Status room = check_room(); !room.ok()) return room.error();
    // Everything up to this height is in memory before the flush begins, so it is on disk when it ends.
    const Height height = applied.load(std::memory_order_acquire);
    unflushed_bytes.store(0, std::memory_order_relaxed);
    rocksdb::FlushOptions flush_options;
    flush_options.wait = true;
    flush_options.allow_write_stall = true;
    const rocksdb::Status status = base->db->Flush(flush_options, base->handles);
    if (!status.ok()) return error_of(status, base->folder);
    return height;
  }
};

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::~RocksStore() { stop_flushing(); }

Result<std::unique_ptr<RocksStore>> RocksStore::open(const std::filesystem::path& folder, StoreOptions options) {
  if (options.read_only) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
      return Error{"not_found", "there is no store at " + folder.string()};
  } else if (auto made = make_folder(folder); !made) {
    return made.error();
  }
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  auto base = std::make_shared<Database>();
  base->folder = folder;
  impl->base = base;
  if (!options.read_only)
    if (Status room = impl->check_room(); !room.ok()) return room.error();
  base->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (size_t i = 0; i < kColumns; ++i)
    columns.emplace_back(kColumnNames[i], column_options(static_cast<Column>(i), options, base->cache));
  columns.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());

  const rocksdb::DBOptions database = database_options(options.read_only);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      options.read_only ? rocksdb::DB::OpenForReadOnly(database, folder.string(), columns, &base->handles, &db)
                        : rocksdb::DB::Open(database, folder.string(), columns, &base->handles, &db);
  if (!status.ok()) return error_of(status, folder);
  base->db.reset(db);
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(impl)));
}

std::optional<Bytes> RocksStore::get(Column column, ByteView key) const { return impl_->base->get({}, column, key); }

void RocksStore::scan(Column column, ByteView from, ByteView to, bool descending,
                      const std::function<bool(ByteView, ByteView)>& visit) const {
  impl_->base->scan({}, column, from, to, descending, visit);
}

std::shared_ptr<const StoreReader> RocksStore::snapshot() const { return std::make_shared<Snapshot>(impl_->base); }

void RocksStore::apply_block(Height height, const StoreBatch& batch, bool replace_state) {
  size_t bytes = 0;
  for (const StoreWrite& write : batch) bytes += write.key.size() + (write.value ? write.value->size() : 0);
  const Database& base = *impl_->base;
  rocksdb::WriteBatch out(bytes + batch.size() * 16);
  if (replace_state) base.require(out.DeleteRange(base.handle(Column::kState), rocksdb::Slice(), kBeyondEveryKey));
  for (const StoreWrite& write : batch) {
    TL_CHECK(write.key.size() < kBeyondEveryKey.size());
    base.require(write.value ? out.Put(base.handle(write.column), slice_of(write.key), slice_of(*write.value))
                             : out.Delete(base.handle(write.column), slice_of(write.key)));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  base.require(base.db->Write(options, &out));
  if (height > 0) impl_->applied.store(height, std::memory_order_release);
  const size_t before = impl_->unflushed_bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (before < impl_->options.flush_bytes && before + bytes >= impl_->options.flush_bytes) {
    // Under the mutex, or the flusher could miss it between its look at the count and its sleep.
    std::lock_guard lock(impl_->mutex);
    impl_->wake.notify_all();
  }
}

Result<Height> RocksStore::flush() { return impl_->flush(); }
Status RocksStore::check_room() const { return impl_->check_room(); }

void RocksStore::start_flushing(std::function<void(Height)> flushed, std::function<void(Error)> failed) {
  TL_CHECK(!impl_->flusher.joinable());
  impl_->flusher = std::thread([impl = impl_.get(), flushed = std::move(flushed), failed = std::move(failed)] {
    using Clock = std::chrono::steady_clock;
    Height last = 0;
    const std::chrono::milliseconds interval(impl->options.flush_interval_ms);
    const auto full = [&] {
      return impl->unflushed_bytes.load(std::memory_order_relaxed) >= impl->options.flush_bytes;
    };
    auto due = Clock::now() + interval;
    std::unique_lock lock(impl->mutex);
    while (!impl->stop) {
      impl->wake.wait_until(lock, std::min(due, Clock::now() + kLookAtRoom), [&] { return impl->stop || full(); });
      if (impl->stop) return;
      lock.unlock();
      Result<Height> height = last;
      if (Status room = impl->check_room(); !room.ok()) {
        height = room.error();
      } else if (full() || Clock::now() >= due) {
        due = Clock::now() + interval;
        if (impl->applied.load(std::memory_order_acquire) != last || full()) height = impl->flush();
      }
      if (!height) return failed(height.error());
      if (*height != last) flushed(last = *height);
      lock.lock();
    }
  });
}

void RocksStore::stop_flushing() {
  if (!impl_->flusher.joinable()) return;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->wake.notify_all();
  }
  impl_->flusher.join();
}

}  // namespace tieline::storage
