// What a private record costs a validator as a transaction: bytes in a block, and the execution of a block of them,
// with and without their signatures and proofs checked ahead. The figures of docs/privacy.md.
//
//   cmake --preset test -DTIELINE_BENCH=ON && ninja -C build/test private_ledger_bench &&
//   build/test/bench/private_ledger_bench

#include <benchmark/benchmark.h>

#include <string>

#include "crypto/bls.h"
#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "crypto/verified_cache.h"
#include "energy/private_actions.h"
#include "ledger/memory_store.h"
#include "ledger/private_claims.h"
#include "ledger/state.h"

namespace tieline {
namespace {

constexpr int64_t kStartS = 1'700'000'100;
constexpr uint64_t kBucketW = 11'000;
constexpr size_t kPoints = 512;
constexpr ParticipantId kDistributor = 1, kRegulator = 2;

Secret secret_of(const std::string& name) { return Secret(sha256(view_of(name)).bytes); }
Ed25519Signer signer_of(const std::string& name) {
  return Ed25519Signer(ed25519::SecretKey::from_seed(secret_of(name).bytes()));
}

Genesis genesis() {
  Genesis g;
  g.network = "bench";
  g.time_ms = kStartS * 1'000;
  for (uint16_t i = 0; i < 4; ++i) {
    GenesisValidator v;
    v.id = i;
    v.org = i;
    v.name = "validator-" + std::to_string(i);
    v.key = signer_of(v.name).public_key();
    g.validators.push_back(v);
  }
  for (const auto& [name, role] : {std::pair("distributor", Role::kDistributor), {"regulator", Role::kRegulator}}) {
    GenesisParticipant p;
    p.id = static_cast<ParticipantId>(g.participants.size() + 1);
    p.name = name;
    p.role = role;
    p.key = signer_of(name).public_key();
    g.participants.push_back(p);
  }
  g.market.emplace();
  g.private_points.emplace();
  g.private_points->buckets_w = {kBucketW};
  g.private_points->profile_ppm.assign(kProfileSlots, 100'000);
  g.private_points->distributors = {{kDistributor, kPoints}};
  return g;
}

// A chain whose points are registered and may record sixteen slots.
class Chain {
 public:
  Chain() : ledger_(genesis(), verifier_) {
    store_.apply(ledger_.genesis_batch());
    tip_ = ledger_.genesis_header();
    const energy::BillingPeriod period{kStartS, kStartS + 86'400};
    std::vector<energy::ActivePoint> points;
    for (size_t i = 0; i < kPoints; ++i)
      points.push_back({static_cast<MeterId>(i + 1), kBucketW, pseudonym(i).public_key()});
    energy::PseudonymBatch batch = energy::make_batch(ledger_.chain(), kDistributor, kRegulator, period, points,
                                                      ledger_.genesis().private_points->buckets_w)
                                       .value();
    const Hash digest = energy::batch_digest(batch);
    batch.distributor_signature = signer_of("distributor").sign(digest.view());
    batch.regulator_signature = signer_of("regulator").sign(digest.view());
    commit({transaction({{ActionType::kPseudonyms, encoded(batch)}})}, 16 * 900'000);
  }
  static Ed25519Signer pseudonym(size_t i) { return signer_of("pseudonym " + std::to_string(i)); }

  TxPtr record(size_t point, size_t readings) {
    const Ed25519Signer signer = pseudonym(point);
    const Secret secret = secret_of("meter " + std::to_string(point));
    std::vector<energy::Measured> measured;
    for (size_t i = 0; i < readings; ++i)
      measured.push_back({Obis::kImport, kStartS + 900 * static_cast<int64_t>(i), 900, 0, 100 + i});
    const std::vector<energy::Receiver> to = {
        {kDistributor, seal::SecretKey::derive(secret_of("distributor seal")).public_key()}};
    const auto made = energy::make_private_record({&secret, &signer, kBucketW}, ledger_.chain(), measured, to).value();
    return transaction({{ActionType::kPrivateRecord, energy::encode_private_record(made)}});
  }
  BlockDraft draft(std::vector<TxPtr> txs) const {
    BlockDraft d;
    d.parent = tip_.digest();
    d.height = tip_.height + 1;
    d.time_ms = tip_.time_ms;
    d.txs = ledger_.in_order(std::move(txs), tip_, StateView(store_));
    return d;
  }
  bool execute(const BlockDraft& d, const Verifier& verifier) const {
    const Ledger ledger(genesis(), verifier);
    const auto execution = ledger.execute(d, tip_, StateView(store_));
    if (!execution.ok()) return false;
    for (const TxResult& result : execution->results)
      if (result.code != 0) return false;
    return true;
  }
  const Ledger& ledger() const { return ledger_; }
  StateView view() const { return StateView(store_); }

 private:
  TxPtr transaction(std::vector<TransactionDraft::OwnedAction> actions) {
    TransactionDraft d;
    d.chain = ledger_.chain();
    d.signatories = {kDistributor};
    d.sequence = ++sequence_;
    d.timestamp_ms = tip_.time_ms;
    d.expiry_height = 1'000;
    d.actions = std::move(actions);
    const Ed25519Signer signer = signer_of("distributor");
    const Signer* key = &signer;
    return Transaction::parse(Blob(build_transaction(d, {&key, 1}))).value();
  }
  void commit(std::vector<TxPtr> txs, int64_t after_ms) {
    BlockDraft d = draft(std::move(txs));
    d.time_ms += after_ms;
    const Execution execution = ledger_.execute(d, tip_, StateView(store_)).value();
    TL_CHECK(execution.results.front().code == 0);
    Block block;
    block.header = execution.header;
    block.digest = execution.header.digest();
    block.txs = d.txs;
    store_.apply(ledger_.commit_batch(block, execution, CommitProof{}));
    tip_ = execution.header;
  }

  Ed25519Verifier verifier_;
  Ledger ledger_;
  MemoryStore store_;
  Header tip_;
  uint64_t sequence_ = 0;
};

// Arguments: records in the block, readings a record, checked ahead.
void execute_block(benchmark::State& state) {
  Chain chain;
  const auto records = static_cast<size_t>(state.range(0));
  const auto readings = static_cast<size_t>(state.range(1));
  std::vector<TxPtr> txs;
  size_t bytes = 0;
  for (size_t i = 0; i < records; ++i) {
    txs.push_back(chain.record(i, readings));
    bytes += txs.back()->bytes().size();
  }
  const BlockDraft draft = chain.draft(txs);
  if (draft.txs.size() != txs.size()) return state.SkipWithError("more work than a block may ask for");
  const Ed25519Verifier plain;
  const VerifiedCache cache(plain);
  if (state.range(2) != 0) {
    for (const TxPtr& tx : txs)
      for (const EndorsementClaim& claim : chain.ledger().endorsements(*tx, chain.view()))
        cache.remember(claim.message);
  }
  const Verifier& verifier = state.range(2) != 0 ? static_cast<const Verifier&>(cache) : plain;
  for (auto _ : state)
    if (!chain.execute(draft, verifier)) return state.SkipWithError("a record was refused");
  const double all = static_cast<double>(records * readings);
  state.counters["bytes/reading"] = static_cast<double>(bytes) / all;
  state.counters["readings/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * all, benchmark::Counter::kIsRate);
}
BENCHMARK(execute_block)
    ->ArgsProduct({{1, 64, 256}, {1}, {0, 1}})
    ->ArgsProduct({{1, 32}, {16}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

// What a validator's worker does with what comes in together: arguments as above, without the last.
void check_ahead(benchmark::State& state) {
  Chain chain;
  std::vector<EndorsementClaim> claims;
  for (size_t i = 0; i < static_cast<size_t>(state.range(0)); ++i) {
    const TxPtr tx = chain.record(i, static_cast<size_t>(state.range(1)));
    claims.push_back(chain.ledger().endorsements(*tx, chain.view()).front());
  }
  std::vector<const PrivateClaim*> pointers;
  for (const EndorsementClaim& claim : claims) pointers.push_back(claim.record.get());
  const Ed25519Verifier verifier;
  for (auto _ : state) benchmark::DoNotOptimize(check_claims(pointers, verifier));
  state.counters["readings/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(state.range(0) * state.range(1)),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(check_ahead)->ArgsProduct({{1, 64, 256}, {1}})->ArgsProduct({{1, 32}, {16}})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tieline
