#pragma once
// A chain with private metering points: twelve of one distributor, with pseudonyms for two days.

#include "energy/private_actions.h"
#include "ledger/private_state.h"
#include "ledger/private_work.h"
#include "market_chain.h"

namespace tieline::testing {

inline constexpr size_t kPoints = 12;
inline constexpr uint64_t kBucketW = 11'000;  // 2,750 Wh in a slot
inline constexpr uint64_t kSubstitute = 687;  // of 2,750 x 0.2 x 5/4
inline constexpr uint32_t kSet = 7;           // of the first day
inline constexpr int64_t kHourMs = 3'600'000;
inline constexpr int64_t kDayMs = 24 * kHourMs;

inline Genesis private_genesis() {
  Genesis g = market_genesis();
  PrivateGenesis p;
  p.buckets_w = {4'000, kBucketW};
  p.profile_ppm.assign(kProfileSlots, 200'000);
  p.loss_hi_ppm = 100'000;
  p.sets = {{kSet, kStartS, 96}};
  p.distributors = {{kDistributor, kPoints}};
  g.private_points = std::move(p);
  return g;
}

inline Secret secret_of(std::string_view name) { return Secret(sha256(view_of(name)).bytes); }

class PrivateChain : public MarketChain {
 public:
  explicit PrivateChain(Genesis genesis = private_genesis()) : MarketChain(std::move(genesis)) {
    for (size_t i = 0; i < kPoints; ++i) {
      signers.emplace_back(5'000 + i);
      secrets.push_back(secret_of("meter " + std::to_string(i)));
    }
  }
  static constexpr energy::BillingPeriod kPeriod{kStartS, kStartS + 2 * 86'400};

  energy::PseudonymBatch batch(energy::BillingPeriod period = kPeriod) const {
    std::vector<energy::ActivePoint> points;
    for (size_t i = 0; i < signers.size(); ++i)
      points.push_back({static_cast<MeterId>(i + 1), 3'000, signers[i].public_key()});
    // Lifted into the second bucket, so that the caps are its.
    for (size_t i = 0; i < points.size(); i += 2) points[i].limit_w = 9'000;
    auto out = energy::make_batch(ledger.chain(), kDistributor, kRegulating, period, points,
                                  ledger.genesis().private_points->buckets_w);
    EXPECT_TRUE(out.ok());
    sign(*out);
    return *out;
  }
  static void sign(energy::PseudonymBatch& batch) {
    batch.distributor_signature = participant_key(kDistributor).sign(energy::batch_digest(batch).view());
    batch.regulator_signature = participant_key(kRegulating).sign(energy::batch_digest(batch).view());
  }

  energy::PrivateMeter meter_of(size_t point, uint64_t bucket_w = kBucketW) const {
    return {&secrets[point], &signers[point], bucket_w};
  }
  std::vector<energy::Receiver> receivers() const {
    return {{kDistributor, distributor_seal.public_key()}, {kRegulating, regulator_seal.public_key()}};
  }
  energy::PrivateRecord record(size_t point, uint64_t wh, uint32_t slot = kSlotNow, uint8_t version = 0,
                               Obis obis = Obis::kImport) const {
    const std::vector<energy::Measured> one = {{obis, int64_t{slot} * energy::kSlotSeconds, 900, version, wh}};
    return energy::make_private_record(meter_of(point), ledger.chain(), one, receivers()).value();
  }
  void sign(energy::PrivateRecord& record, size_t point) const {
    record.signature = signers[point].sign(energy::signed_digest(ledger.chain(), record).view());
  }

  TxPtr carry(const energy::PrivateAction& action, std::vector<ParticipantId> by = {kPoor}) {
    return send(std::move(by), {{energy::type_of(action), energy::encode_private_action(action)}});
  }
  TxCode put(const energy::PrivateAction& action, std::vector<ParticipantId> by = {kPoor}) {
    return add_one(carry(action, std::move(by)));
  }
  // Registered, and so late that the first slot can be recorded.
  void start() {
    ASSERT_EQ(put(batch()), TxCode::ok);
    add({}, 900'000);
  }
  // Market time so long after the slot's end.
  void after(uint32_t slot, int64_t ms) { until(private_slot_end_ms(slot) + ms); }

  std::optional<PrivateEntry> entry(size_t point, uint32_t slot = kSlotNow, Obis obis = Obis::kImport) const {
    return state::read<PrivateEntry>(
        view(), state::key_of(private_entry_name({signers[point].public_key(), obis, slot})), "test");
  }
  PseudonymRecord pseudonym(size_t point) const {
    return state::must_read<PseudonymRecord>(view(), state::key_of(pseudonym_name(signers[point].public_key())),
                                             "test");
  }
  PrivateDuty duty() const {
    return state::read_or_default<PrivateDuty>(view(), state::key_of(private_duty_name(kDistributor)), "test");
  }
  energy::PrivateContext context(const energy::PrivateRecord& of) const {
    return energy::context_of(ledger.chain(), of.pseudonym, of.readings.front());
  }
  Opening opening(size_t point, uint64_t wh, const energy::PrivateRecord& of) const {
    return {wh, energy::reading_blinding(secrets[point], context(of))};
  }

  std::vector<PlainSigner> signers;
  std::vector<Secret> secrets;
  seal::SecretKey distributor_seal = seal::SecretKey::derive(secret_of("distributor"));
  seal::SecretKey owner_seal = seal::SecretKey::derive(secret_of("owner"));
  seal::SecretKey regulator_seal = seal::SecretKey::derive(secret_of("regulator"));
};

}  // namespace tieline::testing
