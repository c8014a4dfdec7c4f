#pragma once
// Commands that show what a validator's state says: one GET, told as a table or as it is.

#include <string>
#include <vector>

#include "cli/network_access.h"

namespace tieline::cli {

struct ViewOptions {
  Where where;
  bool json = false;
};
void add_view_options(CLI::App& command, ViewOptions& options);

// With --json the answer as it is; else `list` of it as a table of `columns`, or all of it, indented, when `list` is
// empty. Exit status 1 when there is nothing of that name.
int show_view(const ViewOptions& options, const std::string& target, const std::string& list = "",
              const std::vector<const char*>& columns = {});

// A list as a table: the columns asked for, as wide as their content.
void print_table(const Json& list, const std::vector<const char*>& columns);

}  // namespace tieline::cli
