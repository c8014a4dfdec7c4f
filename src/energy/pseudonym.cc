#include "energy/pseudonym.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "energy/interval_set.h"

namespace tieline::energy {
namespace {

constexpr int64_t kDaySeconds = 86'400;

void encode(Writer& w, const PseudonymEntry& e) {
  encode(w, e.key);
  w.u8(e.bucket);
}

void decode(Reader& r, PseudonymEntry& e) {
  decode(r, e.key);
  e.bucket = r.u8();
}

void encode_unsigned(Writer& w, const PseudonymBatch& b) {
  encode(w, b.chain);
  w.u32(b.distributor);
  w.u32(b.regulator);
  w.i64(b.period.start_s);
  w.i64(b.period.end_s);
  w.u32(static_cast<uint32_t>(b.entries.size()));
  for (const PseudonymEntry& e : b.entries) encode(w, e);
}

bool ascending(const std::vector<PseudonymEntry>& entries) {
  return std::ranges::adjacent_find(
             entries, [](const PseudonymEntry& a, const PseudonymEntry& b) { return a.key >= b.key; }) == entries.end();
}

Status check_period(const BillingPeriod& period) {
  const bool aligned = period.start_s >= 0 && period.start_s % kSlotSeconds == 0 && period.end_s % kSlotSeconds == 0;
  if (!aligned || period.end_s <= period.start_s || period.end_s - period.start_s > kPeriodDaysMax * kDaySeconds)
    return Error{"bad_period", "a billing period is a positive number of quarters, at most a hundred days"};
  return {};
}

// Lifts the members of small buckets into the next larger one; the last takes what there is.
void lift_small_buckets(std::vector<PseudonymEntry>& entries, size_t buckets) {
  for (size_t bucket = 0; bucket + 1 < buckets; ++bucket) {
    const auto members = std::ranges::count(entries, bucket, &PseudonymEntry::bucket);
    if (static_cast<size_t>(members) >= kBucketMembersMin) continue;
    for (PseudonymEntry& e : entries)
      if (e.bucket == bucket) e.bucket = static_cast<uint8_t>(bucket + 1);
  }
}

}  // namespace

void encode(Writer& w, const PseudonymBatch& b) {
  encode_unsigned(w, b);
  encode(w, b.distributor_signature);
  encode(w, b.regulator_signature);
}

void decode(Reader& r, PseudonymBatch& b) {
  decode(r, b.chain);
  b.distributor = r.u32();
  b.regulator = r.u32();
  b.period.start_s = r.i64();
  b.period.end_s = r.i64();
  b.entries.resize(r.count(kPseudonymsMax, PublicKey::kSize + 1));
  for (PseudonymEntry& e : b.entries) decode(r, e);
  if (b.entries.empty() || !ascending(b.entries)) r.fail();
  decode(r, b.distributor_signature);
  decode(r, b.regulator_signature);
}

Hash batch_digest(const PseudonymBatch& batch) {
  Writer w;
  encode_unsigned(w, batch);
  return tagged_hash("tieline/pseudonyms/1", {w.view()});
}

Secret pseudonym_seed(const Secret& meter_secret, const ChainId& chain, const BillingPeriod& period) {
  Writer w;
  w.i64(period.start_s);
  w.i64(period.end_s);
  return derive_secret("tieline/pseudonym/1", meter_secret, {chain.view(), w.view()});
}

Result<PseudonymBatch> make_batch(const ChainId& chain, ParticipantId distributor, ParticipantId regulator,
                                  const BillingPeriod& period, std::span<const ActivePoint> points,
                                  std::span<const uint64_t> buckets_w) {
  TL_CHECK(!buckets_w.empty() && buckets_w.size() <= kBucketsMax && std::ranges::is_sorted(buckets_w));
  if (Status right = check_period(period); !right) return right.error();
  if (points.empty() || points.size() > kPseudonymsMax)
    return Error{"too_many_pseudonyms", "a batch holds 1 to " + std::to_string(kPseudonymsMax) + " pseudonyms"};
  PseudonymBatch batch{chain, distributor, regulator, period, {}, {}, {}};
  for (size_t i = 0; i < points.size(); ++i) {
    TL_CHECK(i == 0 || points[i].point > points[i - 1].point);
    const auto bucket = std::ranges::lower_bound(buckets_w, points[i].limit_w);
    if (bucket == buckets_w.end())
      return Error{"over_capacity", "point " + std::to_string(points[i].point) + " is above the largest bucket"};
    batch.entries.push_back({points[i].key, static_cast<uint8_t>(bucket - buckets_w.begin())});
  }
  lift_small_buckets(batch.entries, buckets_w.size());
  std::ranges::sort(batch.entries, {}, &PseudonymEntry::key);
  if (!ascending(batch.entries)) return Error{"duplicate_key", "two points of a batch have the same key"};
  return batch;
}

Status check_links(const PseudonymBatch& batch, std::span<const ActivePoint> points,
                   std::span<const uint64_t> buckets_w) {
  const Result<PseudonymBatch> right =
      make_batch(batch.chain, batch.distributor, batch.regulator, batch.period, points, buckets_w);
  if (!right) return right.error();
  if (right->entries != batch.entries)
    return Error{"not_the_points", "the batch is not one pseudonym in its bucket for every active point"};
  return {};
}

Status check_batch(const PseudonymBatch& batch, const BatchContext& context, const Verifier& verifier) {
  if (Status right = check_period(batch.period); !right) return right;
  if (batch.entries.empty() || !ascending(batch.entries))
    return Error{"unordered", "the pseudonyms of a batch ascend by key, each once"};
  if (std::ranges::any_of(batch.entries, [&](const PseudonymEntry& e) { return e.bucket >= context.buckets; }))
    return Error{"unknown_bucket", "genesis has no such capacity bucket"};
  if (batch.entries.size() > kPseudonymsMax || context.taken > context.registered_points ||
      batch.entries.size() > context.registered_points - context.taken)
    return Error{"too_many_pseudonyms", "more pseudonyms than the distributor has registered points"};
  const Hash digest = batch_digest(batch);
  if (batch.chain != context.chain ||
      !verifier.verify(context.distributor_key, digest.view(), batch.distributor_signature) ||
      !verifier.verify(context.regulator_key, digest.view(), batch.regulator_signature))
    return Error{"bad_signature", "a batch is signed by its distributor and by the regulator, for this chain"};
  return {};
}

bool speaks_for(const BillingPeriod& period, int64_t start_s, uint32_t duration_s) {
  return start_s >= period.start_s && start_s < period.end_s && duration_s <= period.end_s - start_s;
}

}  // namespace tieline::energy
