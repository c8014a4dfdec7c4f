#include <array>

#include "model/genesis_fields.h"

namespace tieline {

using namespace genesis_file;

namespace {

constexpr size_t kGenesisJsonBytesMax = 64 * 1024 * 1024;

const char* policy_name(LeaderPolicy policy) {
  switch (policy) {
    case LeaderPolicy::kStrict:
      return "strict";
    case LeaderPolicy::kRoundRobin:
      return "round_robin";
    default:
      return "rotate";
  }
}

// Both directions walk the same list of fields, so neither can forget one.
template <class Params, class Visit>
void each_consensus_number(Params& p, Visit visit) {
  visit("timeout_ms", p.timeout_ms);
  visit("passed_over_factor", p.passed_over_factor);
  visit("tenure_ms", p.tenure_ms);
  visit("tenure_slots", p.tenure_slots);
  visit("epoch_blocks", p.epoch_blocks);
  visit("epoch_ms", p.epoch_ms);
  visit("checkpoint_blocks", p.checkpoint_blocks);
  visit("drift_ms", p.drift_ms);
  visit("block_tx_max", p.block_tx_max);
  visit("block_bytes_max", p.block_bytes_max);
  visit("block_wait_ms", p.block_wait_ms);
  visit("eligibility", p.eligibility);
  visit("jail_epochs", p.jail_epochs);
}

template <class Params, class Visit>
void each_ledger_number(Params& p, Visit visit) {
  visit("sequence_window", p.sequence_window);
  visit("timestamp_slack_ms", p.timestamp_slack_ms);
  visit("future_ms", p.future_ms);
  visit("stale_s", p.stale_s);
  visit("capacity_tolerance_ppm", p.capacity_tolerance_ppm);
}

using NumberPair = std::array<uint32_t, 2>;

std::vector<NumberPair> read_pairs(Fields& f, const char* key, size_t most) {
  std::vector<NumberPair> out;
  const Json* list = f.list(key);
  if (list == nullptr) return out;
  if (list->size() > most) {
    f.fail(f.path_of(key), std::to_string(list->size()) + " pairs", "at most " + std::to_string(most));
    return out;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = f.path_of(key) + "[" + std::to_string(i) + "]";
    const Json& pair = (*list)[i];
    NumberPair& numbers = out.emplace_back();
    if (!pair.is_array() || pair.size() != numbers.size()) {
      f.fail(path, shown(pair), "a pair of whole numbers");
      return out;
    }
    for (size_t k = 0; k < numbers.size(); ++k) {
      if (!pair[k].is_number_unsigned() || pair[k].get<uint64_t>() > UINT32_MAX) {
        f.fail(path + "[" + std::to_string(k) + "]", shown(pair[k]),
               "a whole number from 0 to " + std::to_string(UINT32_MAX));
        return out;
      }
      numbers[k] = pair[k].get<uint32_t>();
    }
  }
  return out;
}

void read_table(Fields& f, const char* key, CreditTable& table) {
  table.clear();
  for (const NumberPair& pair : read_pairs(f, key, kTablePointsMax)) table.push_back({pair[0], pair[1]});
}

void read_credit(Fields& f, CreditParams& p) {
  f.name("model", p.model, credit_model_from_name, "network, linear or frozen");
  each_credit_number(p, [&](const char* key, uint32_t& value) { f.number(key, value); });
  each_credit_table(p, [&](const char* key, CreditTable& table) { read_table(f, key, table); });
  Hash hash;
  f.hex("weights_hash", hash);
  std::string digits;
  f.text("weights", digits);
  f.done();
  const auto bytes = from_hex(digits);
  const Result<CreditWeights> weights = decoded<CreditWeights>(bytes ? *bytes : Bytes{}, "weights");
  if (!weights.ok() || to_hex(encoded(*weights)) != digits)
    return f.fail(f.path_of("weights"), '"' + digits.substr(0, 60) + "...\"",
                  "the encoding of weights in lower-case hex digits");
  if (weights->hash() != hash) return f.fail(f.path_of("weights_hash"), to_hex(hash), to_hex(weights->hash()));
  p.weights = *weights;
}

void read_proximity(Fields& f, ProximityParams& p) {
  f.boolean("relay", p.relay);
  f.boolean("trigger", p.trigger);
  f.number("region_m2", p.region_m2);
  f.number("lease_ms", p.lease_ms);
  const std::vector<NumberPair> pairs = read_pairs(f, "positions", kCommitteeMax);
  for (const NumberPair& pair : pairs) p.positions.push_back({pair[0], pair[1]});
  f.done();
}

void read_validator(Fields& f, GenesisValidator& v) {
  f.text("name", v.name);
  f.number("org", v.org);
  f.hex("key", v.key);
  f.hex("bls_key", v.bls_key, 96);
  f.hex("bls_proof", v.bls_proof, 48);
  f.hex("tls_pin", v.tls_pin);
  f.text("address", v.address);
  f.text("http", v.http);
  f.done();
}

void read_participant(Fields& f, GenesisParticipant& p) {
  f.text("name", p.name);
  f.name("role", p.role, role_from_name, "plant, grid, distributor, user, regulator or neutral");
  f.hex("key", p.key);
  f.number("capacity_w", p.capacity_w);
  f.number("contracted_w", p.contracted_w);
  f.number("loss_ppm", p.loss_ppm);
  f.number("cost_lo", p.cost_lo);
  f.number("cost_hi", p.cost_hi);
  if (const Json* meters = f.list("meters")) {
    for (size_t i = 0; i < meters->size(); ++i) {
      const Json& meter = (*meters)[i];
      if (!meter.is_string())
        return f.fail(f.path_of("meters") + "[" + std::to_string(i) + "]", shown(meter), "a string");
      p.meters.push_back(meter.get<std::string>());
    }
  }
  f.done();
}

void read_genesis(const Json& root, Genesis& g, std::optional<Error>& error) {
  Fields top(root, "", error);
  top.text("network", g.network);
  uint64_t time_ms = 0;
  top.number("time_ms", time_ms);
  if (time_ms > static_cast<uint64_t>(INT64_MAX)) {
    return top.fail("time_ms", std::to_string(time_ms), "a time in milliseconds since 1970");
  }
  g.time_ms = static_cast<int64_t>(time_ms);

  if (const Json* object = top.find("consensus")) {
    Fields f(*object, "consensus", error);
    f.name("engine", g.consensus.engine, engine_from_name, "cbft, pbft, raft or trust_raft");
    const auto policy = [](std::string_view word) -> std::optional<LeaderPolicy> {
      for (LeaderPolicy p : {LeaderPolicy::kRotate, LeaderPolicy::kStrict, LeaderPolicy::kRoundRobin}) {
        if (word == policy_name(p)) return p;
      }
      return std::nullopt;
    };
    f.name("policy", g.consensus.policy, policy, "rotate, strict or round_robin");
    f.boolean("fast_path", g.consensus.fast_path);
    const auto certificates = [](std::string_view word) -> std::optional<CertificateKind> {
      for (CertificateKind k : {CertificateKind::kList, CertificateKind::kBls}) {
        if (word == certificate_kind_name(k)) return k;
      }
      return std::nullopt;
    };
    f.name("certificates", g.consensus.certificates, certificates, "list or bls");
    each_consensus_number(g.consensus, [&](const char* key, uint32_t& value) { f.number(key, value); });
    if (!error && f.has("proximity")) {
      Fields part(*f.find("proximity"), "consensus.proximity", error);
      read_proximity(part, g.consensus.proximity.emplace());
    }
    f.done();
  }
  if (const Json* object = top.find("ledger")) {
    Fields f(*object, "ledger", error);
    each_ledger_number(g.ledger, [&](const char* key, uint32_t& value) { f.number(key, value); });
    f.done();
  }
  if (const Json* object = top.find("credit")) {
    Fields f(*object, "credit", error);
    read_credit(f, g.credit);
  }
  if (const Json* object = top.find("plausibility")) {
    Fields f(*object, "plausibility", error);
    each_plausibility_number(g.plausibility,
                             [&](const char* key, uint32_t& value, uint32_t, uint32_t) { f.number(key, value); });
    f.done();
  }
  if (const Json* list = top.list("validators")) {
    if (list->size() > kCommitteeMax) {
      return top.fail("validators", std::to_string(list->size()) + " validators",
                      "at most " + std::to_string(kCommitteeMax));
    }
    for (size_t i = 0; i < list->size() && !error; ++i) {
      Fields f((*list)[i], "validators[" + std::to_string(i) + "]", error);
      GenesisValidator& v = g.validators.emplace_back();
      v.id = static_cast<ValidatorId>(i);
      read_validator(f, v);
    }
  }
  if (const Json* list = top.list("participants")) {
    for (size_t i = 0; i < list->size() && !error; ++i) {
      Fields f((*list)[i], "participants[" + std::to_string(i) + "]", error);
      GenesisParticipant& p = g.participants.emplace_back();
      p.id = static_cast<ParticipantId>(i + 1);
      read_participant(f, p);
    }
  }
  if (!error && top.has("market")) {
    Fields f(*top.find("market"), "market", error);
    read_market(f, g, g.market.emplace(), error);
  }
  if (!error && top.has("private")) {
    Fields f(*top.find("private"), "private", error);
    read_private(f, g, g.private_points.emplace(), error);
  }
  top.done();
}

// A repeated key would silently win over the first one. nlohmann-json tells of keys only while it parses.
class RepeatedKeys {
 public:
  bool operator()(int, Json::parse_event_t event, Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        open_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        open_.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!open_.back().insert(value.get<std::string>()).second && found_.empty()) found_ = value.get<std::string>();
        break;
      default:
        break;
    }
    return true;
  }
  const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string found_;
};

}  // namespace

std::string genesis_to_json(const Genesis& g) {
  Json root;
  root["network"] = g.network;
  root["time_ms"] = g.time_ms;
  Json& consensus = root["consensus"];
  consensus["engine"] = engine_name(g.consensus.engine);
  consensus["policy"] = policy_name(g.consensus.policy);
  consensus["fast_path"] = g.consensus.fast_path;
  consensus["certificates"] = certificate_kind_name(g.consensus.certificates);
  each_consensus_number(g.consensus, [&](const char* key, uint32_t value) { consensus[key] = value; });
  if (g.consensus.proximity) {
    const ProximityParams& p = *g.consensus.proximity;
    Json& proximity = consensus["proximity"];
    proximity["relay"] = p.relay;
    proximity["trigger"] = p.trigger;
    proximity["region_m2"] = p.region_m2;
    proximity["lease_ms"] = p.lease_ms;
    proximity["positions"] = Json::array();
    for (const Position& at : p.positions) proximity["positions"].push_back({at.x, at.y});
  }
  Json& ledger = root["ledger"];
  each_ledger_number(g.ledger, [&](const char* key, uint32_t value) { ledger[key] = value; });
  Json& credit = root["credit"];
  credit["model"] = credit_model_name(g.credit.model);
  each_credit_number(g.credit, [&](const char* key, uint32_t value) { credit[key] = value; });
  each_credit_table(g.credit, [&](const char* key, const CreditTable& table) {
    credit[key] = Json::array();
    for (const TablePoint& point : table) credit[key].push_back({point.from, point.to});
  });
  credit["weights_hash"] = to_hex(g.credit.weights.hash());
  credit["weights"] = to_hex(encoded(g.credit.weights));
  Json& plausibility = root["plausibility"];
  each_plausibility_number(g.plausibility,
                           [&](const char* key, uint32_t value, uint32_t, uint32_t) { plausibility[key] = value; });
  root["validators"] = Json::array();
  for (const GenesisValidator& v : g.validators) {
    root["validators"].push_back({{"name", v.name},
                                  {"org", v.org},
                                  {"key", to_hex(v.key)},
                                  {"bls_key", to_hex(v.bls_key)},
                                  {"bls_proof", to_hex(v.bls_proof)},
                                  {"tls_pin", to_hex(v.tls_pin)},
                                  {"address", v.address},
                                  {"http", v.http}});
  }
  root["participants"] = Json::array();
  for (const GenesisParticipant& p : g.participants) {
    root["participants"].push_back({{"name", p.name},
                                    {"role", role_name(p.role)},
                                    {"key", to_hex(p.key)},
                                    {"capacity_w", p.capacity_w},
                                    {"contracted_w", p.contracted_w},
                                    {"loss_ppm", p.loss_ppm},
                                    {"cost_lo", p.cost_lo},
                                    {"cost_hi", p.cost_hi},
                                    {"meters", p.meters}});
  }
  if (g.market) root["market"] = market_to_json(g);
  if (g.private_points) root["private"] = private_to_json(g);
  return root.dump(2) + "\n";
}

Result<Genesis> genesis_from_json(std::string_view text) {
  if (text.size() > kGenesisJsonBytesMax) {
    return Error{"genesis_invalid", "the file has " + std::to_string(text.size()) + " bytes; allowed: at most " +
                                        std::to_string(kGenesisJsonBytesMax)};
  }
  RepeatedKeys repeated;
  Json root;
  // The parser's own message names line and column, and it comes only as an exception.
  try {
    root = Json::parse(text, std::ref(repeated));
  } catch (const Json::exception& e) {
    return Error{"genesis_invalid", std::string("the file is no JSON: ") + e.what()};
  }
  if (!repeated.found().empty()) {
    return Error{"genesis_invalid", repeated.found() + " is there twice in one object; allowed: each key once"};
  }
  std::optional<Error> error;
  Genesis g;
  read_genesis(root, g, error);
  if (error) return *error;
  if (Status s = g.validate(); !s.ok()) return s.error();
  return g;
}

}  // namespace tieline
