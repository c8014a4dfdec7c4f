#pragma once
// A network of validators in a temporary folder, as `tieline init` would leave it, on free loopback ports.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../free_port.h"
#include "../temporary_folder.h"
#include "crypto/bls.h"
#include "node/config.h"
#include "node/key_file.h"
#include "node/workers.h"
#include "storage/vote_log.h"

namespace tieline::node {

class NetworkFolder {
 public:
  explicit NetworkFolder(size_t validators = 4) {
    genesis_.network = "test";
    genesis_.time_ms = wall_ms();
    genesis_.consensus.epoch_blocks = 20;
    genesis_.consensus.epoch_ms = 0;
    for (size_t i = 0; i < validators; ++i) add_validator(i);
    ed25519::Seed seed{};
    seed.fill(7);
    participant_ = std::make_unique<Ed25519Signer>(ed25519::SecretKey::from_seed(seed));
    GenesisParticipant& p = genesis_.participants.emplace_back();
    p.id = 1;
    p.name = "plant";
    p.role = Role::kPlant;
    p.key = participant_->public_key();
    p.meters = {"meter"};
    write_genesis();
  }
  NetworkFolder(const NetworkFolder&) = delete;
  NetworkFolder& operator=(const NetworkFolder&) = delete;

  Genesis& genesis() { return genesis_; }
  void write_genesis() { write(root() / "genesis.json", genesis_to_json(genesis_)); }
  std::filesystem::path root() const { return folder_.path(); }
  std::filesystem::path folder(size_t i) const { return root() / ("validator-" + std::to_string(i)); }
  std::filesystem::path config_file(size_t i) const { return folder(i) / "config.toml"; }
  const Signer& participant() const { return *participant_; }

  NodeConfig config(size_t i) const {
    auto config = load_config(config_file(i));
    EXPECT_TRUE(config.ok()) << config.error().why;
    return std::move(*config);
  }
  static void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }

 private:
  void add_validator(size_t i) {
    GenesisValidator& v = genesis_.validators.emplace_back();
    v.id = static_cast<ValidatorId>(i);
    v.org = static_cast<OrgId>(i);
    v.name = "validator-" + std::to_string(i);
    const auto at = folder(i);
    std::filesystem::create_directories(at);
    ed25519::Seed seed{};
    v.key = ed25519::SecretKey::generate(seed).public_key();
    EXPECT_TRUE(write_key_file(at / "consensus.key", KeyKind::kEd25519, seed).ok());
    bls::Seed bls_seed{};
    const bls::SecretKey bls_key = bls::SecretKey::generate(bls_seed);
    EXPECT_TRUE(write_key_file(at / "bls.key", KeyKind::kBls, bls_seed).ok());
    const bls::PublicKey bls_public = bls_key.public_key();
    const bls::Possession proof = bls_key.prove_possession();
    v.bls_key.assign(bls_public.bytes.begin(), bls_public.bytes.end());
    v.bls_proof.assign(proof.bytes.begin(), proof.bytes.end());
    const int64_t now_s = wall_ms() / 1000;
    auto identity = net::make_identity(v.name, now_s - 86'400, now_s + 86'400);
    EXPECT_TRUE(identity.ok());
    EXPECT_TRUE(net::save_identity(*identity, (at / "tls.crt").string(), (at / "tls.key").string()).ok());
    v.tls_pin = *net::certificate_pin(identity->certificate);
    v.address = "127.0.0.1:" + std::to_string(testing::free_port());
    v.http = "127.0.0.1:" + std::to_string(testing::free_port());
    write(at / "config.toml", default_config_text(v.name));
    EXPECT_TRUE(storage::VoteLog::mark_never_voted(at / "data" / "log").ok());
  }

 private:
  TemporaryFolder folder_;
  Genesis genesis_;
  std::unique_ptr<Ed25519Signer> participant_;
};

}  // namespace tieline::node
