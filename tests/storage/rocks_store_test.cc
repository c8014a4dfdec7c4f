// The RocksDB store: what is applied is read back, snapshots stand still, a crash leaves a whole earlier state, and
// what is broken says so.
#include "storage/rocks_store.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>

#include "../temporary_folder.h"

namespace tieline::storage {
namespace {

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }
StoreWrite put(Column column, std::string_view key, std::string_view value) {
  return {column, bytes_of(key), bytes_of(value)};
}
StoreWrite drop(Column column, std::string_view key) { return {column, bytes_of(key), std::nullopt}; }

std::optional<std::string> text_at(const StoreReader& store, Column column, std::string_view key) {
  auto value = store.get(column, view_of(key));
  if (!value) return std::nullopt;
  return std::string(value->begin(), value->end());
}

std::string keys(const StoreReader& store, Column column, std::string_view from, std::string_view to, bool descending,
                 size_t at_most = 100) {
  std::string out;
  store.scan(column, view_of(from), view_of(to), descending, [&](ByteView key, ByteView) {
    out.append(key.begin(), key.end());
    out += ' ';
    return --at_most > 0;
  });
  return out;
}

std::unique_ptr<RocksStore> opened(const std::filesystem::path& folder, StoreOptions options = {}) {
  auto store = RocksStore::open(folder, options);
  EXPECT_TRUE(store.ok()) << store.error().why;
  return std::move(*store);
}

TEST(RocksStore, WhatIsAppliedIsReadBackByColumn) {
  TemporaryFolder folder;
  auto store = opened(folder / "store");
  store->apply({put(Column::kState, "a", "1"), put(Column::kTxs, "a", "2"), put(Column::kMeta, "empty", "")});
  EXPECT_EQ(text_at(*store, Column::kState, "a"), "1");
  EXPECT_EQ(text_at(*store, Column::kTxs, "a"), "2");
  EXPECT_EQ(text_at(*store, Column::kMeta, "empty"), "");
  EXPECT_EQ(text_at(*store, Column::kBlocks, "a"), std::nullopt);
  store->apply({put(Column::kState, "a", "3"), drop(Column::kTxs, "a")});
  EXPECT_EQ(text_at(*store, Column::kState, "a"), "3");
  EXPECT_EQ(text_at(*store, Column::kTxs, "a"), std::nullopt);
}

TEST(RocksStore, TheLaterOfTwoWritesInABatchWins) {
  TemporaryFolder folder;
  auto store = opened(folder / "store");
  store->apply({put(Column::kState, "a", "1"), drop(Column::kState, "a"), put(Column::kState, "a", "2")});
  EXPECT_EQ(text_at(*store, Column::kState, "a"), "2");
}

TEST(RocksStore, AScanKeepsItsBoundsInBothDirections) {
  TemporaryFolder folder;
  auto store = opened(folder / "store");
  StoreBatch batch;
  for (const char* key : {"a", "b", "ba", "c", "d"}) batch.push_back(put(Column::kReadings, key, "x"));
  store->apply(batch);
  EXPECT_EQ(keys(*store, Column::kReadings, "b", "d", false), "b ba c ");
  EXPECT_EQ(keys(*store, Column::kReadings, "b", "d", true), "c ba b ");
  EXPECT_EQ(keys(*store, Column::kReadings, "", "", false), "a b ba c d ");
  EXPECT_EQ(keys(*store, Column::kReadings, "bb", "", true), "d c ");
  EXPECT_EQ(keys(*store, Column::kReadings, "", "", true, 2), "d c ");
  EXPECT_EQ(keys(*store, Column::kReadings, "e", "", false), "");
}

TEST(RocksStore, ASnapshotStandsStillAndOutlivesTheStore) {
  TemporaryFolder folder;
  auto store = opened(folder / "store");
  store->apply_block(1, {put(Column::kState, "a", "1"), put(Column::kState, "b", "1")}, false);
  auto snapshot = store->snapshot();
  store->apply_block(2, {put(Column::kState, "a", "2"), drop(Column::kState, "b"), put(Column::kState, "c", "2")},
                     false);
  EXPECT_EQ(text_at(*snapshot, Column::kState, "a"), "1");
  EXPECT_EQ(keys(*snapshot, Column::kState, "", "", false), "a b ");
  EXPECT_EQ(keys(*store, Column::kState, "", "", false), "a c ");
  store.reset();
  EXPECT_EQ(text_at(*snapshot, Column::kState, "b"), "1");
}

TEST(RocksStore, AnInstalledSnapshotReplacesTheStateAndKeepsCommittedBlocks) {
  TemporaryFolder folder;
  auto store = opened(folder / "store");
  store->apply_block(1,
                     {put(Column::kState, "a", "1"), put(Column::kState, "\xff\xff\xff", "1"),
                      put(Column::kMeta, "m", "1"), put(Column::kBlocks, "1", "block"), put(Column::kTxs, "t", "1")},
                     false);
  store->apply_block(9, {put(Column::kState, "b", "9"), put(Column::kMeta, "height", "9")}, true);
  EXPECT_EQ(keys(*store, Column::kState, "", "", false), "b ");
  EXPECT_EQ(keys(*store, Column::kMeta, "", "", false), "height m ");
  EXPECT_EQ(text_at(*store, Column::kBlocks, "1"), "block");
  EXPECT_EQ(text_at(*store, Column::kTxs, "t"), "1");
}

TEST(RocksStore, WhatWasFlushedIsThereAfterOpeningAgain) {
  TemporaryFolder folder;
  {
    auto store = opened(folder / "store");
    store->apply_block(7, {put(Column::kState, "a", "1"), put(Column::kMeta, "height", "7")}, false);
    auto flushed = store->flush();
    ASSERT_TRUE(flushed.ok()) << flushed.error().why;
    EXPECT_EQ(*flushed, 7u);
  }
  auto store = opened(folder / "store");
  EXPECT_EQ(text_at(*store, Column::kState, "a"), "1");
  EXPECT_EQ(text_at(*store, Column::kMeta, "height"), "7");
}

// What the crashing process does: blocks without end, flushed often. It is this program started again, because
// RocksDB's threads do not come along through a fork.
constexpr char kCrashFolder[] = "TIELINE_TEST_CRASH_FOLDER";
[[noreturn]] void apply_blocks_and_crash(const std::filesystem::path& folder) {
  StoreOptions options;
  options.flush_bytes = 256 * 1024;
  options.flush_interval_ms = 1;
  auto store = RocksStore::open(folder, options);
  if (!store.ok()) ::_exit(3);
  (*store)->start_flushing([](Height) {}, [](const Error&) { ::_exit(2); });
  const std::string filler(2'000, 'x');
  for (Height height = 1; height <= 3'000; ++height) {
    const std::string text = std::to_string(height);
    StoreBatch batch = {put(Column::kMeta, "height", text)};
    for (Column column : {Column::kState, Column::kBlocks, Column::kTxs, Column::kReadings}) {
      batch.push_back(put(column, "newest", text));
      batch.push_back(put(column, "key" + text, filler));
    }
    (*store)->apply_block(height, batch, false);
  }
  ::_exit(0);  // no destructors: what was not flushed is gone
}

TEST(RocksStore, AfterACrashAllColumnsAreOfOneHeight) {
  if (const char* crash_folder = ::getenv(kCrashFolder)) apply_blocks_and_crash(crash_folder);
  TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kCrashFolder, (folder / "store").c_str(), 1);
    ::execl("/proc/self/exe", "rocks_store_test", "--gtest_filter=RocksStore.AfterACrashAllColumnsAreOfOneHeight",
            static_cast<char*>(nullptr));
    ::_exit(4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  auto store = opened(folder / "store");
  const auto height = text_at(*store, Column::kMeta, "height");
  ASSERT_TRUE(height.has_value());
  for (Column column : {Column::kState, Column::kBlocks, Column::kTxs, Column::kReadings}) {
    EXPECT_EQ(text_at(*store, column, "newest"), height);
    EXPECT_TRUE(store->get(column, view_of("key" + *height)).has_value());
    EXPECT_FALSE(store->get(column, view_of("key" + std::to_string(std::stoi(*height) + 1))).has_value());
  }
}

TEST(RocksStore, TheFlusherReportsHeightsByTimeAndByBytes) {
  TemporaryFolder folder;
  StoreOptions options;
  options.flush_interval_ms = 20;
  auto store = opened(folder / "store", options);
  std::mutex mutex;
  std::condition_variable changed;
  Height flushed = 0;
  store->start_flushing(
      [&](Height height) {
        std::lock_guard lock(mutex);
        EXPECT_GE(height, flushed);
        flushed = height;
        changed.notify_all();
      },
      [](const Error& error) { ADD_FAILURE() << error.why; });
  store->apply_block(1, {put(Column::kState, "a", "1")}, false);
  store->apply_block(2, {put(Column::kState, "b", "1")}, false);
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return flushed == 2; }));
  }
  store->stop_flushing();

  TemporaryFolder other;
  options.flush_interval_ms = 3'600'000;
  options.flush_bytes = 1'000;
  auto full = opened(other / "store", options);
  flushed = 0;
  full->start_flushing(
      [&](Height height) {
        std::lock_guard lock(mutex);
        flushed = height;
        changed.notify_all();
      },
      [](const Error& error) { ADD_FAILURE() << error.why; });
  full->apply_block(1, {put(Column::kState, "a", std::string(2'000, 'x'))}, false);
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return flushed == 1; }));
}

std::filesystem::path table_file(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".sst") return entry.path();
  return {};
}

TEST(RocksStore, OneFlippedBitIsCorruptionAndTheFileIsNamed) {
  TemporaryFolder folder;
  {
    auto store = opened(folder / "store");
    StoreBatch batch;
    for (int i = 0; i < 2'000; ++i)
      batch.push_back(put(Column::kState, "key" + std::to_string(i), std::string(100, 'v')));
    store->apply_block(1, batch, false);
    ASSERT_TRUE(store->flush().ok());
  }
  const auto table = table_file(folder / "store");
  ASSERT_FALSE(table.empty());
  {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(20'000);
    const char before = static_cast<char>(file.get());
    file.seekp(20'000);
    file.put(static_cast<char>(before ^ 1));
  }
  auto store = RocksStore::open(folder / "store");
  Error error;
  if (!store.ok()) {
    error = store.error();
  } else {
    try {
      (*store)->scan(Column::kState, {}, {}, false, [](ByteView, ByteView) { return true; });
    } catch (const StoreError& thrown) {
      error = thrown.error();
    }
  }
  EXPECT_EQ(error.code, "corrupt_store");
  EXPECT_NE(error.why.find(table.filename().string()), std::string::npos) << error.why;
}

TEST(RocksStore, AMissingFileIsFoundAtOpening) {
  TemporaryFolder folder;
  {
    auto store = opened(folder / "store");
    store->apply_block(1, {put(Column::kState, "a", "1")}, false);
    ASSERT_TRUE(store->flush().ok());
  }
  const auto table = table_file(folder / "store");
  std::filesystem::remove(table);
  auto store = RocksStore::open(folder / "store");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, "corrupt_store");
  EXPECT_NE(store.error().why.find(table.stem().string()), std::string::npos) << store.error().why;
}

TEST(RocksStore, WithoutTheRoomItAsksForItDoesNotOpen) {
  TemporaryFolder folder;
  StoreOptions options;
  options.free_bytes_min = size_t{1} << 60;
  auto store = RocksStore::open(folder / "store", options);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, "disk_full");
  EXPECT_NE(store.error().why.find("store.free_bytes_min"), std::string::npos);
}

TEST(RocksStore, ADiskThatFillsUpIsToldBeforeAnythingIsHalfWritten) {
  TemporaryFolder folder;
  const auto mount = folder / "small";
  std::filesystem::create_directory(mount);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=24m") != 0) GTEST_SKIP() << "may not mount a small file system";
  {
    StoreOptions options;
    options.free_bytes_min = 8 * 1024 * 1024;
    auto store = opened(mount / "store", options);
    store->apply_block(1, {put(Column::kState, "a", "1")}, false);
    ASSERT_TRUE(store->flush().ok());
    std::promise<std::string> code;
    store->start_flushing([](Height) {}, [&](const Error& error) { code.set_value(error.code); });
    std::ofstream(mount / "other", std::ios::binary) << std::string(20 * 1024 * 1024, 'x');
    EXPECT_EQ(code.get_future().get(), "disk_full");
    EXPECT_EQ(store->flush().error().code, "disk_full");
    std::filesystem::remove(mount / "other");
    EXPECT_TRUE(store->flush().ok());
  }
  ASSERT_EQ(::umount(mount.c_str()), 0);
}

TEST(RocksStore, AReadOnlyStoreServesToolsAndChangesNothing) {
  TemporaryFolder folder;
  {
    auto store = opened(folder / "store");
    store->apply_block(1, {put(Column::kState, "a", "1")}, false);
    ASSERT_TRUE(store->flush().ok());
  }
  StoreOptions options;
  options.read_only = true;
  auto store = opened(folder / "store", options);
  EXPECT_EQ(text_at(*store, Column::kState, "a"), "1");
  EXPECT_THROW(store->apply({put(Column::kState, "a", "2")}), StoreError);
  EXPECT_EQ(RocksStore::open(folder / "absent", options).error().code, "not_found");
  EXPECT_FALSE(std::filesystem::exists(folder / "absent"));
}

}  // namespace
}  // namespace tieline::storage
