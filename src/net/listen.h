#pragma once
// Addresses as they stand in genesis and in configuration ("127.0.0.1:7400", "[::1]:7400", "host.example:7400"), and
// listening sockets whose errors say what to do.
// Errors: address_malformed, port_in_use, cannot_listen.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace tieline::net {

struct HostPort {
  std::string host;
  uint16_t port = 0;
};
Result<HostPort> parse_address(const std::string& address);
std::string address_text(const HostPort& address);

// A socket that is bound and listening, from which asio acceptors are made: its file descriptor, closed unless
// released.
class ListeningSocket {
 public:
  // Resolves the host (a numeric address, or a name). Port 0 takes any free port.
  static Result<ListeningSocket> open(const std::string& address);
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket();

  int release();  // the caller closes it
  bool is_v6() const { return v6_; }
  uint16_t port() const { return port_; }

 private:
  ListeningSocket() = default;
  int fd_ = -1;
  bool v6_ = false;
  uint16_t port_ = 0;
};

}  // namespace tieline::net
