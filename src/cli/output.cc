#include "cli/output.h"

#include <unistd.h>

#include <cstdio>

#include "consensus/engine.h"

namespace tieline::cli {
namespace {
constexpr auto kTerminalEvery = std::chrono::milliseconds(100);
constexpr auto kElsewhereEvery = std::chrono::seconds(5);
}  // namespace

int exit_of(const Error& error) {
  for (const char* code : {"no_validator", "unreachable", "timed_out", "overloaded", "stopping", "not_applied_yet"}) {
    if (error.code == code) return kExitUnreachable;
  }
  return kExitUsage;
}

int fail(const Error& error, bool json) {
  std::fprintf(stderr, "tieline: %s: %s\n", error.code.c_str(), error.why.c_str());
  if (json) print_json(Json{{"error", {{"code", error.code}, {"why", error.why}}}});
  return exit_of(error);
}

void print_line(const std::string& text) { std::fprintf(stdout, "%s\n", text.c_str()); }

std::string dump(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_json(const Json& object) {
  print_line(dump(object));
  std::fflush(stdout);
}

Progress::Progress()
    : terminal_(::isatty(STDERR_FILENO) == 1), began_(std::chrono::steady_clock::now()), shown_(began_) {}

Progress::~Progress() {
  if (drawn_) std::fputc('\n', stderr);
}

void Progress::show(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < (terminal_ ? std::chrono::steady_clock::duration(kTerminalEvery) : kElsewhereEvery)) return;
  shown_ = now;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void Progress::note(const std::string& text) {
  std::fprintf(stderr, "%s%s\n", drawn_ ? "\r\033[K" : "", text.c_str());
  drawn_ = false;
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void warn_of_engine(EngineKind kind) {
  if (const std::string warning = consensus::engine_warning(kind); !warning.empty()) print_line("WARNING: " + warning);
}

std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

}  // namespace tieline::cli
