// tieline market, settlement: what is traded, and what became of it.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/market_verbs.h"
#include "cli/settlement_csv.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

constexpr Argument kStart{"--start", "start", ArgumentType::kText, true, "of the quarter of an hour, RFC 3339"};
constexpr Argument kFrom{"--from", "from", ArgumentType::kText, true, "whose meter it is"};
constexpr Argument kTo{"--to", "to", ArgumentType::kText, true, "who counter-meters it"};
constexpr Argument kWh{"--wh", "wh", ArgumentType::kNumber, true, "energy of the interval"};
constexpr Argument kAmount{"--amount", "amount", ArgumentType::kNumber, true, "in micro-currency"};

// A command that shows one view; `name` is put behind the target's prefix.
void add_named_view(CLI::App& group, const char* name, const char* help, const char* place, const char* example,
                    std::string target, int& exit_status) {
  struct Options {
    ViewOptions view;
    std::string name;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand(name, help);
  if (*place != 0) command->add_option(place, options->name)->required();
  add_view_options(*command, options->view);
  command->footer(std::string("Example:\n  tieline ") + example);
  command->callback([options, target = std::move(target), &exit_status] {
    exit_status = show_view(options->view, target + url_encoded(options->name));
  });
}

}  // namespace

void add_market(CLI::App& root, int& exit_status) {
  CLI::App* market = root.add_subcommand("market", "money, prices, reservations; what the market is doing");
  market->require_subcommand(1);
  market->footer("Examples:\n  tieline market show --net NET\n  tieline market account bakery --net NET --json");
  add_named_view(*market, "show", "issued money, pools, prices, counts", "", "market show --net NET", "/v1/market",
                 exit_status);
  add_named_view(*market, "account", "one participant's balance, locks, margin, stake, debt and trust", "NAME",
                 "market account bakery --net NET", "/v1/accounts/", exit_status);
  add_named_view(*market, "trades", "one participant's trades that have not ended", "NAME",
                 "market trades bakery --net NET", "/v1/trades?participant=", exit_status);
  add_verb(*market,
           {"issue",
            "issue",
            "bring money in (the regulator)",
            "market issue --to bakery --amount 5000000 --net NET --as watchdog",
            {{"--to", "to", ArgumentType::kText, true, "who gets it"}, kAmount}},
           exit_status);
  add_verb(*market,
           {"redeem",
            "redeem",
            "take money out (the regulator, and its owner signs too)",
            "market redeem --from bakery --amount 1000 --net NET --as bakery --with watchdog",
            {{"--from", "from", ArgumentType::kText, true, "whose it is"}, kAmount}},
           exit_status);
  add_verb(*market, {"repay", "repay", "pay debt", "market repay --amount 1000 --net NET --as bakery", {kAmount}},
           exit_status);
  add_verb(*market,
           {"publish-price",
            "publish_price",
            "the imbalance price of an interval (the neutral authority)",
            "market publish-price --start 2026-11-22T12:00:00Z --price 70000000 --net NET --as clearing",
            {kStart, {"--price", "price", ArgumentType::kNumber, true, "micro-currency per MWh"}}},
           exit_status);
}

void add_settlement(CLI::App& root, int& exit_status) {
  CLI::App* settlement =
      root.add_subcommand("settlement", "an interval: what was metered, who was short, who pays whom; disputes");
  settlement->require_subcommand(1);
  settlement->footer("Example:\n  tieline settlement show 2026-11-22T12:00:00Z --net NET --json");
  add_named_view(*settlement, "show", "one quarter of an hour", "START",
                 "settlement show 2026-11-22T12:00:00Z --net NET", "/v1/settlements/", exit_status);
  add_settlement_csv(*settlement, exit_status);
  add_verb(*settlement,
           {"accept",
            "accept",
            "accept a disputed value, as the neighbour",
            "settlement accept --start 2026-11-22T12:00:00Z --from sunfield --to northwire --net NET --as northwire",
            {kStart, kFrom, kTo}},
           exit_status);
  add_verb(*settlement,
           {"rule",
            "ruling",
            "rule on a disputed value (the regulator)",
            "settlement rule --start 2026-11-22T12:00:00Z --from sunfield --to northwire --wh 900 --net NET --as "
            "watchdog",
            {kStart, kFrom, kTo, kWh}},
           exit_status);
  add_verb(*settlement,
           {"correct",
            "correction",
            "replace a recorded value by a better one",
            "settlement correct --start 2026-11-22T12:00:00Z --from sunfield --to northwire --of 1 --wh 910 --quality "
            "measured --net NET --as sunfield",
            {kStart,
             kFrom,
             kTo,
             {"--of", "of_version", ArgumentType::kNumber, true, "the version it replaces"},
             kWh,
             {"--quality", "quality", ArgumentType::kText, true, "measured, calculated, substituted or estimated"}}},
           exit_status);
}

}  // namespace tieline::cli
