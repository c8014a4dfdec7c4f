// tieline chaos: real validator processes under load, killed, paused and robbed of their disks; and afterwards the
// question whether anything that was acknowledged is gone, twice, or different somewhere.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <thread>
#include <unordered_map>

#include "base/rng.h"
#include "cli/agreement.h"
#include "cli/chaos_client.h"
#include "cli/commands.h"
#include "cli/local_network.h"
#include "cli/make_network.h"
#include "consensus/engine.h"
#include "crypto/real_scheme.h"
#include "ledger/codes.h"
#include "model/receipt.h"

namespace tieline::cli {
namespace {

constexpr size_t kSigners = 64;
constexpr int64_t kRecoverMs = 120'000;  // without a commit for so long it is stuck
constexpr int64_t kDrainMs = 120'000;
constexpr int64_t kSettleMs = 180'000;
constexpr int64_t kRejoinMs = 180'000;
constexpr int64_t kDownMsMax = 1'500;   // between a kill and the restart
constexpr int64_t kPauseMsMax = 3'000;  // of a stopped process
constexpr int64_t kCalmMsMax = 600;     // between events
constexpr int64_t kPollMs = 10;
constexpr uint64_t kBadShownMax = 20;

struct Options {
  size_t validators = 4;
  std::string engine = "cbft";
  size_t kills = 100;
  size_t stops = 20;
  uint64_t seed = 1;
  double rate = 200;
  bool keep = false;
  bool json = false;
  std::vector<std::string> settings;
};

enum class Event { kOne, kPrimary, kAll, kWipe, kStop };
const char* event_name(Event event) {
  switch (event) {
    case Event::kOne:
      return "one";
    case Event::kPrimary:
      return "primary";
    case Event::kAll:
      return "all at once";
    case Event::kWipe:
      return "wiped";
    case Event::kStop:
      return "stopped";
  }
  return "";
}

class Chaos {
 public:
  explicit Chaos(const Options& options) : options_(options), rng_(options.seed) {}

  Result<Json> run() {
    auto network = LocalNetwork::make({.validators = options_.validators,
                                       .engine = options_.engine,
                                       .folder = temporary_folder("chaos"),
                                       .keep = options_.keep,
                                       .signers = kSigners,
                                       .settings = options_.settings});
    if (!network) return network.error();
    network_ = std::move(*network);
    progress_.note("network of " + std::to_string(options_.validators) + " validators in " + network_->root().string() +
                   ", seed " + std::to_string(options_.seed));
    if (auto status = network_->start_all(); !status) return status.error();
    auto signers = network_->signers();
    if (!signers) return signers.error();
    client_ = std::make_unique<ChaosClient>(network_->genesis(), std::move(*signers), options_.rate);
    if (auto status = wait_commit(ChaosClient::now_us(), false); !status) return status.error();

    const std::vector<Event> plan = make_plan();
    for (size_t i = 0; i < plan.size(); ++i) {
      progress_.note("[" + std::to_string(static_cast<int>(progress_.seconds())) + " s] " + std::to_string(i + 1) +
                     "/" + std::to_string(plan.size()) + " " + event_name(plan[i]) + ": " +
                     grouped(client_->counts().acknowledged) + " acknowledged so far");
      if (auto status = happen(plan[i]); !status) return status.error();
      ++happened_[event_name(plan[i])];
      sleep_ms(rng_.between(0, kCalmMsMax));
    }
    if (auto status = wait_rejoined(); !status) return status.error();
    if (auto status = wait_same_checkpoint(); !status) return status.error();
    client_->stop_submitting();
    if (!client_->drain(kDrainMs)) {
      return Error{"timed_out", grouped(client_->counts().outstanding) +
                                    " transactions have no outcome after all validators are back"};
    }
    if (auto status = wait_settled(*network_, kSettleMs); !status) return status.error();
    return examine();
  }

 private:
  static void sleep_ms(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

  // Kinds in fixed shares, in an order that the seed decides.
  std::vector<Event> make_plan() {
    std::vector<Event> plan;
    for (size_t i = 0; i < options_.kills; ++i) {
      const size_t kind = i % 10;
      plan.push_back(kind < 4 ? Event::kOne : kind < 7 ? Event::kPrimary : kind < 8 ? Event::kAll : Event::kWipe);
    }
    for (size_t i = 0; i < options_.stops; ++i) plan.push_back(Event::kStop);
    for (size_t i = plan.size(); i > 1; --i) std::swap(plan[i - 1], plan[rng_.below(i)]);
    return plan;
  }

  size_t primary() {
    for (size_t i = 0; i < network_->size(); ++i) {
      auto status = network_->get(i, "/v1/status");
      if (!status || !(*status)["primary"].is_string()) continue;
      for (size_t k = 0; k < network_->size(); ++k) {
        if (network_->genesis().validators[k].name == (*status)["primary"].get<std::string>()) return k;
      }
    }
    return rng_.below(network_->size());
  }

  Status happen(Event event) {
    const size_t victim = event == Event::kPrimary ? primary() : rng_.below(network_->size());
    switch (event) {
      case Event::kOne:
      case Event::kPrimary:
        return kill({victim}, false);
      case Event::kAll: {
        std::vector<size_t> all(network_->size());
        for (size_t i = 0; i < all.size(); ++i) all[i] = i;
        return kill(all, false);
      }
      case Event::kWipe:
        // More than f validators without their memory is more than any protocol survives: one after the other.
        if (auto status = wait_rejoined(); !status) return status;
        return kill({victim}, true);
      case Event::kStop:
        return pause(rng_.chance(500'000) ? primary() : victim);
    }
    return {};
  }

  Status kill(const std::vector<size_t>& victims, bool wipe) {
    const int64_t at = ChaosClient::now_us();
    for (size_t i : victims) network_->child(i).signal(SIGKILL);
    for (size_t i : victims) network_->child(i).kill_now();
    if (wipe) {
      std::error_code error;
      std::filesystem::remove_all(network_->folder(victims.front()) / "data", error);
      if (error)
        return Error{"file_unwritable",
                     "cannot wipe " + network_->folder(victims.front()).string() + ": " + error.message()};
      wiped_ = victims.front();
    }
    // With one down the others go on; when all are down the clock runs until they are back.
    const int64_t down_until = at + 1000 * (victims.size() == 1 ? rng_.between(50, kDownMsMax) : rng_.between(0, 200));
    while (ChaosClient::now_us() < down_until) sleep_ms(kPollMs);
    for (size_t i : victims) {
      if (auto status = network_->start(i); !status) return status;
    }
    return wait_commit(at, true);
  }

  Status pause(size_t victim) {
    network_->child(victim).signal(SIGSTOP);
    sleep_ms(rng_.between(100, kPauseMsMax));
    network_->child(victim).signal(SIGCONT);
    return wait_commit(ChaosClient::now_us(), false);
  }

  // Until a transaction submitted after `since` is acknowledged.
  Status wait_commit(int64_t since, bool is_recovery) {
    while (true) {
      if (const auto at = client_->first_commit_after(since)) {
        if (is_recovery) {
          recovery_us_.push_back(*at - since);
          progress_.note("  a commit after " + std::to_string((*at - since) / 1000) + " ms");
        }
        return {};
      }
      if (ChaosClient::now_us() - since > kRecoverMs * 1000)
        return Error{"timed_out", "no commit for two minutes:" + where()};
      for (size_t i = 0; i < network_->size(); ++i) {
        if (!network_->running(i))
          return Error{"not_ready",
                       "validator-" + std::to_string(i) + " ended by itself: " + tail_of(network_->log(i))};
      }
      sleep_ms(kPollMs);
    }
  }

  Status wait_rejoined() {
    if (!wiped_) return {};
    const int64_t began = ChaosClient::now_us();
    while (ChaosClient::now_us() - began < kRejoinMs * 1000) {
      auto status = network_->get(*wiped_, "/v1/status");
      if (status && !status->value("rejoining", true) && !status->value("catching_up", true) &&
          status->value("height", Height{0}) > 0) {
        rejoin_us_.push_back(ChaosClient::now_us() - began);
        wiped_.reset();
        return {};
      }
      sleep_ms(50);
    }
    return Error{"timed_out", "validator-" + std::to_string(*wiped_) + " did not rejoin:" + where() + "\n" +
                                  tail_of(network_->log(*wiped_))};
  }

  // A validator that was down while a checkpoint was signed knows the next one: so the load goes on until all know the
  // same, or there would be no roots to compare.
  Status wait_same_checkpoint() {
    const int64_t began = ChaosClient::now_us();
    while (ChaosClient::now_us() - began < kSettleMs * 1000) {
      std::vector<Height> heights;
      for (size_t i = 0; i < network_->size(); ++i) {
        if (auto status = network_->get(i, "/v1/status"))
          heights.push_back(status->value("state_root_height", Height{0}));
      }
      std::sort(heights.begin(), heights.end());
      if (heights.size() == network_->size() && heights.front() > 0 && heights.front() == heights.back()) return {};
      sleep_ms(100);
    }
    return Error{"timed_out", "the validators do not come to the same checkpoint:" + where()};
  }

  std::string where() {
    std::string out;
    for (size_t i = 0; i < network_->size(); ++i) {
      auto status = network_->get(i, "/v1/status");
      out += "\n  validator-" + std::to_string(i) + ": " + (status ? dump(*status) : status.error().code);
    }
    return out;
  }

  Result<Json> examine() {
    const ChaosCounts counts = client_->counts();
    const std::vector<ChaosTx> txs = client_->transactions();
    client_.reset();
    auto agreement =
        compare_validators(*network_, [this](Height at) { progress_.show("comparing blocks from " + grouped(at)); });
    if (!agreement) return agreement.error();
    std::unordered_map<std::string, std::vector<Height>> places;
    if (auto status = scan_blocks(agreement->height, places); !status) return status.error();
    uint64_t lost = 0, duplicated = counts.contradictions;
    for (const auto& [id, heights] : places) duplicated += heights.size() - 1;
    for (const ChaosTx& tx : txs) {
      if (!tx.acknowledged) continue;
      const auto at = places.find(to_hex(tx.id));
      if (at == places.end() || at->second.front() != tx.height) ++lost;
    }
    auto bad_receipts = check_receipts(txs);
    if (!bad_receipts) return bad_receipts.error();
    std::sort(recovery_us_.begin(), recovery_us_.end());
    std::sort(rejoin_us_.begin(), rejoin_us_.end());
    const auto ms = [](int64_t us) { return std::round(static_cast<double>(us) / 100) / 10; };
    Json kinds = Json::object();
    for (const auto& [name, count] : happened_) kinds[name] = count;
    return Json{{"engine", options_.engine},
                {"validators", options_.validators},
                {"seed", options_.seed},
                {"kills", options_.kills},
                {"stops", options_.stops},
                {"kinds", kinds},
                {"submitted", counts.submitted},
                {"acknowledged", counts.acknowledged},
                {"refused", counts.refused},
                {"first_refusal", counts.refused == 0 ? Json(nullptr) : Json(counts.first_refusal)},
                {"lost", lost},
                {"duplicated", duplicated},
                {"blocks_missing", missing_blocks_},
                {"receipts_failed", *bad_receipts},
                {"forks", agreement->forks},
                {"state_roots_equal", agreement->state_roots_equal},
                {"height", agreement->height},
                {"recovery_ms",
                 {{"p50", recovery_us_.empty() ? 0 : ms(recovery_us_[recovery_us_.size() / 2])},
                  {"max", recovery_us_.empty() ? 0 : ms(recovery_us_.back())}}},
                {"rejoin_wait_ms_max", rejoin_us_.empty() ? 0 : ms(rejoin_us_.back())},
                {"seconds", std::round(progress_.seconds() * 10) / 10}};
  }

  // Where each transaction that counted stands. A validator that joined by snapshot lacks old blocks: another has them.
  Status scan_blocks(Height last, std::unordered_map<std::string, std::vector<Height>>& places) {
    size_t asked = 0;
    for (Height height = 1; height <= last; ++height) {
      progress_.show("scanning block " + grouped(height) + " of " + grouped(last));
      Result<Json> block = Error{"not_found", ""};
      for (size_t tries = 0; tries < network_->size() && !block; ++tries) {
        block = network_->get(asked, "/v1/blocks/" + std::to_string(height), 10'000);
        if (!block) asked = (asked + 1) % network_->size();
      }
      if (!block)
        return Error{block.error().code, "no validator has block " + std::to_string(height) + ": " + block.error().why};
      for (const Json& result : block->value("results", Json::array())) {
        const auto code = code_from_name(result.value("code", ""));
        if (code && code_consumes_sequence(number(*code))) places[result.value("id", "")].push_back(height);
      }
    }
    return {};
  }

  Result<uint64_t> check_receipts(const std::vector<ChaosTx>& txs) {
    const RealVerifier verifier;
    uint64_t bad = 0;
    std::vector<std::unique_ptr<api::Client>> clients;
    for (const GenesisValidator& validator : network_->genesis().validators) {
      auto endpoint = api::Endpoint::of_validator(validator);
      if (!endpoint) return endpoint.error();
      auto client = api::Client::open(std::move(*endpoint));
      if (!client) return client.error();
      clients.push_back(std::move(*client));
    }
    for (size_t i = 0; i < txs.size(); ++i) {
      if (!txs[i].acknowledged) continue;
      progress_.show("receipt " + grouped(i + 1) + " of " + grouped(txs.size()));
      bool good = false;
      for (size_t tries = 0; tries < clients.size() && !good; ++tries) {
        auto receipt = clients[(i + tries) % clients.size()]->receipt(txs[i].id);
        if (!receipt) continue;
        auto facts = verify_receipt(*receipt, network_->genesis(), verifier);
        good = facts && facts->txid == txs[i].id && facts->height == txs[i].height &&
               facts->result_code == number(TxCode::ok);
        if (!good)
          progress_.note("receipt of " + to_hex(txs[i].id) + ": " +
                         (facts ? "says something else" : facts.error().why));
      }
      bad += good ? 0 : 1;
    }
    return bad;
  }

  const Options& options_;
  Rng rng_;
  Progress progress_;
  std::unique_ptr<LocalNetwork> network_;
  std::unique_ptr<ChaosClient> client_;
  std::optional<size_t> wiped_;
  std::map<std::string, uint64_t> happened_;
  std::vector<int64_t> recovery_us_, rejoin_us_;
  uint64_t missing_blocks_ = 0;  // that no validator has
};

int run(const Options& options) {
  if (auto engine = built_engine(options.engine); !engine) return fail(engine.error(), options.json);
  auto result = Chaos(options).run();
  if (!result) return fail(result.error(), options.json);
  const Json& r = *result;
  const bool good = r["lost"] == 0 && r["duplicated"] == 0 && r["forks"] == 0 && r["receipts_failed"] == 0 &&
                    r["refused"] == 0 && r["state_roots_equal"] == true;
  print_line(r["kills"].dump() + " kills and " + r["stops"].dump() + " pauses: " + r["acknowledged"].dump() + " of " +
             r["submitted"].dump() + " transactions acknowledged, " + r["lost"].dump() + " lost, " +
             r["duplicated"].dump() + " duplicated, " + r["forks"].dump() +
             " forks, state roots equal: " + r["state_roots_equal"].dump());
  if (r["refused"] != 0)
    print_line(r["refused"].dump() + " were refused by a validator that was asked, first with " +
               r["first_refusal"].get<std::string>() + ": nothing here should earn that");
  print_line("every acknowledged transaction has a receipt that verifies: " +
             std::string(r["receipts_failed"] == 0 ? "yes" : "NO") + "; recovery p50 " +
             r["recovery_ms"]["p50"].dump() + " ms, max " + r["recovery_ms"]["max"].dump() + " ms");
  if (options.json) print_json(r);
  return good ? kExitDone : kExitNo;
}

}  // namespace

void add_chaos(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command =
      root.add_subcommand("chaos", "kill, pause and wipe real validators under load, and see whether anything is lost");
  command->add_option("--validators", options->validators, "how many")->capture_default_str()->check(CLI::Range(1, 31));
  command->add_option("--engine", options->engine, consensus::built_engines())->capture_default_str();
  command
      ->add_option("--kills", options->kills,
                   "SIGKILLs: of one, of the primary, of all at once, of one whose disk is then wiped")
      ->capture_default_str();
  command->add_option("--stops", options->stops, "pauses by SIGSTOP")->capture_default_str();
  command->add_option("--seed", options->seed, "of the order of events")->capture_default_str();
  command->add_option("--rate", options->rate, "transactions a second")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 5000.0));
  command->add_option("--set", options->settings, "a genesis parameter, as in init")->type_name("KEY=VALUE");
  command->add_flag("--keep", options->keep, "leave the network's folder");
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Examples:\n  tieline chaos --kills 10 --stops 2\n  tieline chaos --kills 100 --stops 20 --seed 7 --json\n"
      "Exit status: 0 nothing lost, doubled or forked; 1 something was; 3 it got stuck.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
