#include "cli/verify_cost.h"

#include <time.h>

#include <vector>

#include "crypto/hash.h"
#include "crypto/real_scheme.h"
#include "energy/private_reading.h"

namespace tieline::cli {
namespace {

constexpr size_t kEndorsements = 64, kEndorsers = 16;
constexpr size_t kBatch = 512;  // the largest that the replica makes (replica::Limits::verify_batch_max)

double thread_cpu_us() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

// Runs `round`, which checks `signatures`, until the time is spent; once before, so that keys are known.
template <class Round>
VerifyCost measure(double seconds, size_t batch, size_t signatures, const Round& round) {
  round();
  VerifyCost cost;
  cost.batch = batch;
  const double began = thread_cpu_us();
  double spent = 0;
  do {
    round();
    cost.signatures += signatures;
    spent = thread_cpu_us() - began;
  } while (spent < seconds * 1e6);
  cost.us = spent / static_cast<double>(cost.signatures);
  return cost;
}

}  // namespace

VerifyCost measure_verify_cost(double seconds) {
  std::vector<SignedItem> items;
  std::vector<Hash> digests(kVerifyKeys);
  for (size_t i = 0; i < kVerifyKeys; ++i) {
    const Hash seed = sha256(view_of("bench key " + std::to_string(i)));
    const auto key = ed25519::SecretKey::from_seed(seed.bytes);
    digests[i] = sha256(seed.view());
    items.push_back({key.public_key(), digests[i].view(), key.sign(digests[i].view())});
  }
  const Ed25519Verifier verifier;
  std::vector<uint8_t> ok(kBatch);
  const auto round = [&] {
    for (size_t at = 0; at < items.size(); at += kBatch) {
      verifier.verify_batch(std::span(items).subspan(at, kBatch), ok);
      for (uint8_t good : ok) TL_CHECK(good == 1);
    }
  };
  return measure(seconds, kBatch, items.size(), round);
}

VerifyCost measure_endorsement_cost(double seconds) {
  std::vector<bls::PublicKey> keys;
  std::vector<Hash> messages(kEndorsements);
  std::vector<AggregateItem> items;
  std::vector<bls::SecretKey> secrets;
  for (size_t i = 0; i < kEndorsers; ++i) {
    secrets.push_back(bls::SecretKey::from_seed(sha256(view_of("bench party " + std::to_string(i))).bytes));
    keys.push_back(secrets.back().public_key());
  }
  for (size_t i = 0; i < kEndorsements; ++i) {
    messages[i] = sha256(view_of("bench terms " + std::to_string(i)));
    items.push_back({{&keys[i % kEndorsers]}, messages[i].view(), secrets[i % kEndorsers].sign(messages[i].view())});
  }
  const RealVerifier verifier;
  std::vector<uint8_t> ok(kEndorsements);
  const auto round = [&] {
    verifier.verify_aggregates(items, ok);
    for (uint8_t good : ok) TL_CHECK(good == 1);
  };
  return measure(seconds, kEndorsements, items.size(), round);
}

SealedCost measure_sealed_cost(double seconds) {
  constexpr uint64_t kBucketW = 11'000;
  constexpr int64_t kStartS = 1'700'000'100;
  const ChainId chain = sha256(view_of("bench chain"));
  std::vector<energy::Receiver> receivers;
  for (const ParticipantId id : {1, 2}) {
    const Secret secret(sha256(view_of("bench receiver " + std::to_string(id))).bytes);
    receivers.push_back({id, seal::SecretKey::derive(secret).public_key()});
  }
  std::vector<energy::Measured> measured;
  for (size_t i = 0; i < kSealedPerRecord; ++i)
    measured.push_back({Obis::kImport, kStartS + 900 * static_cast<int64_t>(i), 900, 0, 100 + i});
  std::vector<Bytes> records;
  const auto seal_all = [&] {
    records.clear();
    for (size_t i = 0; i < kSealedRecords; ++i) {
      const std::string name = "bench meter " + std::to_string(i);
      const Secret secret(sha256(view_of(name)).bytes);
      const Ed25519Signer signer(ed25519::SecretKey::from_seed(secret.bytes()));
      const auto record = energy::make_private_record({&secret, &signer, kBucketW}, chain, measured, receivers);
      TL_CHECK(record.ok());
      records.push_back(energy::encode_private_record(*record));
    }
  };
  constexpr size_t kReadings = kSealedRecords * kSealedPerRecord;
  SealedCost cost;
  cost.seal_us = measure(seconds, kSealedRecords, kReadings, seal_all).us;
  const Ed25519Verifier verifier;
  const auto check_all = [&] {
    std::vector<energy::PrivateRecord> decoded;
    for (const Bytes& bytes : records) decoded.push_back(energy::decode_private_record(bytes).value());
    std::vector<energy::RangeView> views;
    std::vector<Hash> digests;
    std::vector<SignedItem> signatures;
    std::vector<range::Item> proofs;
    for (const energy::PrivateRecord& record : decoded) {
      views.emplace_back(chain, record, kBucketW);
      digests.push_back(energy::signed_digest(chain, record));
    }
    for (size_t i = 0; i < decoded.size(); ++i) {
      signatures.push_back({decoded[i].pseudonym, digests[i].view(), decoded[i].signature});
      proofs.push_back({views[i].claim(), decoded[i].range_proof});
    }
    std::vector<uint8_t> ok(decoded.size());
    verifier.verify_batch(signatures, ok);
    for (uint8_t good : ok) TL_CHECK(good == 1);
    range::verify_batch(proofs, ok);
    for (uint8_t good : ok) TL_CHECK(good == 1);
  };
  cost.check_us = measure(seconds, kSealedRecords, kReadings, check_all).us;
  cost.bytes = records.front().size() / kSealedPerRecord;
  return cost;
}

}  // namespace tieline::cli
