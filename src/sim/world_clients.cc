#include <bit>

#include "crypto/hash.h"
#include "ledger/block_record.h"
#include "sim/world.h"

namespace tieline::sim {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr size_t kPayloadMax = 96;
constexpr uint64_t kReadPpm = 300'000;     // of the ticks of a client
constexpr uint64_t kReceiptPpm = 120'000;  // of what is acknowledged

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
  w.u64(kClientExpiryBlocks);
  w.u32(1);
  w.u8(static_cast<uint8_t>(type));
  w.bytes(payload);
  const Hash digest = tagged_hash("tieline/tx/1", {w.view()});
  encode(w, signer.sign(digest.view()));
  return w.take();
}

}  // namespace

int64_t World::client_time_ms() const { return kGenesisTimeMs + 1'000 + now() / 1000; }

void World::client_tick(size_t client) {
  if (healed_) return;
  if (client == kClients) return market_tick();
  push(now() + client_rng_.between(1, 2 * setup_.submit_interval_us), {.kind = Kind::kClientTick, .value = client});
  const Client& c = clients_[client];
  if (c.open.size() >= kOpenPerClientMax || (!c.open.empty() && *c.open.begin() + kAheadOfOpenMax < c.sequence)) return;
  const uint64_t burst = client_rng_.chance(200'000) ? 1 + client_rng_.below(4) : 1;
  for (uint64_t i = 0; i < burst; ++i) new_transaction(client, !client_rng_.chance(30'000));
  if (client_rng_.chance(kReadPpm)) ordered_read();
}

void World::new_transaction(size_t client, bool valid) {
  Client& c = clients_[client];
  const auto signatory = static_cast<ParticipantId>(client + 1);
  const int64_t time_ms = client_time_ms();
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
  if (valid) c.open.insert(sequence);
  submit(std::move(tx), std::move(bytes));  // wrong == 3: only its sequence number is far beyond the window
}

void World::submit(ClientTx tx, Bytes bytes) {
  tx.bytes = Blob(std::move(bytes));
  tx.parsed = replica::parse_transaction(tx.bytes);
  tx.id = tx.parsed->id();
  tx.begun = history_.begun();
  const uint64_t number = txs_.size();
  const bool valid = tx.valid;
  if (!valid) checkers_.must_not_be_recorded(tx.id);
  tx_by_id_.emplace(tx.id, number);
  txs_.push_back(std::move(tx));
  ask(number, Mask{1} << client_rng_.below(options_.validators));
  if (valid) push(now() + 4'000 * setup_.genesis.consensus.timeout_ms, {.kind = Kind::kClientRetry, .value = number});
}

void World::ask(uint64_t number, Mask validators) {
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
  answer->from |= Mask{1} << p.id;
  const size_t enough = quorum_of(options_).correct();
  if (static_cast<size_t>(std::popcount(answer->from)) < enough) {
    // One answer is not enough: as many others are asked as can settle it. If they cannot, retry() asks everyone.
    const Mask others = everyone() & ~tx.asked;
    if (static_cast<size_t>(std::popcount(tx.asked)) >= enough || others == 0) return;
    Mask more = 0;
    size_t at = client_rng_.below(options_.validators);
    while (static_cast<size_t>(std::popcount(more)) <
           std::min(enough - 1, static_cast<size_t>(std::popcount(others)))) {
      more |= others & Mask{1} << at;
      at = (at + 1) % options_.validators;
    }
    ask(found->second, more);
    return;
  }
  tx.done = true;
  ++result_.acknowledged;
  if (tx.valid && !tx.step) clients_[tx.client].open.erase(tx.sequence);
  if (options_.broken_checker && plan_.faults.size() > 0 && outcome.height > 3)
    checkers_.report(Failure::kLostAck, "the checker is broken on purpose");
  checkers_.acknowledged(tx.id, outcome.height, outcome.code);
  if (tx.valid && !tx.step && outcome.code != 0)
    checkers_.report(Failure::kInvalid, "a valid transaction got code " + std::to_string(outcome.code));
  if (!tx.valid && outcome.code == 0) checkers_.report(Failure::kInvalid, "an invalid transaction is acknowledged");
  tx.place = ClientHistory::Position{outcome.height, outcome.index};
  tx.receipted = client_rng_.chance(kReceiptPpm) && tx.valid;
  if (const auto wrong = history_.appended(tx.begun, *tx.place)) checkers_.report(Failure::kOrder, *wrong);
  if (tx.step) market_outcome(*tx.step, outcome);
}

void World::market_outcome(uint64_t step, const replica::TxOutcome& outcome) {
  const auto code = static_cast<TxCode>(outcome.code);
  if (!market_->may_get(step, code))
    checkers_.report(Failure::kInvalid, "a transaction of the market got code " + std::string(code_name(code)));
  submit_market(market_->answered(step, code, client_time_ms()));
}

void World::market_tick() {
  push(now() + setup_.market_interval_us, {.kind = Kind::kClientTick, .value = kClients});
  submit_market(market_->tick(client_time_ms()));
}

// Whatever becomes of them, all are recorded: what the market refuses uses up its sequence number.
void World::submit_market(std::vector<MarketClients::Sent> list) {
  for (MarketClients::Sent& sent : list) {
    ClientTx tx;
    tx.sequence = sent.sequence;
    tx.step = sent.step;
    if (sent.must_fail) checkers_.must_not_be_recorded(sha256(sent.bytes));
    submit(std::move(tx), std::move(sent.bytes));
  }
}

// A read of the newest state that knows of everything clients were told so far: a validator answers once it has applied
// that height. Invocation and answer are one moment, the hardest case. A reader who does not know whom to trust takes
// f+1 equal answers; here the correct ones are asked, and each alone must be right.
void World::ordered_read() {
  const auto at = static_cast<ValidatorId>(client_rng_.below(options_.validators));
  const uint64_t pick = client_rng_.next();
  const Process& p = *processes_[at];
  const ClientHistory::Position begun = history_.begun();
  if (!p.up() || p.paused || !p.correct() || p.stored_height < begun.first) return;
  const auto tip = applied_tip(p.store);
  if (!tip) return;  // not even genesis is stored yet
  ++result_.reads;
  checkers_.standing(p.id, tip->height, tip->digest);
  std::optional<ClientHistory::Position> told, found;
  if (!txs_.empty()) {
    const ClientTx& tx = txs_[pick % txs_.size()];
    if (tx.valid && !(tx.place && hidden_by_snapshot(p, tx.place->first))) told = tx.place;
    if (const auto place = find_tx(p.store, tx.id)) found = ClientHistory::Position{place->height, place->index};
  }
  if (const auto wrong = history_.read(begun, p.stored_height, told, found))
    checkers_.report(Failure::kOrder, "validator " + std::to_string(p.id) + ": " + *wrong);
}

// After a snapshot older transactions are not found until the history is whole.
bool World::hidden_by_snapshot(const Process& p, Height height) const {
  return height < p.replica->status().history_from;
}

void World::check_receipt(const ClientTx& tx) {
  std::string why = "nobody was asked";
  for (const auto& p : processes_) {
    if (!p->correct() || !p->up()) continue;
    const Result<Receipt> receipt = p->replica->receipt(tx.id);
    if (!receipt) {  // it may have joined by a snapshot, or have missed an epoch's link
      why = "validator " + std::to_string(p->id) + ": " + receipt.error().why;
      continue;
    }
    const Result<ReceiptFacts> facts = verify_receipt(encoded(*receipt), setup_.genesis, keys_);
    if (!facts)
      return checkers_.report(Failure::kReceipt, "the receipt of validator " + std::to_string(p->id) +
                                                     " does not verify: " + facts.error().why);
    if (facts->txid != tx.id || facts->height != tx.place->first || receipt->index != tx.place->second)
      return checkers_.report(Failure::kReceipt, "the receipt of validator " + std::to_string(p->id) +
                                                     " speaks of height " + std::to_string(facts->height) +
                                                     ", the answers spoke of " + std::to_string(tx.place->first));
    ++result_.receipts;
    return;
  }
  checkers_.report(Failure::kReceipt, "no correct validator gives a receipt for a transaction of height " +
                                          std::to_string(tx.place->first) + ": " + why);
}

}  // namespace tieline::sim
