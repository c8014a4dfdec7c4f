#pragma once
// A TCP connection with or without TLS behind one type that Asio's and Beast's composed operations accept. Private to
// net/ and api/: it brings all of Asio with it; public headers do not include it.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>

#include "net/listen.h"

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the allocation functions of Asio's coroutine frames, which belong together, for mismatched ones.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace tieline::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);  // errors as values

class AnyStream {
 public:
  using Tls = asio::ssl::stream<tcp::socket&>;
  using executor_type = tcp::socket::executor_type;

  explicit AnyStream(tcp::socket socket) : socket_(std::move(socket)) {}
  AnyStream(const AnyStream&) = delete;
  AnyStream& operator=(const AnyStream&) = delete;

  // The context is kept: a server may replace its own while connections live.
  Tls& use_tls(std::shared_ptr<asio::ssl::context> context) {
    context_ = std::move(context);
    tls_ = std::make_unique<Tls>(socket_, *context_);
    return *tls_;
  }
  bool is_tls() const { return tls_ != nullptr; }
  Tls* tls() { return tls_.get(); }
  tcp::socket& socket() { return socket_; }
  executor_type get_executor() { return socket_.get_executor(); }
  void close() {
    error_code ignored;  // closing a socket that is already gone is what was wanted
    socket_.close(ignored);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  tcp::socket socket_;
  std::shared_ptr<asio::ssl::context> context_;
  std::unique_ptr<Tls> tls_;
};

inline int64_t mono_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

inline tcp::acceptor make_acceptor(asio::io_context& io, ListeningSocket socket) {
  const bool v6 = socket.is_v6();
  return tcp::acceptor(io, v6 ? tcp::v6() : tcp::v4(), socket.release());
}

}  // namespace tieline::net
