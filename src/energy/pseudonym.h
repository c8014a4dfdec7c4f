#pragma once
// Pseudonyms of private metering points: each billing period the distributor registers one fresh key for every active
// point, in one batch that the regulator co-signs. The owner, the distributor and the regulator can link a pseudonym to
// its point; nobody else. What could link it is kept out:
//
//  - the batch stands in the order of its keys, which are pseudorandom: that is a shuffle anyone can check;
//  - a point's exact limit would be a fingerprint, so a pseudonym carries a capacity bucket, and a bucket that fewer
//  than
//    kBucketMembersMin points of the batch would have is lifted into the next larger one;
//  - keys of two periods have nothing in common for those who do not hold the meter's secret.
//
// A batch never holds more pseudonyms than there are registered points, which bounds Sybils. Power in W, times in
// seconds since 1970 UTC. Format: docs/formats/private.md. Source: ENERGY.md ("Privacy", "Identity"), paper 000 section
// I.

#include <span>
#include <vector>

#include "crypto/secret.h"
#include "model/genesis_private.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr size_t kPseudonymsMax = kPrivatePointsMax;  // in one batch: it fits a transaction
using tieline::kBucketsMax;
inline constexpr size_t kBucketMembersMin = 10;
inline constexpr int64_t kPeriodDaysMax = 100;

struct BillingPeriod {
  int64_t start_s = 0;
  int64_t end_s = 0;  // exclusive
  bool operator==(const BillingPeriod&) const = default;
};

struct PseudonymEntry {
  PublicKey key;
  uint8_t bucket = 0;  // position in genesis' list of buckets
  bool operator==(const PseudonymEntry&) const = default;
};

struct PseudonymBatch {
  ChainId chain;
  ParticipantId distributor = 0;
  ParticipantId regulator = 0;  // who co-signs
  BillingPeriod period;
  std::vector<PseudonymEntry> entries;  // strictly ascending by key
  Signature distributor_signature;      // both over batch_digest
  Signature regulator_signature;
  bool operator==(const PseudonymBatch&) const = default;
};
void encode(Writer& w, const PseudonymBatch& b);
void decode(Reader& r, PseudonymBatch& b);
Hash batch_digest(const PseudonymBatch& batch);

// The link, which only the distributor and the regulator hold (and the owner its own).
struct ActivePoint {
  MeterId point = 0;
  uint64_t limit_w = 0;
  PublicKey key;
};

// The meter's key of one period: the seed of an Ed25519 key.
Secret pseudonym_seed(const Secret& meter_secret, const ChainId& chain, const BillingPeriod& period);

// Unsigned. `buckets_w` ascends, at most kBucketsMax; points ascend by id. Errors: bad_period, too_many_pseudonyms,
// over_capacity (a point above the largest bucket belongs in class W), duplicate_key.
Result<PseudonymBatch> make_batch(const ChainId& chain, ParticipantId distributor, ParticipantId regulator,
                                  const BillingPeriod& period, std::span<const ActivePoint> points,
                                  std::span<const uint64_t> buckets_w);

// The regulator's question before it signs: is this batch what these points make? Errors as above, and
// "not_the_points".
Status check_links(const PseudonymBatch& batch, std::span<const ActivePoint> points,
                   std::span<const uint64_t> buckets_w);

// What everybody checks. `registered_points` of the distributor, `taken`: pseudonyms it has registered for this period
// already. Errors: bad_period, unordered, unknown_bucket, too_many_pseudonyms, bad_signature.
struct BatchContext {
  ChainId chain;
  PublicKey distributor_key;
  PublicKey regulator_key;
  size_t buckets = 0;
  uint64_t registered_points = 0;
  uint64_t taken = 0;
};
Status check_batch(const PseudonymBatch& batch, const BatchContext& context, const Verifier& verifier);

// A pseudonym speaks for the intervals of its period, and no other.
bool speaks_for(const BillingPeriod& period, int64_t start_s, uint32_t duration_s);

}  // namespace tieline::energy
