// The configuration: every key wrong gives file, line, key, what was found and what is allowed; all of them at once.
#include "node/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "network_folder.h"

namespace tieline::node {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = "genesis = \"g.json\"\nname = \"validator-0\"\n";

std::vector<ConfigProblem> problems_of(const std::string& text) {
  std::vector<ConfigProblem> problems;
  parse_settings(text, "/net/validator-0/config.toml", problems);
  return problems;
}

struct Wrong {
  const char* text;  // after the two required keys, from line 3
  const char* key;
  const char* found;
  const char* allowed;  // a part of it
};
constexpr Wrong kWrong[] = {
    {"data = 7", "data", "7", "a path"},
    {"data = \"\"", "data", "''", "a path"},
    {"dota = \"x\"", "dota", "an unknown key", "one of data, genesis"},
    {"keys = 3", "keys", "3", "a table: [keys]"},
    {"keys.consensus = 1", "keys.consensus", "1", "a path"},
    {"keys.bls = true", "keys.bls", "true", "a path"},
    {"keys.tls = 1.5", "keys.tls", "1.5", "a path"},
    {"keys.certificate = []", "keys.certificate", "[]", "a path"},
    {"keys.consensu = \"x\"", "keys.consensu", "an unknown key", "bls, certificate, consensus, tls"},
    {"listen.links = 7400", "listen.links", "7400", "an address and port"},
    {"listen.links = \"127.0.0.1\"", "listen.links", "'127.0.0.1'", "an address and port"},
    {"listen.http = \"127.0.0.1:70000\"", "listen.http", "'127.0.0.1:70000'", "an address and port"},
    {"listen.port = 1", "listen.port", "an unknown key", "http, links"},
    {"log.level = \"loud\"", "log.level", "'loud'", "\"debug\", \"info\""},
    {"log.level = 3", "log.level", "3", "\"debug\", \"info\""},
    {"log.trace = \"yes\"", "log.trace", "'yes'", "true or false"},
    {"log.file = \"x\"", "log.file", "an unknown key", "level, trace"},
    {"store.block_cache_bytes = 1000", "store.block_cache_bytes", "1000", "from 1048576 to"},
    {"store.flush_bytes = \"64M\"", "store.flush_bytes", "'64M'", "a whole number from"},
    {"store.flush_interval_ms = 1", "store.flush_interval_ms", "1", "from 100 to 3600000"},
    {"store.free_bytes_min = 0", "store.free_bytes_min", "0", "from 16777216 to"},
    {"trace.file = 1", "trace.file", "1", "a path"},
    {"trace.bytes_max = 1", "trace.bytes_max", "1", "from 1048576 to"},
    {"trace.path = 1", "trace.path", "an unknown key", "bytes_max, file"},
    {"store.cache = 1", "store.cache", "an unknown key", "block_cache_bytes, flush_bytes"},
    {"limits.pool_transactions_max = 1", "limits.pool_transactions_max", "1", "from 1000 to"},
    {"limits.pool_bytes_max = 1", "limits.pool_bytes_max", "1", "a whole number from"},
    {"limits.pool_per_signer_max = 0", "limits.pool_per_signer_max", "0", "from 1 to"},
    {"limits.spread_batch_bytes = 1", "limits.spread_batch_bytes", "1", "from 1024 to"},
    {"limits.spread_wait_us = -1", "limits.spread_wait_us", "-1", "from 0 to"},
    {"limits.verify_batch_max = 5000", "limits.verify_batch_max", "5000", "from 1 to 4096"},
    {"limits.verify_batch_min = 0", "limits.verify_batch_min", "0", "from 1 to 4096"},
    {"limits.verify_batch_min = 600", "limits.verify_batch_min", "600", "at most verify_batch_max (512)"},
    {"limits.verify_wait_us = 2000000", "limits.verify_wait_us", "2000000", "from 0 to 1000000"},
    {"limits.snapshot_after_blocks = 0", "limits.snapshot_after_blocks", "0", "from 1 to"},
    {"limits.link_consensus_queue_bytes_max = 1", "limits.link_consensus_queue_bytes_max", "1", "a whole number"},
    {"limits.link_bulk_queue_bytes_max = 1", "limits.link_bulk_queue_bytes_max", "1", "a whole number"},
    {"limits.http_connections_max = 0", "limits.http_connections_max", "0", "from 1 to"},
    {"limits.http_body_bytes_max = 1.5", "limits.http_body_bytes_max", "1.5", "a whole number"},
    {"limits.pool_max = 1", "limits.pool_max", "an unknown key", "pool_bytes_max"},
    {"limits.verify_batch_max = 99999999999999999999", "", "", "TOML"},
    {"data = unquoted", "", "", "TOML"},
    {"data = \"x", "", "", "TOML"},
    {"data = \"a\"\ndata = \"b\"", "", "", "TOML"},
};

TEST(Config, EveryKeyWrongIsToldWithFileLineKeyFoundAndAllowed) {
  for (const Wrong& wrong : kWrong) {
    SCOPED_TRACE(wrong.text);
    const auto problems = problems_of(std::string(kGood) + wrong.text + "\n");
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].file, "/net/validator-0/config.toml");
    EXPECT_EQ(problems[0].key, wrong.key);
    EXPECT_THAT(problems[0].found, HasSubstr(wrong.found));
    EXPECT_THAT(problems[0].allowed, HasSubstr(wrong.allowed));
    const bool about_two_keys = problems[0].allowed.starts_with("at most verify_batch_max");
    if (!about_two_keys) {
      EXPECT_GE(problems[0].line, 3u);
    }
    EXPECT_THAT(problems[0].text(), HasSubstr("config.toml:"));
    EXPECT_THAT(problems[0].text(), HasSubstr("; allowed is "));
  }
}

TEST(Config, WhatIsRequiredIsMissed) {
  const auto problems = problems_of("");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].key, "genesis");
  EXPECT_EQ(problems[0].found, "nothing");
  EXPECT_EQ(problems[1].key, "name");
}

TEST(Config, AllProblemsAreToldAtOnce) {
  EXPECT_EQ(problems_of("name = 1\nx = 2\n[limits]\nverify_batch_max = 0\n[log]\nlevel = \"loud\"\n").size(), 5u);
}

TEST(Config, PathsAreRelativeToTheFileAndDefaultsHold) {
  std::vector<ConfigProblem> problems;
  const Settings s = parse_settings("genesis = \"../genesis.json\"\nname = \"v\"\nkeys.tls = \"/etc/tls.key\"\n",
                                    "/net/v/config.toml", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(s.genesis, "/net/genesis.json");
  EXPECT_EQ(s.data, "/net/v/data");
  EXPECT_EQ(s.consensus_key, "/net/v/consensus.key");
  EXPECT_EQ(s.tls_key, "/etc/tls.key");
  EXPECT_EQ(s.log_level, "info");
  EXPECT_EQ(s.store.flush_interval_ms, 5'000);
}

TEST(Config, WhatInitWritesIsGood) {
  EXPECT_TRUE(problems_of(default_config_text("validator-0")).empty());
  NetworkFolder net;
  const NodeConfig config = net.config(2);
  EXPECT_EQ(config.self, 2u);
  EXPECT_EQ(config.signer->public_key(), net.genesis().validators[2].key);
  EXPECT_EQ(config.settings.links_listen, net.genesis().validators[2].address);
}

std::string why_not(const NetworkFolder& net) {
  auto config = load_config(net.config_file(0));
  if (config.ok()) return "";
  EXPECT_EQ(config.error().code, "config_invalid");
  return config.error().why;
}

TEST(Config, KeyFilesThatOthersCanReadAreRefused) {
  NetworkFolder net;
  for (const char* name : {"consensus.key", "bls.key", "tls.key"}) {
    for (const mode_t mode : {0640u, 0604u, 0620u}) {
      ASSERT_EQ(::chmod((net.folder(0) / name).c_str(), mode), 0);
      const std::string why = why_not(net);
      EXPECT_THAT(why, HasSubstr(name)) << mode;
      EXPECT_THAT(why, HasSubstr("0600")) << mode;
    }
    ASSERT_EQ(::chmod((net.folder(0) / name).c_str(), 0600), 0);
  }
  EXPECT_EQ(why_not(net), "");
}

TEST(Config, KeysThatAreNotGenesisOwnAreRefused) {
  NetworkFolder net;
  for (const char* name : {"consensus.key", "bls.key"}) {
    const auto own = net.folder(0) / name;
    const auto kept = net.folder(0) / "kept";
    std::filesystem::rename(own, kept);
    std::filesystem::copy_file(net.folder(1) / name, own);
    EXPECT_THAT(why_not(net), HasSubstr("that genesis has for validator-0"));
    std::filesystem::rename(kept, own);
  }
  std::filesystem::copy_file(net.folder(1) / "tls.key", net.folder(0) / "tls.key",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(why_not(net), HasSubstr("keys.tls"));
  std::filesystem::copy_file(net.folder(1) / "tls.crt", net.folder(0) / "tls.crt",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(why_not(net), HasSubstr("that genesis pins for validator-0"));
}

TEST(Config, DamagedMissingAndMistakenKeyFilesAreTold) {
  NetworkFolder net;
  const auto key = net.folder(0) / "consensus.key";
  for (const char* content : {"", "ed25519", "ed25519 12", "bls 00", "ed25519 zz"}) {
    NetworkFolder::write(key, content);
    EXPECT_THAT(why_not(net), HasSubstr("64 hex digits")) << content;
  }
  std::filesystem::copy_file(net.folder(0) / "bls.key", key, std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(why_not(net), HasSubstr("is no ed25519 key"));
  std::filesystem::remove(key);
  EXPECT_THAT(why_not(net), HasSubstr("No such file"));
  std::filesystem::create_directory(key);
  EXPECT_THAT(why_not(net), HasSubstr("is not a file"));
}

TEST(Config, GenesisNameAndDataAreChecked) {
  NetworkFolder net;
  NetworkFolder::write(net.config_file(0),
                       "genesis = \"../genesis.json\"\nname = \"validator-9\"\ndata = \"consensus.key\"\n");
  const std::string why = why_not(net);
  EXPECT_THAT(why, HasSubstr("2 problems"));
  EXPECT_THAT(why,
              HasSubstr("name: found \"validator-9\"; allowed is a validator of genesis: validator-0, validator-1"));
  EXPECT_THAT(why, HasSubstr("which is not a folder"));
  NetworkFolder::write(net.config_file(0), "genesis = \"../absent.json\"\nname = \"validator-0\"\n");
  EXPECT_THAT(why_not(net), HasSubstr("absent.json"));
  NetworkFolder::write(net.root() / "absent.json", "{}");
  EXPECT_THAT(why_not(net), HasSubstr("a valid genesis file"));
}

TEST(KeyFile, WhatIsWrittenIsReadAndNothingIsOverwritten) {
  NetworkFolder net;
  const auto file = net.root() / "a.key";
  std::array<uint8_t, kKeySeedBytes> seed{};
  seed.fill(0x5a);
  ASSERT_TRUE(write_key_file(file, KeyKind::kEd25519, seed).ok());
  auto read = read_key_file(file, KeyKind::kEd25519);
  ASSERT_TRUE(read.ok()) << read.error().why;
  EXPECT_EQ(read->bytes, seed);
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(write_key_file(file, KeyKind::kEd25519, seed).error().code, "key_exists");
  EXPECT_EQ(read_key_file(file, KeyKind::kBls).error().code, "key_malformed");
}

}  // namespace
}  // namespace tieline::node
