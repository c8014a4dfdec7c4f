// tieline init: a new network, ready to run.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/make_network.h"

namespace tieline::cli {
namespace {

struct Options {
  NetworkPlan plan;
  std::string net;
  std::string participants;
  std::string proximity, private_points;
  bool json = false;
};

int run(Options& options) {
  options.plan.net = options.net;
  options.plan.participants = options.participants;
  options.plan.proximity = options.proximity;
  options.plan.private_points = options.private_points;
  auto genesis = make_network(options.plan);
  if (!genesis) return fail(genesis.error(), options.json);
  print_line("network " + genesis->network + " in " + options.net + ", chain " + to_hex(genesis->chain_id()));
  for (const GenesisValidator& v : genesis->validators) {
    print_line("  " + v.name + "  links " + v.address + "  clients https://" + v.http);
  }
  print_line("  " + grouped(genesis->participants.size()) + " participants, keys in " + options.net + "/participants");
  if (const auto& p = genesis->consensus.proximity)
    print_line(std::string("  positions of all validators; relay ") + (p->relay ? "on" : "off") + ", trigger " +
               (p->trigger ? "on" : "off"));
  warn_of_engine(genesis->consensus.engine);
  print_line("run it: tieline up " + options.net);
  if (options.json) {
    Json validators = Json::array();
    for (const GenesisValidator& v : genesis->validators)
      validators.push_back({{"name", v.name}, {"address", v.address}, {"http", v.http}});
    print_json(Json{{"network", genesis->network},
                    {"chain_id", to_hex(genesis->chain_id())},
                    {"engine", engine_name(genesis->consensus.engine)},
                    {"validators", validators},
                    {"participants", genesis->participants.size()}});
  }
  return kExitDone;
}

}  // namespace

void add_init(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("init", "make a new network: genesis, keys, a folder a validator");
  command->add_option("NET", options->net, "folder to make; must not be there or be empty")->required();
  command->add_option("--validators", options->plan.validators, "how many, 4 and more")->capture_default_str();
  command->add_option("--engine", options->plan.engine, "consensus engine")->capture_default_str();
  command
      ->add_option("--certificates", options->plan.certificates,
                   "list (Ed25519) or bls (one aggregate; cbft and trust_raft); default: by the number of validators")
      ->check(CLI::IsMember({"list", "bls"}));
  command->add_option("--port", options->plan.port, "first port; clients' are 100 above")->capture_default_str();
  command->add_option("--host", options->plan.host, "address of all validators")->capture_default_str();
  command->add_option("--participants", options->participants, "JSON file with the participants; default: the demo's");
  command->add_option("--proximity", options->proximity,
                      "JSON file with relay, trigger, region_m2, lease_ms and positions [[x, y], ..] in metres "
                      "(trust_raft): blocks go by way of neighbours, the nearest to a failed leader leaves it first");
  command->add_option("--private", options->private_points,
                      "JSON file with buckets_w, profile_ppm, loss_lo_ppm, loss_hi_ppm, sets and distributors "
                      "(docs/formats/genesis.md): the network has private metering points");
  command->add_option("--set", options->plan.settings, "a parameter of genesis, e.g. consensus.epoch_blocks=20")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer("Example:\n  tieline init demo-net --validators 4 --participants data/participants.json");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
