#include <bit>

#include "crypto/hash.h"
#include "sim/world.h"

namespace tieline::sim {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr Height kExpiryBlocks = 50'000;
constexpr size_t kPayloadMax = 96;

// model/transaction.h fixes the form; the simulator signs with keys of its own.
Bytes sign_transaction(const ChainId& chain, ParticipantId signatory, uint64_t sequence, int64_t timestamp_ms,
                       ActionType type, ByteView payload, const SimSigner& signer) {
  Writer w(256);
  w.u8(kTxVersion);
  encode(w, chain);
  w.u32(1);
  w.u32(signatory);
  w.u64(sequence);
  w.i64(timestamp_ms);
  w.u64(kExpiryBlocks);
  w.u32(1);
  w.u8(static_cast<uint8_t>(type));
  w.bytes(payload);
  const Hash digest = tagged_hash("tieline/tx/1", {w.view()});
  encode(w, signer.sign(digest.view()));
  return w.take();
}

}  // namespace

void World::client_tick(size_t client) {
  if (healed_) return;
  push(now() + client_rng_.between(1, 2 * setup_.submit_interval_us), {.kind = Kind::kClientTick, .value = client});
  const Client& c = clients_[client];
  if (c.open.size() >= kOpenPerClientMax || (!c.open.empty() && *c.open.begin() + kAheadOfOpenMax < c.sequence)) return;
  const uint64_t burst = client_rng_.chance(200'000) ? 1 + client_rng_.below(4) : 1;
  for (uint64_t i = 0; i < burst; ++i) new_transaction(client, !client_rng_.chance(30'000));
}

void World::new_transaction(size_t client, bool valid) {
  Client& c = clients_[client];
  const auto signatory = static_cast<ParticipantId>(client + 1);
  const int64_t time_ms = kGenesisTimeMs + 1'000 + now() / 1000;
  Bytes bytes;
  ChainId chain = setup_.chain;
  const uint64_t wrong = valid ? 0 : 1 + client_rng_.below(3);
  if (wrong == 1) chain.bytes[0] ^= 1;
  const uint64_t sequence = c.sequence + (valid ? 1 : 5'000);
  if (client_rng_.chance(500'000)) {
    Bytes payload(1 + client_rng_.below(kPayloadMax));
    for (uint8_t& b : payload) b = static_cast<uint8_t>(client_rng_.next());
    bytes = sign_transaction(chain, signatory, sequence, time_ms, ActionType::kData, payload, c.signer);
  } else {
    // Intervals of the past, each once.
    Reading reading;
    reading.meter = static_cast<MeterId>(client + 1);
    reading.start_s = kGenesisTimeMs / 1000 / kSlotSeconds * kSlotSeconds - 4'000'000 / kSlotSeconds * kSlotSeconds +
                      c.reading_start_s;
    reading.duration_s = kSlotSeconds;
    reading.wh = client_rng_.below(1'000);
    reading.quality = Quality::kMeasured;
    c.reading_start_s += kSlotSeconds;
    bytes = sign_transaction(chain, signatory, sequence, time_ms, ActionType::kReadings, encode_readings({reading}),
                             c.signer);
  }
  if (wrong == 2) bytes.back() ^= 1;  // a signature that does not verify
  if (valid) ++c.sequence;
  ClientTx tx;
  tx.client = client;
  tx.sequence = sequence;
  tx.valid = valid;
  tx.bytes = Blob(std::move(bytes));
  tx.id = sha256(tx.bytes.view());
  tx.after = acknowledged_top_;
  const uint64_t number = txs_.size();
  // wrong == 3: only its sequence number is far beyond the window.
  if (!valid) checkers_.must_not_be_recorded(tx.id);
  tx_by_id_.emplace(tx.id, number);
  txs_.push_back(std::move(tx));
  if (valid) c.open.insert(sequence);
  ask(number, uint32_t{1} << client_rng_.below(options_.validators));
  if (valid) push(now() + 4'000 * setup_.genesis.consensus.timeout_ms, {.kind = Kind::kClientRetry, .value = number});
}

void World::ask(uint64_t number, uint32_t validators) {
  txs_[number].asked |= validators;
  for (const auto& p : processes_)
    if (validators >> p->id & 1)
      push(now() + draw_latency_us(LatencyModel::kLocal, client_rng_),
           {.kind = Kind::kSubmit, .a = p->index, .value = number});
}

// No validator can censor: without an answer in time, everybody is asked.
void World::retry(uint64_t number) {
  if (txs_[number].done) return;
  if (tracing()) say("client asks all about transaction " + std::to_string(number));
  ask(number, everyone());
  push(now() + 4'000 * setup_.genesis.consensus.timeout_ms, {.kind = Kind::kClientRetry, .value = number});
}

void World::outcome(const Process& p, const replica::TxOutcome& outcome) {
  const auto found = tx_by_id_.find(outcome.id);
  if (found == tx_by_id_.end()) {
    if (p.correct())
      checkers_.report(Failure::kInvalid,
                       "validator " + std::to_string(p.id) + " answers for a transaction that nobody submitted");
    return;
  }
  ClientTx& tx = txs_[found->second];
  if (tracing()) {
    say("validator " + std::to_string(p.id) + " answers transaction " + std::to_string(found->second) +
        (outcome.committed ? ": at height " + std::to_string(outcome.height) : ": refused") + ", code " +
        std::to_string(outcome.code));
  }
  if (!outcome.committed || tx.done) return;
  ClientTx::Answer* answer = nullptr;
  for (ClientTx::Answer& a : tx.answers)
    if (a.height == outcome.height && a.code == outcome.code && a.index == outcome.index) answer = &a;
  if (answer == nullptr)
    answer = &tx.answers.emplace_back(ClientTx::Answer{outcome.height, outcome.code, outcome.index, 0});
  answer->from |= uint32_t{1} << p.id;
  if (static_cast<size_t>(std::popcount(answer->from)) < quorum_of(options_).correct()) {
    // One answer is not enough: the others are asked too.
    if (tx.asked != everyone()) ask(found->second, everyone() & ~tx.asked);
    return;
  }
  tx.done = true;
  ++result_.acknowledged;
  if (tx.valid) clients_[tx.client].open.erase(tx.sequence);
  if (options_.broken_checker && plan_.faults.size() > 0 && outcome.height > 3)
    checkers_.report(Failure::kLostAck, "the checker is broken on purpose");
  checkers_.acknowledged(tx.id, outcome.height, outcome.code);
  if (tx.valid && outcome.code != 0)
    checkers_.report(Failure::kInvalid, "a valid transaction got code " + std::to_string(outcome.code));
  if (!tx.valid && outcome.code == 0) checkers_.report(Failure::kInvalid, "an invalid transaction is acknowledged");
  const std::pair<Height, uint32_t> position{outcome.height, outcome.index};
  if (position <= tx.after)
    checkers_.report(Failure::kOrder, "a transaction stands at height " + std::to_string(outcome.height) +
                                          ", before one that was acknowledged before it was submitted");
  acknowledged_top_ = std::max(acknowledged_top_, position);
}

}  // namespace tieline::sim
