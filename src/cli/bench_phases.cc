#include "cli/bench_phases.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/codes.h"

namespace tieline::cli {
namespace {

constexpr int64_t kDrainMs = 60'000;
constexpr int64_t kSubmitMs = 60'000;
constexpr size_t kChunkMax = 256;                     // transactions in one frame of the closed loop
constexpr auto kTick = std::chrono::milliseconds(1);  // of the open loop
constexpr auto kProgressEvery = std::chrono::milliseconds(500);

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// What the I/O thread of a stream writes and the loader reads.
struct BenchStreams::Lane {
  std::unique_ptr<api::Client> client;
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t answered = 0;
  size_t wake_at = 0;  // outstanding at which the loader wants to be woken
  uint64_t sent = 0;
  std::optional<Error> broken;
  std::atomic<uint64_t> committed{0}, refused{0};
  std::atomic<uint16_t> first_refusal{0};
  // Open loop: transaction `first_tag + k` of this lane is due at start_us + (k * lanes + lane) / rate.
  uint64_t first_tag = 0;
  double due_step_us = 0, due_first_us = 0;
  bool timing = false;
  std::vector<int64_t> latencies;
  std::unique_ptr<api::SubmitStream> stream;  // last: closed first, so that no handler runs on a half-destroyed lane

  void outcomes(const std::vector<api::OutcomeRange>& ranges) {
    const auto now = static_cast<double>(now_us());
    uint64_t count = 0, good = 0, bad = 0;
    std::unique_lock lock(mutex);
    for (const api::OutcomeRange& range : ranges) {
      count += range.count;
      if (range.committed && range.code == number(TxCode::ok)) {
        good += range.count;
      } else {
        if (bad == 0 && refused == 0) first_refusal = range.code;
        bad += range.count;
      }
      for (uint64_t tag = range.first; timing && tag < range.first + range.count; ++tag) {
        if (tag < first_tag) continue;
        latencies.push_back(
            static_cast<int64_t>(now - due_first_us - static_cast<double>(tag - first_tag) * due_step_us));
      }
    }
    committed += good;
    refused += bad;
    answered += count;
    const bool wake = sent - answered <= wake_at;
    lock.unlock();
    if (wake) changed.notify_one();
  }
};

BenchStreams::BenchStreams() = default;
BenchStreams::BenchStreams(BenchStreams&&) noexcept = default;
BenchStreams::~BenchStreams() {
  for (auto& lane : lanes_) {
    if (lane->stream) lane->stream->close();
  }
}

Result<BenchStreams> BenchStreams::open(const Genesis& genesis) {
  BenchStreams streams;
  for (const GenesisValidator& validator : genesis.validators) {
    auto lane = std::make_unique<Lane>();
    auto endpoint = api::Endpoint::of_validator(validator);
    if (!endpoint) return endpoint.error();
    auto client = api::Client::open(std::move(*endpoint));
    if (!client) return client.error();
    lane->client = std::move(*client);
    api::StreamOptions options;
    options.on_outcomes = [at = lane.get()](const std::vector<api::OutcomeRange>& ranges) { at->outcomes(ranges); };
    options.on_closed = [at = lane.get()](const Error& error) {
      std::lock_guard lock(at->mutex);
      at->broken = error;
      at->changed.notify_all();
    };
    auto stream = lane->client->stream(genesis.chain_id(), std::move(options));
    if (!stream) return stream.error();
    lane->stream = std::move(*stream);
    streams.lanes_.push_back(std::move(lane));
  }
  return streams;
}

Status BenchStreams::drain(int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (auto& lane : lanes_) {
    std::unique_lock lock(lane->mutex);
    lane->wake_at = 0;
    const bool done =
        lane->changed.wait_until(lock, deadline, [&] { return lane->broken || lane->answered == lane->sent; });
    if (lane->broken) return *lane->broken;
    if (!done) return Error{"timed_out", std::to_string(lane->sent - lane->answered) + " transactions have no outcome"};
  }
  return {};
}

Result<PhaseCounts> BenchStreams::counts() const {
  PhaseCounts sum;
  for (const auto& lane : lanes_) {
    std::lock_guard lock(lane->mutex);
    if (lane->broken) return *lane->broken;
    sum.committed += lane->committed;
    sum.refused += lane->refused;
    if (sum.first_refusal == 0) sum.first_refusal = lane->first_refusal;
  }
  return sum;
}

Result<ClosedLoopResult> BenchStreams::closed_loop(SignedLoad& load, size_t in_flight, double warm_up_s, double seconds,
                                                   const LoopHooks& hooks) {
  const auto before = counts();
  if (!before) return before.error();
  const size_t share = std::max<size_t>(1, in_flight / lanes_.size());
  const size_t chunk = std::min(kChunkMax, std::max<size_t>(1, share / 4));
  std::atomic<bool> stop{false};
  std::atomic<bool> ran_out{false};
  std::vector<std::thread> loaders;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    loaders.emplace_back([&, i] {
      Lane& lane = *lanes_[i];
      while (!stop) {
        size_t room = 0;
        {
          std::unique_lock lock(lane.mutex);
          lane.wake_at = share - chunk;
          lane.changed.wait_for(lock, std::chrono::milliseconds(100),
                                [&] { return stop || lane.broken || lane.sent - lane.answered <= share - chunk; });
          if (stop || lane.broken) return;
          const uint64_t outstanding = lane.sent - lane.answered;
          if (outstanding > share - chunk) continue;
          room = share - outstanding;
        }
        auto batch = load.take(i, std::min(room, kChunkMax));
        if (batch.empty()) {
          ran_out = true;
          return;
        }
        {
          std::lock_guard lock(lane.mutex);
          lane.sent += batch.size();
        }
        if (!lane.stream->submit(std::move(batch), kSubmitMs)) return;  // on_closed says why
      }
    });
  }
  const auto sleep_until = [&](std::chrono::steady_clock::time_point end, bool show) {
    const auto began = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() < end && !ran_out) {
      std::this_thread::sleep_until(std::min(end, std::chrono::steady_clock::now() + kProgressEvery));
      const auto now = counts();
      if (!now) return;
      if (show && hooks.progress) {
        hooks.progress(now->committed - before->committed,
                       std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
      }
    }
  };
  const auto span = [](double s) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(s));
  };
  ClosedLoopResult result;
  sleep_until(std::chrono::steady_clock::now() + span(warm_up_s), false);
  if (hooks.measuring_begins) hooks.measuring_begins();
  const auto began = std::chrono::steady_clock::now();
  const auto at_begin = counts();
  sleep_until(began + span(seconds), true);
  const auto at_end = counts();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (hooks.measuring_ends) hooks.measuring_ends();
  result.ran_out = ran_out;
  stop = true;
  for (auto& lane : lanes_) lane->changed.notify_all();
  for (std::thread& loader : loaders) loader.join();
  if (!at_begin) return at_begin.error();
  if (!at_end) return at_end.error();
  result.committed = at_end->committed - at_begin->committed;
  if (auto status = drain(kDrainMs); !status) return status.error();
  const auto after = counts();
  if (!after) return after.error();
  result.all = {after->committed - before->committed, after->refused - before->refused, after->first_refusal};
  return result;
}

Result<LatencyResult> BenchStreams::open_loop(SignedLoad& load, double rate, double seconds, const LoopHooks& hooks) {
  const auto before = counts();
  if (!before) return before.error();
  const size_t n = lanes_.size();
  const auto total = static_cast<uint64_t>(rate * seconds);
  const double step_us = 1e6 / rate;  // between two transactions of the whole
  const auto start = static_cast<double>(now_us()) + 20'000;
  for (size_t i = 0; i < n; ++i) {
    Lane& lane = *lanes_[i];
    std::lock_guard lock(lane.mutex);
    lane.first_tag = lane.stream->submitted();
    lane.due_first_us = start + static_cast<double>(i) * step_us;
    lane.due_step_us = step_us * static_cast<double>(n);
    lane.latencies.clear();
    lane.latencies.reserve(total / n + n);
    lane.timing = true;
  }
  LatencyResult result;
  uint64_t sent = 0;
  std::vector<uint64_t> taken(n);
  auto shown = std::chrono::steady_clock::now();
  while (sent < total) {
    const auto now = static_cast<double>(now_us());
    const double due_now = (now - start) / step_us;
    const uint64_t due = due_now < 0 ? 0 : std::min(total, static_cast<uint64_t>(due_now) + 1);
    if (due > sent) {
      if (now - (start + static_cast<double>(sent) * step_us) > 2'000) ++result.late;
      for (size_t i = 0; i < n; ++i) {
        const uint64_t lane_due = due / n + (due % n > i ? 1 : 0);
        if (lane_due <= taken[i]) continue;
        auto batch = load.take(i, lane_due - taken[i]);
        if (batch.size() < lane_due - taken[i]) return Error{"bench_refused", "too few transactions were signed"};
        taken[i] = lane_due;
        Lane& lane = *lanes_[i];
        {
          std::lock_guard lock(lane.mutex);
          lane.sent += batch.size();
        }
        if (auto tag = lane.stream->submit(std::move(batch), kSubmitMs); !tag) return tag.error();
      }
      sent = due;
    }
    if (hooks.progress && std::chrono::steady_clock::now() - shown > kProgressEvery) {
      shown = std::chrono::steady_clock::now();
      if (auto at = counts()) hooks.progress(at->committed - before->committed, (now - start) / 1e6);
    }
    std::this_thread::sleep_for(kTick);
  }
  if (auto status = drain(kDrainMs); !status) return status.error();
  result.seconds = (static_cast<double>(now_us()) - start) / 1e6;
  for (auto& lane : lanes_) {
    std::lock_guard lock(lane->mutex);
    lane->timing = false;
    result.us.insert(result.us.end(), lane->latencies.begin(), lane->latencies.end());
  }
  std::sort(result.us.begin(), result.us.end());
  const auto after = counts();
  if (!after) return after.error();
  result.all = {after->committed - before->committed, after->refused - before->refused, after->first_refusal};
  return result;
}

Result<LatencyResult> BenchStreams::one_at_a_time(SignedLoad& load, size_t count, double seconds_max) {
  const auto before = counts();
  if (!before) return before.error();
  LatencyResult result;
  const int64_t began = now_us();
  for (size_t k = 0; k < count && static_cast<double>(now_us() - began) < seconds_max * 1e6; ++k) {
    Lane& lane = *lanes_[k % lanes_.size()];
    auto batch = load.take(k % lanes_.size(), 1);
    if (batch.empty()) break;
    const int64_t sent_us = now_us();
    uint64_t wanted = 0;
    {
      std::lock_guard lock(lane.mutex);
      wanted = ++lane.sent;
      lane.wake_at = 0;
    }
    if (auto tag = lane.stream->submit(std::move(batch), kSubmitMs); !tag) return tag.error();
    std::unique_lock lock(lane.mutex);
    const bool done = lane.changed.wait_for(lock, std::chrono::milliseconds(kDrainMs),
                                            [&] { return lane.broken || lane.answered >= wanted; });
    if (lane.broken) return *lane.broken;
    if (!done) return Error{"timed_out", "a single transaction had no outcome within a minute"};
    result.us.push_back(now_us() - sent_us);
  }
  std::sort(result.us.begin(), result.us.end());
  const auto after = counts();
  if (!after) return after.error();
  result.all = {after->committed - before->committed, after->refused - before->refused, after->first_refusal};
  result.seconds = static_cast<double>(now_us() - began) / 1e6;
  return result;
}

int64_t percentile(const std::vector<int64_t>& ascending, double share) {
  if (ascending.empty()) return 0;
  const auto rank = static_cast<size_t>(share * static_cast<double>(ascending.size()));
  return ascending[std::min(rank, ascending.size() - 1)];
}

}  // namespace tieline::cli
