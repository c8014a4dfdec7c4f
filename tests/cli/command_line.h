#pragma once
// Commands as a user runs them, in this process: what is on standard output, and how they end.

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"

namespace tieline::cli {

struct Ran {
  int status = -1;
  std::string out, err;
  Json last() const {  // the last line must be one JSON object, alone
    const size_t end = out.find_last_not_of('\n');
    const size_t start = out.rfind('\n', end);
    const std::string line = out.substr(start == std::string::npos ? 0 : start + 1, end - start);
    Json json = Json::parse(line, nullptr, false);
    EXPECT_TRUE(json.is_object()) << out;
    EXPECT_EQ(out.back(), '\n');
    return json;
  }
};

inline Ran tieline(std::vector<std::string> words) {
  CLI::App app("tieline");
  app.require_subcommand(1);
  int status = kExitDone;
  for (auto* add :
       {add_status, add_import, add_submit, add_query, add_receipt, add_verify, add_audit, add_bench, add_chaos,
        add_participant, add_trade, add_market, add_settlement, add_stake, add_govern, add_seal, add_open, add_bill})
    add(app, status);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  try {
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
    ran.status = status;
  } catch (const CLI::ParseError& error) {
    ran.status = app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  std::fflush(stdout);
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace tieline::cli
