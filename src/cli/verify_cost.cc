#include "cli/verify_cost.h"

#include <time.h>

#include <vector>

#include "crypto/ed25519_scheme.h"
#include "crypto/hash.h"

namespace tieline::cli {
namespace {

constexpr size_t kBatch = 512;  // the largest that the replica makes (replica::Limits::verify_batch_max)

double thread_cpu_us() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
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
  round();  // the keys are known from here on
  VerifyCost cost;
  cost.batch = kBatch;
  const double began = thread_cpu_us();
  double spent = 0;
  do {
    round();
    cost.signatures += items.size();
    spent = thread_cpu_us() - began;
  } while (spent < seconds * 1e6);
  cost.us = spent / static_cast<double>(cost.signatures);
  return cost;
}

}  // namespace tieline::cli
