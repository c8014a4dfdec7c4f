#pragma once
// What `tieline init` makes: a folder NET with genesis.json, a folder a validator with its configuration and keys, and
// a key and a card a participant. Everything is made or nothing: after an error NET is as it was before.
//
//   NET/genesis.json
//   NET/participants/NAME.key, NAME.card.json (cli/participant_keys.h)
//   NET/validator-0/{config.toml, consensus.key, bls.key, tls.key, tls.crt, data/log/NEVER-VOTED}
//
// Errors: usage (bad participants, settings or numbers), engine_unavailable, folder_not_empty, genesis_invalid, and
// those of files and keys.

#include <filesystem>
#include <string>
#include <vector>

#include "cli/network_access.h"
#include "model/genesis.h"

namespace tieline::cli {

inline constexpr uint16_t kHttpPortsAbove = 100;  // a validator's HTTP is at its links' port and this many
inline constexpr size_t kParticipantsBytesMax = 64 * 1024 * 1024;
inline constexpr size_t kProximityBytesMax = 64 * 1024;  // 256 positions and spaces
inline constexpr size_t kPrivateFileMax = 512 * 1024;    // 1,024 sets and distributors

// What `init` chooses where nobody says (docs/performance.md, "Certificates"): below it making and checking a list
// takes less time, from it on an aggregate does.
inline constexpr size_t kAggregatesFrom = 100;

struct NetworkPlan {
  std::filesystem::path net;
  size_t validators = 4;
  std::string engine = "cbft";
  std::string certificates;  // "list" or "bls"; empty: by the number of validators
  std::string host = "127.0.0.1";
  uint16_t port = 7400;
  std::filesystem::path participants;    // empty: the demo's
  std::filesystem::path proximity;       // the object consensus.proximity of genesis; empty: none
  std::filesystem::path private_points;  // the object private of genesis; empty: none
  std::vector<std::string> settings;     // "consensus.epoch_blocks=20"
};

// One word for every command that takes --engine. Errors: usage (no such engine), engine_unavailable.
Result<EngineKind> built_engine(const std::string& name);
Result<Genesis> make_network(const NetworkPlan& plan);

// An array of {"name", "role", "meters", ...}; ids and keys are not filled in, the market's keys (cli/make_market.h)
// left out.
Result<std::vector<GenesisParticipant>> parse_participants(const std::string& text, const std::string& source);
// "consensus.epoch_blocks=20" or "ledger.stale_s=0"; any key that genesis.json has there.
Result<Genesis> with_settings(const Genesis& genesis, const std::vector<std::string>& settings);

// The same genesis with the object in `file` as consensus.proximity (docs/formats/genesis.md).
Result<Genesis> with_proximity(const Genesis& genesis, const std::filesystem::path& file);
// And as private.
Result<Genesis> with_private_points(const Genesis& genesis, const std::filesystem::path& file);

}  // namespace tieline::cli
