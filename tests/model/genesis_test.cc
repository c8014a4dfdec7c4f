#include "model/genesis.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fixtures.h"
#include "model/block.h"

namespace tieline {
namespace {

using Json = nlohmann::ordered_json;
using testing::genesis_of;

std::string why(const Genesis& g) {
  Status s = g.validate();
  if (s.ok()) return "ok";
  EXPECT_EQ(s.error().code, "genesis_invalid");
  return s.error().why;
}

std::string why(const std::string& json) {
  auto g = genesis_from_json(json);
  if (g.ok()) return "ok";
  EXPECT_EQ(g.error().code, "genesis_invalid");
  return g.error().why;
}
std::string why(const Json& json) { return why(json.dump()); }

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

// Each error starts with the path of the field and says what is allowed.
void expect_names(const std::string& error, const std::string& path) {
  EXPECT_TRUE(starts_with(error, path + " is ")) << "expected " << path << ", got: " << error;
  EXPECT_NE(error.find("allowed: "), std::string::npos) << error;
}

TEST(Genesis, ComesBackFromJsonAsItWas) {
  const Genesis g = genesis_of();
  ASSERT_EQ(why(g), "ok");
  auto back = genesis_from_json(genesis_to_json(g));
  ASSERT_TRUE(back.ok()) << back.error().why;
  EXPECT_EQ(*back, g);
  EXPECT_EQ(back->chain_id(), g.chain_id());
  EXPECT_EQ(genesis_to_json(*back), genesis_to_json(g));
}

Genesis genesis_with_positions() {
  Genesis g = genesis_of();
  g.consensus.engine = EngineKind::kTrustRaft;
  ProximityParams& p = g.consensus.proximity.emplace();
  p.relay = true;
  p.region_m2 = 1'000'000;
  for (size_t i = 0; i < g.validators.size(); ++i) p.positions.push_back({static_cast<uint32_t>(i), 7});
  return g;
}

TEST(Genesis, PositionsComeBackFromJsonAndBytesAndAreAPartOfTheChainId) {
  const Genesis g = genesis_with_positions();
  ASSERT_EQ(why(g), "ok");
  auto back = genesis_from_json(genesis_to_json(g));
  ASSERT_TRUE(back.ok()) << back.error().why;
  EXPECT_EQ(*back, g);
  const auto params = decoded<ConsensusParams>(encoded(g.consensus), "params");
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(*params, g.consensus);
  Genesis without = g;
  without.consensus.proximity.reset();
  Genesis moved = g;
  moved.consensus.proximity->positions[1].y += 1;
  EXPECT_NE(without.chain_id(), g.chain_id());
  EXPECT_NE(moved.chain_id(), g.chain_id());
}

TEST(Genesis, BadPositionsAreNamed) {
  Genesis g = genesis_with_positions();
  g.consensus.engine = EngineKind::kCbft;
  expect_names(why(g), "consensus.proximity");
  g = genesis_with_positions();
  g.consensus.proximity->positions.pop_back();
  expect_names(why(g), "consensus.proximity.positions");
  g = genesis_with_positions();
  g.consensus.proximity->positions[2].y = kPositionMax + 1;
  expect_names(why(g), "consensus.proximity.positions[2][1]");
  g = genesis_with_positions();
  g.consensus.proximity->region_m2 = 0;
  expect_names(why(g), "consensus.proximity.region_m2");
  g = genesis_with_positions();
  g.consensus.proximity->lease_ms = kLeaseMsMin - 1;
  expect_names(why(g), "consensus.proximity.lease_ms");
  Json json = Json::parse(genesis_to_json(genesis_with_positions()));
  json["consensus"]["proximity"]["positions"][0] = {1, 2, 3};
  expect_names(why(json), "consensus.proximity.positions[0]");
  json = Json::parse(genesis_to_json(genesis_with_positions()));
  json["consensus"]["proximity"]["radius"] = 1;
  expect_names(why(json), "consensus.proximity.radius");
}

TEST(Genesis, ChainIdDoesNotDependOnHowTheFileIsWritten) {
  const Genesis g = genesis_of();
  const Json json = Json::parse(genesis_to_json(g));
  auto compact = genesis_from_json(json.dump());
  ASSERT_TRUE(compact.ok());
  EXPECT_EQ(compact->chain_id(), g.chain_id());
  auto sorted = genesis_from_json(nlohmann::json::parse(genesis_to_json(g)).dump(4));
  ASSERT_TRUE(sorted.ok());
  EXPECT_EQ(sorted->chain_id(), g.chain_id());
}

// Walks every value of the file. `path` is what an error must name.
template <class Visit>
void each_value(Json& value, const std::string& path, Visit visit) {
  if (value.is_object()) {
    std::vector<std::string> keys;
    for (const auto& item : value.items()) keys.push_back(item.key());
    for (const std::string& key : keys) {
      each_value(value[key], path.empty() ? key : path + "." + key, visit);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) each_value(value[i], path + "[" + std::to_string(i) + "]", visit);
  } else {
    visit(value, path);
  }
}

template <class Visit>
void each_object(Json& value, const std::string& path, Visit visit) {
  if (value.is_object()) {
    visit(value, path);
    for (const auto& item : value.items()) {
      each_object(item.value(), path.empty() ? item.key() : path + "." + item.key(), visit);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) each_object(value[i], path + "[" + std::to_string(i) + "]", visit);
  }
}

TEST(Genesis, EveryValueThatIsSomethingElseIsNamed) {
  Json json = Json::parse(genesis_to_json(genesis_of()));
  size_t values = 0;
  each_value(json, "", [&](Json& value, const std::string& path) {
    const Json original = value;
    for (const Json& wrong : {Json(nullptr), Json(-1), Json(1.5), Json(Json::array({Json::array()})), Json::object(),
                              original.is_string() ? Json(true) : Json("\x01 no such value")}) {
      value = wrong;
      expect_names(why(json), path);
    }
    value = original;
    ++values;
  });
  EXPECT_GT(values, 60u);
  EXPECT_EQ(why(json), "ok");
}

TEST(Genesis, EveryMissingAndEveryUnknownKeyIsNamed) {
  Json json = Json::parse(genesis_to_json(genesis_of()));
  size_t keys = 0;
  Json whole = json;
  each_object(json, "", [&](Json& object, const std::string& path) {
    const std::string at = path.empty() ? "" : path + ".";
    const Json original = object;
    for (const auto& item : original.items()) {
      object = original;
      object.erase(item.key());
      expect_names(why(json), at + item.key());
      ++keys;
    }
    object = original;
    object["surprise"] = 1;
    expect_names(why(json), at + "surprise");
    object = original;
  });
  EXPECT_GT(keys, 60u);
  EXPECT_EQ(json, whole);
}

TEST(Genesis, AKeyThatIsThereTwiceIsNamed) {
  std::string json = genesis_to_json(genesis_of());
  const std::string key = "\"timeout_ms\": 500,";
  const size_t at = json.find(key);
  ASSERT_NE(at, std::string::npos);
  json.insert(at, "\"timeout_ms\": 600, ");
  expect_names(why(json), "timeout_ms");
}

TEST(Genesis, WhatIsNoJsonOrNoObjectSaysSo) {
  EXPECT_TRUE(starts_with(why(std::string("{\"network\": ")), "the file is no JSON"));
  EXPECT_TRUE(starts_with(why(std::string()), "the file is no JSON"));
  expect_names(why(std::string("[]")), "the file");
  EXPECT_TRUE(starts_with(why(genesis_to_json(genesis_of()) + "x"), "the file is no JSON"));
  EXPECT_TRUE(starts_with(why(std::string("{\"network\": \"\xff\xfe\"}")), "the file is no JSON"));
}

TEST(Genesis, KeysInUpperCaseAreRefused) {
  Json json = Json::parse(genesis_to_json(genesis_of()));
  std::string key = json["validators"][0]["key"];
  for (char& c : key) c = static_cast<char>(std::toupper(c));
  json["validators"][0]["key"] = key;
  expect_names(why(json), "validators[0].key");
}

struct OutOfRange {
  const char* path;
  void (*spoil)(Genesis&);
};

TEST(Genesis, EveryNumberOutOfItsRangeIsNamed) {
  const OutOfRange cases[] = {
      {"network", [](Genesis& g) { g.network = ""; }},
      {"network", [](Genesis& g) { g.network = "Test Net"; }},
      {"network", [](Genesis& g) { g.network = std::string(64, 'a'); }},
      {"network", [](Genesis& g) { g.network = "-net"; }},
      {"time_ms", [](Genesis& g) { g.time_ms = -1; }},
      {"consensus.engine", [](Genesis& g) { g.consensus.engine = static_cast<EngineKind>(5); }},
      {"consensus.policy", [](Genesis& g) { g.consensus.policy = static_cast<LeaderPolicy>(0); }},
      {"consensus.timeout_ms", [](Genesis& g) { g.consensus.timeout_ms = 0; }},
      {"consensus.passed_over_factor", [](Genesis& g) { g.consensus.passed_over_factor = 0; }},
      {"consensus.tenure_ms", [](Genesis& g) { g.consensus.tenure_ms = 0; }},
      {"consensus.tenure_slots", [](Genesis& g) { g.consensus.tenure_slots = 0; }},
      {"consensus.epoch_blocks", [](Genesis& g) { g.consensus.epoch_blocks = 0; }},
      {"consensus.epoch_ms", [](Genesis& g) { g.consensus.epoch_ms = UINT32_MAX; }},
      {"consensus.checkpoint_blocks", [](Genesis& g) { g.consensus.checkpoint_blocks = 0; }},
      {"consensus.drift_ms", [](Genesis& g) { g.consensus.drift_ms = 0; }},
      {"consensus.block_tx_max", [](Genesis& g) { g.consensus.block_tx_max = 0; }},
      {"consensus.block_tx_max", [](Genesis& g) { g.consensus.block_tx_max = kBlockTxMax + 1; }},
      {"consensus.block_bytes_max", [](Genesis& g) { g.consensus.block_bytes_max = kTxBytesMax - 1; }},
      {"consensus.block_bytes_max", [](Genesis& g) { g.consensus.block_bytes_max = kBlockBytesMax + 1; }},
      {"consensus.block_wait_ms", [](Genesis& g) { g.consensus.block_wait_ms = UINT32_MAX; }},
      {"consensus.eligibility", [](Genesis& g) { g.consensus.eligibility = kCreditOne; }},
      {"consensus.jail_epochs", [](Genesis& g) { g.consensus.jail_epochs = UINT32_MAX; }},
      {"ledger.sequence_window", [](Genesis& g) { g.ledger.sequence_window = 0; }},
      {"ledger.sequence_window", [](Genesis& g) { g.ledger.sequence_window = kGenesisSequenceWindowMax + 1; }},
      {"ledger.timestamp_slack_ms", [](Genesis& g) { g.ledger.timestamp_slack_ms = UINT32_MAX; }},
      {"ledger.future_ms", [](Genesis& g) { g.ledger.future_ms = UINT32_MAX; }},
      {"ledger.capacity_tolerance_ppm", [](Genesis& g) { g.ledger.capacity_tolerance_ppm = 1'000'001; }},
      {"credit.model", [](Genesis& g) { g.credit.model = static_cast<CreditModel>(4); }},
      {"credit.keep", [](Genesis& g) { g.credit.keep = kCreditOne + 1; }},
      {"credit.keep_rising", [](Genesis& g) { g.credit.keep_rising = g.credit.keep - 1; }},
      {"credit.probation_epochs", [](Genesis& g) { g.credit.probation_epochs = UINT32_MAX; }},
      {"credit.proof_epochs", [](Genesis& g) { g.credit.proof_epochs = UINT32_MAX; }},
      {"credit.age_blocks", [](Genesis& g) { g.credit.age_blocks = 0; }},
      {"credit.spells", [](Genesis& g) { g.credit.spells.resize(1); }},
      {"credit.spells", [](Genesis& g) { g.credit.spells[1].to = kCreditOne + 1; }},
      {"credit.interval_ms", [](Genesis& g) { g.credit.interval_ms[2].from = g.credit.interval_ms[1].from; }},
      {"credit.weights", [](Genesis& g) { g.credit.weights.values.pop_back(); }},
      {"credit.weights", [](Genesis& g) { g.credit.weights.hidden = 0; }},
      {"validators[1].id", [](Genesis& g) { g.validators[1].id = 7; }},
      {"validators[1].name", [](Genesis& g) { g.validators[1].name = "Validator"; }},
      {"validators[1].name", [](Genesis& g) { g.validators[1].name = g.validators[0].name; }},
      {"validators[1].key", [](Genesis& g) { g.validators[1].key = g.validators[0].key; }},
      {"validators[1].key", [](Genesis& g) { g.validators[1].key = PublicKey(); }},
      {"validators[1].bls_key", [](Genesis& g) { g.validators[1].bls_key.pop_back(); }},
      {"validators[1].bls_key", [](Genesis& g) { g.validators[1].bls_key[50] ^= 1; }},
      {"validators[1].bls_key",
       [](Genesis& g) { g.validators[1].bls_key.assign(96, 0), g.validators[1].bls_key[0] = 0xc0; }},
      {"validators[1].bls_proof", [](Genesis& g) { g.validators[1].bls_proof.push_back(0); }},
      {"consensus.certificates",
       [](Genesis& g) {
         g.consensus.engine = EngineKind::kPbft;
         g.consensus.certificates = CertificateKind::kBls;
       }},
      {"validators[1].bls_key",
       [](Genesis& g) {
         g.validators[1].bls_key = g.validators[0].bls_key;
         g.validators[1].bls_proof = g.validators[0].bls_proof;
       }},
      {"validators[1].tls_pin", [](Genesis& g) { g.validators[1].tls_pin = Hash(); }},
      {"validators[1].tls_pin", [](Genesis& g) { g.validators[1].tls_pin = g.validators[0].tls_pin; }},
      {"validators[1].address", [](Genesis& g) { g.validators[1].address = "127.0.0.1"; }},
      {"validators[1].address", [](Genesis& g) { g.validators[1].address = "127.0.0.1:70000"; }},
      {"validators[1].address", [](Genesis& g) { g.validators[1].address = "127.0.0.1:0"; }},
      {"validators[1].address", [](Genesis& g) { g.validators[1].address = ":7400"; }},
      {"validators[1].address", [](Genesis& g) { g.validators[1].address = g.validators[0].address; }},
      {"validators[1].http", [](Genesis& g) { g.validators[1].http = "http://localhost:7500"; }},
      {"validators[1].http", [](Genesis& g) { g.validators[1].http = g.validators[0].address; }},
      {"validators", [](Genesis& g) { g.validators[1].org = g.validators[0].org; }},
      {"validators", [](Genesis& g) { g.validators.pop_back(); }},
      {"validators", [](Genesis& g) { g.validators.resize(kCommitteeMax + 1); }},
      {"participants[1].id", [](Genesis& g) { g.participants[1].id = 1; }},
      {"participants[1].name", [](Genesis& g) { g.participants[1].name = "a b"; }},
      {"participants[1].name", [](Genesis& g) { g.participants[1].name = g.participants[0].name; }},
      {"participants[1].role", [](Genesis& g) { g.participants[1].role = static_cast<Role>(9); }},
      {"participants[1].key", [](Genesis& g) { g.participants[1].key = g.participants[0].key; }},
      {"participants[1].key", [](Genesis& g) { g.participants[1].key = g.validators[2].key; }},
      {"participants[1].capacity_w", [](Genesis& g) { g.participants[1].capacity_w = UINT64_MAX; }},
      {"participants[1].contracted_w", [](Genesis& g) { g.participants[1].contracted_w = UINT64_MAX; }},
      {"participants[1].loss_ppm", [](Genesis& g) { g.participants[1].loss_ppm = 1'000'000; }},
      {"participants[1].cost_hi", [](Genesis& g) { g.participants[1].cost_hi = UINT64_MAX; }},
      {"participants[1].cost_lo", [](Genesis& g) { g.participants[1].cost_lo = 1; }},
      {"plausibility.ramp_user_ppm", [](Genesis& g) { g.plausibility.ramp_user_ppm = 1'000'001; }},
      {"plausibility.history_days", [](Genesis& g) { g.plausibility.history_days = 0; }},
      {"plausibility.history_window_slots", [](Genesis& g) { g.plausibility.history_window_slots = 48; }},
      {"plausibility.history_forget", [](Genesis& g) { g.plausibility.history_forget = 0; }},
      {"participants[1].meters[0]", [](Genesis& g) { g.participants[1].meters[0] = ""; }},
      {"participants[1].meters[0]", [](Genesis& g) { g.participants[1].meters[0] = "a,b"; }},
      {"participants[1].meters[0]", [](Genesis& g) { g.participants[1].meters[0] = g.participants[0].meters[1]; }},
  };
  for (const OutOfRange& c : cases) {
    Genesis g = genesis_of();
    c.spoil(g);
    expect_names(why(g), c.path);
  }
}

TEST(Genesis, TheHashOfTheWeightsMustBeTheirs) {
  Json json = Json::parse(genesis_to_json(genesis_of()));
  json["credit"]["weights_hash"] = std::string(64, '0');
  expect_names(why(json), "credit.weights_hash");
}

TEST(Genesis, AnOrganisationMayHoldLessThanAThirdOfTheSeats) {
  Genesis g = genesis_of(7);
  g.validators[1].org = g.validators[0].org;
  EXPECT_EQ(why(g), "ok") << "two of seven";
  g.validators[2].org = g.validators[0].org;
  expect_names(why(g), "validators");
}

TEST(Genesis, OnlyRaftRunsWithFewerThanFour) {
  for (EngineKind kind : {EngineKind::kCbft, EngineKind::kPbft, EngineKind::kTrustRaft}) {
    Genesis g = genesis_of(3);
    g.consensus.engine = kind;
    expect_names(why(g), "validators");
  }
  Genesis g = genesis_of(1);
  g.consensus.engine = EngineKind::kRaft;
  EXPECT_EQ(why(g), "ok");
  EXPECT_EQ(g.committee().count().quorum(), 1u);
  g.validators.clear();
  expect_names(why(g), "validators");
}

TEST(Genesis, EveryFieldIsPartOfTheChainId) {
  const Genesis g = genesis_of();
  Json json = Json::parse(genesis_to_json(g));
  Writer w;
  encode(w, g);
  EXPECT_EQ(g.chain_id(), tagged_hash("tieline/genesis/1", {w.view()}));
  const auto differs = [&](auto change) {
    Genesis other = g;
    change(other);
    EXPECT_NE(other.chain_id(), g.chain_id());
  };
  differs([](Genesis& o) { o.network += "x"; });
  differs([](Genesis& o) { ++o.time_ms; });
  differs([](Genesis& o) { o.consensus.fast_path = false; });
  differs([](Genesis& o) { o.consensus.policy = LeaderPolicy::kStrict; });
  differs([](Genesis& o) { ++o.consensus.jail_epochs; });
  differs([](Genesis& o) { ++o.ledger.stale_s; });
  differs([](Genesis& o) { o.credit.model = CreditModel::kFrozen; });
  differs([](Genesis& o) { ++o.credit.keep_rising; });
  differs([](Genesis& o) { ++o.plausibility.history_above_ppm; });
  differs([](Genesis& o) { ++o.participants[0].cost_hi; });
  differs([](Genesis& o) { ++o.credit.lead_permille[1].from; });
  differs([](Genesis& o) { ++o.credit.weights.values[3]; });
  differs([](Genesis& o) { o.validators[3].http += "0"; });
  differs([](Genesis& o) { o.validators[3].tls_pin.bytes[0] ^= 1; });
  differs([](Genesis& o) { ++o.participants[1].loss_ppm; });
  differs([](Genesis& o) { std::swap(o.participants[0].meters[0], o.participants[0].meters[1]); });
  differs([](Genesis& o) { std::swap(o.participants[0].meters, o.participants[1].meters); });
}

TEST(Genesis, CommitteeOfEpochZeroHasAllValidatorsAsEquals) {
  const Genesis g = genesis_of(7);
  const Committee c = g.committee();
  EXPECT_EQ(c.epoch(), 0u);
  EXPECT_EQ(c.seed(), g.chain_id());
  ASSERT_EQ(c.size(), 7u);
  for (size_t i = 0; i < c.size(); ++i) {
    EXPECT_EQ(c.at(i).id, g.validators[i].id);
    EXPECT_EQ(c.at(i).key, g.validators[i].key);
    EXPECT_EQ(c.at(i).credit, 32'768u);
    EXPECT_EQ(c.at(i).weight, 1u);
  }
}

TEST(Genesis, NamesOfEnginesAndRolesGoBothWays) {
  for (EngineKind kind : {EngineKind::kCbft, EngineKind::kPbft, EngineKind::kRaft, EngineKind::kTrustRaft}) {
    EXPECT_EQ(engine_from_name(engine_name(kind)), kind);
  }
  EXPECT_EQ(engine_from_name("cbft_as_printed"), std::nullopt) << "it forks, and no node may run it";
  for (uint8_t role = 1; role <= 6; ++role) {
    EXPECT_EQ(role_from_name(role_name(static_cast<Role>(role))), static_cast<Role>(role));
  }
  EXPECT_EQ(role_from_name("Plant"), std::nullopt);
}

}  // namespace
}  // namespace tieline
