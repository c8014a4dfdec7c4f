#pragma once
// A program started by us, for networks of several validators on one machine: its output goes to a file, and it does
// not outlive us even if we are killed. Units: CPU time in microseconds, memory in KiB, both from /proc. Error:
// spawn_failed.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tieline::cli {

std::filesystem::path own_program();  // of this very binary

class ChildProcess {
 public:
  static Result<ChildProcess> start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                    const std::filesystem::path& output);
  ChildProcess(ChildProcess&& other) noexcept : pid_(other.pid_), status_(other.status_) { other.pid_ = 0; }
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();  // SIGKILL if it still runs

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  // Waits for its end, at most timeout_ms; none when it still runs. A signal n counts as status 128 + n.
  std::optional<int> wait(int64_t timeout_ms);
  void kill_now();  // SIGKILL, and waits

  int64_t cpu_us() const;  // user and system, all threads
  int64_t rss_peak_kib() const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_ = 0;
  std::optional<int> status_;
};

// Runs it to its end. The error carries the end of its output.
Status run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   const std::filesystem::path& output);

// The last lines of a text file, for messages about a process that ended.
std::string tail_of(const std::filesystem::path& file, size_t bytes = 2000);

}  // namespace tieline::cli
