// tieline stake, govern: what a candidate pledges, and what the pledges decide.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/market_verbs.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

constexpr Argument kAmount{"--amount", "amount", ArgumentType::kNumber, true, "in micro-currency"};
constexpr Argument kProposal{"PROPOSAL", "proposal", ArgumentType::kText, true, "its id: 64 hex digits"};
constexpr Argument kWhom{"NAME", "participant", ArgumentType::kText, true, "whom it is about"};

void add_list(CLI::App& group, const char* name, const char* target, const char* list,
              const std::vector<const char*>& columns, const char* help, const char* example, int& exit_status) {
  auto options = std::make_shared<ViewOptions>();
  CLI::App* command = group.add_subcommand(name, help);
  add_view_options(*command, *options);
  command->footer(std::string("Example:\n  tieline ") + example);
  command->callback([=, &exit_status] { exit_status = show_view(*options, target, list, columns); });
}

}  // namespace

void add_stake(CLI::App& root, int& exit_status) {
  CLI::App* stake = root.add_subcommand("stake", "pledge money as a candidate for validator, and take it back");
  stake->require_subcommand(1);
  stake->footer("Example:\n  tieline stake bond --amount 1000000000 --net NET --as northwire");
  add_verb(*stake, {"bond", "bond", "pledge", "stake bond --amount 1000000000 --net NET --as northwire", {kAmount}},
           exit_status);
  add_verb(*stake,
           {"unbond",
            "unbond",
            "ask it back; it comes after more than 32 epochs",
            "stake unbond --amount 1000 --net NET --as northwire",
            {kAmount}},
           exit_status);
  add_verb(*stake, {"withdraw", "withdraw", "take what is free again", "stake withdraw --net NET --as northwire", {}},
           exit_status);
  add_verb(*stake,
           {"confiscate",
            "confiscate",
            "take the stake of a validator that voted twice, by proof",
            "stake confiscate --owner northwire --proof 0200... --net NET --as bakery",
            {{"--owner", "owner", ArgumentType::kText, true, "whose stake"},
             {"--proof", "proof", ArgumentType::kText, true, "the two votes, as evidence in hexadecimal"}}},
           exit_status);
  add_list(*stake, "show", "/v1/stakes", "stakes", {"owner", "bonded", "unbonding", "votes", "jailed_until"},
           "who pledges what", "stake show --net NET", exit_status);
}

void add_govern(CLI::App& root, int& exit_status) {
  CLI::App* govern = root.add_subcommand("govern", "propose changes, vote with stake, veto as the regulator");
  govern->require_subcommand(1);
  govern->footer(
      "Examples:\n  tieline govern propose rule market.tolerance_ppm --value 30000 --net NET --as northwire\n"
      "  tieline govern vote 5a1e... yes --net NET --as cityline");
  CLI::App* propose = govern->add_subcommand("propose", "a change of members or rules");
  propose->require_subcommand(1);
  add_verb(*propose,
           {"rule",
            "propose",
            "another value of a rule of the market, deadlines included",
            "govern propose rule market.tolerance_ppm --value 30000 --net NET --as northwire",
            {{"RULE", "rule", ArgumentType::kText, true, "its name; `tieline govern rules` lists them"},
             {"--value", "value", ArgumentType::kNumber, true, "its new value"}},
            {{"kind", "rules"}}},
           exit_status);
  add_verb(
      *propose,
      {"rules",
       "propose",
       "other values of several, which count together",
       "govern propose rules market.close_ms=3600000,market.settle_ms=7200000 --net NET --as northwire --dry-run",
       {{"CHANGES", "rules", ArgumentType::kRules, true, "RULE=VALUE,RULE=VALUE; `tieline govern rules` lists them"}},
       {{"kind", "rules"}}},
      exit_status);
  add_verb(*propose,
           {"member",
            "propose",
            "a new participant, with keys of which it has proved possession",
            "govern propose member plant-9.json --net NET --as northwire",
            {{"FILE", "member", ArgumentType::kMember, true, "its registration in JSON"}},
            {{"kind", "membership"}}},
           exit_status);
  add_verb(*propose,
           {"recover-key",
            "propose",
            "a new key for one that has lost its own",
            "govern propose recover-key lost.json --net NET --as northwire",
            {{"FILE", "file", ArgumentType::kFile, true, "what `tieline participant lost-key` wrote"}},
            {{"kind", "recover_key"}}},
           exit_status);
  add_verb(*propose,
           {"flow",
            "propose",
            "which meters measure the energy that goes from one member to another; without --meter: none any more",
            "govern propose flow --from 9 --to northwire --meter 17 --check-meter n-in --net NET --as cityline",
            {{"--from", "from", ArgumentType::kText, true,
              "plant, grid company or distributor; registered later: its number"},
             {"--to", "to", ArgumentType::kText, true, "whom it feeds"},
             {"--meter", "meter", ArgumentType::kText, false, "of --from; what it exports is the flow"},
             {"--check-meter", "check_meter", ArgumentType::kText, false, "of --to; what it imports"}},
            {{"kind", "flow"}}},
           exit_status);
  add_verb(
      *propose,
      {"limits",
       "propose",
       "what a member may do from now on; what is not given stays",
       "govern propose limits sunfield --capacity-w 8000000 --net NET --as cityline",
       {kWhom,
        {"--capacity-w", "capacity_w", ArgumentType::kNumber, false, "in W; of a user: the contracted load"},
        {"--loss-ppm", "loss_ppm", ArgumentType::kNumber, false, "of a carrier"},
        {"--cost-lo", "cost_lo", ArgumentType::kNumber, false, "of a plant, micro-currency per MWh, with --cost-hi"},
        {"--cost-hi", "cost_hi", ArgumentType::kNumber, false, "the upper end of its band"}},
       {{"kind", "limits"}}},
      exit_status);
  for (const auto& [name, kind, help] :
       {std::tuple("confiscation", "confiscation", "take the stake of a validator that was jailed"),
        std::tuple("restore-trust", "restore_trust", "let one whose forgery was proven earn trust again"),
        std::tuple("regulator-seat", "regulator_seat", "give the regulator's seat to another")}) {
    add_verb(*propose,
             {name,
              "propose",
              help,
              "govern propose confiscation northwire --net NET --as cityline",
              {kWhom},
              {{"kind", kind}}},
             exit_status);
  }
  add_verb(*govern,
           {"vote",
            "vote",
            "for or against",
            "govern vote 5a1e... yes --net NET --as cityline",
            {kProposal, {"VOTE", "in_favour", ArgumentType::kYesNo, true, "yes or no"}}},
           exit_status);
  add_verb(*govern,
           {"veto",
            "veto",
            "stop what has not acted yet (the regulator)",
            "govern veto 5a1e... --net NET --as watchdog",
            {kProposal}},
           exit_status);
  add_list(*govern, "show", "/v1/proposals", "proposals",
           {"id", "kind", "state", "in_favour", "of", "opened", "passed", "acts"}, "what is proposed",
           "govern show --net NET", exit_status);
  add_list(*govern, "rules", "/v1/rules", "rules",
           {"rule", "value", "least", "most", "by_vote", "decided", "from_epoch"},
           "the market's rules: in force, what a vote may set them to, and what is decided", "govern rules --net NET",
           exit_status);
}

}  // namespace tieline::cli
