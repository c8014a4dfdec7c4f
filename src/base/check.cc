#include "base/check.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace tieline {

namespace {

CheckHandler handler_set = nullptr;
constexpr size_t kLineMax = 1024;

}  // namespace

void set_check_handler(CheckHandler handler) { handler_set = handler; }

void check_failed(const char* condition, const char* file, int line, const char* why) {
  char text[kLineMax];
  std::snprintf(text, sizeof(text), "broken invariant: %s (%s:%d) %s", condition, file, line, why);
  if (handler_set != nullptr) handler_set(text);
  std::fprintf(stderr, "tieline: %s\n", text);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tieline
