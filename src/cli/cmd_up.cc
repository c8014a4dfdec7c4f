// tieline up: every validator of a network as processes of this machine, until Ctrl-C.

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "api/client.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/network_access.h"

namespace tieline::cli {
namespace {

constexpr int64_t kStopMs = 15'000;
constexpr int kPollMs = 100;
constexpr int64_t kAskMs = 500;
constexpr size_t kLineMax = 16 * 1024;

// One validator's process, and what it says.
struct Runner {
  const GenesisValidator* validator = nullptr;
  std::optional<ChildProcess> process;
  int output = -1;  // read end of its pipe
  std::string line;
  bool ready = false;
  bool ended = false;
};

// Whole lines, each with the validator's name in front.
void pass_on(Runner& runner) {
  char buffer[8192];
  while (runner.output >= 0) {
    const ssize_t n = ::read(runner.output, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      ::close(runner.output);
      runner.output = -1;
    }
    runner.line.append(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    size_t end;
    while ((end = runner.line.find('\n')) != std::string::npos || runner.line.size() > kLineMax ||
           (runner.output < 0 && !runner.line.empty())) {
      const std::string text = runner.line.substr(0, end);
      runner.line.erase(0, end == std::string::npos ? end : end + 1);
      std::fprintf(stderr, "%s | %s\n", runner.validator->name.c_str(), text.c_str());
    }
  }
}

Status start(Runner& runner, const std::filesystem::path& net) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{"spawn_failed", "cannot make a pipe"};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  runner.output = ends[0];
  auto child = ChildProcess::start(own_program(), {"node", (net / runner.validator->name).string()},
                                   "/proc/self/fd/" + std::to_string(ends[1]));
  ::close(ends[1]);
  if (!child) return child.error();
  runner.process.emplace(std::move(*child));
  return {};
}

bool answers(const GenesisValidator& validator) {
  auto endpoint = api::Endpoint::of_validator(validator);
  if (!endpoint) return false;
  auto client = api::Client::open(std::move(*endpoint));
  return client.ok() && (*client)->status_json(kAskMs).ok();
}

class Network {
 public:
  Network(std::filesystem::path net, Genesis genesis) : net_(std::move(net)), genesis_(std::move(genesis)) {
    // Blocked before the first child: none may end unseen, and Ctrl-C must not kill us before them.
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Network() {
    ::close(signals_);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  int run() {
    runners_.resize(genesis_.validators.size());
    for (size_t i = 0; i < runners_.size(); ++i) {
      runners_[i].validator = &genesis_.validators[i];
      if (auto status = start(runners_[i], net_); !status) {
        stop();
        return fail(status.error());
      }
    }
    while (!stop_asked()) {
      if (int status = look_for_ended(); status != kExitDone) {
        stop();
        return status;
      }
      if (!ready_) look_for_ready();
    }
    print_line("stopping");
    std::fflush(stdout);
    stop();
    return kExitDone;
  }

 private:
  bool stop_asked() {
    std::vector<pollfd> fds = {{signals_, POLLIN, 0}};
    for (const Runner& runner : runners_) fds.push_back({runner.output, POLLIN, 0});
    ::poll(fds.data(), fds.size(), kPollMs);
    for (Runner& runner : runners_) pass_on(runner);
    signalfd_siginfo info{};
    return ::read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
  }

  // A validator that ends before the network is ready ends it: something is wrong that the operator must see. Later the
  // others go on, as they would on machines of their own.
  int look_for_ended() {
    size_t alive = 0;
    for (Runner& runner : runners_) {
      if (runner.ended) continue;
      const auto status = runner.process->wait(0);
      if (!status) {
        ++alive;
        continue;
      }
      runner.ended = true;
      pass_on(runner);
      std::fprintf(stderr, "tieline: %s ended with status %d%s\n", runner.validator->name.c_str(), *status,
                   *status > 128 ? " (a signal)" : "");
      if (!ready_) return *status == kExitUsage ? kExitUsage : kExitNo;
    }
    if (alive == 0) return kExitNo;
    return kExitDone;
  }

  void look_for_ready() {
    bool all = true;
    for (Runner& runner : runners_) {
      runner.ready = runner.ready || answers(*runner.validator);
      all = all && runner.ready;
    }
    if (!all) return;
    ready_ = true;
    print_line("network " + genesis_.network + " is up; Ctrl-C stops it");
    warn_of_engine(genesis_.consensus.engine);
    for (const Runner& runner : runners_)
      print_line("  " + runner.validator->name + "  https://" + runner.validator->http + "  process " +
                 std::to_string(runner.process->pid()));
    std::fflush(stdout);
  }

  void stop() {
    for (Runner& runner : runners_)
      if (runner.process) runner.process->signal(SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kStopMs);
    for (Runner& runner : runners_) {
      if (!runner.process) continue;
      while (!runner.process->wait(kPollMs)) {
        for (Runner& other : runners_) pass_on(other);  // one that cannot write cannot end
        if (std::chrono::steady_clock::now() < deadline) continue;
        std::fprintf(stderr, "tieline: %s does not stop; killed\n", runner.validator->name.c_str());
        runner.process->kill_now();
      }
      pass_on(runner);
    }
  }

  std::filesystem::path net_;
  Genesis genesis_;
  std::vector<Runner> runners_;
  int signals_ = -1;
  sigset_t before_{};
  bool ready_ = false;
};

int run(const std::string& net) {
  auto genesis = genesis_of_net(net);
  if (!genesis) return fail(genesis.error());
  return Network(net, std::move(*genesis)).run();
}

}  // namespace

void add_up(CLI::App& root, int& exit_status) {
  auto net = std::make_shared<std::string>();
  CLI::App* command = root.add_subcommand("up", "run every validator of a network on this machine, until Ctrl-C");
  command->add_option("NET", *net, "folder of the network, made by `tieline init`")->required();
  command->footer("Example:\n  tieline up demo-net");
  command->callback([net, &exit_status] { exit_status = run(*net); });
}

}  // namespace tieline::cli
