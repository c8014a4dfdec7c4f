// What a private reading costs: making it, checking it one by one and in batches, opening it, adding it up. The figures
// of docs/privacy.md.
//
//   cmake --preset test -DTIELINE_BENCH=ON && ninja -C build/test privacy_bench && build/test/bench/privacy_bench

#include <benchmark/benchmark.h>

#include <string>

#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"
#include "energy/exchange.h"
#include "energy/private_complaint.h"
#include "energy/private_region.h"
#include "energy/private_total.h"

namespace tieline::energy {
namespace {

constexpr int64_t kStartS = 1'700'000'100;
constexpr uint64_t kBucketW = 11'000;

Secret secret_of(const std::string& name) { return Secret(sha256(view_of(name)).bytes); }

const ChainId kChain = sha256(view_of("bench"));

struct Meter {
  explicit Meter(size_t number, size_t receiver_count = 2)
      : secret(secret_of("meter " + std::to_string(number))),
        signer(ed25519::SecretKey::from_seed(secret_of("pseudonym " + std::to_string(number)).bytes())) {
    for (size_t i = 0; i < receiver_count; ++i)
      receivers.push_back({static_cast<ParticipantId>(i + 1), key(i).public_key()});
  }
  static seal::SecretKey key(size_t i) { return seal::SecretKey::derive(secret_of("receiver " + std::to_string(i))); }
  PrivateRecord record(size_t readings) const {
    std::vector<Measured> measured;
    for (size_t i = 0; i < readings; ++i)
      measured.push_back({Obis::kImport, kStartS + 900 * static_cast<int64_t>(i), 900, 0, 100 + i});
    return make_private_record({&secret, &signer, kBucketW}, kChain, measured, receivers).value();
  }

  Secret secret;
  Ed25519Signer signer;
  std::vector<Receiver> receivers;
};

void per_reading(benchmark::State& state, size_t readings) {
  state.counters["readings/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(readings), benchmark::Counter::kIsRate);
}

// Arguments: readings a record, receivers.
void make_record(benchmark::State& state) {
  const size_t readings = static_cast<size_t>(state.range(0));
  const Meter meter(0, static_cast<size_t>(state.range(1)));
  size_t size = 0;
  for (auto _ : state) size = encode_private_record(meter.record(readings)).size();
  state.counters["bytes/reading"] = static_cast<double>(size) / static_cast<double>(readings);
  per_reading(state, readings);
}
BENCHMARK(make_record)->Args({1, 1})->Args({1, 2})->Args({4, 2})->Args({16, 2})->Unit(benchmark::kMicrosecond);

void check_record(benchmark::State& state) {
  const size_t readings = static_cast<size_t>(state.range(0));
  const Meter meter(0);
  const PrivateRecord record = meter.record(readings);
  const Ed25519Verifier verifier;
  for (auto _ : state) {
    if (!check_private_record(kChain, record, kBucketW, verifier)) state.SkipWithError("refused");
  }
  per_reading(state, readings);
}
BENCHMARK(check_record)->Arg(1)->Arg(4)->Arg(16)->Unit(benchmark::kMicrosecond);

// What a validator does with a block's private records: decode, the shape and signature of each, all proofs together.
// Arguments: records, readings a record.
void check_batch(benchmark::State& state) {
  const size_t records = static_cast<size_t>(state.range(0));
  const size_t readings = static_cast<size_t>(state.range(1));
  std::vector<Bytes> encoded_records;
  for (size_t i = 0; i < records; ++i) encoded_records.push_back(encode_private_record(Meter(i).record(readings)));
  const Ed25519Verifier verifier;
  for (auto _ : state) {
    std::vector<PrivateRecord> decoded_records;
    std::vector<RangeView> views;
    std::vector<Hash> digests;
    std::vector<SignedItem> signatures;
    for (const Bytes& bytes : encoded_records) {
      decoded_records.push_back(decode_private_record(bytes).value());
      views.emplace_back(kChain, decoded_records.back(), kBucketW);
      digests.push_back(signed_digest(kChain, decoded_records.back()));
    }
    std::vector<range::Item> items;
    for (size_t i = 0; i < records; ++i) {
      signatures.push_back({decoded_records[i].pseudonym, digests[i].view(), decoded_records[i].signature});
      items.push_back({views[i].claim(), decoded_records[i].range_proof});
    }
    std::vector<uint8_t> ok(records);
    verifier.verify_batch(signatures, ok);
    for (const uint8_t good : ok)
      if (good != 1) state.SkipWithError("signature refused");
    range::verify_batch(items, ok);
    for (const uint8_t good : ok)
      if (good != 1) state.SkipWithError("range proof refused");
  }
  per_reading(state, records * readings);
}
BENCHMARK(check_batch)
    ->Args({16, 1})
    ->Args({256, 1})
    ->Args({64, 4})
    ->Args({16, 16})
    ->Args({64, 16})
    ->Unit(benchmark::kMillisecond);

void open_reading(benchmark::State& state) {
  const Meter meter(0);
  const PrivateRecord record = meter.record(1);
  const seal::SecretKey key = Meter::key(0);
  const Ed25519Verifier verifier;
  for (auto _ : state) {
    const auto opened = open_payload(kChain, record.pseudonym, record.readings[0], 1, key, verifier);
    if (opened->verdict != PayloadVerdict::kGood) state.SkipWithError("does not open");
  }
  per_reading(state, 1);
}
BENCHMARK(open_reading)->Unit(benchmark::kMicrosecond);

void commit_value(benchmark::State& state) {
  const Secret secret = secret_of("commit");
  uint64_t value = 0;
  for (auto _ : state) {
    const std::string name = std::to_string(++value);
    benchmark::DoNotOptimize(commit(value, derive_blinding("tieline/bench/1", secret, {view_of(name)})).value());
  }
}
BENCHMARK(commit_value)->Unit(benchmark::kMicrosecond);

struct Committed {
  explicit Committed(size_t count) {
    const Secret secret = secret_of("committed");
    std::vector<Blinding> blindings;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = std::to_string(i);
      openings.push_back({100, derive_blinding("tieline/bench/1", secret, {view_of(name)})});
      blindings.push_back(openings.back().blinding);
      commitments.push_back(commit(100, blindings.back()).value());
    }
    sum = {100 * count, combine(blindings, std::vector<Int128>(count, 1)).value()};
  }
  std::vector<Opening> openings;
  std::vector<Commitment> commitments;
  Opening sum;
};

// A bill of so many slots, by its verifier.
void check_bill(benchmark::State& state) {
  const size_t slots = static_cast<size_t>(state.range(0));
  const Committed committed(slots);
  const Meter meter(0);
  TotalStatement statement{kChain, meter.signer.public_key(), Obis::kImport, 1, {}, {}};
  for (const Commitment& c : committed.commitments) statement.slots.push_back({c, 0});
  statement.weights.assign(slots, 211'000'000);
  const TotalOpening total = make_total(statement, committed.openings, meter.signer).value();
  const Ed25519Verifier verifier;
  for (auto _ : state) {
    if (!check_total(statement, total, verifier)) state.SkipWithError("refused");
  }
}
BENCHMARK(check_bill)->Arg(96)->Arg(2'880)->Unit(benchmark::kMicrosecond);

RegionBalance region_of(const Committed& committed) {
  RegionBalance balance;
  balance.chain = kChain;
  balance.regions = {1};
  balance.meters = static_cast<uint32_t>(committed.commitments.size());
  balance.start_s = kStartS;
  balance.duration_s = 900;
  balance.feeder_in_wh = committed.sum.value * 20 / 19;
  balance.loss_hi_ppm = 100'000;
  balance.drawn = committed.commitments;
  return balance;
}

void prove_balance(benchmark::State& state) {
  const Committed committed(static_cast<size_t>(state.range(0)));
  const RegionBalance balance = region_of(committed);
  const Secret seed = secret_of("seed");
  for (auto _ : state) {
    if (!prove_region(balance, {committed.sum, {}}, seed)) state.SkipWithError("no proof");
  }
}
BENCHMARK(prove_balance)->Arg(100)->Arg(1'000)->Unit(benchmark::kMicrosecond);

void check_balance(benchmark::State& state) {
  const Committed committed(static_cast<size_t>(state.range(0)));
  const RegionBalance balance = region_of(committed);
  const Bytes proof = prove_region(balance, {committed.sum, {}}, secret_of("seed")).value();
  for (auto _ : state) {
    if (!check_region(balance, proof)) state.SkipWithError("refused");
  }
}
BENCHMARK(check_balance)->Arg(100)->Arg(1'000)->Unit(benchmark::kMicrosecond);

// All three steps, both sides.
void sealed_exchange(benchmark::State& state) {
  const Meter a(1), b(2);
  const seal::SecretKey a_seal = Meter::key(1), b_seal = Meter::key(2);
  const ExchangePair pair{
      kChain, {1, a.signer.public_key(), a_seal.public_key()}, {2, b.signer.public_key(), b_seal.public_key()}};
  const Bytes message(256, 'x');
  const Ed25519Verifier verifier;
  size_t size = 0;
  for (auto _ : state) {
    const auto sender = ExchangeSender::start(pair, message, secret_of("n"), secret_of("s"), a.signer).value();
    const auto receiver =
        ExchangeReceiver::open(pair, sender.request(), b_seal, secret_of("c"), secret_of("t"), b.signer, verifier)
            .value();
    const auto confirmation = sender.confirm(receiver.response(), a_seal, a.signer, verifier).value();
    if (!receiver.accept(confirmation, verifier)) state.SkipWithError("not accepted");
    size = encoded(sender.request()).size() + encoded(receiver.response()).size() + encoded(confirmation).size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(sealed_exchange)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tieline::energy
