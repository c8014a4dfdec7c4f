// tieline status: where a network stands, as its validators say it.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/network_access.h"

namespace tieline::cli {
namespace {

struct Options {
  Where where;
  bool json = false;
};

std::string text_of(const Json& json, const char* name) {
  const auto it = json.find(name);
  if (it == json.end() || it->is_null()) return "-";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

// What the validator asked knows of others may be old; with a whole network every one is asked for itself.
void ask_each(Reach& reach, Json& status) {
  if (reach.network() == nullptr || !status["validators"].is_array()) return;
  for (const GenesisValidator& validator : reach.genesis()->validators) {
    auto reply = reach.network()->client(validator.id)->status_json(2'000);
    for (Json& entry : status["validators"]) {
      if (entry.value("name", "") != validator.name) continue;
      entry["reachable"] = reply.ok();
      if (!reply) continue;
      if (auto own = parse_json(*reply, "status")) {
        for (const char* field :
             {"height", "view", "epoch", "state_root", "state_root_height", "rejoining", "catching_up"}) {
          if (own->contains(field)) entry[field] = (*own)[field];
        }
      }
    }
  }
}

int run(const Options& options) {
  auto reach = Reach::open(options.where);
  if (!reach) return fail(reach.error(), options.json);
  auto status = reach->get("/v1/status");
  if (!status) return fail(status.error(), options.json);
  ask_each(*reach, *status);
  const Json& s = *status;
  print_line("network    " + text_of(s, "network") + "  (chain " + text_of(s, "chain_id").substr(0, 16) + "..)");
  print_line("engine     " + text_of(s, "engine"));
  if (const auto engine = engine_from_name(text_of(s, "engine"))) warn_of_engine(*engine);
  print_line("height     " + text_of(s, "height") + "   epoch " + text_of(s, "epoch") + "   view " +
             text_of(s, "view") + "   primary " + text_of(s, "primary"));
  const bool no_checkpoint = s.value("state_root_height", Height{0}) == 0;
  print_line("state root " + (no_checkpoint
                                  ? "none signed yet"
                                  : text_of(s, "state_root") + " at height " + text_of(s, "state_root_height")));
  if (s.contains("finality_ms")) {
    print_line("finality   p50 " + text_of(s["finality_ms"], "p50") + " ms   p99 " + text_of(s["finality_ms"], "p99") +
               " ms");
  }
  print_line("can lose   " + text_of(s, "can_lose") + " more validators and go on");
  if (s.contains("classes")) {
    const Json& c = s["classes"];
    print_line("trust      " + text_of(c, "trusted") + " trusted, " + text_of(c, "regular") + " regular, " +
               text_of(c, "faulty") + " faulty, " + text_of(c, "malicious") +
               " malicious; a quorum has more than 2/3 of " + text_of(s, "total_weight"));
    if (s.value("weights_alarm", false))
      print_line("ALARM      too few validators are trusted to weigh votes by: all weigh the same");
  }
  for (const Json& v : s.value("validators", Json::array())) {
    const bool up = v.value("connected", false) || v.value("reachable", false);
    std::string line =
        "  " + text_of(v, "name") + "  " + (up ? "connected" : "NOT connected") + "  height " + text_of(v, "height");
    if (v.contains("class")) line += "  " + text_of(v, "class") + ", weight " + text_of(v, "weight");
    if (v.value("rejoining", false)) line += "  rejoining";
    if (v.value("catching_up", false)) line += "  catching up";
    print_line(line);
  }
  if (options.json) print_json(s);
  return kExitDone;
}

}  // namespace

void add_status(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand("status", "where the network stands: height, view, primary, who is connected");
  add_where(*command, options->where);
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer("Examples:\n  tieline status --net NET\n  tieline status --node http://127.0.0.1:7500 --json");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
