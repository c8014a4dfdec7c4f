#pragma once
// Writes a trace (trace/records.h) to a file from a thread of its own. Handing a record over costs a lock and no
// system call; checksums, hashes and writing are the thread's. Never waits for the disk and never stops the validator:
// when the disk is full or fails, cannot follow, or the file has reached its size, the trace ends, is told why once,
// and everything after it is dropped.
//
// A start never touches the file of another: FILE, or else the first of FILE.1, FILE.2, ... that is not there yet.
// What was handed over is in the file (not on the disk) kTraceWriteMs later, so a process that is killed leaves all but
// the last moment.
//
// Errors of open(): those of storage/files.h, trace_too_many.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/files.h"
#include "trace/frames.h"
#include "trace/traced_engine.h"

namespace tieline::node {

inline constexpr size_t kTraceQueueBytesMax = 64 * 1024 * 1024;
inline constexpr size_t kTraceWriteBytes = 256 * 1024;  // so much waits at most before the thread is woken
inline constexpr int64_t kTraceWriteMs = 100;
inline constexpr size_t kTraceFilesMax = 10'000;

struct TraceLimits {
  uint64_t file_bytes_max = 0;
  uint64_t free_bytes_min = 0;  // with less free on the file system the trace ends
  size_t queue_bytes_max = kTraceQueueBytesMax;
};

class TraceWriter final : public trace::Sink {
 public:
  // `ended` is called at most once, on the thread of the writer, when the trace ends early.
  static Result<std::unique_ptr<TraceWriter>> open(const std::filesystem::path& file, const trace::Begin& begin,
                                                   TraceLimits limits, std::function<void(const Error&)> ended);
  ~TraceWriter() override { finish("dropped"); }

  void put(Bytes record) override;
  void put_left(Bytes record, const Blob& message) override;
  // Writes what is queued and a last record with the reason, and closes. Any thread but the writer's; again: nothing.
  void finish(const std::string& reason);

  const std::filesystem::path& file() const { return path_; }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }  // in the file

 private:
  struct Job {
    Bytes record;
    Blob to_digest;  // not empty: of put_left
  };
  TraceWriter(std::filesystem::path path, storage::Fd file, TraceLimits limits,
              std::function<void(const Error&)> ended);
  Status begin(const trace::Begin& begin);
  void push(Job job, size_t weight);
  void run();
  Status write(std::vector<Job> jobs);
  Status room_for(const Bytes& record);
  Status flush();
  void end(const Error& why);

  const std::filesystem::path path_;
  const TraceLimits limits_;
  const std::function<void(const Error&)> ended_;
  std::atomic<uint64_t> bytes_{0};

  // of the thread
  storage::Fd file_;
  trace::FrameWriter frames_;
  Bytes buffer_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> queue_;
  size_t weight_ = 0;
  bool overflowed_ = false;
  bool dropping_ = false;  // the trace has ended
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tieline::node
