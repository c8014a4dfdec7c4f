#pragma once
// What every command prints, and how it ends. Results go to standard output: sentences for people, and with --json one
// object alone on the last line. Progress goes to standard error. Exit status: 0 done, 1 the honest answer is no, 2
// wrong use or bad input and nothing was done, 3 no validator reachable or time ran out.

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "model/genesis.h"

namespace tieline::cli {

using Json = nlohmann::ordered_json;

inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;

// 3 for what lies between us and the validators, 2 for everything else.
int exit_of(const Error& error);

// "tieline: CODE: WHY" on standard error; with `json`, {"error": {"code", "why"}} on the last line of standard output.
int fail(const Error& error, bool json = false);

void print_line(const std::string& text);  // standard output
void print_json(const Json& object);       // the last line of standard output: call it once, at the end
std::string dump(const Json& object);      // bytes that are not UTF-8 are replaced, never thrown at

// One line on standard error that is drawn again in place on a terminal, and every few seconds elsewhere.
class Progress {
 public:
  Progress();
  ~Progress();  // ends the line
  void show(const std::string& text);
  void note(const std::string& text);  // a line of its own, at once
  double seconds() const;

 private:
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point began_, shown_;
};

std::string grouped(uint64_t value);   // 12,345,678
void warn_of_engine(EngineKind kind);  // a line, where the engine does not survive liars

}  // namespace tieline::cli
