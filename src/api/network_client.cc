#include "api/network_client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <unordered_map>

#include "crypto/hash.h"
#include "ledger/codes.h"
#include "model/quorum.h"

namespace tieline::api {
namespace {

constexpr int64_t kTickMs = 50;
constexpr int64_t kConnectMs = 2'000;
constexpr int64_t kReconnectMs = 500;  // between attempts at one validator
constexpr int64_t kRetryMs = 200;      // after a full pool, and between questions about a duplicate
constexpr size_t kBatchBytes = 256 * 1024;
constexpr int kLookupsMax = 10;  // then a duplicate is a refusal: its sequence number belongs to other bytes

int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bool try_later(uint16_t code) { return code == number(TxCode::pool_full) || code == number(TxCode::too_many_pending); }

using Callback = std::function<void(const SubmitOutcome&)>;

// One transaction without a final outcome. Guarded by the mutex.
struct Entry {
  Blob bytes;
  std::shared_ptr<const Callback> callback;
  int64_t since_ms = 0;
  bool everywhere = false;   // asked of all validators, or about to be
  std::set<size_t> asked;    // validators that hold it in a stream without an answer
  std::set<size_t> refused;  // validators that refused it for good
  uint16_t code = 0;         // of the first refusal
  int64_t retry_at_ms = 0;   // 0: nothing to do again
  bool look_up = false;      // a duplicate: is it these bytes that are recorded?
  int lookups = 0;
};

class Network final : public NetworkClient {
 public:
  Network(const Genesis& genesis, NetworkOptions options)
      : validators_(genesis.validators), quorum_(genesis.quorum()), chain_(genesis.chain_id()), options_(options) {
    lanes_.resize(validators_.size());
    for (size_t i = 0; i < validators_.size(); ++i)
      if (validators_[i].id == options_.first) current_ = i;
    manager_ = std::thread([this] { manage(); });
  }

  ~Network() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    manager_.join();
    for (Lane& lane : lanes_) lane.stream.reset();
  }

  Result<HttpReply> get(const std::string& target) override {
    Error last{"no_validator", "no validator answers"};
    const size_t start = preferred_;
    for (size_t k = 0; k < validators_.size(); ++k) {
      const size_t i = (start + k) % validators_.size();
      auto reply = client_of(i)->request("GET", target, "", {}, options_.patience_ms);
      if (!reply) {
        last = last.code == "no_validator" ? Error{"no_validator", "no validator answers: " + reply.error().why} : last;
        continue;
      }
      if (reply->status < 400) {
        preferred_ = i;
        return reply;
      }
      const auto json = nlohmann::json::parse(reply->body, nullptr, false);
      Error told{"protocol_error", "status " + std::to_string(reply->status)};
      if (json.is_object()) told = {json.value("code", told.code), json.value("detail", told.why)};
      // Another validator may be further on, or better connected; a question that is wrong is wrong everywhere.
      if (reply->status != 404 && reply->status < 500) return told;
      last = told;
    }
    return last;
  }

  Result<Bytes> receipt(const TxId& id) override {
    auto reply = get("/v1/receipts/" + to_hex(id));
    if (!reply) return reply.error();
    return Bytes(reply->body.begin(), reply->body.end());
  }

  Status submit(std::vector<Blob> transactions, Callback on_outcome) override {
    const auto callback = std::make_shared<const Callback>(std::move(on_outcome));
    for (Blob& bytes : transactions) {
      const TxId id = sha256(bytes.view());
      std::unique_lock lock(mutex_);
      if (Status room = wait_until(lock, [&] { return outstanding_ < options_.in_flight_max; }); !room) return room;
      // The same bytes twice at once are one transaction: the second waits for the first.
      if (Status gone = wait_until(lock, [&] { return !entries_.contains(id); }); !gone) return gone;
      Entry& entry = entries_[id];
      entry.bytes = std::move(bytes);
      entry.callback = callback;
      entry.since_ms = now_ms();
      ++outstanding_;
      to_send_.push_back(id);
      if (to_send_.size() == 1) changed_.notify_all();
    }
    return {};
  }

  Status drain() override {
    std::unique_lock lock(mutex_);
    return wait_until(lock, [&] { return outstanding_ == 0; });
  }

  void sign_queries(QuerySigner signer) override {
    std::lock_guard lock(clients_mutex_);
    signer_ = std::move(signer);
    for (Lane& lane : lanes_)
      if (lane.client) lane.client->sign_queries(signer_);
  }

  Client* client(ValidatorId id) override {
    for (size_t i = 0; i < validators_.size(); ++i)
      if (validators_[i].id == id) return client_of(i);
    TL_CHECK_MSG(false, "a validator of genesis is asked for");
  }

 private:
  struct Lane {
    std::unique_ptr<Client> client;
    std::unique_ptr<SubmitStream> stream;  // the manager's
    int64_t try_again_ms = 0;
    bool tried = false;
    // Guarded by the mutex.
    bool broken = false;
    uint64_t next_tag = 0;
    std::unordered_map<uint64_t, TxId> tags;
  };

  // Waits while outcomes keep coming; give_up_ms without any end it, and no validator at all ends it at once.
  template <class Condition>
  Status wait_until(std::unique_lock<std::mutex>& lock, Condition condition) {
    progress_ms_ = now_ms();
    while (!condition()) {
      if (unreachable_) return Error{"no_validator", "no validator can be reached: " + trouble_};
      if (now_ms() - progress_ms_ > options_.give_up_ms)
        return Error{"timed_out", std::to_string(outstanding_) +
                                      " transactions have no outcome; they may be submitted again as they are"};
      changed_.wait_for(lock, std::chrono::milliseconds(kTickMs));
    }
    return {};
  }

  Client* client_of(size_t i) {
    std::lock_guard lock(clients_mutex_);
    Lane& lane = lanes_[i];
    if (!lane.client) {
      auto endpoint = Endpoint::of_validator(validators_[i], options_.tls);
      // Genesis has been validated: its addresses parse, and its pins are pins.
      TL_CHECK_MSG(endpoint.ok(), "an address in genesis");
      auto opened = Client::open(*std::move(endpoint));
      TL_CHECK_MSG(opened.ok(), "a TLS context without a certificate");
      lane.client = *std::move(opened);
      lane.client->sign_queries(signer_);
    }
    return lane.client.get();
  }

  // --- on the streams' threads --------------------------------------------------------------------------------------

  void on_outcomes(size_t i, const std::vector<OutcomeRange>& ranges) {
    std::vector<std::pair<std::shared_ptr<const Callback>, SubmitOutcome>> finished;
    {
      std::lock_guard lock(mutex_);
      Lane& lane = lanes_[i];
      for (const OutcomeRange& range : ranges) {
        for (uint32_t k = 0; k < range.count; ++k) {
          auto tag = lane.tags.find(range.first + k);
          if (tag == lane.tags.end()) continue;
          const TxId id = tag->second;
          lane.tags.erase(tag);
          auto at = entries_.find(id);
          if (at == entries_.end()) continue;  // another validator was faster
          at->second.asked.erase(i);
          if (range.committed) {
            finished.emplace_back(at->second.callback,
                                  SubmitOutcome{id, true, range.code, range.height, range.index + k});
            entries_.erase(at);
          } else if (auto refusal = refused(i, id, at->second, range.code)) {
            finished.emplace_back(at->second.callback, *refusal);
            entries_.erase(at);
          }
        }
      }
    }
    finish(finished);
  }

  // Where validators may lie one's word is not enough to refuse: f+1 must say so. The refusal if it is final.
  std::optional<SubmitOutcome> refused(size_t i, const TxId& id, Entry& entry, uint16_t code) {
    if (try_later(code)) {
      entry.retry_at_ms = now_ms() + kRetryMs;
      return std::nullopt;
    }
    if (code == number(TxCode::duplicate)) {
      entry.look_up = true;
      entry.retry_at_ms = std::max<int64_t>(entry.retry_at_ms, 1);
    }
    if (entry.refused.empty()) entry.code = code;
    entry.refused.insert(i);
    if (!entry.look_up && entry.refused.size() >= quorum_.correct()) return SubmitOutcome{id, false, entry.code, 0, 0};
    if (!entry.everywhere) {
      entry.everywhere = true;
      spread_.push_back(id);
    }
    return std::nullopt;
  }

  void finish(const std::vector<std::pair<std::shared_ptr<const Callback>, SubmitOutcome>>& finished) {
    if (finished.empty()) return;
    for (const auto& [callback, outcome] : finished)
      if (*callback) (*callback)(outcome);
    {
      std::lock_guard lock(mutex_);
      outstanding_ -= finished.size();
      progress_ms_ = now_ms();
    }
    changed_.notify_all();
  }

  void on_closed(size_t i, const Error& why) {
    {
      std::lock_guard lock(mutex_);
      lanes_[i].broken = true;
      trouble_ = why.why;
    }
    changed_.notify_all();
  }

  // --- on the manager's thread --------------------------------------------------------------------------------------

  void manage() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      reap(lock);
      std::vector<TxId> fresh(to_send_.begin(), to_send_.end());
      to_send_.clear();
      std::vector<TxId> spread = std::exchange(spread_, {});
      std::vector<TxId> look_up;
      const int64_t now = now_ms();
      if (now >= next_scan_ms_) scan(now, fresh, spread, look_up);
      lock.unlock();
      if (!fresh.empty()) send_to_current(fresh);
      if (!spread.empty())
        for (size_t i = 0; i < lanes_.size(); ++i) send(i, spread);
      for (const TxId& id : look_up) look_up_duplicate(id);
      lock.lock();
      if (to_send_.empty() && spread_.empty() && !stopping_)
        changed_.wait_for(lock, std::chrono::milliseconds(kTickMs), [&] { return stopping_ || !to_send_.empty(); });
    }
  }

  // What a broken stream held goes out again, elsewhere.
  void reap(std::unique_lock<std::mutex>& lock) {
    for (size_t i = 0; i < lanes_.size(); ++i) {
      if (!lanes_[i].broken) continue;
      auto stream = std::move(lanes_[i].stream);
      lock.unlock();
      stream.reset();  // waits for its handlers, which take the mutex
      lock.lock();
      lanes_[i].broken = false;
      lanes_[i].next_tag = 0;
      for (const auto& [tag, id] : lanes_[i].tags) forget(i, id);
      lanes_[i].tags.clear();
      if (current_ == i) current_ = (i + 1) % lanes_.size();
    }
  }

  void forget(size_t i, const TxId& id) {
    auto at = entries_.find(id);
    if (at == entries_.end()) return;
    at->second.asked.erase(i);
    if (at->second.asked.empty()) to_send_.push_back(id);
  }

  void scan(int64_t now, std::vector<TxId>& fresh, std::vector<TxId>& spread, std::vector<TxId>& look_up) {
    next_scan_ms_ = now + kTickMs;
    bool slow = false;
    for (auto& [id, entry] : entries_) {
      if (entry.retry_at_ms != 0 && entry.retry_at_ms <= now) {
        entry.retry_at_ms = 0;
        (entry.look_up ? look_up : fresh).push_back(id);
      }
      if (now - entry.since_ms < options_.patience_ms) continue;
      slow = slow || !entry.everywhere;
      entry.everywhere = true;
      entry.since_ms = now;  // and again after as long: who could not be reached then may be back
      spread.push_back(id);
    }
    if (slow) current_ = (current_ + 1) % lanes_.size();
  }

  void send_to_current(const std::vector<TxId>& ids) {
    for (size_t k = 0; k < lanes_.size(); ++k) {
      if (send(current_, ids)) return;
      current_ = (current_ + 1) % lanes_.size();
    }
    std::lock_guard lock(mutex_);
    to_send_.insert(to_send_.end(), ids.begin(), ids.end());
    const bool all_tried = std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.tried; });
    // A network that was never seen is not there; one that was may be restarting.
    unreachable_ = all_tried && !ever_connected_;
    changed_.notify_all();
    // The caller would come back at once.
    next_scan_ms_ = now_ms() + kTickMs;
  }

  // False: validator i cannot be reached now.
  bool send(size_t i, const std::vector<TxId>& ids) {
    if (!ready(i)) return false;
    Lane& lane = lanes_[i];
    std::vector<Blob> batch;
    size_t bytes = 0;
    const size_t count_max = std::min<size_t>(lane.stream->welcome().batch_max, lane.stream->welcome().window);
    for (size_t k = 0; k < ids.size(); ++k) {
      {
        std::lock_guard lock(mutex_);
        auto at = entries_.find(ids[k]);
        if (at != entries_.end() && !at->second.refused.contains(i) && at->second.asked.insert(i).second) {
          batch.push_back(at->second.bytes);
          bytes += at->second.bytes.size();
          lane.tags.emplace(lane.next_tag++, ids[k]);
        }
      }
      const bool full = batch.size() >= count_max || bytes >= kBatchBytes || k + 1 == ids.size();
      if (!full || batch.empty()) continue;
      auto first = lane.stream->submit(std::exchange(batch, {}), options_.patience_ms);
      bytes = 0;
      if (!first) {
        // Broken, or so slow that others are the better choice: its tags go elsewhere.
        std::lock_guard lock(mutex_);
        lane.broken = true;
        for (size_t rest = k + 1; rest < ids.size(); ++rest) to_send_.push_back(ids[rest]);
        return true;
      }
    }
    return true;
  }

  bool ready(size_t i) {
    Lane& lane = lanes_[i];
    {
      std::lock_guard lock(mutex_);
      if (lane.broken) return false;
    }
    if (lane.stream) return true;
    if (now_ms() < lane.try_again_ms) return false;
    StreamOptions options;
    options.want_index = true;
    options.timeout_ms = std::min(kConnectMs, options_.patience_ms);
    options.on_outcomes = [this, i](const std::vector<OutcomeRange>& ranges) { on_outcomes(i, ranges); };
    options.on_closed = [this, i](const Error& why) { on_closed(i, why); };
    auto stream = client_of(i)->stream(chain_, std::move(options));
    lane.tried = true;
    if (!stream) {
      lane.try_again_ms = now_ms() + kReconnectMs;
      std::lock_guard lock(mutex_);
      trouble_ = stream.error().why;
      return false;
    }
    lane.stream = *std::move(stream);
    std::lock_guard lock(mutex_);
    ever_connected_ = true;
    unreachable_ = false;
    return true;
  }

  // A duplicate is either these very bytes, recorded or about to be, or a replayed sequence number.
  void look_up_duplicate(const TxId& id) {
    auto reply = get("/v1/transactions/" + to_hex(id));
    std::vector<std::pair<std::shared_ptr<const Callback>, SubmitOutcome>> finished;
    {
      std::lock_guard lock(mutex_);
      auto at = entries_.find(id);
      if (at == entries_.end()) return;
      Entry& entry = at->second;
      const auto json = reply ? nlohmann::json::parse(reply->body, nullptr, false) : nlohmann::json();
      const auto code = json.is_object() ? code_from_name(json.value("code", "")) : std::nullopt;
      if (code) {
        finished.emplace_back(entry.callback, SubmitOutcome{id, true, number(*code), json.value("height", Height{0}),
                                                            json.value("index", uint32_t{0})});
      } else if (++entry.lookups >= kLookupsMax && entry.refused.size() >= quorum_.correct()) {
        finished.emplace_back(entry.callback, SubmitOutcome{id, false, entry.code, 0, 0});
      } else {
        entry.retry_at_ms = now_ms() + kRetryMs;
        return;
      }
      entries_.erase(at);
    }
    finish(finished);
  }

  const std::vector<GenesisValidator> validators_;
  const Quorum quorum_;
  const ChainId chain_;
  const NetworkOptions options_;
  std::atomic<size_t> preferred_{0};
  size_t current_ = 0;  // the manager's: who gets fresh transactions
  int64_t next_scan_ms_ = 0;

  std::mutex clients_mutex_;  // of Lane::client and signer_
  QuerySigner signer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Lane> lanes_;
  std::unordered_map<TxId, Entry> entries_;
  std::deque<TxId> to_send_;
  std::vector<TxId> spread_;
  size_t outstanding_ = 0;  // entries, and those whose callback still runs
  int64_t progress_ms_ = 0;
  bool ever_connected_ = false;
  bool unreachable_ = false;
  bool stopping_ = false;
  std::string trouble_;
  std::thread manager_;
};

}  // namespace

Result<std::unique_ptr<NetworkClient>> NetworkClient::open(const Genesis& genesis, NetworkOptions options) {
  if (genesis.validators.empty()) return Error{"no_validator", "genesis names no validator"};
  return std::unique_ptr<NetworkClient>(std::make_unique<Network>(genesis, options));
}

Result<std::vector<SubmitOutcome>> NetworkClient::submit_and_wait(std::vector<Blob> transactions) {
  struct Collected {
    std::mutex mutex;
    std::unordered_map<TxId, SubmitOutcome> outcomes;
  };
  const auto collected = std::make_shared<Collected>();
  std::vector<TxId> order;
  for (const Blob& tx : transactions) order.push_back(sha256(tx.view()));
  const Status sent = submit(std::move(transactions), [collected](const SubmitOutcome& outcome) {
    std::lock_guard lock(collected->mutex);
    collected->outcomes[outcome.id] = outcome;
  });
  if (!sent) return sent.error();
  if (Status drained = drain(); !drained) return drained.error();
  std::lock_guard lock(collected->mutex);
  std::vector<SubmitOutcome> out;
  for (const TxId& id : order) {
    auto it = collected->outcomes.find(id);
    if (it == collected->outcomes.end()) return Error{"timed_out", "a transaction has no outcome"};
    out.push_back(it->second);
  }
  return out;
}

}  // namespace tieline::api
