#pragma once
// Genesis: everything the parties agree on before the first block. Written as JSON (genesis.json,
// docs/formats/genesis.md), hashed in its canonical Borsh encoding: chain id = SHA-256(tag "tieline/genesis/1",
// encoding), with a market tag "tieline/genesis/2", with private points "tieline/genesis/3". Validated whole.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/certificate.h"
#include "model/committee.h"
#include "model/credit_params.h"
#include "model/genesis_market.h"
#include "model/genesis_private.h"
#include "model/ids.h"
#include "model/plausibility_params.h"
#include "model/proximity.h"

namespace tieline {

enum class EngineKind : uint8_t { kCbft = 1, kPbft = 2, kRaft = 3, kTrustRaft = 4 };
const char* engine_name(EngineKind kind);
std::optional<EngineKind> engine_from_name(std::string_view name);
const char* certificate_kind_name(CertificateKind kind);  // "list" or "bls"
enum class LeaderPolicy : uint8_t { kRotate = 1, kStrict = 2, kRoundRobin = 3 };

// Defaults: docs/consensus.md. Every field is part of the chain id.
struct ConsensusParams {
  EngineKind engine = EngineKind::kCbft;
  LeaderPolicy policy = LeaderPolicy::kRotate;
  bool fast_path = true;  // cbft only
  CertificateKind certificates = CertificateKind::kList;
  uint32_t timeout_ms = 500;         // T0
  uint32_t passed_over_factor = 16;  // a leader may pass one transaction over for this many T0
  uint32_t tenure_ms = 20'000;       // block time
  uint32_t tenure_slots = 20'000;
  uint32_t epoch_blocks = 100;       // an epoch has at least this many blocks
  uint32_t epoch_ms = 60'000;        // and at least this much block time
  uint32_t checkpoint_blocks = 128;  // K
  uint32_t drift_ms = 5'000;
  uint32_t block_tx_max = 4'096;  // MaxMessages
  uint32_t block_bytes_max = 4 * 1024 * 1024;
  uint32_t block_wait_ms = 5;     // MaxTime
  uint32_t eligibility = 19'661;  // 0.3 in Q16: least credit to be drawn as leader (rotate)
  uint32_t jail_epochs = 8;
  std::optional<ProximityParams> proximity{};  // trust_raft only; none: nobody knows where anybody stands
  FaultModel fault_model() const;              // of every committee of the chain
  CommitRule commit_rule() const;              // what proves a block committed
  bool operator==(const ConsensusParams&) const = default;
};
void encode(Writer& w, const ConsensusParams& p);
void decode(Reader& r, ConsensusParams& p);

inline constexpr uint32_t kGenesisSequenceWindowMax = 1'024;  // what the ledger keeps of a signer

struct LedgerParams {
  uint32_t sequence_window = 1'024;
  uint32_t timestamp_slack_ms = 600'000;  // timestamp >= the signer's highest - this
  uint32_t future_ms = 600'000;           // timestamp <= block time + this
  uint32_t stale_s = 0;                   // a reading older than this is refused; 0: history may be imported
  uint32_t capacity_tolerance_ppm = 20'000;
  bool operator==(const LedgerParams&) const = default;
};

enum class Role : uint8_t { kPlant = 1, kGrid = 2, kDistributor = 3, kUser = 4, kRegulator = 5, kNeutral = 6 };
const char* role_name(Role role);
std::optional<Role> role_from_name(std::string_view name);

inline constexpr uint64_t kWattsMax = 1'000'000'000'000;  // 1 TW
inline constexpr uint64_t kCostMax = 1'000'000'000'000;   // a million of the currency per MWh

struct GenesisParticipant {
  ParticipantId id = 0;  // 1.. in the order of the file
  std::string name;      // unique, [a-z0-9][a-z0-9._-]{0,62}
  Role role = Role::kUser;
  PublicKey key;
  uint64_t capacity_w = 0;    // plant, grid, distributor; 0: no limit registered
  uint64_t contracted_w = 0;  // user
  uint32_t loss_ppm = 0;
  uint64_t cost_lo = 0, cost_hi = 0;  // plant: the band of its generation cost, micro-currency per MWh; 0, 0: none
  std::vector<std::string> meters;    // names; MeterIds are given 1.. over all participants in order
  bool operator==(const GenesisParticipant&) const = default;
};

struct GenesisValidator {
  ValidatorId id = 0;  // 0.. in order
  std::string name;    // "validator-0"
  OrgId org = 0;
  PublicKey key;        // Ed25519: consensus signatures
  Bytes bls_key;        // 96 bytes, with proof of possession
  Bytes bls_proof;      // 48 bytes
  Hash tls_pin;         // SHA-256 of the TLS certificate's SubjectPublicKeyInfo
  std::string address;  // "127.0.0.1:7400": links between validators
  std::string http;     // "127.0.0.1:7500": clients (HTTP and binary stream)
  bool operator==(const GenesisValidator&) const = default;
};

struct Genesis {
  std::string network;  // a name for people
  int64_t time_ms = 0;  // block time of genesis
  ConsensusParams consensus;
  LedgerParams ledger;
  CreditParams credit;
  PlausibilityParams plausibility;
  std::vector<GenesisValidator> validators;
  std::vector<GenesisParticipant> participants;
  std::optional<MarketGenesis> market;           // none: the network records readings only
  std::optional<PrivateGenesis> private_points;  // none: no metering points of class P
  bool operator==(const Genesis&) const = default;

  ChainId chain_id() const;
  Quorum quorum() const { return {validators.size(), consensus.fault_model()}; }
  Committee committee() const { return committee(chain_id()); }  // of epoch 0; its last header names that of epoch 1
  Committee committee(const ChainId& chain) const;               // for who has the chain id at hand
  // Errors: genesis_invalid, with the path of the field, what was found and what is allowed; bad_possession, with the
  // validator's name, for a BLS key whose holder does not prove that it knows the secret (a rogue key).
  Status validate() const;
};
void encode(Writer& w, const Genesis& g);

// JSON is handled in model/genesis_json.cc: every key but "market", "private" and "consensus.proximity" is required,
// unknown and repeated keys are errors, and what comes back is valid. Ids are not written: they are the positions in
// the lists. Error: genesis_invalid.
std::string genesis_to_json(const Genesis& g);
Result<Genesis> genesis_from_json(std::string_view text);

}  // namespace tieline
