#pragma once
// Commands that make one market action and send it (cli/send_transaction.h): each is a row of what it is called and how
// its arguments become the fields of the action's JSON (api/market_json.h). `tieline trade`, `stake`, `govern` and the
// others are lists of such rows.

#include <functional>
#include <string>
#include <vector>

#include "cli/send_transaction.h"

namespace tieline::cli {

enum class ArgumentType : uint8_t {
  kText,
  kNumber,
  kYesNo,
  kFile,    // JSON; its names are the action's fields; "-" reads standard input
  kRules,   // RULE=VALUE,RULE=VALUE
  kMember,  // a file with a card (cli/participant_keys.h) and what genesis would say, under the field's name
};

struct Argument {
  const char* flag;   // "TRADE" is a place, "--margin" a name
  const char* field;  // of the action
  ArgumentType type = ArgumentType::kText;
  bool required = true;
  const char* help = "";
};

struct Verb {
  const char* name;
  const char* action;
  const char* help;
  const char* example;
  std::vector<Argument> arguments;
  std::vector<std::pair<const char*, const char*>> fixed{};  // fields that the verb itself says
  // What is left to find out before the action is whole; may be empty.
  std::function<Status(Sending&, Json& action)> complete{};
};

void add_verb(CLI::App& group, const Verb& verb, int& exit_status);

}  // namespace tieline::cli
