#pragma once
// The configuration of one validator: one TOML file (docs/configuration.md), checked whole before anything starts.
// Every problem is found in one go and told with file, line, key, what was found and what is allowed. Relative paths
// are relative to the file. Unknown keys are problems: a misspelt limit must not silently be the default.
//
// Error of load_config: config_invalid; `why` has one line a problem.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "crypto/real_scheme.h"
#include "model/genesis.h"
#include "net/listen.h"
#include "net/peers.h"
#include "node/key_file.h"
#include "replica/replica.h"
#include "storage/rocks_store.h"

namespace tieline::node {

struct ConfigProblem {
  std::string file;
  unsigned line = 0;  // 0: nowhere in particular
  std::string key;    // "keys.consensus"
  std::string found;
  std::string allowed;
  std::string text() const;  // FILE:LINE: KEY: found FOUND; allowed is ALLOWED
};

// Of the clients' side, which api/ serves.
struct HttpSettings {
  std::string listen;
  size_t connections_max = 512;
  size_t body_bytes_max = 4 * 1024 * 1024;
  bool granted = false;  // records are shown to those who may read them, and that is logged
};

// What the file says.
struct Settings {
  std::filesystem::path genesis;
  std::string name;
  std::filesystem::path data;
  std::filesystem::path consensus_key, bls_key, tls_key, tls_certificate;
  std::string links_listen;  // empty: the address in genesis
  HttpSettings http;         // listen empty: the address in genesis
  std::string log_level = "info";
  replica::Limits limits;
  net::LinkLimits links;
  storage::StoreOptions store;
  bool record_trace = false;
  std::filesystem::path trace_file;  // what the engine is given and answers (docs/formats/trace.md); empty: none
  uint64_t trace_bytes_max = uint64_t{4} * 1024 * 1024 * 1024;
};

// What the validator runs with.
struct NodeConfig {
  Settings settings;
  Genesis genesis;
  ValidatorId self = 0;
  std::shared_ptr<const RealSigner> signer;
  net::TlsIdentity tls;
  std::filesystem::path log_folder() const { return settings.data / "log"; }
  std::filesystem::path access_log() const { return settings.data / "access.log"; }
  std::filesystem::path store_folder() const { return settings.data / "store"; }
};

// The text alone; `file` is for messages and relative paths. Problems are appended.
Settings parse_settings(std::string_view text, const std::filesystem::path& file, std::vector<ConfigProblem>& problems);

Result<NodeConfig> load_config(const std::filesystem::path& file);

// The file that `tieline init` writes for a validator.
std::string default_config_text(const std::string& validator_name);

}  // namespace tieline::node
