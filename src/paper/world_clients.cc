#include "crypto/hash.h"
#include "paper/world_impl.h"

namespace tieline::paper {
namespace {

constexpr int64_t kRetryUs = 4'000'000;
constexpr Height kLifetime = 50'000;

}  // namespace

// Closed loop: slot k always has one transaction under way.
void World::submit(size_t slot) {
  const size_t client = slot % sequences_.size();
  const SimSigner signer = keys_.signer(options_.validators + client);
  TransactionDraft draft;
  draft.chain = chain_;
  draft.signatories = {static_cast<ParticipantId>(client + 1)};
  draft.sequence = ++sequences_[client];
  draft.timestamp_ms = kGenesisTimeMs + kClockAheadMs + now() / 1'000;
  draft.expiry_height = kLifetime;
  Bytes payload(options_.payload_bytes);
  for (uint8_t& b : payload) b = static_cast<uint8_t>(client_rng_.next());
  draft.actions = {{ActionType::kData, std::move(payload)}};
  const Signer* const keys[] = {&signer};
  ClientTx tx;
  tx.client = slot;
  tx.bytes = Blob(build_transaction(draft, keys));
  tx.id = sha256(tx.bytes.view());
  tx.submitted_us = now();
  const uint64_t number = txs_.size();
  txs_.push_back(std::move(tx));
  // f+1 validators at once: so many answers are needed.
  const size_t first = client_rng_.below(options_.validators);
  for (size_t i = 0; i < Quorum{options_.validators}.correct(); ++i)
    ask(number, static_cast<ValidatorId>((first + i) % options_.validators));
  push(now() + kRetryUs, {.kind = Kind::kRetry, .value = number});
}

void World::ask(uint64_t number, ValidatorId validator) {
  push(now() + sim::draw_latency_us(options_.latency, client_rng_),
       {.kind = Kind::kInput,
        .at = validator,
        .input = replica::ClientSubmit{txs_[number].client, number, {txs_[number].bytes}}});
}

void World::retry(uint64_t number) {
  if (txs_[number].done) return;
  for (const auto& h : hosts_) ask(number, h->id);
  push(now() + kRetryUs, {.kind = Kind::kRetry, .value = number});
}

void World::answer(const replica::TxOutcome& outcome, ValidatorId from) {
  TL_CHECK(outcome.tag < txs_.size());
  ClientTx& tx = txs_[outcome.tag];
  if (tx.done || (!outcome.committed && options_.ledger == nullptr) || outcome.id != tx.id) return;
  ClientTx::Answer* equal = nullptr;
  for (ClientTx::Answer& a : tx.answers)
    if (a.height == outcome.height && a.code == outcome.code && a.committed == outcome.committed) equal = &a;
  if (equal == nullptr)
    equal = &tx.answers.emplace_back(ClientTx::Answer{outcome.height, outcome.code, outcome.committed});
  equal->from.insert(from);
  if (equal->from.size() < Quorum{options_.validators}.correct()) return;
  tx.done = true;
  tx.bytes = {};
  if (options_.ledger != nullptr) return answered(tx, outcome);
  result_.client_us.push_back(now() - tx.submitted_us);
  submit(tx.client);
}

}  // namespace tieline::paper
