#include "cli/scenario_network.h"

#include <chrono>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "api/market_view.h"
#include "cli/network_access.h"
#include "cli/participant_keys.h"
#include "cli/rfc3339.h"
#include "crypto/hash.h"
#include "paper/world_impl.h"

namespace tieline::cli {
namespace {

constexpr uint32_t kSimBlockTx = 500;
constexpr uint32_t kSimTenureSlots = 100;
constexpr uint64_t kSimSeed = 4'004;
constexpr int64_t kSimWaveUs = 300'000'000;
constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr auto kRootWait = std::chrono::seconds(30);
constexpr const char* kSettlements = "/v1/settlements/";
constexpr const char* kTradesOf = "/v1/trades?participant=";

class Simulated final : public ScenarioNetwork {
 public:
  Simulated(Genesis ledger, const paper::WorldOptions& options) : ledger_(std::move(ledger)), world_(with(options)) {
    world_.open();
    for (size_t i = 0; i < ledger_.participants.size(); ++i) {
      keys_.push_back(std::make_unique<SimSigner>(world_.client(i)));
    }
  }
  const Genesis& genesis() const override { return world_.genesis(); }
  std::vector<const Signer*> signers() const override {
    std::vector<const Signer*> out;
    for (const auto& key : keys_) out.push_back(key.get());
    return out;
  }
  Result<std::vector<uint64_t>> sequences() override { return std::vector<uint64_t>(keys_.size(), 0); }
  Result<std::vector<paper::DayOutcome>> send(std::vector<Blob> transactions) override {
    std::vector<int64_t> took;
    auto outcomes = world_.deliver(std::move(transactions), took);
    if (!outcomes) return outcomes.error();
    std::vector<paper::DayOutcome> out;
    for (size_t i = 0; i < outcomes->size(); ++i) {
      const replica::TxOutcome& o = (*outcomes)[i];
      height_ = std::max(height_, o.height);
      out.push_back({o.committed, o.code, o.height, o.index, took[i]});
    }
    return out;
  }
  int64_t now_ms() override { return world_.now_ms(); }
  Result<Height> height() override { return height_; }
  Height root_due() override { return height_; }
  Result<Json> get(const std::string& target) override {
    const StateView state = world_.state();
    const auto rest = [&](const char* prefix) { return target.substr(std::strlen(prefix)); };
    Result<std::string> text = Error{"unknown_path", target};
    if (target == "/v1/market") {
      text = api::market_json(genesis(), state, now_ms());
    } else if (target.starts_with(kSettlements)) {
      auto start = parse_rfc3339(rest(kSettlements));
      if (!start) return start.error();
      text = api::settlement_json(genesis(), state, static_cast<uint32_t>(*start / energy::kSlotSeconds));
    } else if (target.starts_with(kTradesOf)) {
      text = api::trades_json(genesis(), state, rest(kTradesOf));
    }
    if (!text) return text.error();
    return parse_json(*text, target);
  }
  Result<ScenarioFacts> facts() override {
    const paper::Measured m = world_.measured();
    const auto [root, at] = world_.state_root();
    return ScenarioFacts{height_, 0, m.view, m.failed_views, true, to_hex(root), at};
  }

 private:
  paper::WorldOptions with(paper::WorldOptions options) const {
    options.ledger = &ledger_;
    return options;
  }
  const Genesis ledger_;
  paper::World world_;
  std::vector<std::unique_ptr<SimSigner>> keys_;
  Height height_ = 0;
};

class Real final : public ScenarioNetwork {
 public:
  Real(Genesis genesis, std::vector<std::unique_ptr<ParticipantSigner>> keys)
      : genesis_(std::move(genesis)), keys_(std::move(keys)) {}
  Status connect() {
    auto client = api::NetworkClient::open(genesis_);
    if (!client) return client.error();
    client_ = std::move(*client);
    return {};
  }
  const Genesis& genesis() const override { return genesis_; }
  std::vector<const Signer*> signers() const override {
    std::vector<const Signer*> out;
    for (const auto& key : keys_) out.push_back(key.get());
    return out;
  }
  Result<std::vector<uint64_t>> sequences() override {
    std::vector<uint64_t> out;
    for (const GenesisParticipant& p : genesis_.participants) {
      auto record = get("/v1/participants/" + url_encoded(p.name));
      if (!record) return record.error();
      out.push_back(record->value("sequence", uint64_t{0}));
    }
    return out;
  }
  Result<std::vector<paper::DayOutcome>> send(std::vector<Blob> transactions) override {
    struct Wave {
      std::mutex mutex;
      std::unordered_map<TxId, std::vector<size_t>> places;
      std::vector<paper::DayOutcome> outcomes;
    };
    const auto wave = std::make_shared<Wave>();
    wave->outcomes.resize(transactions.size());
    for (size_t i = 0; i < transactions.size(); ++i) wave->places[sha256(transactions[i].view())].push_back(i);
    const auto began = std::chrono::steady_clock::now();
    auto sent = client_->submit(std::move(transactions), [wave, began](const api::SubmitOutcome& o) {
      const int64_t us =
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
      const std::lock_guard lock(wave->mutex);
      const auto at = wave->places.find(o.id);
      if (at == wave->places.end()) return;
      for (size_t i : at->second) wave->outcomes[i] = {o.committed, o.code, o.height, o.index, us};
    });
    if (!sent) return sent.error();
    if (auto status = client_->drain(); !status) return status.error();
    const std::lock_guard lock(wave->mutex);
    for (const paper::DayOutcome& o : wave->outcomes) height_ = std::max(height_, o.height);
    return wave->outcomes;
  }
  int64_t now_ms() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  Result<Height> height() override { return status_height(); }
  Height root_due() override {
    const Height every = genesis_.consensus.checkpoint_blocks;
    root_at_ = (height_ + every - 1) / every * every;
    return root_at_;
  }
  // A validator says `committed` a moment before its store has the block.
  Result<Json> get(const std::string& target) override {
    while (true) {
      auto height = status_height();
      if (!height) return height.error();
      if (*height >= height_) break;
      std::this_thread::sleep_for(kPoll);
    }
    return fetch(target);
  }
  // The root is known a moment after its checkpoint's block: when 2f+1 validators have signed it.
  Result<ScenarioFacts> facts() override {
    const auto until = std::chrono::steady_clock::now() + kRootWait;
    while (true) {
      auto status = get("/v1/status");
      if (!status) return status.error();
      const Height at = status->value("state_root_height", Height{0});
      if (at > 0 && at >= root_at_) {
        return ScenarioFacts{status->value("height", uint64_t{0}),
                             status->value("epoch", uint64_t{0}) + 1,
                             status->value("view", uint64_t{0}),
                             0,
                             false,
                             status->value("state_root", ""),
                             at};
      }
      if (std::chrono::steady_clock::now() > until)
        return Error{"no_root", "no state root of height " + std::to_string(root_at_)};
      std::this_thread::sleep_for(kPoll);
    }
  }

 private:
  Result<Json> fetch(const std::string& target) {
    auto reply = client_->get(target);
    if (!reply) return reply.error();
    return parse_json(reply->body, target);
  }
  Result<Height> status_height() {
    auto status = fetch("/v1/status");
    if (!status) return status.error();
    return Height{status->value("height", uint64_t{0})};
  }

  const Genesis genesis_;
  const std::vector<std::unique_ptr<ParticipantSigner>> keys_;
  std::unique_ptr<api::NetworkClient> client_;
  Height height_ = 0;   // of the newest outcome
  Height root_at_ = 0;  // the checkpoint that has all of the day
};

// What of a network must be as the day has it.
Status same_day(const Genesis& genesis, const paper::DayGrid& grid) {
  const auto no = [](const std::string& why) {
    return Error{"not_a_day", why +
                                  "; make the network with the participants of `tieline scenario participants` and "
                                  "--set market.time_rate=0"};
  };
  if (!genesis.market || genesis.market->numbers.time_rate != 0) return no("its market time does not pass by ticks");
  if (genesis.participants.size() < grid.members.size()) return no("it has too few participants");
  for (size_t i = 0; i < grid.members.size(); ++i) {
    const GenesisParticipant& is = genesis.participants[i];
    const GenesisParticipant& wanted = grid.members[i].participant;
    if (is.name != wanted.name || is.role != wanted.role || is.meters != wanted.meters ||
        is.capacity_w != wanted.capacity_w || is.loss_ppm != wanted.loss_ppm)
      return no("its participant " + is.name + " is not the day's " + wanted.name);
  }
  MarketGenesis wanted = paper::day_market(grid);
  if (genesis.market->flows != wanted.flows) return no("its flows are not the day's");
  return {};
}

}  // namespace

Result<std::vector<energy::FlowKey>> ScenarioNetwork::disputed(uint32_t slot) {
  auto shown = get(kSettlements + rfc3339_utc(int64_t{slot} * energy::kSlotSeconds));
  if (!shown) return shown.error();
  std::vector<energy::FlowKey> out;
  const auto id = [&](const Json& name) {
    for (const GenesisParticipant& p : genesis().participants)
      if (name == p.name) return p.id;
    return ParticipantId{0};
  };
  for (const Json& flow : shown->value("flows", Json::array()))
    if (flow.value("state", "") == "DISPUTED") out.push_back({id(flow["from"]), id(flow["to"])});
  return out;
}

Result<std::unique_ptr<ScenarioNetwork>> simulated_network(const paper::DayGrid& grid, const std::string& engine,
                                                           size_t validators) {
  const auto kind = engine_from_name(engine);
  if (!kind) return Error{"usage", "--engine " + engine + ": no such engine"};
  Genesis ledger;
  for (const paper::DayMember& m : grid.members) ledger.participants.push_back(m.participant);
  ledger.market = paper::day_market(grid);
  paper::WorldOptions options;
  options.engine = *kind;
  options.validators = validators;
  options.seed = kSimSeed;
  options.block_tx = kSimBlockTx;
  options.tenure_slots = kSimTenureSlots;
  options.limit_us = kSimWaveUs;
  return std::unique_ptr<ScenarioNetwork>(new Simulated(std::move(ledger), options));
}

Result<std::unique_ptr<ScenarioNetwork>> real_network(const std::filesystem::path& net, const paper::DayGrid& grid) {
  auto genesis = genesis_of_net(net);
  if (!genesis) return genesis.error();
  if (auto same = same_day(*genesis, grid); !same) return same.error();
  std::vector<std::unique_ptr<ParticipantSigner>> keys;
  for (const GenesisParticipant& p : genesis->participants) {
    auto loaded = load_participant_keys(net, p.name, *genesis);
    if (!loaded) return loaded.error();
    keys.push_back(std::make_unique<ParticipantSigner>(std::move(*loaded)));
  }
  auto network = std::make_unique<Real>(std::move(*genesis), std::move(keys));
  if (auto connected = network->connect(); !connected) return connected.error();
  return std::unique_ptr<ScenarioNetwork>(std::move(network));
}

std::string participants_of_day(const paper::DayGrid& grid) {
  Json list = Json::array();
  const MarketGenesis market = paper::day_market(grid);
  for (size_t i = 0; i < grid.members.size(); ++i) {
    const GenesisParticipant& p = grid.members[i].participant;
    Json entry = {{"name", p.name}, {"role", role_name(p.role)}, {"meters", p.meters}};
    if (p.capacity_w > 0) entry["capacity_w"] = p.capacity_w;
    if (p.contracted_w > 0) entry["contracted_w"] = p.contracted_w;
    if (p.loss_ppm > 0) entry["loss_ppm"] = p.loss_ppm;
    if (p.cost_hi > 0) {
      entry["cost_lo"] = p.cost_lo;
      entry["cost_hi"] = p.cost_hi;
    }
    entry["balance"] = grid.members[i].balance;
    Json flows = Json::array();
    for (const paper::DayFlow& f : grid.flows) {
      if (f.from != p.id) continue;
      const GenesisParticipant& to = grid.of(f.to);
      flows.push_back(
          {{"to", to.name}, {"meter", p.name + "-to-" + to.name}, {"check_meter", to.name + "-from-" + p.name}});
    }
    if (!flows.empty()) entry["flows"] = std::move(flows);
    list.push_back(std::move(entry));
  }
  return list.dump(1);
}

}  // namespace tieline::cli
