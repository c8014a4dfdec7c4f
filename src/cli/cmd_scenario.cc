// tieline scenario: a day of the paper's market, driven through real validators or the simulator.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/local_network.h"
#include "cli/make_network.h"
#include "cli/network_access.h"
#include "cli/scenario_page.h"

namespace tieline::cli {
namespace {

constexpr const char* kPage = "scenario-day.html";

struct Options {
  paper::DayOptions day;
  std::string net;
  bool sim = false;
  size_t validators = 4;
  std::string engine = "cbft";
  std::string page = kPage;
  bool json = false;
};

std::string command_of(const Options& o) {
  const paper::DayOptions standard;
  std::string text = "tieline scenario day";
  if (o.sim) text += " --sim";
  if (!o.net.empty()) text += " --net " + o.net;
  const auto number = [&](const char* name, uint64_t value, uint64_t usual) {
    if (value != usual) text += std::string(" --") + name + " " + std::to_string(value);
  };
  number("participants", o.day.participants, standard.participants);
  number("proposals", o.day.proposals, standard.proposals);
  number("hours", o.day.hours, standard.hours);
  number("seed", o.day.seed, standard.seed);
  return text;
}

// The network's processes, if we start them, and the way to it. The processes end with the first.
struct Ground {
  std::unique_ptr<LocalNetwork> processes;
  std::unique_ptr<ScenarioNetwork> network;
  std::string place;
};

Result<Ground> local_processes(const Options& o, const paper::DayGrid& grid, Progress& progress) {
  Ground ground;
  LocalNetworkOptions options;
  options.validators = o.validators;
  options.engine = o.engine;
  options.folder = temporary_folder("scenario");
  options.participants = participants_of_day(grid);
  options.settings = {"market.time_rate=0"};
  progress.show("starting " + std::to_string(o.validators) + " validators");
  auto made = LocalNetwork::make(std::move(options));
  if (!made) return made.error();
  ground.processes = std::move(*made);
  if (auto started = ground.processes->start_all(); !started) return started.error();
  auto network = real_network(ground.processes->root() / "net", grid);
  if (!network) return network.error();
  ground.network = std::move(*network);
  ground.place = std::to_string(o.validators) + " validators as processes of this machine";
  return ground;
}

Result<Ground> ground_of(const Options& o, const paper::DayGrid& grid, Progress& progress) {
  Ground ground;
  if (o.sim) {
    auto network = simulated_network(grid, o.engine, o.validators);
    if (!network) return network.error();
    ground.network = std::move(*network);
    ground.place = std::to_string(o.validators) + " validators in the simulator";
    return ground;
  }
  if (o.net.empty()) return local_processes(o, grid, progress);
  auto network = real_network(o.net, grid);
  if (!network) return network.error();
  ground.network = std::move(*network);
  ground.place = std::to_string(ground.network->genesis().validators.size()) + " validators of " + o.net;
  return ground;
}

int run_day(const Options& o) {
  if (o.sim && !o.net.empty()) return fail({"usage", "--net and --sim exclude each other"}, o.json);
  if (auto engine = built_engine(o.engine); !engine) return fail(engine.error(), o.json);
  const auto grid = paper::day_grid(o.day);
  if (!grid) return fail(grid.error(), o.json);
  if (const size_t least = paper::least_proposals(*grid); o.day.proposals < least)
    return fail({"bad_day", "--proposals " + std::to_string(o.day.proposals) +
                                ": so many participants and hours need at least " + std::to_string(least)},
                o.json);
  Progress progress;
  auto ground = ground_of(o, *grid, progress);
  if (!ground) return fail(ground.error(), o.json);
  ScenarioNetwork& network = *ground->network;
  auto sequences = network.sequences();
  if (!sequences) return fail(sequences.error(), o.json);
  auto run = paper::run_day(
      {*grid, network.genesis(), network.signers(), *sequences, [&](const std::string& what) { progress.show(what); }},
      network);
  if (!run) return fail(run.error(), o.json);
  progress.show("reading what was settled");
  ScenarioRun told{
      ground->place,      engine_name(network.genesis().consensus.engine), network.genesis().validators.size(),
      progress.seconds(), static_cast<double>(run->busy_us) / 1e6,         command_of(o)};
  auto result = scenario_result(*grid, std::move(*run), network);
  if (!result) return fail(result.error(), o.json);
  if (auto written = write_file(o.page, view_of(paper::html_of(scenario_page(*grid, *result, told)))); !written)
    return fail(written.error(), o.json);
  print_scenario(*result, told);
  print_line("The page is " + o.page + ".");
  if (o.json) {
    Json object = scenario_json(*grid, *result, told);
    object["page"] = o.page;
    print_json(object);
  }
  const bool good = result->money_conserved && result->energy_conserved && result->wrong.empty() &&
                    result->run.missed() == 0 && result->run.false_alarms() == 0;
  return good ? kExitDone : kExitNo;
}

int print_participants(const Options& o, const std::string& file) {
  const auto grid = paper::day_grid(o.day);
  if (!grid) return fail(grid.error());
  const std::string text = participants_of_day(*grid) + "\n";
  if (auto written = write_file(file, view_of(text)); !written) return fail(written.error());
  print_line("Participants of the day: " + file + ". A network with them:");
  print_line("  tieline init NET --participants " + file + " --set market.time_rate=0");
  if (o.json) print_json({{"participants", grid->members.size()}, {"file", file}});
  return kExitDone;
}

void add_day_options(CLI::App& app, Options& o) {
  app.add_option("--participants", o.day.participants, "plants, grid companies, distributors and users, 10:15:15:10")
      ->capture_default_str();
  app.add_option("--hours", o.day.hours, "of the day that are traded and metered")->capture_default_str();
  app.add_option("--seed", o.day.seed, "of everything that is drawn")->capture_default_str();
}

}  // namespace

void add_scenario(CLI::App& root, int& exit_status) {
  CLI::App* scenario = root.add_subcommand("scenario", "a day of the market: trades, readings, forgeries, settlement");
  scenario->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* day = scenario->add_subcommand(
      "day", "24 hours of paper 004's market on real validators (started here, unless --net names some), or --sim");
  day->add_option("--net", options->net, "folder of a network that runs, made with the day's participants");
  day->add_flag("--sim", options->sim, "in the simulator: virtual time, the same settlement");
  day->add_option("--proposals", options->day.proposals, "signed transactions of participants, one in twenty invalid")
      ->capture_default_str();
  add_day_options(*day, *options);
  day->add_option("--validators", options->validators, "of the network made here")->capture_default_str();
  day->add_option("--engine", options->engine, "of the network made here")->capture_default_str();
  day->add_option("--page", options->page, "the HTML page that is written")->capture_default_str();
  day->add_flag("--json", options->json, "one JSON object on the last line");
  day->footer(
      "Exit status 1: something invalid got through, something honest did not, or something does not add up.\n"
      "Example:\n  tieline scenario day --participants 10 --proposals 700 --hours 4 --sim");
  day->callback([options, &exit_status] { exit_status = run_day(*options); });

  auto file = std::make_shared<std::string>("day-participants.json");
  CLI::App* participants =
      scenario->add_subcommand("participants", "the day's participants, for `tieline init --participants`");
  participants->add_option("-o,--output", *file, "file to write")->capture_default_str();
  add_day_options(*participants, *options);
  participants->add_flag("--json", options->json, "one JSON object on the last line");
  participants->footer(
      "Example:\n  tieline scenario participants -o day.json\n"
      "  tieline init NET --participants day.json --set market.time_rate=0\n"
      "  tieline up NET &\n  tieline scenario day --net NET");
  participants->callback([options, file, &exit_status] { exit_status = print_participants(*options, *file); });
}

}  // namespace tieline::cli
