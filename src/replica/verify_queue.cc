#include "replica/verify_queue.h"

#include <algorithm>

namespace tieline::replica {

void VerifyQueue::add(TxPtr tx, std::vector<PublicKey> keys, bool urgent, int64_t now_us,
                      std::vector<EndorsementClaim> endorsements) {
  const TxId id = tx->id();
  if (holds(id)) {
    if (urgent) hurry(id);
    return;
  }
  TL_CHECK(keys.size() == tx->signatures().size());
  signatures_ += keys.size();
  waiting_.emplace(id, Item{std::move(tx), std::move(keys), now_us, std::move(endorsements)});
  (urgent ? urgent_ : normal_).push_back(id);
}

void VerifyQueue::hurry(const TxId& id) {
  if (waiting_.contains(id)) urgent_.push_back(id);
}

bool VerifyQueue::due(const Context& context) const {
  if (waiting_.empty() || jobs_.size() >= kVerifyJobsInFlight) return false;
  if (jobs_.empty() || !urgent_.empty() || signatures_ >= context.limits.verify_batch_min) return true;
  const auto at = deadline(context.limits);
  return at && context.now.mono_us >= *at;
}

std::optional<VerifyQueue::Item> VerifyQueue::take() {
  for (auto* queue : {&urgent_, &normal_}) {
    while (!queue->empty()) {
      auto it = waiting_.find(queue->front());
      queue->pop_front();
      if (it == waiting_.end()) continue;
      Item item = std::move(it->second);
      waiting_.erase(it);
      return item;
    }
  }
  return std::nullopt;
}

void VerifyQueue::pump(Context& context) {
  while (due(context)) {
    Job job{next_ticket_++, {}};
    VerifyJob effect{job.ticket, {}, {}};
    while (effect.items.size() < context.limits.verify_batch_max) {
      std::optional<Item> item = take();
      if (!item) break;
      for (size_t i = 0; i < item->keys.size(); ++i)
        effect.items.push_back({item->keys[i], item->tx->signed_digest(), item->tx->signatures()[i]});
      effect.endorsements.insert(effect.endorsements.end(), item->endorsements.begin(), item->endorsements.end());
      signatures_ -= item->keys.size();
      flying_.emplace(item->tx->id(), job.ticket);
      job.items.push_back(std::move(*item));
    }
    if (job.items.empty()) return;  // only names of what is gone
    jobs_.push_back(std::move(job));
    context.emit(std::move(effect));
  }
}

std::vector<VerifyQueue::Outcome> VerifyQueue::finish(const Verified& answer) {
  auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& j) { return j.ticket == answer.ticket; });
  TL_CHECK_MSG(job != jobs_.end(), "the verifier answers a job that was not given");
  std::vector<Outcome> outcomes;
  outcomes.reserve(job->items.size());
  size_t at = 0, claim = 0;
  for (Item& item : job->items) {
    std::vector<EndorsementClaim> endorsed;
    for (const EndorsementClaim& each : item.endorsements) {
      if (claim < answer.endorsed.size() && answer.endorsed[claim] == 1) endorsed.push_back(each);
      ++claim;
    }
    bool ok = true;
    for (size_t i = 0; i < item.keys.size(); ++i) {
      TL_CHECK_MSG(at < answer.ok.size(), "the verifier answers for every signature");
      ok = answer.ok[at++] == 1 && ok;
    }
    flying_.erase(item.tx->id());
    outcomes.push_back({std::move(item.tx), ok, std::move(endorsed)});
  }
  TL_CHECK_MSG(at == answer.ok.size(), "the verifier answers for no more than was asked");
  TL_CHECK_MSG(answer.endorsed.empty() || claim == answer.endorsed.size(),
               "the verifier answers for every endorsement, or for none");
  jobs_.erase(job);
  return outcomes;
}

std::optional<int64_t> VerifyQueue::deadline(const Limits& limits) const {
  if (waiting_.empty() || jobs_.size() >= kVerifyJobsInFlight) return std::nullopt;
  for (const TxId& id : normal_)
    if (auto it = waiting_.find(id); it != waiting_.end()) return it->second.since_us + limits.verify_wait_us;
  return 0;  // urgent ones only: at once
}

}  // namespace tieline::replica
