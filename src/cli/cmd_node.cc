// tieline node: one validator, until SIGTERM or SIGINT.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "api/server.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "consensus/engine.h"
#include "node/node.h"

namespace tieline::cli {
namespace {

constexpr rlim_t kOpenFilesWanted = 65'536;

spdlog::level::level_enum level_of(const std::string& name) {
  if (name == "debug") return spdlog::level::debug;
  if (name == "warn") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return spdlog::level::info;
}

void prepare_process() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error with a message, not a kill
  sigset_t stop;               // whoever started us may have had them blocked
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < kOpenFilesWanted) {
    files.rlim_cur = std::min(files.rlim_max, kOpenFilesWanted);
    ::setrlimit(RLIMIT_NOFILE, &files);  // as many as may be: the limits of connections keep below
  }
}

int run(const std::string& where, const std::string& trace) {
  std::filesystem::path file = where;
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) file /= "config.toml";
  auto config = node::load_config(file);
  if (!config) return fail(config.error());
  if (!trace.empty()) config->settings.trace_file = trace;
  prepare_process();
  log::to_stderr(config->settings.name.c_str(), level_of(config->settings.log_level));

  if (const std::string warning = consensus::engine_warning(config->genesis.consensus.engine); !warning.empty())
    log::warn("{}", warning);

  api::ServerConfig http;
  http.listen = config->settings.http.listen;
  http.identity = config->tls;
  http.limits.connections_max = config->settings.http.connections_max;
  http.limits.body_bytes_max = config->settings.http.body_bytes_max;
  if (config->settings.http.granted) http.access_log = config->access_log();
  auto node = node::Node::open(std::move(*config));
  if (!node) {
    fail(node.error());
    return kExitUsage;
  }
  auto server = api::Server::open((*node)->service(), std::move(http));
  if (!server) {
    fail(server.error());
    return kExitUsage;
  }
  boost::asio::signal_set signals((*node)->service().io(), SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) (*node)->stop();
  });
  (*node)->on_stop([&] {
    (*server)->stop();
    signals.cancel();
  });
  const Status status = (*node)->run();
  if (status.ok()) return kExitDone;
  fail(status.error());
  return kExitNo;
}

}  // namespace

void add_node(CLI::App& root, int& exit_status) {
  auto where = std::make_shared<std::string>();
  CLI::App* command = root.add_subcommand("node", "run one validator; SIGTERM stops it cleanly");
  command->add_option("DIR", *where, "the validator's folder, or its config.toml")->required();
  auto trace = std::make_shared<std::string>();
  command->add_option("--trace", *trace, "record what the engine is given and answers (tieline trace-check)")
      ->type_name("FILE");
  command->footer("Example:\n  tieline node demo-net/validator-0");
  command->callback([where, trace, &exit_status] { exit_status = run(*where, *trace); });
}

}  // namespace tieline::cli
