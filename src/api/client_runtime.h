#pragma once
// The I/O thread of a client, and one connection of it: connect, TLS, time limits. Private to api/.
//
// Only handles that callers own hold the Runtime; coroutines never do, so that its thread is never joined by itself.

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <thread>

#include "api/client.h"
#include "net/any_stream.h"
#include "net/tls.h"

namespace tieline::api {

namespace asio = boost::asio;
using net::error_code;
using net::kAwait;
using net::tcp;

class Runtime {
 public:
  static Result<std::shared_ptr<Runtime>> open(Endpoint endpoint);
  ~Runtime();

  const Endpoint& endpoint() const { return endpoint_; }
  asio::io_context& io() { return io_; }
  const std::shared_ptr<asio::ssl::context>& tls() const { return tls_; }

  // Runs a coroutine on the I/O thread and waits for its result.
  template <class T>
  T wait_for(asio::awaitable<T> work) {
    std::promise<T> promise;
    std::future<T> future = promise.get_future();
    asio::co_spawn(
        io_,
        [](asio::awaitable<T> inner, std::promise<T> result) -> asio::awaitable<void> {
          result.set_value(co_await std::move(inner));
        }(std::move(work), std::move(promise)),
        asio::detached);
    return future.get();
  }

 private:
  explicit Runtime(Endpoint endpoint) : endpoint_(std::move(endpoint)), guard_(asio::make_work_guard(io_)) {}
  Endpoint endpoint_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::thread thread_;
};

// A stream that is closed when its time is up.
class TimedStream : public std::enable_shared_from_this<TimedStream> {
 public:
  explicit TimedStream(asio::io_context& io) : stream(tcp::socket(io)), timer_(io) {}
  void within(int64_t ms);
  void no_limit() { timer_.cancel(); }
  void close() {
    timer_.cancel();
    stream.close();
  }
  // timed_out if that is why an operation failed with `error`, else unreachable.
  Error failure(const std::string& what, const error_code& error) const;
  // Connects and shakes hands; none: it worked.
  asio::awaitable<std::optional<Error>> connect(Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls);

  net::AnyStream stream;

 private:
  asio::steady_timer timer_;
  bool late_ = false;
};

// The I/O half of SubmitStream (api/client_stream.cc).
Result<std::unique_ptr<SubmitStream>> open_stream(std::shared_ptr<Runtime> runtime, const ChainId& chain,
                                                  StreamOptions options);

}  // namespace tieline::api
