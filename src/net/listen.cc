#include "net/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace tieline::net {

Result<HostPort> parse_address(const std::string& address) {
  const Error malformed{
      "address_malformed",
      "'" + address + "' is not an address; write HOST:PORT, for example 127.0.0.1:7400 or [::1]:7400"};
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return malformed;
  HostPort out;
  out.host = address.substr(0, colon);
  const bool bracketed = out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']';
  if (bracketed) out.host = out.host.substr(1, out.host.size() - 2);
  if (!bracketed && out.host.find(':') != std::string::npos) return malformed;
  if (out.host.find_first_of("[]/ \t\r\n@") != std::string::npos) return malformed;
  const char* begin = address.data() + colon + 1;
  const char* end = address.data() + address.size();
  const auto [at, error] = std::from_chars(begin, end, out.port);
  if (error != std::errc() || at != end) return malformed;
  return out;
}

std::string address_text(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<ListeningSocket> ListeningSocket::open(const std::string& address) {
  auto parsed = parse_address(address);
  if (!parsed) return parsed.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parsed->port);
  if (const int error = ::getaddrinfo(parsed->host.c_str(), port.c_str(), &hints, &found); error != 0)
    return Error{"cannot_listen", "cannot listen on " + address + ": " + ::gai_strerror(error)};
  ListeningSocket out;
  out.v6_ = found->ai_family == AF_INET6;
  out.fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  // Without it a restart would wait for the old connections' TIME_WAIT; two listeners on one port stay impossible.
  const bool bound = out.fd_ >= 0 && ::setsockopt(out.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                     ::bind(out.fd_, found->ai_addr, found->ai_addrlen) == 0 && ::listen(out.fd_, SOMAXCONN) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  if (!bound) {
    if (error == EADDRINUSE)
      return Error{"port_in_use", "cannot listen on " + address +
                                      ": another process uses this port. See which with: ss -ltnp 'sport = :" + port +
                                      "'. Stop it, or choose another port (tieline init NET --port)"};
    return Error{"cannot_listen", "cannot listen on " + address + ": " + std::strerror(error)};
  }
  sockaddr_storage local{};
  socklen_t size = sizeof(local);
  if (::getsockname(out.fd_, reinterpret_cast<sockaddr*>(&local), &size) != 0)
    return Error{"cannot_listen", "cannot listen on " + address + ": " + std::strerror(errno)};
  out.port_ = ntohs(out.v6_ ? reinterpret_cast<const sockaddr_in6*>(&local)->sin6_port
                            : reinterpret_cast<const sockaddr_in*>(&local)->sin_port);
  return out;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(other.release()), v6_(other.v6_), port_(other.port_) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    v6_ = other.v6_;
    port_ = other.port_;
    fd_ = other.release();
  }
  return *this;
}

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) ::close(fd_);
}

int ListeningSocket::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

}  // namespace tieline::net
