#include "crypto/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace tieline {

void fill_random(std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    TL_CHECK_MSG(got > 0, "the operating system gave no random bytes");
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace tieline
