#pragma once
// Work handed from the engine's thread to one worker: in order, bounded by weight. push() waits while the queue is
// full, which slows this validator down to what its disk and processor can do and nothing else.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace tieline::node {

template <class Job>
class WorkQueue {
 public:
  explicit WorkQueue(size_t weight_max) : weight_max_(weight_max) {}

  // A job heavier than the bound is taken when the queue is empty.
  void push(Job job, size_t weight) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || weight_ == 0 || weight_ + weight <= weight_max_; });
    if (closed_) return;
    jobs_.push_back({std::move(job), weight});
    weight_ += weight;
    ready_.notify_one();
  }
  // Jobs in order, at least one, more only while their weights stay within `weight_max`; empty when closed and done.
  std::vector<Job> take(size_t weight_max) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    std::vector<Job> out;
    size_t taken = 0;
    while (!jobs_.empty() && (out.empty() || taken + jobs_.front().weight <= weight_max)) {
      taken += jobs_.front().weight;
      out.push_back(std::move(jobs_.front().job));
      jobs_.pop_front();
    }
    weight_ -= taken;
    room_.notify_one();
    return out;
  }
  // What is queued is still handed out; nothing new is taken.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }
  void drop_all() {  // and close: after a failure nothing queued may happen
    std::lock_guard lock(mutex_);
    closed_ = true;
    jobs_.clear();
    weight_ = 0;
    ready_.notify_all();
    room_.notify_all();
  }
  size_t weight() const {
    std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  struct Entry {
    Job job;
    size_t weight;
  };
  const size_t weight_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::deque<Entry> jobs_;
  size_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace tieline::node
