#pragma once
// Always-on assertions. A broken invariant aborts the process with its name: a validator that no longer knows what is
// true must stop before it signs anything.

namespace tieline {

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const char* why);

// Called with one line before the abort. The simulator's command installs one that throws, so that the schedule which
// broke the invariant is reported with its seed and reduced; nothing else does. Set once, before any other thread.
using CheckHandler = void (*)(const char* line);
void set_check_handler(CheckHandler handler);

}  // namespace tieline

#define TL_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::tieline::check_failed(#condition, __FILE__, __LINE__, ""))
#define TL_CHECK_MSG(condition, why) \
  (static_cast<bool>(condition) ? void(0) : ::tieline::check_failed(#condition, __FILE__, __LINE__, (why)))
