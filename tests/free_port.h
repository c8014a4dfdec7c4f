#pragma once
// Loopback ports that a test may listen on a little later: below the range from which the kernel serves outgoing
// connections, and from a block that other tests, running at the same time, do not start in.

#include <unistd.h>

#include <cstdint>
#include <string>

#include "net/listen.h"

namespace tieline::testing {

inline constexpr uint16_t kTestPortFirst = 28'000;
inline constexpr uint16_t kTestPortCount = 4'000;

// Each call gives another one. 0: none is free.
inline uint16_t free_port() {
  static uint32_t next = static_cast<uint32_t>(::getpid()) * 37;
  for (uint16_t tries = 0; tries < kTestPortCount; ++tries) {
    const auto port = static_cast<uint16_t>(kTestPortFirst + next++ % kTestPortCount);
    if (net::ListeningSocket::open("127.0.0.1:" + std::to_string(port)).ok()) return port;
  }
  return 0;
}

}  // namespace tieline::testing
