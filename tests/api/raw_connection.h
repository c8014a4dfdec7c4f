#pragma once
// A plain socket for tests that must send what no client library would.

#include <poll.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>

namespace tieline::testing {

class RawConnection {
 public:
  explicit RawConnection(uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  void send(const std::string& text) {
    boost::system::error_code ignored;  // a server that has closed already is what some tests wait for
    boost::asio::write(socket_, boost::asio::buffer(text), ignored);
  }
  // What arrives until the server closes, or `ms` pass, or `enough` has arrived.
  std::string receive(int ms = 10'000, const std::string& enough = "\xff\xff\xff") {
    std::string out;
    closed_ = false;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    while (out.find(enough) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd wait{socket_.native_handle(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
      char piece[4'096];
      boost::system::error_code error;
      const size_t n = socket_.read_some(boost::asio::buffer(piece), error);
      out.append(piece, n);
      if (error) {
        closed_ = true;
        break;
      }
    }
    return out;
  }
  bool closed() const { return closed_; }  // by the server, seen in receive()

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  bool closed_ = false;
};

}  // namespace tieline::testing
