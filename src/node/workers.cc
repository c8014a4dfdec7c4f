#include "node/workers.h"

#include <pthread.h>
#include <time.h>

#include <chrono>

#include "ledger/private_claims.h"

namespace tieline::node {
namespace {

void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

int64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t mono_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// --- log
// --------------------------------------------------------------------------------------------------------------

LogWriter::LogWriter(storage::VoteLog& log, std::function<void(Written)> written, std::function<void(Error)> failed)
    : log_(log), written_(std::move(written)), failed_(std::move(failed)) {
  thread_ = std::thread([this] {
    name_thread("tieline-log");
    while (true) {
      std::vector<Job> jobs = queue_.take(kLogBatchBytesMax);
      if (jobs.empty()) return;
      if (Status status = carry_out(std::move(jobs)); !status) {
        // Never tried again: what is on disk is not known any more.
        queue_.drop_all();
        failed_(status.error());
        return;
      }
    }
  });
}

void LogWriter::push(replica::LogAppend append) {
  const size_t weight = append.bytes.size() + 1;
  queue_.push(std::move(append), weight);
}

Status LogWriter::carry_out(std::vector<Job> jobs) {
  std::vector<replica::LogAppend> appends;
  for (Job& job : jobs) {
    if (auto* append = std::get_if<replica::LogAppend>(&job)) {
      appends.push_back(std::move(*append));
      continue;
    }
    // In order: what a trim rests on stood before it.
    if (Status status = write(appends); !status) return status;
    if (Status status = log_.trim(std::get<replica::LogTrim>(job).before); !status) return status;
  }
  return write(appends);
}

Status LogWriter::write(std::vector<replica::LogAppend>& appends) {
  if (appends.empty()) return {};
  const int64_t begin = mono_us();
  if (Status status = log_.append(appends); !status) return status;
  Written written;
  written.spent_us = mono_us() - begin;
  for (const replica::LogAppend& append : appends) {
    written.bytes += append.bytes.size();
    if (append.sync) written.durable = appends.back().lsn;  // one sync covers all of them
  }
  appends.clear();
  written_(written);
  return {};
}

void LogWriter::stop(bool finish) {
  finish ? queue_.close() : queue_.drop_all();
  if (thread_.joinable()) thread_.join();
}

// --- store
// ------------------------------------------------------------------------------------------------------------

StoreWriter::StoreWriter(storage::RocksStore& store, std::function<void(Applied)> applied,
                         std::function<void(Error)> failed)
    : store_(store), applied_(std::move(applied)), failed_(std::move(failed)) {
  thread_ = std::thread([this] {
    name_thread("tieline-store");
    try {
      while (true) {
        std::vector<replica::StoreApply> jobs = queue_.take(1);
        if (jobs.empty()) return;
        const int64_t begin = mono_us();
        for (const replica::StoreApply& job : jobs) {
          store_.apply_block(job.height, job.batch, job.replace_state);
          Applied result;
          result.input.height = job.height;
          if (job.take_snapshot) result.input.snapshot = store_.snapshot();
          result.spent_us = mono_us() - begin;
          applied_(std::move(result));
        }
      }
    } catch (const storage::StoreError& error) {
      queue_.drop_all();
      failed_(error.error());
    }
  });
}

void StoreWriter::stop(bool finish) {
  finish ? queue_.close() : queue_.drop_all();
  if (thread_.joinable()) thread_.join();
}

// --- signatures
// -------------------------------------------------------------------------------------------------------

SignatureChecker::SignatureChecker(const Verifier& verifier, std::function<void(Checked)> checked)
    : verifier_(verifier), checked_(std::move(checked)) {
  thread_ = std::thread([this] {
    name_thread("tieline-verify");
    while (true) {
      const std::vector<replica::VerifyJob> jobs = queue_.take(kVerifyBatchMax);
      if (jobs.empty()) return;
      checked_(check(jobs));
    }
  });
}

void SignatureChecker::push(replica::VerifyJob job) {
  const size_t weight = job.items.size() + job.endorsements.size() + 1;
  queue_.push(std::move(job), weight);
}

// Endorsements of trades, and private records: a verdict a claim, in order.
std::vector<uint8_t> SignatureChecker::check_claims(const std::vector<replica::VerifyJob>& jobs,
                                                    const std::set<Hash>& unsigned_) const {
  std::vector<AggregateItem> shares;
  std::vector<const PrivateClaim*> records;
  enum class Kind : uint8_t { kShare, kRecord, kLeft };
  std::vector<Kind> kinds;
  uint64_t work_us = 0;
  for (const replica::VerifyJob& job : jobs) {
    for (const EndorsementClaim& claim : job.endorsements) {
      if (!claim.record) {
        kinds.push_back(Kind::kShare);
        shares.push_back({{&claim.key}, claim.message.view(), claim.signature});
        continue;
      }
      const uint64_t work = claim_work_us(*claim.record);
      const bool looked_at = !unsigned_.contains(claim.record->carrier) && work_us + work <= kClaimWorkMaxUs;
      kinds.push_back(looked_at ? Kind::kRecord : Kind::kLeft);
      if (!looked_at) continue;
      work_us += work;
      records.push_back(claim.record.get());
    }
  }
  std::vector<uint8_t> good(shares.size());
  if (!shares.empty()) verifier_.verify_aggregates(shares, good);
  const std::vector<TxCode> codes = tieline::check_claims(records, verifier_);
  std::vector<uint8_t> out;
  size_t share = 0, record = 0;
  for (const Kind kind : kinds)
    out.push_back(kind == Kind::kShare ? good[share++] : kind == Kind::kRecord && codes[record++] == TxCode::ok);
  return out;
}

SignatureChecker::Checked SignatureChecker::check(const std::vector<replica::VerifyJob>& jobs) const {
  const int64_t begin = thread_cpu_ns();
  std::vector<SignedItem> items;
  for (const replica::VerifyJob& job : jobs)
    for (const replica::VerifyJob::Item& item : job.items)
      items.push_back({item.key, item.digest.view(), item.signature});
  std::vector<uint8_t> ok(items.size());
  verifier_.verify_batch(items, ok);
  std::set<Hash> unsigned_;
  size_t item = 0;
  for (const replica::VerifyJob& job : jobs)
    for (const replica::VerifyJob::Item& each : job.items)
      if (ok[item++] == 0) unsigned_.insert(each.digest);
  std::vector<uint8_t> endorsed = check_claims(jobs, unsigned_);
  Checked out;
  out.signatures = items.size() + endorsed.size();
  auto at = ok.begin(), claim = endorsed.begin();
  for (const replica::VerifyJob& job : jobs) {
    const auto next = at + static_cast<ptrdiff_t>(job.items.size());
    const auto next_claim = claim + static_cast<ptrdiff_t>(job.endorsements.size());
    out.answers.push_back({job.ticket, std::vector<uint8_t>(at, next), std::vector<uint8_t>(claim, next_claim)});
    at = next;
    claim = next_claim;
  }
  out.cpu_ns = thread_cpu_ns() - begin;
  return out;
}

void SignatureChecker::stop() {
  queue_.drop_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tieline::node
