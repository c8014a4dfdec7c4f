#include "cli/local_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace tieline::cli {
namespace {

constexpr uint16_t kPortFirst = 7'400;
constexpr uint16_t kPortLast = 17'400;
constexpr uint16_t kPortStep = 200;
constexpr int64_t kStopMs = 10'000;
constexpr int64_t kPollMs = 50;

bool port_free(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return free;
}

std::string signer_name(size_t i) { return "signer-" + std::to_string(i); }

}  // namespace

Json signers_json(size_t signers) {
  Json list = Json::array();
  for (size_t i = 0; i < signers; ++i) {
    list.push_back({{"name", signer_name(i)}, {"role", "plant"}, {"meters", {"meter-" + std::to_string(i)}}});
  }
  return list;
}

std::filesystem::path temporary_folder(const std::string& what) {
  const char* given = std::getenv("TIELINE_TMP");
  const std::filesystem::path base = given != nullptr ? given : std::filesystem::temp_directory_path();
  return base / ("tieline-" + what + "-" + std::to_string(::getpid()));
}

Result<uint16_t> free_port_base(size_t count) {
  constexpr uint16_t kBlocks = (kPortLast - kPortFirst) / kPortStep;
  // Each process begins elsewhere: two that look at the same time find the same ports free.
  const auto first = static_cast<uint16_t>(::getpid() % kBlocks);
  for (uint16_t k = 0; k < kBlocks; ++k) {
    const auto base = static_cast<uint16_t>(kPortFirst + (first + k) % kBlocks * kPortStep);
    bool all = true;
    for (size_t i = 0; i < count && all; ++i) {
      const auto port = static_cast<uint16_t>(base + i);
      all = port_free(port) && port_free(static_cast<uint16_t>(port + kValidatorPorts));
    }
    if (all) return base;
  }
  return Error{"no_port", "no free block of ports between 7400 and 17400 on loopback"};
}

Result<std::unique_ptr<LocalNetwork>> LocalNetwork::make(LocalNetworkOptions options) {
  std::unique_ptr<LocalNetwork> network(new LocalNetwork(std::move(options)));
  if (auto status = network->init(); !status) return status.error();
  return network;
}

Status LocalNetwork::init() {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) return Error{"file_unwritable", "cannot make " + options_.folder.string() + ": " + error.message()};
  const auto net = options_.folder / "net";
  const auto participants = options_.folder / "participants.json";
  const std::string text = options_.participants.empty() ? dump(signers_json(options_.signers)) : options_.participants;
  if (auto status = write_file(participants, view_of(text)); !status) return status;
  auto port = free_port_base(options_.validators);
  if (!port) return port.error();
  std::vector<std::string> arguments = {
      "init",           net.string(),         "--validators", std::to_string(options_.validators),
      "--engine",       options_.engine,      "--port",       std::to_string(*port),
      "--participants", participants.string()};
  for (const std::string& setting : options_.settings) {
    arguments.push_back("--set");
    arguments.push_back(setting);
  }
  if (auto status = run_program(own_program(), arguments, options_.folder / "init.log"); !status) return status;
  auto genesis = genesis_of_net(net);
  if (!genesis) return genesis.error();
  genesis_ = std::move(*genesis);
  children_.resize(options_.validators);
  clients_.resize(options_.validators);
  return {};
}

LocalNetwork::~LocalNetwork() {
  clients_.clear();
  stop_all();
  std::error_code ignored;
  if (!options_.keep) std::filesystem::remove_all(options_.folder, ignored);
}

std::filesystem::path LocalNetwork::folder(size_t i) const {
  return options_.folder / "net" / ("validator-" + std::to_string(i));
}
std::filesystem::path LocalNetwork::log(size_t i) const {
  return options_.folder / ("validator-" + std::to_string(i) + ".log");
}

Status LocalNetwork::start(size_t i) {
  auto child = ChildProcess::start(own_program(), {"node", folder(i).string()}, log(i));
  if (!child) return child.error();
  children_[i] = std::make_unique<ChildProcess>(std::move(*child));
  return {};
}

Status LocalNetwork::start_all() {
  for (size_t i = 0; i < size(); ++i) {
    if (auto status = start(i); !status) return status;
  }
  for (size_t i = 0; i < size(); ++i) {
    if (auto status = wait_ready(i); !status) return status;
  }
  return {};
}

Status LocalNetwork::wait_ready(size_t i, int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (std::chrono::steady_clock::now() < deadline) {
    if (!running(i)) return Error{"not_ready", "validator-" + std::to_string(i) + " ended: " + tail_of(log(i))};
    if (get(i, "/v1/status", kPollMs * 10).ok()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
  return Error{"not_ready", "validator-" + std::to_string(i) + " does not answer: " + tail_of(log(i))};
}

void LocalNetwork::stop_all() {
  for (auto& child : children_) {
    if (!child) continue;
    child->signal(SIGCONT);  // a paused process would not hear it
    child->signal(SIGTERM);
  }
  for (auto& child : children_) {
    if (child && !child->wait(kStopMs)) child->kill_now();
  }
}

Result<std::vector<Identity>> LocalNetwork::signers() const {
  std::vector<Identity> out;
  for (size_t i = 0; i < options_.signers; ++i) {
    auto identity = load_identity(options_.folder / "net", signer_name(i), genesis_);
    if (!identity) return identity.error();
    out.push_back(std::move(*identity));
  }
  return out;
}

Result<Json> LocalNetwork::get(size_t i, const std::string& target, int64_t timeout_ms) {
  if (!clients_[i]) {
    auto endpoint = api::Endpoint::of_validator(genesis_.validators[i]);
    if (!endpoint) return endpoint.error();
    auto client = api::Client::open(std::move(*endpoint));
    if (!client) return client.error();
    clients_[i] = std::move(*client);
  }
  auto reply = clients_[i]->get(target, timeout_ms);
  if (!reply) return reply.error();
  return parse_json(reply->body, target);
}

}  // namespace tieline::cli
