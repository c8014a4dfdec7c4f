// tieline query: what is recorded.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/network_access.h"
#include "cli/rfc3339.h"
#include "cli/show_view.h"

namespace tieline::cli {
namespace {

struct Options {
  Where where;
  std::string meter, from, to, subject;
  uint64_t limit = 0;  // 0: all
  bool json = false;
};

void add_common(CLI::App& command, Options& options) {
  add_where(command, options.where);
  command.add_flag("--json", options.json, "one JSON object on the last line");
}

// Follows the pages of a list. `next_name` is the parameter that takes the answer's "next".
Result<Json> all_pages(Reach& reach, const std::string& target, const std::string& list, const std::string& next_name,
                       uint64_t limit) {
  Json all = Json::array();
  std::string next;
  while (true) {
    auto page = reach.get(target + (next.empty() ? ""
                                                 : (target.find('?') == std::string::npos ? "?" : "&") + next_name +
                                                       "=" + url_encoded(next)));
    if (!page) return page.error();
    if (!page->contains(list) || !(*page)[list].is_array())
      return Error{"json_malformed", target + " has no list '" + list + "'"};
    for (Json& item : (*page)[list]) {
      all.push_back(std::move(item));
      if (limit > 0 && all.size() >= limit) return all;
    }
    const Json following = page->value("next", Json(nullptr));
    if (following.is_null()) return all;
    next = following.is_string() ? following.get<std::string>() : following.dump();
  }
}

int show_list(const Options& options, const std::string& target, const std::string& list, const std::string& next_name,
              const std::vector<const char*>& columns) {
  auto reach = Reach::open(options.where);
  if (!reach) return fail(reach.error(), options.json);
  auto items = all_pages(*reach, target, list, next_name, options.limit);
  if (!items) return fail(items.error(), options.json);
  if (!options.json) print_table(*items, columns);
  if (!options.json) print_line(grouped(items->size()) + " " + list);
  if (options.json) print_json({{list, *items}, {"count", items->size()}});
  return kExitDone;
}

int show_one(const Options& options, const std::string& target) {
  return show_view({options.where, options.json}, target);
}

int readings(const Options& options) {
  std::string target = "/v1/readings?meter=" + url_encoded(options.meter);
  for (const auto& [name, value] : {std::pair("from", options.from), std::pair("to", options.to)}) {
    if (value.empty()) continue;
    auto time = parse_rfc3339(value);
    if (!time) return fail({"usage", std::string("--") + name + " " + value + ": " + time.error().why}, options.json);
    target += std::string("&") + name + "=" + std::to_string(*time);
  }
  return show_list(options, target, "readings", "cursor",
                   {"start", "seconds", "obis", "wh", "quality", "height", "txid"});
}

int transaction(const Options& options) {
  auto id = parse_txid(options.subject);
  if (!id) return fail(id.error(), options.json);
  return show_one(options, "/v1/transactions/" + to_hex(*id));
}

int block(const Options& options) {
  if (options.subject.empty() || options.subject.size() > 19 ||
      options.subject.find_first_not_of("0123456789") != std::string::npos) {
    return fail({"usage", "'" + options.subject + "' is not a height"}, options.json);
  }
  return show_one(options, "/v1/blocks/" + options.subject);
}

}  // namespace

void add_query(CLI::App& root, int& exit_status) {
  auto* query =
      root.add_subcommand("query", "what is recorded: readings, transactions, blocks, participants, validators");
  query->require_subcommand(1);
  query->footer(
      "Examples:\n  tieline query readings --meter pv-1 --from 2016-07-01T00:00:00Z --net NET\n  tieline query block "
      "12 --node http://127.0.0.1:7500");
  const auto add = [&](const char* name, const char* help, const char* example, const auto& more,
                       int (*action)(const Options&)) {
    auto options = std::make_shared<Options>();
    auto* command = query->add_subcommand(name, help);
    add_common(*command, *options);
    more(*command, *options);
    command->footer(std::string("Example:\n  ") + example);
    command->callback([options, action, &exit_status] { exit_status = action(*options); });
  };
  const auto paged = [](CLI::App& command, Options& options) {
    command.add_option("--limit", options.limit, "at most so many (all)");
  };
  const auto subject = [](const char* name, const char* help) {
    return [name, help](CLI::App& command, Options& options) {
      command.add_option(name, options.subject, help)->required();
    };
  };
  add(
      "readings", "readings of one meter, by time",
      "tieline query readings --meter pv-1 --from 2016-07-01T00:00:00Z --to 2016-07-02T00:00:00Z --net NET",
      [&paged](CLI::App& command, Options& options) {
        command.add_option("--meter", options.meter, "the metering point's name")->required();
        command.add_option("--from", options.from, "RFC 3339; intervals that start at or after it");
        command.add_option("--to", options.to, "RFC 3339; and before it");
        paged(command, options);
      },
      readings);
  add("tx", "one transaction, by id", "tieline query tx 3f0c...91 --net NET", subject("TXID", "64 hex digits"),
      transaction);
  add("block", "one block, by height", "tieline query block 12 --net NET --json", subject("HEIGHT", "1 is the first"),
      block);
  add(
      "blocks", "the newest blocks", "tieline query blocks --net NET", [](CLI::App&, Options&) {},
      [](const Options& o) {
        return show_list(o, "/v1/blocks?limit=20", "blocks", "from",
                         {"height", "time", "epoch", "transactions", "block"});
      });
  add("participants", "who may record, and for which meters", "tieline query participants --net NET", paged,
      [](const Options& o) {
        return show_list(o, "/v1/participants", "participants", "from", {"id", "name", "role", "meters", "capacity_w"});
      });
  add("participant", "one participant, and its sequence number", "tieline query participant sunfield --net NET",
      subject("NAME", "as registered in genesis"),
      [](const Options& o) { return show_one(o, "/v1/participants/" + url_encoded(o.subject)); });
  add(
      "validators", "who agrees on the order", "tieline query validators --net NET", [](CLI::App&, Options&) {},
      [](const Options& o) {
        return show_list(o, "/v1/validators", "validators", "from",
                         {"id", "name", "connected", "height", "address", "http"});
      });
}

}  // namespace tieline::cli
