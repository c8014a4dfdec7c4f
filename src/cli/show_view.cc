#include "cli/show_view.h"

#include <CLI/CLI.hpp>

namespace tieline::cli {
namespace {

std::string cell(const Json& item, const char* name) {
  const auto it = item.find(name);
  if (it == item.end() || it->is_null()) return "-";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

// What a validator answers when it has nothing of that name: a no, and not a failure.
bool says_no(const Error& error) {
  for (const char* code : {"not_found", "unknown_trade", "unknown_proposal"})
    if (error.code == code) return true;
  return false;
}

}  // namespace

void print_table(const Json& list, const std::vector<const char*>& columns) {
  std::vector<size_t> widths;
  for (const char* column : columns) {
    size_t width = std::string(column).size();
    for (const Json& item : list) width = std::max(width, cell(item, column).size());
    widths.push_back(width);
  }
  const auto line_of = [&](const auto& text_of) {
    std::string line;
    for (size_t i = 0; i < columns.size(); ++i) {
      std::string text = text_of(columns[i]);
      if (i + 1 < columns.size()) text.resize(std::max(text.size(), widths[i]) + 2, ' ');
      line += text;
    }
    return line;
  };
  print_line(line_of([](const char* column) { return std::string(column); }));
  for (const Json& item : list) print_line(line_of([&item](const char* column) { return cell(item, column); }));
}

void add_view_options(CLI::App& command, ViewOptions& options) {
  add_where(command, options.where);
  command.add_flag("--json", options.json, "one JSON object on the last line");
}

int show_view(const ViewOptions& options, const std::string& target, const std::string& list,
              const std::vector<const char*>& columns) {
  auto reach = Reach::open(options.where);
  if (!reach) return fail(reach.error(), options.json);
  auto answer = reach->get(target);
  if (!answer && says_no(answer.error())) {
    fail(answer.error(), options.json);
    return kExitNo;
  }
  if (!answer) return fail(answer.error(), options.json);
  if (options.json) {
    print_json(*answer);
  } else if (list.empty()) {
    print_line(answer->dump(2, ' ', false, Json::error_handler_t::replace));
  } else if (!answer->contains(list) || !(*answer)[list].is_array()) {
    return fail({"json_malformed", target + " has no list '" + list + "'"});
  } else {
    print_table((*answer)[list], columns);
    print_line(grouped((*answer)[list].size()) + " " + list);
  }
  return kExitDone;
}

}  // namespace tieline::cli
