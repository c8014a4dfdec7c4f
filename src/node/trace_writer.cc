#include "node/trace_writer.h"

#include <fcntl.h>
#include <pthread.h>

#include <system_error>

namespace tieline::node {

namespace {
constexpr size_t kJobBytes = 64;   // what a job costs beside its bytes
constexpr size_t kEndBytes = 256;  // kept for the last record
}  // namespace

Result<std::unique_ptr<TraceWriter>> TraceWriter::open(const std::filesystem::path& file, const trace::Begin& begin,
                                                       TraceLimits limits, std::function<void(const Error&)> ended) {
  for (size_t i = 0; i < kTraceFilesMax; ++i) {
    const std::filesystem::path path = i == 0 ? file : std::filesystem::path(file.string() + "." + std::to_string(i));
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) continue;
    auto opened = storage::open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!opened) return opened.error();
    std::unique_ptr<TraceWriter> writer(new TraceWriter(path, std::move(*opened), limits, std::move(ended)));
    if (Status begun = writer->begin(begin); !begun.ok()) return begun.error();
    return writer;
  }
  return Error{"trace_too_many", "there are " + std::to_string(kTraceFilesMax) + " traces at " + file.string() +
                                     " already; move them away"};
}

TraceWriter::TraceWriter(std::filesystem::path path, storage::Fd file, TraceLimits limits,
                         std::function<void(const Error&)> ended)
    : path_(std::move(path)), limits_(limits), ended_(std::move(ended)), file_(std::move(file)) {}

// The first record is in the file before the validator runs: however soon it dies, it leaves a trace.
Status TraceWriter::begin(const trace::Begin& begin) {
  frames_.begin(buffer_);
  frames_.add(trace::encode_record(begin), buffer_);
  if (Status status = flush(); !status.ok()) return status;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "tieline-trace");
    run();
  });
  return {};
}

void TraceWriter::put(Bytes record) {
  const size_t weight = record.size() + kJobBytes;
  push({std::move(record), {}}, weight);
}

void TraceWriter::put_left(Bytes record, const Blob& message) {
  const size_t weight = record.size() + message.size() + kJobBytes;
  push({std::move(record), message}, weight);
}

void TraceWriter::push(Job job, size_t weight) {
  std::lock_guard lock(mutex_);
  if (dropping_ || overflowed_ || stop_) return;
  if (weight_ + weight > limits_.queue_bytes_max || job.record.size() > trace::kRecordBytesMax - Hash::kSize) {
    overflowed_ = true;  // from here on there is a gap: nothing after it is worth anything
    wake_.notify_one();
    return;
  }
  const bool enough = weight_ < kTraceWriteBytes && weight_ + weight >= kTraceWriteBytes;
  queue_.push_back(std::move(job));
  weight_ += weight;
  if (enough) wake_.notify_one();
}

void TraceWriter::run() {
  while (true) {
    std::vector<Job> jobs;
    bool overflowed = false, stop = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::milliseconds(kTraceWriteMs),
                     [&] { return stop_ || overflowed_ || weight_ >= kTraceWriteBytes; });
      jobs.swap(queue_);
      weight_ = 0;
      overflowed = overflowed_;
      stop = stop_;
    }
    if (Status written = write(std::move(jobs)); !written.ok()) return end(written.error());
    if (overflowed)
      return end({"trace_overflow", "the disk did not follow: " + std::to_string(limits_.queue_bytes_max >> 20) +
                                        " MiB were waiting for " + path_.string()});
    if (stop) return;
  }
}

// Says no only while no record is buffered, so that a last record can follow on what is in the file.
Status TraceWriter::room_for(const Bytes& record) {
  const uint64_t size = record.size() + trace::kFramePrefixBytes + trace::kFrameSuffixBytes;
  if (bytes() + buffer_.size() + size + kEndBytes > limits_.file_bytes_max) {
    if (Status status = flush(); !status.ok()) return status;
    return Error{"trace_size", path_.string() + " has reached its size, " + std::to_string(limits_.file_bytes_max) +
                                   " bytes (trace.bytes_max)"};
  }
  if (!buffer_.empty()) return {};
  std::error_code error;
  const auto space = std::filesystem::space(path_, error);
  if (error || space.available >= limits_.free_bytes_min + kTraceWriteBytes + size) return {};
  return Error{"disk_full", "the file system of " + path_.string() + " has " + std::to_string(space.available >> 20) +
                                " MiB free, which are the validator's own"};
}

Status TraceWriter::write(std::vector<Job> jobs) {
  for (Job& job : jobs) {
    if (!job.to_digest.empty()) trace::append_digest(job.record, job.to_digest);
    if (Status status = room_for(job.record); !status.ok()) return status;
    frames_.add(job.record, buffer_);
    if (buffer_.size() < kTraceWriteBytes) continue;
    if (Status status = flush(); !status.ok()) return status;
  }
  return flush();
}

Status TraceWriter::flush() {
  if (Status status = storage::write_at(file_.get(), buffer_, bytes(), path_); !status.ok()) return status;
  bytes_.store(bytes() + buffer_.size(), std::memory_order_relaxed);
  buffer_.clear();
  return {};
}

void TraceWriter::end(const Error& why) {
  {
    std::lock_guard lock(mutex_);
    dropping_ = true;
    queue_ = {};
    weight_ = 0;
  }
  Error told = why;
  if (buffer_.empty()) {  // otherwise the file ends where it ends
    frames_.add(trace::encode_record(trace::End{why.code}), buffer_);
    if (Status status = flush(); !status.ok()) told.why += "; " + status.error().why;
  }
  if (ended_) ended_(told);
}

void TraceWriter::finish(const std::string& reason) {
  if (!thread_.joinable() || thread_.get_id() == std::this_thread::get_id()) return;
  put(trace::encode_record(trace::End{reason.substr(0, trace::kTextBytesMax)}));
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  thread_.join();
  file_.reset();
}

}  // namespace tieline::node
