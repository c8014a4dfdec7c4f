#include "model/genesis.h"

#include <algorithm>
#include <array>
#include <map>

#include "crypto/bls.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "model/block.h"
#include "model/names.h"

namespace tieline {
namespace {

constexpr uint32_t kInitialCredit = kCreditOne / 2;
constexpr size_t kAddressMax = 255;
constexpr size_t kParticipantsMax = 100'000;
constexpr size_t kMetersMax = 1'000'000;
constexpr uint32_t kMillisMax = 24 * 3600 * 1000;
constexpr uint32_t kPpmMax = 1'000'000;
constexpr uint8_t kProximityFlag = 0x80;  // in the byte of the engine: a part on proximity follows

struct EngineName {
  EngineKind kind;
  const char* name;
};
constexpr std::array<EngineName, 4> kEngines = {{{EngineKind::kCbft, "cbft"},
                                                 {EngineKind::kPbft, "pbft"},
                                                 {EngineKind::kRaft, "raft"},
                                                 {EngineKind::kTrustRaft, "trust_raft"}}};

struct RoleName {
  Role role;
  const char* name;
};
constexpr std::array<RoleName, 6> kRoles = {{{Role::kPlant, "plant"},
                                             {Role::kGrid, "grid"},
                                             {Role::kDistributor, "distributor"},
                                             {Role::kUser, "user"},
                                             {Role::kRegulator, "regulator"},
                                             {Role::kNeutral, "neutral"}}};

// Collects the first error; every check after it is skipped.
class Checker {
 public:
  void fail(const std::string& path, const std::string& found, const std::string& allowed) {
    refuse({"genesis_invalid", path + " is " + found + "; allowed: " + allowed});
  }
  void refuse(Error error) {
    if (status_.ok()) status_ = std::move(error);
  }
  void range(const std::string& path, uint64_t value, uint64_t low, uint64_t high) {
    if (value < low || value > high) {
      fail(path, std::to_string(value), std::to_string(low) + " to " + std::to_string(high));
    }
  }
  // `seen` remembers where a value was used first.
  void unique(std::map<std::string, std::string>& seen, const std::string& value, const std::string& path) {
    const auto [at, fresh] = seen.emplace(value, path);
    if (!fresh) fail(path, value + " again", "a value of its own (" + at->second + " has it already)");
  }
  bool ok() const { return status_.ok(); }
  Status status() const { return status_; }

 private:
  Status status_;
};

constexpr const char* kNameRule = "1 to 63 of a-z 0-9 . _ -, the first a letter or digit";

// host:port with a port from 1 to 65535; the host is resolved by whoever dials.
bool is_address(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || address.size() > kAddressMax) return false;
  for (char c : address.substr(0, colon)) {
    if (c <= ' ' || c > '~' || c == '/' || c == '@') return false;
  }
  const std::string_view port = address.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port[0] == '0') return false;
  uint32_t value = 0;
  for (char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return value <= 65535;
}

void check_consensus(Checker& c, const ConsensusParams& p) {
  const std::string at = "consensus.";
  c.range(at + "timeout_ms", p.timeout_ms, 10, kMillisMax);
  c.range(at + "passed_over_factor", p.passed_over_factor, 1, 10'000);
  c.range(at + "tenure_ms", p.tenure_ms, 100, kMillisMax);
  c.range(at + "tenure_slots", p.tenure_slots, 1, 100'000'000);
  c.range(at + "epoch_blocks", p.epoch_blocks, 1, 100'000'000);
  c.range(at + "epoch_ms", p.epoch_ms, 0, kMillisMax);
  c.range(at + "checkpoint_blocks", p.checkpoint_blocks, 1, 1'000'000);
  c.range(at + "drift_ms", p.drift_ms, 1, kMillisMax);
  c.range(at + "block_tx_max", p.block_tx_max, 1, kBlockTxMax);
  c.range(at + "block_bytes_max", p.block_bytes_max, kTxBytesMax, kBlockBytesMax);
  c.range(at + "block_wait_ms", p.block_wait_ms, 0, 60'000);
  c.range(at + "eligibility", p.eligibility, 0, kInitialCredit);  // above it nobody could lead the first epochs
  c.range(at + "jail_epochs", p.jail_epochs, 0, 1'000'000);
}

void check_proximity(Checker& c, const Genesis& g) {
  const std::string at = "consensus.proximity";
  if (g.consensus.engine != EngineKind::kTrustRaft)
    return c.fail(at, "there", std::string("engine trust_raft only, not ") + engine_name(g.consensus.engine));
  const ProximityParams& p = *g.consensus.proximity;
  c.range(at + ".region_m2", p.region_m2, 1, kRegionMax);
  c.range(at + ".lease_ms", p.lease_ms, kLeaseMsMin, kLeaseMsMax);
  if (p.positions.size() != g.validators.size())
    return c.fail(at + ".positions", std::to_string(p.positions.size()) + " positions",
                  std::to_string(g.validators.size()) + ", one for each validator");
  for (size_t i = 0; i < p.positions.size(); ++i) {
    const std::string one = at + ".positions[" + std::to_string(i) + "]";
    c.range(one + "[0]", p.positions[i].x, 0, kPositionMax);
    c.range(one + "[1]", p.positions[i].y, 0, kPositionMax);
  }
}

void check_ledger(Checker& c, const LedgerParams& p) {
  const std::string at = "ledger.";
  c.range(at + "sequence_window", p.sequence_window, 1, kGenesisSequenceWindowMax);
  c.range(at + "timestamp_slack_ms", p.timestamp_slack_ms, 0, kMillisMax);
  c.range(at + "future_ms", p.future_ms, 0, kMillisMax);
  c.range(at + "capacity_tolerance_ppm", p.capacity_tolerance_ppm, 0, kPpmMax);
}

void check_credit(Checker& c, const CreditParams& p) {
  const std::string at = "credit.";
  const auto model = static_cast<uint8_t>(p.model);
  c.range(at + "model", model, 1, 3);
  c.range(at + "keep", p.keep, 0, kCreditOne);
  c.range(at + "keep_rising", p.keep_rising, p.keep, kCreditOne);  // failures are remembered longer than successes
  c.range(at + "probation_epochs", p.probation_epochs, 0, 1'000'000);
  c.range(at + "proof_epochs", p.proof_epochs, 0, 1'000'000);
  c.range(at + "age_blocks", p.age_blocks, 1, 1'000'000'000);
  each_credit_table(p, [&](const char* key, const CreditTable& table) {
    const std::string path = at + key;
    c.range(path, table.size(), 2, kTablePointsMax);
    for (size_t i = 0; i < table.size() && c.ok(); ++i) {
      c.range(path, table[i].to, 0, kCreditOne);
      if (i > 0 && table[i].from <= table[i - 1].from)
        c.fail(path, "a list that does not ascend", "points with ascending first numbers");
    }
  });
  if (!p.weights.well_formed())
    c.fail(at + "weights", std::to_string(p.weights.values.size()) + " numbers",
           "weights of a network with 1 to " + std::to_string(kHiddenMax) + " hidden neurons");
}

void check_plausibility(Checker& c, const PlausibilityParams& p) {
  each_plausibility_number(p, [&](const char* key, uint32_t value, uint32_t least, uint32_t most) {
    c.range(std::string("plausibility.") + key, value, least, most);
  });
}

void check_key(Checker& c, const std::string& path, const PublicKey& key) {
  auto parsed = ed25519::VerifyingKey::parse(key);
  if (!parsed.ok() || parsed->is_weak()) c.fail(path, to_hex(key), "the 64 hex digits of a strong Ed25519 public key");
}

void check_bls(Checker& c, const std::string& path, const GenesisValidator& v) {
  bls::PublicKey key;
  bls::Possession proof;
  if (v.bls_key.size() != key.bytes.size()) {
    return c.fail(path + ".bls_key", std::to_string(v.bls_key.size()) + " bytes", "96 bytes");
  }
  if (v.bls_proof.size() != proof.bytes.size()) {
    return c.fail(path + ".bls_proof", std::to_string(v.bls_proof.size()) + " bytes", "48 bytes");
  }
  std::copy(v.bls_key.begin(), v.bls_key.end(), key.bytes.begin());
  std::copy(v.bls_proof.begin(), v.bls_proof.end(), proof.bytes.begin());
  auto parsed = bls::VerifyingKey::parse(key);
  if (!parsed.ok())
    return c.fail(path + ".bls_key", to_hex(key), "a BLS12-381 key in G2, in its subgroup, not infinity");
  if (!bls::verify_possession(*parsed, proof)) {
    c.refuse({"bad_possession", path + ".bls_proof does not prove that " + v.name +
                                    " knows the secret of its bls_key: " + to_hex(proof)});
  }
}

void check_validators(Checker& c, const Genesis& g) {
  const bool crash_only = g.consensus.engine == EngineKind::kRaft;
  const size_t fewest = crash_only ? kCommitteeMin : kByzantineCommitteeMin;
  if (g.validators.size() < fewest || g.validators.size() > kCommitteeMax) {
    return c.fail("validators", std::to_string(g.validators.size()) + " validators",
                  std::to_string(fewest) + " to " + std::to_string(kCommitteeMax) + " for engine " +
                      engine_name(g.consensus.engine));
  }
  std::map<std::string, std::string> names, keys, bls_keys, pins, addresses;
  std::map<OrgId, size_t> seats;
  for (size_t i = 0; i < g.validators.size() && c.ok(); ++i) {
    const GenesisValidator& v = g.validators[i];
    const std::string at = "validators[" + std::to_string(i) + "]";
    if (v.id != i) c.fail(at + ".id", std::to_string(v.id), std::to_string(i) + ", its place in the list");
    if (!is_participant_name(v.name)) c.fail(at + ".name", '"' + v.name + '"', kNameRule);
    c.unique(names, v.name, at + ".name");
    check_key(c, at + ".key", v.key);
    c.unique(keys, to_hex(v.key), at + ".key");
    check_bls(c, at, v);
    c.unique(bls_keys, to_hex(v.bls_key), at + ".bls_key");
    if (v.tls_pin.is_zero()) c.fail(at + ".tls_pin", "all zero", "the SHA-256 of a TLS public key");
    c.unique(pins, to_hex(v.tls_pin), at + ".tls_pin");
    if (!is_address(v.address)) c.fail(at + ".address", '"' + v.address + '"', "host:port, port 1 to 65535");
    c.unique(addresses, v.address, at + ".address");
    if (!is_address(v.http)) c.fail(at + ".http", '"' + v.http + '"', "host:port, port 1 to 65535");
    c.unique(addresses, v.http, at + ".http");
    ++seats[v.org];
  }
  if (crash_only) return;
  for (const auto& [org, held] : seats) {
    if (3 * held >= g.validators.size()) {
      c.fail("validators",
             "a list in which organisation " + std::to_string(org) + " holds " + std::to_string(held) + " of " +
                 std::to_string(g.validators.size()) + " seats",
             "less than a third of the seats for each organisation");
    }
  }
}

void check_participants(Checker& c, const Genesis& g) {
  if (g.participants.size() > kParticipantsMax) {
    return c.fail("participants", std::to_string(g.participants.size()) + " participants",
                  "at most " + std::to_string(kParticipantsMax));
  }
  std::map<std::string, std::string> names, keys, meters;
  for (const GenesisValidator& v : g.validators) keys.emplace(to_hex(v.key), "validator " + v.name);
  for (size_t i = 0; i < g.participants.size() && c.ok(); ++i) {
    const GenesisParticipant& p = g.participants[i];
    const std::string at = "participants[" + std::to_string(i) + "]";
    if (p.id != i + 1) c.fail(at + ".id", std::to_string(p.id), std::to_string(i + 1) + ", its place in the list");
    if (!is_participant_name(p.name)) c.fail(at + ".name", '"' + p.name + '"', kNameRule);
    c.unique(names, p.name, at + ".name");
    const auto role = static_cast<uint8_t>(p.role);
    c.range(at + ".role", role, 1, kRoles.size());
    check_key(c, at + ".key", p.key);
    c.unique(keys, to_hex(p.key), at + ".key");
    c.range(at + ".capacity_w", p.capacity_w, 0, kWattsMax);
    c.range(at + ".contracted_w", p.contracted_w, 0, kWattsMax);
    c.range(at + ".loss_ppm", p.loss_ppm, 0, kPpmMax - 1);  // all of it lost would divide by zero
    c.range(at + ".cost_hi", p.cost_hi, 0, kCostMax);
    c.range(at + ".cost_lo", p.cost_lo, 0, p.cost_hi);
    for (size_t k = 0; k < p.meters.size() && c.ok(); ++k) {
      const std::string meter = at + ".meters[" + std::to_string(k) + "]";
      if (!is_meter_name(p.meters[k])) c.fail(meter, '"' + p.meters[k] + '"', "1 to 63 of a-z A-Z 0-9 . _ - :");
      c.unique(meters, p.meters[k], meter);
    }
    if (meters.size() > kMetersMax) {
      c.fail("participants", "a list with more than " + std::to_string(kMetersMax) + " meters", "at most that many");
    }
  }
}

}  // namespace

const char* engine_name(EngineKind kind) {
  for (const EngineName& e : kEngines) {
    if (e.kind == kind) return e.name;
  }
  return "unknown";
}

std::optional<EngineKind> engine_from_name(std::string_view name) {
  for (const EngineName& e : kEngines) {
    if (e.name == name) return e.kind;
  }
  return std::nullopt;
}

const char* certificate_kind_name(CertificateKind kind) { return kind == CertificateKind::kBls ? "bls" : "list"; }

const char* role_name(Role role) {
  for (const RoleName& r : kRoles) {
    if (r.role == role) return r.name;
  }
  return "unknown";
}

std::optional<Role> role_from_name(std::string_view name) {
  for (const RoleName& r : kRoles) {
    if (r.name == name) return r.role;
  }
  return std::nullopt;
}

void encode(Writer& w, const ConsensusParams& p) {
  w.u8(static_cast<uint8_t>(p.engine) | (p.proximity ? kProximityFlag : 0));
  w.u8(static_cast<uint8_t>(p.policy));
  w.boolean(p.fast_path);
  w.u8(static_cast<uint8_t>(p.certificates));
  for (uint32_t v : {p.timeout_ms, p.passed_over_factor, p.tenure_ms, p.tenure_slots, p.epoch_blocks, p.epoch_ms,
                     p.checkpoint_blocks, p.drift_ms, p.block_tx_max, p.block_bytes_max, p.block_wait_ms, p.eligibility,
                     p.jail_epochs}) {
    w.u32(v);
  }
  if (p.proximity) encode(w, *p.proximity);
}

void decode(Reader& r, ConsensusParams& p) {
  const uint8_t first = r.u8();
  const uint8_t engine = first & ~kProximityFlag;
  const uint8_t policy = r.u8();
  if (engine < 1 || engine > kEngines.size() || policy < 1 || policy > 3) r.fail();
  p.engine = static_cast<EngineKind>(engine);
  p.policy = static_cast<LeaderPolicy>(policy);
  p.fast_path = r.boolean();
  const uint8_t certificates = r.u8();
  if (certificates < 1 || certificates > 2) r.fail();
  p.certificates = static_cast<CertificateKind>(certificates);
  for (uint32_t* v : {&p.timeout_ms, &p.passed_over_factor, &p.tenure_ms, &p.tenure_slots, &p.epoch_blocks, &p.epoch_ms,
                      &p.checkpoint_blocks, &p.drift_ms, &p.block_tx_max, &p.block_bytes_max, &p.block_wait_ms,
                      &p.eligibility, &p.jail_epochs}) {
    *v = r.u32();
  }
  p.proximity.reset();
  if ((first & kProximityFlag) != 0) decode(r, p.proximity.emplace());
}

void encode(Writer& w, const LedgerParams& p) {
  for (uint32_t v : {p.sequence_window, p.timestamp_slack_ms, p.future_ms, p.stale_s, p.capacity_tolerance_ppm})
    w.u32(v);
}

void encode(Writer& w, const PlausibilityParams& p) {
  each_plausibility_number(p, [&](const char*, uint32_t value, uint32_t, uint32_t) { w.u32(value); });
}

void encode(Writer& w, const GenesisValidator& v) {
  w.u16(v.id);
  w.string(v.name);
  w.u16(v.org);
  encode(w, v.key);
  w.bytes(v.bls_key);
  w.bytes(v.bls_proof);
  encode(w, v.tls_pin);
  w.string(v.address);
  w.string(v.http);
}

void encode(Writer& w, const GenesisParticipant& p) {
  w.u32(p.id);
  w.string(p.name);
  w.u8(static_cast<uint8_t>(p.role));
  encode(w, p.key);
  w.u64(p.capacity_w);
  w.u64(p.contracted_w);
  w.u32(p.loss_ppm);
  w.u64(p.cost_lo);
  w.u64(p.cost_hi);
  w.u32(static_cast<uint32_t>(p.meters.size()));
  for (const std::string& meter : p.meters) w.string(meter);
}

void encode(Writer& w, const Genesis& g) {
  w.string(g.network);
  w.i64(g.time_ms);
  encode(w, g.consensus);
  encode(w, g.ledger);
  encode(w, g.credit);
  encode(w, g.plausibility);
  encode_list(w, g.validators);
  encode_list(w, g.participants);
  if (g.market) encode(w, *g.market);  // the chain id's tag says whether this and the next are there
  if (g.private_points) encode(w, *g.private_points);
}

ChainId Genesis::chain_id() const {
  const char* tag = private_points ? "tieline/genesis/3" : market ? "tieline/genesis/2" : "tieline/genesis/1";
  return tagged_hash(tag, {encoded(*this)});
}

Committee Genesis::committee(const ChainId& chain) const {
  std::vector<Member> members;
  members.reserve(validators.size());
  for (const GenesisValidator& v : validators) {
    Member m;
    m.id = v.id;
    m.org = v.org;
    m.key = v.key;
    if (v.bls_key.size() == m.bls_key.bytes.size())
      std::copy(v.bls_key.begin(), v.bls_key.end(), m.bls_key.bytes.begin());
    m.credit = kInitialCredit;
    m.trust = kGenesisTrust;
    members.push_back(m);
  }
  return Committee(0, chain, std::move(members), consensus.fault_model(), consensus.certificates);
}

FaultModel ConsensusParams::fault_model() const {
  if (engine == EngineKind::kTrustRaft) return FaultModel::kWeighted;
  return engine == EngineKind::kRaft ? FaultModel::kCrash : FaultModel::kByzantine;
}

CommitRule ConsensusParams::commit_rule() const {
  if (engine == EngineKind::kPbft || engine == EngineKind::kRaft) return CommitRule::kCommitQuorum;
  // Where votes are weighed there is no fast quorum, whatever the switch says.
  return fast_path && engine == EngineKind::kCbft ? CommitRule::kFastOrTwoChain : CommitRule::kTwoChain;
}

Status Genesis::validate() const {
  Checker c;
  if (!is_participant_name(network)) c.fail("network", '"' + network + '"', kNameRule);
  c.range("time_ms", static_cast<uint64_t>(time_ms), 0, 253'402'300'799'999);  // the end of the year 9999
  const auto engine = static_cast<uint8_t>(consensus.engine);
  c.range("consensus.engine", engine, 1, kEngines.size());
  const auto policy = static_cast<uint8_t>(consensus.policy);
  c.range("consensus.policy", policy, 1, 3);
  const auto certificates = static_cast<uint8_t>(consensus.certificates);
  c.range("consensus.certificates", certificates, 1, 2);
  // The baselines count Ed25519 votes; only the kernel adds shares up.
  const bool kernel = consensus.engine == EngineKind::kCbft || consensus.engine == EngineKind::kTrustRaft;
  if (consensus.certificates == CertificateKind::kBls && !kernel)
    c.fail("consensus.certificates", "bls", std::string("list with engine ") + engine_name(consensus.engine));
  if (c.ok()) check_consensus(c, consensus);
  if (c.ok()) check_ledger(c, ledger);
  if (c.ok()) check_credit(c, credit);
  if (c.ok()) check_plausibility(c, plausibility);
  if (c.ok()) check_validators(c, *this);
  if (c.ok() && consensus.proximity) check_proximity(c, *this);
  if (c.ok()) check_participants(c, *this);
  if (!c.ok()) return c.status();
  if (market) {
    if (Status s = check_market(*this); !s.ok()) return s;
  }
  return private_points ? check_private(*this) : Status{};
}

}  // namespace tieline
