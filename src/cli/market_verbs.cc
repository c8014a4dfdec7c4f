#include "cli/market_verbs.h"

#include <CLI/CLI.hpp>

#include "api/market_json.h"

namespace tieline::cli {
namespace {

constexpr size_t kActionFileBytesMax = 256 * 1024;

struct Given {
  SendOptions send;
  std::vector<std::string> values;  // one an argument; empty: not given
};

Error usage(std::string why) { return {"usage", std::move(why)}; }

Result<Json> whole_number(const Argument& argument, const std::string& value) {
  const Json number = Json::parse(value, nullptr, false);
  if (!number.is_number_unsigned()) return usage(std::string(argument.flag) + " " + value + " is not a whole number");
  return number;
}

// "market.close_ms=3600000,market.settle_ms=7200000" as a list of objects.
Result<Json> rule_changes(const Argument& argument, const std::string& text) {
  Json list = Json::array();
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    const size_t sign = one.find('=');
    if (sign == std::string::npos)
      return usage(std::string(argument.flag) + " must be RULE=VALUE,RULE=VALUE and not '" + one + "'");
    auto value = whole_number(argument, one.substr(sign + 1));
    if (!value) return value.error();
    list.push_back({{"rule", one.substr(0, sign)}, {"value", *value}});
    at = end + 1;
  }
  return list;
}

Status take(const Argument& argument, const std::string& value, Json& action) {
  switch (argument.type) {
    case ArgumentType::kText:
      action[argument.field] = value;
      return {};
    case ArgumentType::kNumber: {
      auto number = whole_number(argument, value);
      if (!number) return number.error();
      action[argument.field] = *number;
      return {};
    }
    case ArgumentType::kRules: {
      auto changes = rule_changes(argument, value);
      if (!changes) return changes.error();
      action[argument.field] = *changes;
      return {};
    }
    case ArgumentType::kYesNo:
      if (value != "yes" && value != "no") return usage(std::string(argument.flag) + " must be yes or no");
      action[argument.field] = value == "yes";
      return {};
    case ArgumentType::kFile:
    case ArgumentType::kMember:
      break;
  }
  auto text = read_input(value, kActionFileBytesMax);
  if (!text) return text.error();
  auto json = parse_json(*text, value);
  if (!json) return json.error();
  if (!json->is_object()) return usage(value + " must hold a JSON object");
  if (argument.type == ArgumentType::kMember) {
    action[argument.field] = std::move(*json);
  } else {
    action.update(*json);
  }
  return {};
}

int run(const Verb& verb, const Given& given) {
  const bool json = given.send.json;
  Json action = {{"action", verb.action}};
  for (const auto& [field, value] : verb.fixed) action[field] = value;
  for (size_t i = 0; i < verb.arguments.size(); ++i) {
    if (given.values[i].empty()) continue;
    if (auto status = take(verb.arguments[i], given.values[i], action); !status) return fail(status.error(), json);
  }
  if (action["action"] != verb.action) return fail(usage("the file is about another action"), json);
  auto sending = Sending::open(given.send);
  if (!sending) return fail(sending.error(), json);
  if (verb.complete) {
    if (auto status = verb.complete(**sending, action); !status) return fail(status.error(), json);
  }
  auto parsed = api::action_from_json((*sending)->genesis(), action, verb.name);
  if (!parsed) return fail(parsed.error(), json);
  Submission submission;
  submission.market.push_back(std::move(*parsed));
  return (*sending)->sign_and_send(std::move(submission));
}

}  // namespace

void add_verb(CLI::App& group, const Verb& verb, int& exit_status) {
  auto given = std::make_shared<Given>();
  given->values.resize(verb.arguments.size());
  CLI::App* command = group.add_subcommand(verb.name, verb.help);
  for (size_t i = 0; i < verb.arguments.size(); ++i) {
    const Argument& argument = verb.arguments[i];
    auto* option = command->add_option(argument.flag, given->values[i], argument.help);
    if (argument.required) option->required();
  }
  add_send_options(*command, given->send);
  command->get_option("--as")->required();
  command->footer(std::string("Example:\n  tieline ") + verb.example +
                  "\nExit status: 0 accepted, 1 refused, 2 wrong input, 3 no validator answered in time.");
  command->callback([verb, given, &exit_status] { exit_status = run(verb, *given); });
}

}  // namespace tieline::cli
