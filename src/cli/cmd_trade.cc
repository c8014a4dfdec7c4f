// tieline trade: the rounds of a trade, and how it stands.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/market_verbs.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

constexpr Argument kTrade{"TRADE", "trade", ArgumentType::kText, true, "its id: 64 hex digits"};
constexpr Argument kRound{"--round", "round", ArgumentType::kNumber, false, "default: the one that follows"};

Result<Json> standing(Sending& sending, const Json& action) {
  return sending.get("/v1/trades/" + url_encoded(action.value("trade", "")));
}

// The carriers' losses as they are in force, where the terms do not say them: votes change those of genesis.
Status complete_losses(Sending& sending, Json& action) {
  if (!action.contains("terms") || !action["terms"].is_object()) return {};
  Json& terms = action["terms"];
  for (const auto& [carrier, loss] :
       {std::pair("grid", "grid_loss_ppm"), std::pair("distributor", "distributor_loss_ppm")}) {
    if (terms.contains(loss) || !terms.contains(carrier)) continue;
    const Json& name = terms[carrier];
    if (!name.is_string() && !name.is_number_unsigned()) continue;  // who reads the terms says what is wrong with it
    auto who = sending.get("/v1/participants/" + url_encoded(name.is_string() ? name.get<std::string>() : name.dump()));
    if (!who && who.error().code == "unknown_participant") continue;  // likewise
    if (!who) return who.error();
    terms[loss] = who->value("loss_ppm", Json());
  }
  return {};
}

// The round, and the margin that is asked of who acts, where nobody says them.
Status complete_endorsement(Sending& sending, Json& action, const std::string& as, uint64_t rounds_on) {
  if (action.contains("round") && action.contains("margin")) return {};
  auto trade = standing(sending, action);
  if (!trade) return trade.error();
  if (!action.contains("round")) action["round"] = trade->value("round", uint64_t{0}) + rounds_on;
  if (action.contains("margin")) return {};
  auto who = sending.get("/v1/participants/" + url_encoded(as));
  if (!who) return who.error();
  const Json number = who->value("id", Json());
  for (const Json& party : trade->value("parties", Json::array())) {
    const Json name = party.value("name", Json());  // its number if it was registered later
    if ((name == as || name == number) && party.contains("margin_asked")) action["margin"] = party["margin_asked"];
  }
  if (!action.contains("margin")) return Error{"usage", "'" + as + "' is no party of the trade; give --margin"};
  return {};
}

void add_show(CLI::App& trade, int& exit_status) {
  struct Options {
    ViewOptions view;
    std::string id;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = trade.add_subcommand("show", "one trade: its terms, who is in, what is locked, its deadlines");
  command->add_option("TRADE", options->id, "its id: 64 hex digits")->required();
  add_view_options(*command, options->view);
  command->footer(
      "Example:\n  tieline trade show 3f0c... --net NET --json\nExit status 1: there is no such trade (any more).");
  command->callback(
      [options, &exit_status] { exit_status = show_view(options->view, "/v1/trades/" + url_encoded(options->id)); });
}

}  // namespace

void add_trade(CLI::App& root, int& exit_status) {
  CLI::App* trade = root.add_subcommand("trade", "sell electricity over a line, in rounds that all four parties sign");
  trade->require_subcommand(1);
  trade->footer(
      "The file of an offer:\n"
      "  {\"terms\": {\"plant\": \"sunfield\", \"grid\": \"northwire\", \"distributor\": \"cityline\", \"buyer\": "
      "\"bakery\",\n"
      "    \"wh\": 1000, \"plant_price\": 60000000, \"grid_fee\": 5000000, \"distributor_fee\": 8000000,\n"
      "    \"start\": \"2026-11-22T12:00:00Z\", \"slots\": 4}, \"margin\": 60000}\n"
      "Prices in micro-currency per MWh, margins in micro-currency; losses are the carriers' registered ones.\n"
      "Example:\n"
      "  tieline trade offer offer.json --net NET --as sunfield && tieline trade endorse 3f0c... --net NET --as "
      "bakery");
  add_verb(*trade,
           {"offer",
            "offer",
            "offer terms to the three others; an offer endorses itself",
            "trade offer offer.json --net NET --as sunfield --dry-run",
            {{"FILE", "", ArgumentType::kFile, true, "terms and margin in JSON; - reads standard input"},
             {"--margin", "margin", ArgumentType::kNumber, false, "to post, in micro-currency"}},
            {},
            complete_losses},
           exit_status);
  const auto completed = [](uint64_t rounds_on) {
    return [rounds_on](Sending& sending, Json& action) {
      if (auto status = complete_losses(sending, action); !status) return status;
      return complete_endorsement(sending, action, sending.who(), rounds_on);
    };
  };
  add_verb(*trade,
           {"counter",
            "counter",
            "answer with other terms",
            "trade counter 3f0c... terms.json --net NET --as bakery",
            {kTrade,
             {"FILE", "", ArgumentType::kFile, true, "terms and margin in JSON; - reads standard input"},
             {"--margin", "margin", ArgumentType::kNumber, false, "to post"},
             kRound},
            {},
            completed(1)},
           exit_status);
  add_verb(*trade,
           {"endorse",
            "endorse",
            "agree to the terms that stand",
            "trade endorse 3f0c... --net NET --as cityline",
            {kTrade, {"--margin", "margin", ArgumentType::kNumber, false, "to post; default: what is asked"}, kRound},
            {},
            completed(0)},
           exit_status);
  add_verb(*trade, {"decline", "decline", "end an open trade", "trade decline 3f0c... --net NET --as bakery", {kTrade}},
           exit_status);
  add_verb(*trade,
           {"cancel",
            "cancel",
            "end a committed trade before its gate, all four together",
            "trade cancel 3f0c... --net NET --as sunfield --with northwire,cityline,bakery",
            {kTrade}},
           exit_status);
  add_show(*trade, exit_status);
}

}  // namespace tieline::cli
