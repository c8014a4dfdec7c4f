// tieline participant: who somebody is, its keys, and who may read its meters.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/market_verbs.h"
#include "cli/member_keys.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

constexpr Argument kReader{"--reader", "reader", ArgumentType::kText, true, "who may read"};
constexpr Argument kMeter{"--meter", "meter", ArgumentType::kText, true, "name of the metering point"};

struct CardOptions {
  std::string net, name;
  bool json = false;
};

// The public keys, signed; from the secret file, or the card that lies beside it, checked.
int show_card(const CardOptions& options) {
  auto genesis = genesis_of_net(options.net);
  if (!genesis) return fail(genesis.error(), options.json);
  auto keys = load_participant_keys(options.net, options.name, *genesis);
  auto card = keys ? Result<ParticipantCard>(make_card(options.name, keys->seed))
                   : load_card(options.net, options.name, *genesis);
  if (!card) return fail(keys.error().code == "participant_unknown" ? keys.error() : card.error(), options.json);
  const Json json = card_json(*card);
  if (!options.json) {
    for (const auto& item : json.items()) print_line(item.key() + ": " + item.value().get<std::string>());
  } else {
    print_json(json);
  }
  return kExitDone;
}

}  // namespace

void add_participant(CLI::App& root, int& exit_status) {
  CLI::App* participant = root.add_subcommand("participant", "who somebody is, its keys, and who may read its meters");
  participant->require_subcommand(1);
  participant->footer(
      "Examples:\n  tieline participant show bakery --net NET --json\n  tieline participant card bakery --net NET "
      "--json");
  struct Options {
    ViewOptions view;
    std::string name;
  };
  auto options = std::make_shared<Options>();
  CLI::App* show = participant->add_subcommand("show", "what is registered, and the sequence numbers it has used");
  show->add_option("NAME", options->name, "name, or number")->required();
  add_view_options(*show, options->view);
  show->footer("Example:\n  tieline participant show bakery --net NET");
  show->callback([options, &exit_status] {
    exit_status = show_view(options->view, "/v1/participants/" + url_encoded(options->name));
  });

  auto card = std::make_shared<CardOptions>();
  CLI::App* command = participant->add_subcommand("card", "its public keys, signed by it: for whoever seals to it");
  command->add_option("NAME", card->name, "name")->required();
  add_net(*command, card->net);
  command->add_flag("--json", card->json, "one JSON object on the last line");
  command->footer("Example:\n  tieline participant card bakery --net NET --json > bakery.card.json");
  command->callback([card, &exit_status] { exit_status = show_card(*card); });

  add_verb(*participant,
           {"grant",
            "grant_read",
            "let somebody read a meter of yours",
            "participant grant --reader auditor --meter bakery-1 --from 2026-01-01T00:00:00Z --to "
            "2027-01-01T00:00:00Z --net NET --as bakery",
            {kReader,
             kMeter,
             {"--from", "from", ArgumentType::kText, true, "intervals that begin from then, RFC 3339"},
             {"--to", "to", ArgumentType::kText, true, "and before then"}}},
           exit_status);
  add_verb(*participant,
           {"revoke",
            "revoke_read",
            "take that back",
            "participant revoke --reader auditor --meter bakery-1 --net NET --as bakery",
            {kReader, kMeter}},
           exit_status);
  add_verb(*participant,
           {"rotate-key",
            "rotate_key",
            "sign with a new key, from the next epoch on (then with --key FILE)",
            "participant rotate-key bakery-2.key --net NET --as bakery",
            {{"FILE", "file", ArgumentType::kText, true, "the new key is made and written there"}},
            {},
            make_next_key},
           exit_status);
  add_verb(*participant,
           {"set-recovery-key",
            "set_recovery_key",
            "name the key that can revoke yours; once",
            "participant set-recovery-key bakery.recovery.key --net NET --as bakery",
            {{"FILE", "file", ArgumentType::kText, true, "the key is made and written there: keep it elsewhere"}},
            {},
            make_next_key},
           exit_status);
  add_verb(*participant,
           {"revoke-key",
            "revoke_key",
            "revoke a stolen key by the recovery key, from the next epoch on; anyone may send it",
            "participant revoke-key bakery --recovery bakery.recovery.key --next bakery-3.key --doubtful-from "
            "2026-11-21T12:00:00Z --net NET --as sunfield",
            {{"NAME", "owner", ArgumentType::kText, true, "whose key"},
             {"--recovery", "recovery_file", ArgumentType::kText, true, "file with the recovery key"},
             {"--next", "next_file", ArgumentType::kText, true, "the next key is made and written there"},
             {"--doubtful-from", "doubtful_from", ArgumentType::kText, false,
              "what the key signed since then is marked, RFC 3339; now, if not given"},
             {"--revoked", "revoked", ArgumentType::kText, false, "which key; the one in force, if not given"}},
            {},
            make_revocation},
           exit_status);
  add_new_member(*participant, exit_status);
  add_lost_key(*participant, exit_status);
}

}  // namespace tieline::cli
