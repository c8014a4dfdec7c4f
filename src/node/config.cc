#include "node/config.h"

#include <algorithm>

#include "consensus/engine.h"
#include "storage/files.h"

namespace tieline::node {
namespace {

// Checks what the file points to. Each check adds its own problem, so that one run shows them all.
class Loader {
 public:
  Loader(std::string file, Settings settings, std::vector<ConfigProblem>& problems)
      : file_(std::move(file)), problems_(problems) {
    config_.settings = std::move(settings);
  }

  NodeConfig run() {
    load_genesis();
    load_keys();
    load_tls();
    check_data();
    return std::move(config_);
  }

 private:
  void problem(const char* key, std::string found, std::string allowed) {
    problems_.push_back({file_, 0, key, std::move(found), std::move(allowed)});
  }

  void load_genesis() {
    const Settings& settings = config_.settings;
    if (settings.genesis.empty()) return;  // told already
    auto text = storage::read_whole(settings.genesis);
    if (!text) return problem("genesis", text.error().why, "a readable genesis file");
    auto genesis = genesis_from_json({reinterpret_cast<const char*>(text->data()), text->size()});
    if (!genesis)
      return problem("genesis", settings.genesis.string() + ": " + genesis.error().why, "a valid genesis file");
    if (!consensus::engine_is_built(genesis->consensus.engine))
      return problem("genesis", std::string("engine ") + engine_name(genesis->consensus.engine),
                     consensus::built_engines() + ": other engines are not built into this version");
    config_.genesis = std::move(*genesis);
    if (settings.name.empty()) return;
    std::string names;
    for (const GenesisValidator& validator : config_.genesis.validators) {
      names += (names.empty() ? "" : ", ") + validator.name;
      if (validator.name != settings.name) continue;
      self_ = &validator;
      config_.self = validator.id;
    }
    if (self_ == nullptr) return problem("name", "\"" + settings.name + "\"", "a validator of genesis: " + names);
    if (config_.settings.links_listen.empty()) config_.settings.links_listen = self_->address;
    if (config_.settings.http.listen.empty()) config_.settings.http.listen = self_->http;
  }

  void load_keys() {
    auto seed = read_key_file(config_.settings.consensus_key, KeyKind::kEd25519);
    if (!seed) problem("keys.consensus", seed.error().why, "a private ed25519 key file");
    auto bls_seed = read_key_file(config_.settings.bls_key, KeyKind::kBls);
    if (!bls_seed) problem("keys.bls", bls_seed.error().why, "a private bls key file");
    if (seed && self_ != nullptr) {
      const PublicKey key = ed25519::SecretKey::from_seed(seed->bytes).public_key();
      if (key != self_->key)
        problem("keys.consensus", "the key " + to_hex(key),
                "the key that genesis has for " + self_->name + ": " + to_hex(self_->key));
    }
    if (bls_seed && self_ != nullptr) {
      const bls::PublicKey key = bls::SecretKey::from_seed(bls_seed->bytes).public_key();
      if (!std::equal(key.bytes.begin(), key.bytes.end(), self_->bls_key.begin(), self_->bls_key.end()))
        problem("keys.bls", "the key " + to_hex(key),
                "the bls key that genesis has for " + self_->name + ": " + to_hex(self_->bls_key));
    }
    if (!seed || !bls_seed) return;
    config_.signer = std::make_shared<RealSigner>(ed25519::SecretKey::from_seed(seed->bytes),
                                                  bls::SecretKey::from_seed(bls_seed->bytes));
  }

  void load_tls() {
    auto identity = net::load_identity(config_.settings.tls_certificate.string(), config_.settings.tls_key.string());
    if (!identity) {
      const bool certificate = identity.error().code == "tls_bad_certificate";
      return problem(certificate ? "keys.certificate" : "keys.tls", identity.error().why,
                     "a private key (0600) and the certificate over it, PEM");
    }
    config_.tls = std::move(*identity);
    auto pin = net::certificate_pin(config_.tls.certificate);
    if (!pin) return problem("keys.certificate", pin.error().why, "a certificate, PEM");
    if (self_ != nullptr && *pin != self_->tls_pin)
      problem("keys.certificate", "a certificate with pin " + to_hex(*pin),
              "the one that genesis pins for " + self_->name + ": " + to_hex(self_->tls_pin));
  }

  void check_data() {
    std::error_code ignored;
    const auto& data = config_.settings.data;
    if (std::filesystem::exists(data, ignored) && !std::filesystem::is_directory(data, ignored))
      problem("data", data.string() + ", which is not a folder", "a folder, or a path where one can be made");
  }

  std::string file_;
  std::vector<ConfigProblem>& problems_;
  NodeConfig config_;
  const GenesisValidator* self_ = nullptr;
};

}  // namespace

Result<NodeConfig> load_config(const std::filesystem::path& file) {
  auto text = storage::read_whole(file);
  if (!text) return Error{"config_invalid", text.error().why};
  std::vector<ConfigProblem> problems;
  Settings settings = parse_settings({reinterpret_cast<const char*>(text->data()), text->size()}, file, problems);
  NodeConfig config;
  // Without TOML there is nothing to follow, and every key would only be missing.
  if (!settings.consensus_key.empty()) config = Loader(file.string(), std::move(settings), problems).run();
  if (problems.empty()) return config;
  std::string why = std::to_string(problems.size()) + (problems.size() == 1 ? " problem" : " problems");
  for (const ConfigProblem& problem : problems) why += "\n  " + problem.text();
  return Error{"config_invalid", why};
}

}  // namespace tieline::node
