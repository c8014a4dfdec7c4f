#include "sim/setup.h"

#include "sim/market_clients.h"

namespace tieline::sim {

namespace {

// Small regions and short leases, so that few are neighbours and boundaries come often. A draw of its own: the rest of
// a schedule is the same without.
ProximityParams draw_proximity(uint64_t seed, size_t validators) {
  Rng rng(seed ^ 0x4e454152ULL);
  ProximityParams p;
  p.relay = true;
  p.trigger = rng.chance(500'000);
  constexpr uint64_t kSide = 1'000;
  p.region_m2 = kSide * kSide / (1 + rng.below(20));
  p.lease_ms = kLeaseMsMin;
  for (size_t i = 0; i < validators; ++i)
    p.positions.push_back({static_cast<uint32_t>(rng.below(kSide)), static_cast<uint32_t>(rng.below(kSide))});
  return p;
}

}  // namespace

// A draw of its own: the rest of a schedule is the same without.
bool has_market(uint64_t seed, const SimOptions& options) {
  return options.market.value_or(Rng(seed ^ 0x4d4b54ULL).chance(kMarketPpm));
}

size_t keys_of(uint64_t seed, const SimOptions& options) {
  return options.validators + kClients + (has_market(seed, options) ? kMarketKeys : 0);
}

Setup draw_setup(uint64_t seed, const SimOptions& options, const SimKeys& keys) {
  TL_CHECK(options.validators >= kCommitteeMin && options.validators <= kValidatorsMax);
  Rng rng(seed ^ 0x5345545550ULL);
  Setup setup;
  setup.latency = static_cast<LatencyModel>(rng.below(static_cast<uint64_t>(LatencyModel::kCount)));
  setup.bytes_per_ms = rng.chance(200'000) ? 200 : 12'500;  // 1.6 or 100 Mbit/s
  setup.sync_us = rng.between(100, 8'000);
  setup.apply_us = rng.between(20, 2'000);
  setup.verify_us = rng.between(10, 60);
  setup.flush_interval_us = 1000 * rng.between(30, 1'000);
  setup.submit_interval_us = 1000 * rng.between(10, 120);
  setup.segment_bytes = static_cast<size_t>(rng.between(1'024, 16'384));
  setup.one_sync = options.one_sync;
  setup.report_each_lsn = rng.chance(500'000);

  Genesis& g = setup.genesis;
  g.network = "sim";
  g.time_ms = kGenesisTimeMs;
  ConsensusParams& c = g.consensus;
  c.engine = options.engine;
  c.policy = rng.chance(500'000) ? LeaderPolicy::kRotate : LeaderPolicy::kStrict;
  if (options.policy) c.policy = *options.policy;
  c.fast_path = rng.chance(500'000);
  if (options.fast_path) c.fast_path = *options.fast_path;
  // A draw of its own: the rest of a schedule is the same with either kind.
  const bool kernel = c.engine == EngineKind::kCbft || c.engine == EngineKind::kTrustRaft;
  if (kernel && Rng(seed ^ 0x43455254ULL).chance(kAggregatesPpm)) c.certificates = CertificateKind::kBls;
  if (options.certificates) c.certificates = *options.certificates;
  c.timeout_ms =
      static_cast<uint32_t>(setup.latency == LatencyModel::kLocal ? rng.between(40, 200) : rng.between(150, 400));
  c.passed_over_factor = static_cast<uint32_t>(rng.between(4, 16));
  c.tenure_slots = static_cast<uint32_t>(rng.chance(700'000) ? rng.between(2, 5) : rng.between(6, 1'000));
  c.tenure_ms = static_cast<uint32_t>(rng.chance(300'000) ? rng.between(200, 1'000) : 20'000);
  c.epoch_blocks = static_cast<uint32_t>(rng.between(3, 8));
  c.epoch_ms = static_cast<uint32_t>(rng.between(1, 400));
  c.checkpoint_blocks = static_cast<uint32_t>(rng.between(2, 4));
  c.drift_ms = static_cast<uint32_t>(rng.between(300, 1'500));
  c.block_tx_max = static_cast<uint32_t>(rng.between(2, 16));
  c.block_wait_ms = static_cast<uint32_t>(rng.between(1, 10));
  c.jail_epochs = static_cast<uint32_t>(rng.between(1, 4));
  g.ledger.sequence_window = static_cast<uint32_t>(rng.chance(500'000) ? 64 : 1'024);

  for (size_t i = 0; i < options.validators; ++i) {
    GenesisValidator v;
    v.id = static_cast<ValidatorId>(i);
    v.name = "validator-" + std::to_string(i);
    v.org = static_cast<OrgId>(i + 1);
    v.key = keys.key(i);
    const ByteView bls_key = keys.bls_key(i).view();
    v.bls_key.assign(bls_key.begin(), bls_key.end());
    v.bls_proof.resize(bls::Possession::kSize);  // not checked: the simulator's genesis never passes through a file
    v.address = "127.0.0.1:" + std::to_string(7400 + i);
    v.http = "127.0.0.1:" + std::to_string(7500 + i);
    g.validators.push_back(std::move(v));
  }
  for (size_t i = 0; i < kClients; ++i) {
    GenesisParticipant p;
    p.id = static_cast<ParticipantId>(i + 1);
    p.name = "client-" + std::to_string(i);
    p.role = Role::kPlant;
    p.key = keys.key(options.validators + i);
    p.capacity_w = 1'000'000;
    p.meters = {"meter-" + std::to_string(i)};
    g.participants.push_back(std::move(p));
  }
  if (has_market(seed, options)) {
    add_market(g, keys, options.validators + kClients);
    // The market's transactions stand in for three of four of the others: a schedule costs twice a plain one at most.
    setup.market_interval_us = setup.submit_interval_us * 4;
    setup.submit_interval_us *= 4;
  }
  if (options.relay) c.proximity = draw_proximity(seed, options.validators);
  setup.chain = g.chain_id();

  replica::Limits& l = setup.limits;
  l.pool_transactions_max = 2'000;
  l.pool_bytes_max = 4 * 1024 * 1024;
  l.pool_per_signer_max = 1'000;
  l.spread_batch_bytes = static_cast<size_t>(rng.between(512, 8'192));
  l.spread_wait_us = rng.between(100, 3'000);
  l.verify_batch_max = 64;
  l.verify_batch_min = 8;
  l.verify_wait_us = rng.between(100, 2'000);
  l.fetch_wait_us = rng.between(2'000, 20'000);
  l.fetch_retry_us = rng.between(50'000, 150'000);
  l.status_interval_us = rng.between(100'000, 500'000);
  l.catch_up_blocks_max = static_cast<size_t>(rng.between(2, 16));
  l.snapshot_chunk_bytes = static_cast<size_t>(rng.between(512, 4'096));
  l.snapshot_after_blocks = static_cast<Height>(rng.between(1, 2));

  setup.fault_phase_us = 1000 * rng.between(500, 1'250);
  return setup;
}

std::string describe(const Setup& setup) {
  const ConsensusParams& c = setup.genesis.consensus;
  return "latency " + std::string(latency_name(setup.latency)) + ", T0 " + std::to_string(c.timeout_ms) +
         " ms, tenure " + std::to_string(c.tenure_slots) + " slots or " + std::to_string(c.tenure_ms) + " ms, epoch " +
         std::to_string(c.epoch_blocks) + " blocks and " + std::to_string(c.epoch_ms) + " ms, K " +
         std::to_string(c.checkpoint_blocks) + ", fast path " + (c.fast_path ? "on" : "off") + ", certificates " +
         certificate_kind_name(c.certificates) +
         (c.proximity ? c.proximity->trigger ? ", relay and trigger" : ", relay" : "") + ", policy " +
         (c.policy == LeaderPolicy::kRotate ? "rotate" : "strict") + (setup.genesis.market ? ", a market" : "") +
         ", drift " + std::to_string(c.drift_ms) + " ms, sync " + std::to_string(setup.sync_us) +
         " us, snapshot after " + std::to_string(setup.limits.snapshot_after_blocks) + " blocks";
}

}  // namespace tieline::sim
