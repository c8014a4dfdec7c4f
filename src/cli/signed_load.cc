#include "cli/signed_load.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "crypto/hash.h"
#include "model/transaction.h"

namespace tieline::cli {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr int64_t kFirstStart = 0;  // readings begin in 1970: years of quarter hours before they reach the future
constexpr size_t kSignChunk = 256;
constexpr uint64_t kWhMax = 4'000;

}  // namespace

SignedLoad::SignedLoad(LoadShape shape, std::vector<Identity> signers, std::vector<MeterId> meters)
    : shape_(shape), lanes_(shape.lanes) {
  TL_CHECK(!signers.empty() && signers.size() == meters.size() && shape.lanes > 0 && signers.size() >= shape.lanes);
  for (size_t i = 0; i < signers.size(); ++i) accounts_.push_back({std::move(signers[i]), meters[i], 0});
}

void SignedLoad::fill(size_t per_lane, int64_t timestamp_ms, Height expiry_height) {
  struct Job {
    size_t account, lane, slot;
    uint64_t sequence;
  };
  std::vector<size_t> missing(lanes_.size());
  size_t open = 0;
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    Lane& at = lanes_[lane];
    at.queue.erase(at.queue.begin(), at.queue.begin() + static_cast<std::ptrdiff_t>(at.next));
    at.next = 0;
    missing[lane] = per_lane > at.queue.size() ? per_lane - at.queue.size() : 0;
    open += missing[lane] > 0 ? 1 : 0;
  }
  std::vector<Job> jobs;
  while (open > 0) {
    const size_t account = turn_;
    turn_ = (turn_ + 1) % accounts_.size();
    const size_t lane = account % lanes_.size();
    if (missing[lane] == 0) continue;
    jobs.push_back({account, lane, lanes_[lane].queue.size(), ++accounts_[account].sequence});
    lanes_[lane].queue.emplace_back();
    if (--missing[lane] == 0) --open;
  }
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t from = next.fetch_add(kSignChunk); from < jobs.size(); from = next.fetch_add(kSignChunk)) {
      for (size_t i = from; i < std::min(from + kSignChunk, jobs.size()); ++i) {
        const Job& job = jobs[i];
        lanes_[job.lane].queue[job.slot] = make(accounts_[job.account], job.sequence, timestamp_ms, expiry_height);
      }
    }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

Blob SignedLoad::make(const Account& account, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const {
  TransactionDraft draft;
  draft.chain = shape_.chain;
  draft.signatories = {account.identity.participant->id};
  draft.sequence = sequence;
  draft.timestamp_ms = timestamp_ms;
  draft.expiry_height = expiry_height;
  if (shape_.readings_per_tx > 0) {
    std::vector<Reading> readings(shape_.readings_per_tx);
    const auto n = static_cast<int64_t>(shape_.readings_per_tx);
    int64_t start = kFirstStart + static_cast<int64_t>(sequence - 1) * n * kSlotSeconds;
    for (Reading& reading : readings) {
      reading = {account.meter,
                 Obis::kExport,
                 start,
                 static_cast<uint32_t>(kSlotSeconds),
                 static_cast<uint64_t>(start / kSlotSeconds) % kWhMax,
                 Quality::kMeasured,
                 std::nullopt};
      start += kSlotSeconds;
    }
    draft.actions.push_back({ActionType::kReadings, encode_readings(readings)});
  } else {
    // Looks random, as a digest or a sealed message would: nothing on the way may win by compressing it.
    Bytes payload;
    Hash word =
        sha256({account.identity.participant->key.view(), ByteView(reinterpret_cast<const uint8_t*>(&sequence), 8)});
    while (payload.size() < shape_.payload_bytes) {
      const size_t n = std::min(word.bytes.size(), shape_.payload_bytes - payload.size());
      payload.insert(payload.end(), word.bytes.begin(), word.bytes.begin() + static_cast<std::ptrdiff_t>(n));
      word = sha256(word.view());
    }
    draft.actions.push_back({ActionType::kData, std::move(payload)});
  }
  const Signer* keys[] = {account.identity.signer.get()};
  return Blob(build_transaction(draft, keys));
}

std::vector<Blob> SignedLoad::take(size_t lane, size_t count) {
  Lane& from = lanes_[lane];
  const size_t n = std::min(count, from.queue.size() - from.next);
  std::vector<Blob> out;
  out.reserve(n);
  for (size_t i = 0; i < n; ++i) out.push_back(std::move(from.queue[from.next++]));
  return out;
}

}  // namespace tieline::cli
