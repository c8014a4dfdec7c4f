#include "cli/make_network.h"

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "cli/make_market.h"
#include "consensus/engine.h"
#include "crypto/bls.h"
#include "node/config.h"
#include "node/workers.h"
#include "storage/files.h"
#include "storage/vote_log.h"

namespace tieline::cli {
namespace {

// As data/participants.json: who the demo's readings belong to.
constexpr char kDemoParticipants[] = R"([
  {"name": "sunfield", "role": "plant", "meters": ["pv-1"], "capacity_w": 6000},
  {"name": "northwire", "role": "grid", "meters": [], "capacity_w": 50000000, "loss_ppm": 20000},
  {"name": "cityline", "role": "distributor", "meters": [], "capacity_w": 20000000, "loss_ppm": 40000},
  {"name": "gb-grid", "role": "distributor", "meters": ["gb-demand"], "capacity_w": 100000000000, "loss_ppm": 60000},
  {"name": "bakery", "role": "user", "meters": ["bakery-1"], "contracted_w": 30000},
  {"name": "school", "role": "user", "meters": ["school-1"], "contracted_w": 80000},
  {"name": "watchdog", "role": "regulator", "meters": []}
])";

constexpr size_t kNetworkNameMax = 63;
constexpr uint32_t kTrustRaftTimeoutMs = 150;  // paper 004: members wait 150 to 300 ms, T0 to 2 T0

Error usage(std::string why) { return {"usage", std::move(why)}; }

// One entry of the participants' file.
Result<GenesisParticipant> participant_from(const Json& entry, const std::string& where) {
  if (!entry.is_object()) return usage(where + " is " + entry.dump() + "; allowed: an object with name and role");
  GenesisParticipant out;
  bool named = false, has_role = false;
  for (const auto& item : entry.items()) {
    const std::string at = where + "." + item.key();
    const Json& value = item.value();
    const auto whole = [&](auto& field) {
      using U = std::remove_reference_t<decltype(field)>;
      if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<U>::max()) return false;
      field = value.get<U>();
      return true;
    };
    bool good = true;
    std::string allowed = "a whole number";
    if (item.key() == "name") {
      allowed = "a name";
      named = good = value.is_string();
      if (good) out.name = value.get<std::string>();
    } else if (item.key() == "role") {
      allowed = "one of plant, grid, distributor, user, regulator, neutral";
      const auto role = value.is_string() ? role_from_name(value.get<std::string>()) : std::nullopt;
      has_role = good = role.has_value();
      if (role) out.role = *role;
    } else if (item.key() == "meters") {
      allowed = "a list of names";
      good = value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& m) { return m.is_string(); });
      if (good) out.meters = value.get<std::vector<std::string>>();
    } else if (item.key() == "capacity_w") {
      good = whole(out.capacity_w);
    } else if (item.key() == "contracted_w") {
      good = whole(out.contracted_w);
    } else if (item.key() == "loss_ppm") {
      good = whole(out.loss_ppm);
    } else if (item.key() == "cost_lo") {
      good = whole(out.cost_lo);
    } else if (item.key() == "cost_hi") {
      good = whole(out.cost_hi);
    } else if (!is_market_key(item.key())) {
      return usage(at +
                   " is an unknown key; allowed: name, role, meters, capacity_w, contracted_w, loss_ppm, cost_lo, "
                   "cost_hi, and org, balance, flows, stakes_for for a market");
    }
    if (!good) return usage(at + " is " + value.dump() + "; allowed: " + allowed);
  }
  if (!named || !has_role) return usage(where + " lacks " + (named ? "role" : "name"));
  return out;
}

std::string name_of_network(const std::filesystem::path& net) {
  std::string out;
  for (char c : std::filesystem::absolute(net).lexically_normal().filename().string()) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool letter = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
    if (letter || (!out.empty() && (low == '-' || low == '.' || low == '_'))) out += low;
  }
  if (out.size() > kNetworkNameMax) out.resize(kNetworkNameMax);
  return out.empty() ? "tieline" : out;
}

// A validator's folder and keys; fills in what genesis says about it.
Status make_validator(const std::filesystem::path& folder, int64_t now_ms, GenesisValidator& validator) {
  if (auto made = storage::make_folder(folder); !made) return made;
  ed25519::Seed seed{};
  validator.key = ed25519::SecretKey::generate(seed).public_key();
  auto written = node::write_key_file(folder / "consensus.key", node::KeyKind::kEd25519, seed);
  ::explicit_bzero(seed.data(), seed.size());
  if (!written) return written;

  bls::Seed bls_seed{};
  const bls::SecretKey bls_key = bls::SecretKey::generate(bls_seed);
  written = node::write_key_file(folder / "bls.key", node::KeyKind::kBls, bls_seed);
  ::explicit_bzero(bls_seed.data(), bls_seed.size());
  if (!written) return written;
  const bls::PublicKey bls_public = bls_key.public_key();
  const bls::Possession proof = bls_key.prove_possession();
  validator.bls_key.assign(bls_public.bytes.begin(), bls_public.bytes.end());
  validator.bls_proof.assign(proof.bytes.begin(), proof.bytes.end());

  const int64_t now_s = now_ms / 1000;
  constexpr int64_t kClockSlackS = 86'400;  // whose clock is a little behind should not see a certificate of the future
  auto identity = net::make_identity(validator.name, now_s - kClockSlackS, now_s + net::kCertificateSeconds);
  if (!identity) return identity.error();
  if (auto saved = net::save_identity(*identity, (folder / "tls.crt").string(), (folder / "tls.key").string()); !saved)
    return saved;
  auto pin = net::certificate_pin(identity->certificate);
  if (!pin) return pin.error();
  validator.tls_pin = *pin;

  if (auto config = write_file(folder / "config.toml", view_of(node::default_config_text(validator.name))); !config)
    return config;
  return storage::VoteLog::mark_never_voted(folder / "data" / "log");
}

CertificateKind certificates_of(const NetworkPlan& plan, EngineKind engine) {
  if (!plan.certificates.empty()) return plan.certificates == "bls" ? CertificateKind::kBls : CertificateKind::kList;
  const bool kernel = engine == EngineKind::kCbft || engine == EngineKind::kTrustRaft;
  return kernel && plan.validators >= kAggregatesFrom ? CertificateKind::kBls : CertificateKind::kList;
}

Result<Genesis> make_all(const NetworkPlan& plan, std::vector<GenesisParticipant> participants, const Json& entries,
                         const std::string& source) {
  Genesis genesis;
  genesis.network = name_of_network(plan.net);
  genesis.time_ms = node::wall_ms();
  genesis.consensus.engine = *engine_from_name(plan.engine);
  if (genesis.consensus.engine == EngineKind::kTrustRaft) genesis.consensus.timeout_ms = kTrustRaftTimeoutMs;
  genesis.consensus.certificates = certificates_of(plan, genesis.consensus.engine);
  if (auto made = storage::make_folder(plan.net / "participants"); !made) return made.error();
  std::vector<ParticipantCard> cards;
  for (GenesisParticipant& participant : participants) {
    // Names become file names: a bad one is told by validate() below, but must not be used before.
    const bool plain = participant.name.find('/') == std::string::npos && participant.name[0] != '.';
    if (participant.name.empty() || !plain) return usage("'" + participant.name + "' is no name for a participant");
    ed25519::Seed seed{};
    participant.key = ed25519::SecretKey::generate(seed).public_key();
    auto written =
        node::write_key_file(plan.net / "participants" / (participant.name + ".key"), node::KeyKind::kEd25519, seed);
    cards.push_back(make_card(participant.name, Secret(seed)));
    ::explicit_bzero(seed.data(), seed.size());
    if (!written) return written.error();
    const auto card_file = plan.net / "participants" / (participant.name + ".card.json");
    if (auto made = write_file(card_file, view_of(dump(card_json(cards.back())) + "\n")); !made) return made.error();
    participant.id = static_cast<ParticipantId>(genesis.participants.size() + 1);
    genesis.participants.push_back(std::move(participant));
  }
  for (size_t i = 0; i < plan.validators; ++i) {
    GenesisValidator& validator = genesis.validators.emplace_back();
    validator.id = static_cast<ValidatorId>(i);
    validator.org = static_cast<OrgId>(i);
    validator.name = "validator-" + std::to_string(i);
    const std::string host = plan.host.find(':') == std::string::npos ? plan.host : "[" + plan.host + "]";
    validator.address = host + ":" + std::to_string(plan.port + i);
    validator.http = host + ":" + std::to_string(plan.port + i + kHttpPortsAbove);
    if (auto made = make_validator(plan.net / validator.name, genesis.time_ms, validator); !made) return made.error();
  }
  auto market = market_from(entries, genesis, cards, source);
  if (!market) return market.error();
  genesis.market = std::move(*market);
  auto complete = with_settings(genesis, plan.settings);
  if (complete && !plan.proximity.empty()) complete = with_proximity(*complete, plan.proximity);
  if (complete && !plan.private_points.empty()) complete = with_private_points(*complete, plan.private_points);
  if (!complete) return complete.error();
  if (auto written = write_file(plan.net / "genesis.json", view_of(genesis_to_json(*complete))); !written)
    return written.error();
  return complete;
}

}  // namespace

Result<std::vector<GenesisParticipant>> parse_participants(const std::string& text, const std::string& source) {
  auto json = parse_json(text, source);
  if (!json) return usage(json.error().why);
  if (!json->is_array()) return usage(source + " is not a list of participants");
  std::vector<GenesisParticipant> out;
  std::set<std::string> names;
  for (const Json& entry : *json) {
    const std::string where = source + ": [" + std::to_string(out.size()) + "]";
    auto participant = participant_from(entry, where);
    if (!participant) return participant.error();
    if (!names.insert(participant->name).second)
      return usage(where + ".name is " + participant->name + ", which is taken");
    out.push_back(std::move(*participant));
  }
  return out;
}

Result<Genesis> with_settings(const Genesis& genesis, const std::vector<std::string>& settings) {
  Json json = Json::parse(genesis_to_json(genesis));
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    const size_t dot = setting.find('.');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals)
      return usage("--set " + setting + ": allowed is SECTION.KEY=VALUE, of consensus, ledger, plausibility or market");
    const std::string section = setting.substr(0, dot);
    const std::string key = setting.substr(dot + 1, equals - dot - 1);
    const std::string text = setting.substr(equals + 1);
    if (section != "consensus" && section != "ledger" && section != "plausibility" && section != "market")
      return usage("--set " + setting + ": found section '" + section +
                   "'; allowed are consensus, ledger, plausibility and market");
    if (!json.contains(section))
      return usage("--set " + setting + ": the participants' file gives this network no market");
    if (!json[section].contains(key) || json[section][key].is_array()) {
      std::string known;
      for (const auto& item : json[section].items()) known += (known.empty() ? "" : ", ") + item.key();
      return usage("--set " + setting + ": found key '" + key + "'; allowed in " + section + " are " + known);
    }
    Json value = Json::parse(text, nullptr, false);
    json[section][key] = value.is_discarded() ? Json(text) : value;
  }
  return genesis_from_json(json.dump(2));
}

Result<Genesis> with_proximity(const Genesis& genesis, const std::filesystem::path& file) {
  auto text = read_text(file, kProximityBytesMax);
  if (!text) return text.error();
  auto part = parse_json(*text, file.string());
  if (!part) return usage(part.error().why);
  Json json = Json::parse(genesis_to_json(genesis));
  json["consensus"]["proximity"] = std::move(*part);
  return genesis_from_json(json.dump(2));
}

Result<Genesis> with_private_points(const Genesis& genesis, const std::filesystem::path& file) {
  auto text = read_text(file, kPrivateFileMax);
  if (!text) return text.error();
  auto part = parse_json(*text, file.string());
  if (!part) return usage(part.error().why);
  Json json = Json::parse(genesis_to_json(genesis));
  json["private"] = std::move(*part);
  return genesis_from_json(json.dump(2));
}

Result<EngineKind> built_engine(const std::string& name) {
  const auto engine = engine_from_name(name);
  if (!engine) return usage("--engine " + name + ": no such engine; allowed: " + consensus::built_engines());
  if (!consensus::engine_is_built(*engine))
    return Error{"engine_unavailable",
                 "engine " + name + " is not built into this version; allowed: " + consensus::built_engines()};
  return *engine;
}

Result<Genesis> make_network(const NetworkPlan& plan) {
  const auto engine = built_engine(plan.engine);
  if (!engine) return engine.error();
  const size_t fewest = *engine == EngineKind::kRaft ? kCommitteeMin : kByzantineCommitteeMin;
  if (plan.validators < fewest || plan.validators > kCommitteeMax)
    return usage("--validators " + std::to_string(plan.validators) + ": allowed are " + std::to_string(fewest) +
                 " to " + std::to_string(kCommitteeMax) + " with engine " + plan.engine);
  if (plan.port < 1 || plan.port + plan.validators - 1 + kHttpPortsAbove > UINT16_MAX ||
      plan.validators > kHttpPortsAbove)
    return usage("--port " + std::to_string(plan.port) + ": the ports from it to " +
                 std::to_string(plan.port + plan.validators - 1 + kHttpPortsAbove) +
                 " must exist, and one machine has room for " + std::to_string(kHttpPortsAbove) + " validators");

  std::string text = kDemoParticipants;
  std::string source = "the demo's participants";
  if (!plan.participants.empty()) {
    auto read = read_text(plan.participants, kParticipantsBytesMax);
    if (!read) return read.error();
    text = std::move(*read);
    source = plan.participants.string();
  }
  auto participants = parse_participants(text, source);
  if (!participants) return participants.error();

  std::error_code code;
  const bool was_there = std::filesystem::exists(plan.net, code);
  if (was_there && (!std::filesystem::is_directory(plan.net, code) || !std::filesystem::is_empty(plan.net, code)))
    return Error{"folder_not_empty", plan.net.string() + " is there already and not empty; name a new folder"};
  auto genesis = make_all(plan, std::move(*participants), Json::parse(text), source);
  if (!genesis) {
    // Half a network would only mislead; what was empty or absent becomes so again.
    if (was_there)
      for (const auto& entry : std::filesystem::directory_iterator(plan.net, code))
        std::filesystem::remove_all(entry, code);
    else
      std::filesystem::remove_all(plan.net, code);
  }
  return genesis;
}

}  // namespace tieline::cli
