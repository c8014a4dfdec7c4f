#pragma once
// A chain of blocks in memory, one ledger, four validators, and participants with meters. Signatures are of a scheme
// that costs nothing: the ledger checks none of transactions', and of evidence's only through the Verifier it is given.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "crypto/hash.h"
#include "ledger/codes.h"
#include "ledger/ledger.h"
#include "ledger/memory_store.h"
#include "ledger/state.h"
#include "model/declaration.h"

#include "../sum_scheme.h"

namespace tieline::testing {

class PlainSigner final : public Signer {
 public:
  explicit PlainSigner(uint64_t number) {
    for (size_t i = 0; i < 8; ++i) key_.bytes[i] = static_cast<uint8_t>(number >> (8 * i));
    key_.bytes[31] = 1;
  }
  Signature sign(ByteView message) const override { return expected(key_, message); }
  PublicKey public_key() const override { return key_; }
  bls::PublicKey bls_key() const override {
    bls::PublicKey key;
    std::copy(key_.bytes.begin(), key_.bytes.end(), key.bytes.begin());
    return key;
  }
  bls::Signature sign_share(ByteView message) const override { return test_share(bls_key(), message); }
  static Signature expected(const PublicKey& key, ByteView message) {
    const Hash h = sha256({key.view(), message});
    Signature s;
    std::memcpy(s.bytes.data(), h.bytes.data(), 32);
    std::memcpy(s.bytes.data() + 32, h.bytes.data(), 32);
    return s;
  }

 private:
  PublicKey key_;
};

class PlainVerifier final : public SumVerifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    return signature == PlainSigner::expected(key, message);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    for (size_t i = 0; i < items.size(); ++i)
      ok[i] = verify(items[i].key, items[i].message, items[i].signature) ? 1 : 0;
  }
};

inline constexpr int64_t kStartMs = 1'700'000'100'000;            // block time of genesis
inline constexpr int64_t kStartS = kStartMs / 1'000 / 900 * 900;  // the slot it lies in
inline constexpr ParticipantId kPlant = 1, kUser = 2, kRegulator = 3, kSecondPlant = 4;
inline constexpr MeterId kPlantMeter = 1, kUserMeter = 2, kUserMeter2 = 3, kRegulatorMeter = 4, kSecondPlantMeter = 5;

inline PlainSigner validator_key(ValidatorId id) { return PlainSigner(1'000 + id); }
inline PlainSigner participant_key(ParticipantId id) { return PlainSigner(id); }

inline Genesis test_genesis(size_t validators = 4) {
  Genesis g;
  g.network = "test";
  g.time_ms = kStartMs;
  g.consensus.epoch_blocks = 5;
  g.consensus.epoch_ms = 4'000;
  // Not those that are built in: what is pinned must not change when they are trained again.
  g.credit.weights = {1, {-65'536, 0, 0, 0, 0, 0, 0, 65'536, 0, 131'072, -65'536}};
  for (size_t i = 0; i < validators; ++i) {
    GenesisValidator v;
    v.id = static_cast<ValidatorId>(i);
    v.name = "validator-" + std::to_string(i);
    v.org = static_cast<OrgId>(i);
    v.key = validator_key(v.id).public_key();
    g.validators.push_back(v);
  }
  const auto participant = [&](const char* name, Role role, uint64_t capacity_w, uint64_t contracted_w,
                               std::vector<std::string> meters) {
    GenesisParticipant p;
    p.id = static_cast<ParticipantId>(g.participants.size() + 1);
    p.name = name;
    p.role = role;
    p.key = participant_key(p.id).public_key();
    p.capacity_w = capacity_w;
    p.contracted_w = contracted_w;
    p.meters = std::move(meters);
    g.participants.push_back(p);
  };
  participant("plant", Role::kPlant, 1'000'000, 0, {"P1"});
  participant("user", Role::kUser, 0, 0, {"U1", "U2"});
  participant("regulator", Role::kRegulator, 0, 0, {"R1"});
  participant("plant-2", Role::kPlant, 1'000'000, 0, {"P2"});
  return g;
}

inline Reading reading(MeterId meter, int64_t start_s, uint64_t wh = 100, uint32_t duration_s = 900) {
  Reading r;
  r.meter = meter;
  r.start_s = start_s;
  r.duration_s = duration_s;
  r.wh = wh;
  return r;
}

// Blocks on top of each other; each is judged as a voter would, checked for invariants, and committed to a store.
class TestChain {
 public:
  explicit TestChain(Genesis genesis = test_genesis()) : ledger(std::move(genesis), verifier) {
    store.apply(ledger.genesis_batch());
    tip = ledger.genesis_header();
  }

  TransactionDraft draft(ParticipantId signer, uint64_t sequence) const {
    TransactionDraft d;
    d.chain = ledger.chain();
    d.signatories = {signer};
    d.sequence = sequence;
    d.timestamp_ms = tip.time_ms;
    d.expiry_height = tip.height + 1'000;
    d.actions = {{ActionType::kData, Bytes{1, 2, 3}}};
    return d;
  }
  static TxPtr make(const TransactionDraft& d) {
    std::vector<PlainSigner> keys;
    for (ParticipantId id : d.signatories) keys.push_back(participant_key(id));
    std::vector<const Signer*> pointers;
    for (const PlainSigner& k : keys) pointers.push_back(&k);
    auto tx = Transaction::parse(Blob(build_transaction(d, pointers)));
    EXPECT_TRUE(tx.ok());
    return *tx;
  }
  TxPtr data(ParticipantId signer, uint64_t sequence) const { return make(draft(signer, sequence)); }
  TxPtr readings(ParticipantId signer, uint64_t sequence, const std::vector<Reading>& list) const {
    TransactionDraft d = draft(signer, sequence);
    d.actions = {{ActionType::kReadings, encode_readings(list)}};
    return make(d);
  }

  StateView view() const { return StateView(store); }
  BlockDraft next(std::vector<TxPtr> txs, int64_t after_ms = 100) const {
    BlockDraft d;
    d.parent = tip.digest();
    d.height = tip.height + 1;
    d.epoch = tip.ends_epoch() ? tip.epoch + 1 : tip.epoch;
    d.time_ms = tip.time_ms + after_ms;
    d.txs = std::move(txs);
    return d;
  }
  static Block block_of(const BlockDraft& d, const Execution& e) {
    Block b;
    b.header = e.header;
    b.digest = e.header.digest();
    b.txs = d.txs;
    b.evidence = d.evidence;
    return b;
  }
  // Executes, judges, checks invariants, commits. Yields the codes.
  std::vector<TxCode> commit(const BlockDraft& d) {
    const Result<Execution> e = ledger.execute(d, tip, view());
    EXPECT_TRUE(e.ok()) << (e.ok() ? "" : e.error().why);
    if (!e.ok()) return {};
    const Block block = block_of(d, *e);
    const Result<Execution> judged = ledger.judge(block, tip, view());
    EXPECT_TRUE(judged.ok()) << (judged.ok() ? "" : judged.error().why);
    EXPECT_EQ(*judged->writes, *e->writes);
    const auto broken = ledger.broken_invariant(*e, view(), tip);
    EXPECT_FALSE(broken.has_value()) << broken.value_or("");
    store.apply(ledger.commit_batch(block, *e, CommitProof{}));
    tip = e->header;
    last = *e;
    std::vector<TxCode> codes;
    for (const TxResult& r : e->results) codes.push_back(static_cast<TxCode>(r.code));
    return codes;
  }
  // In the order of the ledger; the codes come back in that of `txs`.
  std::vector<TxCode> add(std::vector<TxPtr> txs, int64_t after_ms = 100) {
    const std::vector<TxPtr> ordered = ledger.in_order(txs, tip, view());
    const std::vector<TxCode> codes = commit(next(ordered, after_ms));
    if (codes.empty()) return codes;
    std::vector<TxCode> out;
    for (const TxPtr& tx : txs)
      out.push_back(codes[static_cast<size_t>(std::find(ordered.begin(), ordered.end(), tx) - ordered.begin())]);
    return out;
  }
  TxCode add_one(TxPtr tx) {
    const auto codes = add({std::move(tx)});
    return codes.empty() ? TxCode::pool_full : codes.front();
  }
  Error refusal(const BlockDraft& d) const {
    const Result<Execution> e = ledger.execute(d, tip, view());
    EXPECT_FALSE(e.ok());
    return e.ok() ? Error{} : e.error();
  }
  void end_epoch() {  // block after block until one ends the epoch
    do add({}, 1'000);
    while (!tip.ends_epoch());
  }

  template <class T>
  T record(const Bytes& key) const {
    return state::must_read<T>(view(), key, "test");
  }
  state::SignerRecord signer(ParticipantId id) const {
    return state::read_or_default<state::SignerRecord>(view(), state::signer_key(id), "test");
  }
  energy::MeterSeries series(MeterId meter, Obis obis = Obis::kImport) const {
    return state::read_or_default<energy::MeterSeries>(view(), state::series_key(meter, obis), "test");
  }

  PlainVerifier verifier;
  Ledger ledger;
  MemoryStore store;
  Header tip;
  Execution last;
};

}  // namespace tieline::testing
