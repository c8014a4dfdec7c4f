#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tieline {

void check_failed(const char* condition, const char* file, int line, const char* why) {
  std::fprintf(stderr, "tieline: broken invariant: %s (%s:%d) %s\n", condition, file, line, why);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tieline
