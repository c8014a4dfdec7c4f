#include "cli/chaos_client.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "api/client.h"
#include "crypto/hash.h"
#include "ledger/codes.h"
#include "model/transaction.h"

namespace tieline::cli {
namespace {

constexpr size_t kOutstandingMax = 4'000;
constexpr size_t kCopies = 2;  // validators that get a transaction at once
constexpr int64_t kResendUs = 1'500'000;
constexpr int64_t kConnectMs = 2'000;
constexpr auto kReconnect = std::chrono::milliseconds(50);
constexpr auto kPace = std::chrono::milliseconds(5);
constexpr size_t kPayloadBytes = 64;
constexpr size_t kBatchMax = 256;
constexpr Height kLifetime = 90'000;

bool try_again(uint16_t code) { return code == number(TxCode::pool_full) || code == number(TxCode::too_many_pending); }

}  // namespace

int64_t ChaosClient::now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct ChaosClient::State {
  struct Tx {
    Blob bytes;  // released once acknowledged
    ChaosTx known;
    int64_t first_us = 0, last_us = 0;
    bool final = false;
    size_t next_lane = 0;
  };
  struct Lane {
    std::deque<size_t> outbox;
    bool up = false;
    bool broken = false;
    std::vector<size_t> tags;  // of this stream: tag -> transaction
    std::condition_variable changed;
    std::thread thread;
  };
  struct Account {
    Identity identity;
    uint64_t sequence = 0;
  };

  const Genesis& genesis;
  ChainId chain;
  std::vector<Account> accounts;
  double rate;
  mutable std::mutex mutex;
  std::condition_variable drained;
  std::vector<Tx> txs;
  std::deque<size_t> open;  // outstanding, oldest first; acknowledged ones are dropped lazily
  std::vector<std::unique_ptr<Lane>> lanes;
  ChaosCounts counts;
  Height height = 0;
  std::map<int64_t, int64_t> commits;  // first submitted -> acknowledged, kept where the second grows
  bool submitting = true, ending = false;
  std::thread pacer;

  explicit State(const Genesis& g) : genesis(g), chain(g.chain_id()), rate(0) {}

  void enqueue(size_t tx, size_t copies, int64_t now) {  // under the lock
    Tx& at = txs[tx];
    at.last_us = now;
    for (size_t tries = 0; tries < lanes.size() && copies > 0; ++tries) {
      Lane& lane = *lanes[at.next_lane];
      at.next_lane = (at.next_lane + 1) % lanes.size();
      if (!lane.up) continue;
      lane.outbox.push_back(tx);
      lane.changed.notify_one();
      --copies;
    }
  }

  void pace() {
    const auto began = std::chrono::steady_clock::now();
    uint64_t made = 0;
    size_t turn = 0;
    double skipped = 0;  // time in which too much was outstanding: it is not made up for
    while (true) {
      std::this_thread::sleep_for(kPace);
      std::lock_guard lock(mutex);
      if (ending) return;
      const int64_t now = now_us();
      while (!open.empty() && txs[open.front()].final) open.pop_front();
      for (size_t tx : open) {
        if (!txs[tx].final && now - txs[tx].last_us > kResendUs) enqueue(tx, kCopies, now);
      }
      const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      auto due = static_cast<uint64_t>(std::max(0.0, (elapsed - skipped) * rate));
      if (counts.outstanding >= kOutstandingMax && due > made) {
        skipped += static_cast<double>(due - made) / rate;
        due = made;
      }
      for (; submitting && made < due; ++made) {
        const size_t tx = txs.size();
        txs.push_back(make(turn, now));
        turn = (turn + 1) % accounts.size();
        open.push_back(tx);
        ++counts.submitted;
        ++counts.outstanding;
        enqueue(tx, kCopies, now);
      }
    }
  }

  Tx make(size_t account, int64_t now) {
    Account& from = accounts[account];
    TransactionDraft draft;
    draft.chain = chain;
    draft.signatories = {from.identity.participant->id};
    draft.sequence = ++from.sequence;
    draft.timestamp_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    draft.expiry_height = height + kLifetime;
    draft.actions.push_back({ActionType::kData, Bytes(kPayloadBytes, static_cast<uint8_t>(from.sequence))});
    const Signer* keys[] = {from.identity.signer.get()};
    Tx tx;
    tx.bytes = Blob(build_transaction(draft, keys));
    tx.known.id = sha256(tx.bytes.view());
    tx.first_us = now;
    tx.next_lane = txs.size() % lanes.size();
    return tx;
  }

  void outcomes(Lane& lane, const std::vector<api::OutcomeRange>& ranges) {
    const int64_t now = now_us();
    std::lock_guard lock(mutex);
    for (const api::OutcomeRange& range : ranges) {
      for (uint32_t k = 0; k < range.count; ++k) {
        if (range.first + k >= lane.tags.size()) continue;
        outcome(txs[lane.tags[range.first + k]], range, range.index + k, now);
      }
    }
    if (counts.outstanding == 0) drained.notify_all();
  }

  void outcome(Tx& tx, const api::OutcomeRange& range, uint32_t index, int64_t now) {  // under the lock
    if (range.committed && range.code == number(TxCode::ok)) {
      height = std::max(height, range.height);
      if (tx.known.acknowledged) {
        if (tx.known.height != range.height || tx.known.index != index) ++counts.contradictions;
        return;
      }
      if (!tx.final) --counts.outstanding;
      tx.final = true;
      tx.known.acknowledged = true;
      tx.known.height = range.height;
      tx.known.index = index;
      tx.bytes = Blob();
      ++counts.acknowledged;
      if (commits.empty() || commits.rbegin()->first < tx.first_us)
        commits.emplace_hint(commits.end(), tx.first_us, now);
      return;
    }
    if (tx.final || try_again(range.code)) return;
    tx.final = true;
    --counts.outstanding;
    if (counts.refused++ == 0) counts.first_refusal = code_name(range.code);
  }

  // One validator's stream, again and again.
  void serve(size_t i) {
    Lane& lane = *lanes[i];
    while (true) {
      {
        std::lock_guard lock(mutex);
        if (ending) return;
      }
      auto endpoint = api::Endpoint::of_validator(genesis.validators[i]);
      TL_CHECK(endpoint.ok());
      auto client = api::Client::open(std::move(*endpoint));
      if (client) {
        api::StreamOptions options;
        options.want_index = true;
        options.timeout_ms = kConnectMs;
        options.on_outcomes = [this, &lane](const auto& ranges) { outcomes(lane, ranges); };
        options.on_closed = [this, &lane](const Error&) {
          std::lock_guard lock(mutex);
          lane.broken = true;
          lane.changed.notify_one();
        };
        {
          std::lock_guard lock(mutex);
          lane.broken = false;
          lane.tags.clear();
          lane.outbox.clear();
        }
        if (auto stream = (*client)->stream(chain, std::move(options))) feed(lane, **stream);
      }
      std::this_thread::sleep_for(kReconnect);
    }
  }

  void feed(Lane& lane, api::SubmitStream& stream) {
    std::unique_lock lock(mutex);
    lane.up = true;
    while (!lane.broken && !ending) {
      lane.changed.wait_for(lock, std::chrono::milliseconds(200),
                            [&] { return lane.broken || ending || !lane.outbox.empty(); });
      std::vector<Blob> batch;
      while (!lane.outbox.empty() && batch.size() < kBatchMax && !lane.broken && !ending) {
        const size_t tx = lane.outbox.front();
        lane.outbox.pop_front();
        if (txs[tx].final) continue;
        batch.push_back(txs[tx].bytes);
        lane.tags.push_back(tx);  // before it is sent: the outcome may be there at once
      }
      if (batch.empty()) continue;
      lock.unlock();
      const bool sent = stream.submit(std::move(batch), kConnectMs).ok();
      lock.lock();
      if (!sent) break;
    }
    lane.up = false;
    for (size_t tx : open) txs[tx].last_us = std::min(txs[tx].last_us, now_us() - kResendUs / 2);  // sooner, elsewhere
    lock.unlock();
    stream.close();
  }
};

ChaosClient::ChaosClient(const Genesis& genesis, std::vector<Identity> signers, double rate)
    : state_(std::make_unique<State>(genesis)) {
  state_->rate = rate;
  for (Identity& identity : signers) state_->accounts.push_back({std::move(identity), 0});
  for (size_t i = 0; i < genesis.validators.size(); ++i) state_->lanes.push_back(std::make_unique<State::Lane>());
  for (size_t i = 0; i < state_->lanes.size(); ++i) {
    state_->lanes[i]->thread = std::thread([state = state_.get(), i] { state->serve(i); });
  }
  state_->pacer = std::thread([state = state_.get()] { state->pace(); });
}

ChaosClient::~ChaosClient() {
  {
    std::lock_guard lock(state_->mutex);
    state_->ending = true;
    for (auto& lane : state_->lanes) lane->changed.notify_all();
  }
  state_->pacer.join();
  for (auto& lane : state_->lanes) lane->thread.join();
}

void ChaosClient::stop_submitting() {
  std::lock_guard lock(state_->mutex);
  state_->submitting = false;
}

bool ChaosClient::drain(int64_t timeout_ms) {
  std::unique_lock lock(state_->mutex);
  return state_->drained.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                  [&] { return state_->counts.outstanding == 0; });
}

ChaosCounts ChaosClient::counts() const {
  std::lock_guard lock(state_->mutex);
  return state_->counts;
}

std::optional<int64_t> ChaosClient::first_commit_after(int64_t since_us) const {
  std::lock_guard lock(state_->mutex);
  const auto at = state_->commits.upper_bound(since_us);
  return at == state_->commits.end() ? std::nullopt : std::optional(at->second);
}

std::vector<ChaosTx> ChaosClient::transactions() const {
  std::lock_guard lock(state_->mutex);
  std::vector<ChaosTx> out;
  for (const State::Tx& tx : state_->txs) out.push_back(tx.known);
  return out;
}

}  // namespace tieline::cli
