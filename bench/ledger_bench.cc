// What the ledger costs, and what the digest of a block's writes would cost if it were made otherwise (docs/adr/0002).
//
//   cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DTIELINE_BENCH=ON -DTIELINE_TESTS=OFF
//   ninja -C build/bench ledger_bench && build/bench/bench/ledger_bench

#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/block_record.h"
#include "ledger/codes.h"
#include "ledger/ledger.h"
#include "ledger/memory_store.h"
#include "ledger/state.h"
#include "ledger/state_tree.h"

namespace tieline {
namespace {

constexpr int64_t kStartMs = 1'700'000'100'000;
constexpr int64_t kStartS = kStartMs / 1'000 / 900 * 900;
constexpr size_t kParticipants = 1'024;

class NoSigner final : public Signer {
 public:
  Signature sign(ByteView) const override { return {}; }
  PublicKey public_key() const override { return {}; }
};
class NoVerifier final : public Verifier {
 public:
  bool verify(const PublicKey&, ByteView, const Signature&) const override { return true; }
  void verify_batch(std::span<const SignedItem>, std::span<uint8_t> ok) const override {
    std::fill(ok.begin(), ok.end(), uint8_t{1});
  }
};

// With a market of so many organisations, or without one.
Genesis genesis(size_t organisations) {
  Genesis g;
  g.network = "bench";
  g.time_ms = kStartMs;
  g.consensus.block_bytes_max = static_cast<uint32_t>(kBlockBytesMax);
  for (uint16_t i = 0; i < 4; ++i) {
    GenesisValidator v;
    v.id = i;
    v.name = "validator-" + std::to_string(i);
    g.validators.push_back(v);
  }
  for (uint32_t i = 1; i <= kParticipants; ++i) {
    GenesisParticipant p;
    p.id = i;
    p.name = "p" + std::to_string(i);
    p.contracted_w = 1'000'000;
    p.meters = {"M" + std::to_string(i)};
    g.participants.push_back(p);
  }
  if (organisations == 0) return g;
  g.market.emplace();
  for (uint32_t i = 1; i <= kParticipants; ++i) {
    MarketMember m;
    m.participant = i;
    m.org = static_cast<OrgId>(i % organisations);
    g.market->members.push_back(m);
  }
  return g;
}

// `participants` signers in turn; every one has used some sequence numbers and has some history before the block.
class World {
 public:
  explicit World(size_t organisations = 0) : ledger(genesis(organisations), verifier) {
    store.apply(ledger.genesis_batch());
    tip = ledger.genesis_header();
    add(block(4'096, 1, 0));
  }

  TxPtr tx(size_t number, size_t readings, size_t payload) {
    const size_t who = number % kParticipants;
    TransactionDraft d;
    d.chain = ledger.chain();
    d.signatories = {static_cast<ParticipantId>(who + 1)};
    d.sequence = ++sequence[who];
    d.timestamp_ms = kStartMs;
    d.expiry_height = 1'000;
    if (readings == 0) {
      d.actions = {{ActionType::kData, Bytes(payload, 7)}};
    } else {
      std::vector<Reading> list;
      for (size_t i = 0; i < readings; ++i) {
        Reading r;
        r.meter = static_cast<MeterId>(who + 1);
        r.start_s = kStartS - 900 * 2'000'00 + 900 * static_cast<int64_t>(slot[who]++);
        r.duration_s = 900;
        r.wh = 100;
        list.push_back(r);
      }
      d.actions = {{ActionType::kReadings, encode_readings(list)}};
    }
    const NoSigner signer;
    const Signer* const keys[] = {&signer};
    return *Transaction::parse(Blob(build_transaction(d, keys)));
  }
  BlockDraft block(size_t txs, size_t readings, size_t payload) {
    BlockDraft d;
    d.parent = tip.digest();
    d.height = tip.height + 1;
    d.epoch = tip.epoch;
    d.time_ms = tip.time_ms + 10;
    for (size_t i = 0; i < txs; ++i) d.txs.push_back(tx(i, readings, payload));
    d.txs = ledger.in_order(std::move(d.txs), tip, StateView(store));
    return d;
  }
  Block block_of(const BlockDraft& d, const Execution& e) const {
    return {e.header, e.header.digest(), d.txs, d.evidence};
  }
  void add(const BlockDraft& d) {
    const Execution e = *ledger.execute(d, tip, StateView(store));
    for (const TxResult& r : e.results) TL_CHECK(r.code == 0);
    store.apply(ledger.commit_batch(block_of(d, e), e, {}));
    tip = e.header;
  }

  NoVerifier verifier;
  Ledger ledger;
  MemoryStore store;
  Header tip;
  std::vector<uint64_t> sequence = std::vector<uint64_t>(kParticipants, 0);
  std::vector<uint64_t> slot = std::vector<uint64_t>(kParticipants, 0);
};

void per_item(benchmark::State& state, const char* name, size_t items) {
  state.counters[name] = benchmark::Counter(
      static_cast<double>(items), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_ExecuteOpaque(benchmark::State& state) {
  World w;
  const auto txs = static_cast<size_t>(state.range(0));
  const BlockDraft d = w.block(txs, 0, 200);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.execute(d, w.tip, StateView(w.store)));
  per_item(state, "per_tx", txs);
}
BENCHMARK(BM_ExecuteOpaque)->Arg(1)->Arg(64)->Arg(1'024)->Arg(4'096);

void BM_ExecuteSingleReading(benchmark::State& state) {
  World w;
  const auto txs = static_cast<size_t>(state.range(0));
  const BlockDraft d = w.block(txs, 1, 0);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.execute(d, w.tip, StateView(w.store)));
  per_item(state, "per_tx", txs);
}
BENCHMARK(BM_ExecuteSingleReading)->Arg(1'024)->Arg(4'096);

void BM_Execute500Readings(benchmark::State& state) {
  World w;
  const auto txs = static_cast<size_t>(state.range(0));
  const BlockDraft d = w.block(txs, 500, 0);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.execute(d, w.tip, StateView(w.store)));
  per_item(state, "per_reading", txs * 500);
}
BENCHMARK(BM_Execute500Readings)->Arg(8)->Arg(256);

// What the order of a block costs: by itself, and with all of execution around it.
void BM_BlockOrder(benchmark::State& state) {
  World w(static_cast<size_t>(state.range(0)));
  const BlockDraft d = w.block(4'096, 0, 200);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.in_order(d.txs, w.tip, StateView(w.store)));
  per_item(state, "per_tx", 4'096);
}
BENCHMARK(BM_BlockOrder)->Arg(1)->Arg(16)->Arg(1'024);

void BM_ExecuteInAMarket(benchmark::State& state) {
  World w(static_cast<size_t>(state.range(0)));
  const BlockDraft d = w.block(4'096, 0, 200);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.execute(d, w.tip, StateView(w.store)));
  per_item(state, "per_tx", 4'096);
}
BENCHMARK(BM_ExecuteInAMarket)->Arg(1)->Arg(16)->Arg(1'024);

void BM_Invariants(benchmark::State& state) {
  World w;
  const BlockDraft d = w.block(4'096, static_cast<size_t>(state.range(0)), 200);
  const Execution e = *w.ledger.execute(d, w.tip, StateView(w.store));
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.broken_invariant(e, StateView(w.store), w.tip));
  per_item(state, "per_tx", 4'096);
}
BENCHMARK(BM_Invariants)->Arg(0)->Arg(1);

void BM_CommitBatch(benchmark::State& state) {
  World w;
  const auto readings = static_cast<size_t>(state.range(0));
  const size_t txs = readings > 1 ? 256 : 4'096;
  const BlockDraft d = w.block(txs, readings, 200);
  const Execution e = *w.ledger.execute(d, w.tip, StateView(w.store));
  const Block b = w.block_of(d, e);
  for (auto _ : state) benchmark::DoNotOptimize(w.ledger.commit_batch(b, e, {}));
  per_item(state, readings > 1 ? "per_reading" : "per_tx", txs * std::max<size_t>(readings, 1));
}
BENCHMARK(BM_CommitBatch)->Arg(0)->Arg(1)->Arg(500);

void BM_Precheck(benchmark::State& state) {
  World w;
  const TxPtr tx = w.tx(5, 0, 200);
  for (auto _ : state) {
    benchmark::DoNotOptimize(w.ledger.precheck(*tx, StateView(w.store), w.tip));
    benchmark::DoNotOptimize(w.ledger.signing_keys(*tx, StateView(w.store)));
  }
}
BENCHMARK(BM_Precheck);

// --- the digest of a block's writes, three ways
// -------------------------------------------------------------------------

WriteSet some_writes(size_t count) {
  Rng rng(count);
  WriteSet writes;
  for (size_t i = 0; i < count; ++i) {
    Bytes value(40);
    for (uint8_t& b : value) b = static_cast<uint8_t>(rng.next());
    writes[state::signer_key(static_cast<ParticipantId>(i + 1))] = value;
  }
  return writes;
}

// What was chosen: one hash over all writes, chained to the parent's.
void BM_WritesChained(benchmark::State& state) {
  const WriteSet writes = some_writes(static_cast<size_t>(state.range(0)));
  Hash digest;
  for (auto _ : state) benchmark::DoNotOptimize(digest = state::writes_digest(digest, writes));
  per_item(state, "per_write", writes.size());
}
BENCHMARK(BM_WritesChained)->Arg(16)->Arg(1'024)->Arg(4'096);

// Homomorphic, as in LtHash (Bellare and Micciancio's AdHash over vectors; Lewi and others 2019): an entry becomes
// 1,024 lanes of 16 bits, the state's digest is the sum of its entries; a write subtracts the old entry and adds the
// new one.
using Lanes = std::array<uint16_t, 1'024>;

void add_entry(Lanes& sum, ByteView key, ByteView value, bool minus) {
  const Hash seed = sha256({key, value});
  for (uint8_t block = 0; block < 64; ++block) {
    const Hash part = sha256({seed.view(), ByteView{&block, 1}});
    uint16_t lane[16];
    std::memcpy(lane, part.bytes.data(), sizeof(lane));
    for (size_t i = 0; i < 16; ++i) {
      uint16_t& at = sum[block * 16u + i];
      at = static_cast<uint16_t>(minus ? at - lane[i] : at + lane[i]);
    }
  }
}

void BM_WritesHomomorphic(benchmark::State& state) {
  const WriteSet writes = some_writes(static_cast<size_t>(state.range(0)));
  Lanes sum{};
  for (auto _ : state) {
    for (const auto& [key, value] : writes) {
      add_entry(sum, key, *value, true);  // the entry as it was
      add_entry(sum, key, *value, false);
    }
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, "per_write", writes.size());
}
BENCHMARK(BM_WritesHomomorphic)->Arg(16)->Arg(1'024);

// The authenticated tree brought up to date with every block instead of at checkpoints, over a state of 200,000
// records.
void BM_StateRoot(benchmark::State& state) {
  MemoryStore store;
  for (const auto& [key, value] : some_writes(200'000)) store.apply({{Column::kState, key, value}});
  StateTree tree;
  tree.load(store);
  const WriteSet writes = some_writes(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    tree.mark(writes);
    benchmark::DoNotOptimize(tree.root(store));
  }
  per_item(state, "per_write", writes.size());
}
BENCHMARK(BM_StateRoot)->Arg(16)->Arg(1'024)->Arg(4'096);

}  // namespace
}  // namespace tieline
