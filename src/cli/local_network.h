#pragma once
// A network of real validator processes on this machine, for bench and chaos: made by `tieline init` in a folder of its
// own, run by `tieline node`, everything as in production (TLS, fsync). Start and restart it from one thread that lives
// as long as it does: a child ends with the thread that started it.
//
// Errors: spawn_failed, no_port, not_ready, those of genesis and keys.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/client.h"
#include "cli/child_process.h"
#include "cli/network_access.h"

namespace tieline::cli {

struct LocalNetworkOptions {
  size_t validators = 4;
  std::string engine = "cbft";
  std::filesystem::path folder;  // made here; removed at the end unless `keep`
  bool keep = false;
  std::string participants = {};      // for `init`, JSON; empty: `signers` of them
  size_t signers = 64;                // participants of role plant, each with one meter
  std::vector<std::string> settings;  // genesis parameters for init, "consensus.timeout_ms=500"
};

inline constexpr size_t kValidatorPorts = 100;  // init gives HTTP the ports from base + 100 on
inline constexpr int64_t kReadyMs = 60'000;

class LocalNetwork {
 public:
  static Result<std::unique_ptr<LocalNetwork>> make(LocalNetworkOptions options);
  ~LocalNetwork();  // ends every process, removes the folder

  Status start_all();
  Status start(size_t i);
  Status wait_ready(size_t i, int64_t timeout_ms = kReadyMs);
  void stop_all();  // SIGTERM, then SIGKILL

  size_t size() const { return children_.size(); }
  ChildProcess& child(size_t i) { return *children_[i]; }
  bool running(size_t i) { return children_[i] && children_[i]->running(); }
  std::filesystem::path folder(size_t i) const;  // NET/validator-i
  std::filesystem::path log(size_t i) const;
  const std::filesystem::path& root() const { return options_.folder; }
  const Genesis& genesis() const { return genesis_; }
  Result<std::vector<Identity>> signers() const;
  // A validator's HTTP, opened when first needed.
  Result<Json> get(size_t i, const std::string& target, int64_t timeout_ms = 2'000);

 private:
  explicit LocalNetwork(LocalNetworkOptions options) : options_(std::move(options)) {}
  Status init();

  LocalNetworkOptions options_;
  Genesis genesis_;
  std::vector<std::unique_ptr<ChildProcess>> children_;
  std::vector<std::unique_ptr<api::Client>> clients_;
};

// The participants that LocalNetworkOptions::signers asks for.
Json signers_json(size_t signers);
// A folder for one run: under TIELINE_TMP or the system's folder for temporary files, with our process id in its name.
std::filesystem::path temporary_folder(const std::string& what);
// The first of `count` ports, and as many kValidatorPorts above, that are all free on loopback now.
Result<uint16_t> free_port_base(size_t count);

}  // namespace tieline::cli
