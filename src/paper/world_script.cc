// The measuring world under a script: transactions that mean something, sent in waves and waited for.

#include <algorithm>

#include "crypto/hash.h"
#include "paper/world_impl.h"

namespace tieline::paper {
namespace {

constexpr int64_t kScriptRetryUs = 4'000'000;

std::vector<TxPtr> parsed_all(const std::vector<Blob>& transactions) {
  std::vector<TxPtr> out;
  for (const Blob& bytes : transactions) {
    auto parsed = Transaction::parse(bytes);
    TL_CHECK(parsed.ok());
    out.push_back(std::move(*parsed));
  }
  return out;
}

}  // namespace

int64_t World::now_ms() const { return kGenesisTimeMs + kClockAheadMs + now() / 1'000; }

void World::open() {
  TL_CHECK(options_.ledger != nullptr);
  start();
}

void World::answered(ClientTx& tx, const replica::TxOutcome& outcome) {
  const auto number = static_cast<uint64_t>(&tx - txs_.data());
  outcomes_[number] = outcome;
  took_us_[number] = now() - tx.submitted_us;
}

// Each of them goes to f+1 validators at once, the first as with the clients, and in their order.
Result<std::vector<replica::TxOutcome>> World::deliver(std::vector<Blob> transactions, std::vector<int64_t>& took_us) {
  outcomes_.clear();
  took_us_.clear();
  const uint64_t first_number = txs_.size();
  const size_t count = transactions.size();
  for (Blob& bytes : transactions) {
    ClientTx& tx = txs_.emplace_back();
    tx.id = sha256(bytes.view());
    tx.bytes = std::move(bytes);
    tx.submitted_us = now();
  }
  const size_t first = client_rng_.below(options_.validators);
  for (size_t i = 0; i < Quorum{options_.validators}.correct(); ++i) {
    const auto at = static_cast<ValidatorId>((first + i) % options_.validators);
    const int64_t arrives = now() + sim::draw_latency_us(options_.latency, client_rng_);
    for (uint64_t n = first_number; n < txs_.size(); ++n) {
      push(arrives, {.kind = Kind::kInput, .at = at, .input = replica::ClientSubmit{0, n, {txs_[n].bytes}}});
    }
  }
  for (uint64_t n = first_number; n < txs_.size(); ++n)
    push(now() + kScriptRetryUs, {.kind = Kind::kRetry, .value = n});
  const int64_t until = now() + options_.limit_us;
  while (outcomes_.size() < count && !queue_.empty() && !result_.fork) {
    Event event = queue_.pop();
    if (now() > until) break;
    ++result_.events;
    handle(std::move(event));
  }
  if (result_.fork || result_.stopped > 0) return Error{"simulation_broke", result_.what};
  if (outcomes_.size() < count) return Error{"timed_out", "the simulated network gives no answer"};
  // The answers are known; the stores catch up, so that what is asked of the state then knows of them.
  Height highest = 0;
  for (const auto& [number, outcome] : outcomes_) highest = std::max(highest, outcome.height);
  const auto behind = [&] {
    return std::any_of(hosts_.begin(), hosts_.end(),
                       [&](const auto& h) { return h->replica != nullptr && h->stored_height < highest; });
  };
  while (behind() && !queue_.empty() && now() <= until) handle(queue_.pop());
  std::vector<replica::TxOutcome> out;
  for (const auto& [number, outcome] : outcomes_) {
    out.push_back(outcome);
    took_us.push_back(took_us_.at(number));
  }
  return out;
}

std::vector<Blob> World::lawful_order(const std::vector<Blob>& transactions) const {
  const Host& leader = *hosts_.front();
  std::vector<Blob> out;
  for (const TxPtr& tx : leader.replica->ledger().in_order(parsed_all(transactions), applied_tip(leader.store)->header,
                                                           StateView(leader.store)))
    out.push_back(tx->bytes());
  return out;
}

Status World::judge_block_of(const std::vector<Blob>& transactions) const {
  const Host& leader = *hosts_.front();
  const Host& voter = *hosts_.back();
  const auto tip = applied_tip(leader.store);
  TL_CHECK(tip && applied_tip(voter.store)->digest == tip->digest);
  BlockDraft draft;
  draft.parent = tip->digest;
  draft.height = tip->height + 1;
  draft.epoch = tip->header.ends_epoch() ? tip->header.epoch + 1 : tip->header.epoch;
  draft.time_ms = now_ms();
  draft.txs = parsed_all(lawful_order(transactions));
  const auto built = leader.replica->ledger().execute(draft, tip->header, StateView(leader.store));
  if (!built) return built.error();
  // The same in the order that it wants, with a header that says so.
  Block block;
  block.header = built->header;
  block.txs = parsed_all(transactions);
  std::vector<TxResult> results;
  for (const TxPtr& tx : block.txs) {
    const auto at =
        std::find_if(built->results.begin(), built->results.end(), [&](const TxResult& r) { return r.id == tx->id(); });
    TL_CHECK(at != built->results.end());
    results.push_back(*at);
  }
  block.header.tx_root = tx_root(block.txs);
  block.header.result_root = result_root(results);
  block.digest = block.header.digest();
  const auto judged = voter.replica->ledger().judge(block, tip->header, StateView(voter.store));
  return judged ? Status{} : Status(judged.error());
}

}  // namespace tieline::paper
