#include "api/client_runtime.h"

#include <openssl/ssl.h>

namespace tieline::api {

Result<std::shared_ptr<Runtime>> Runtime::open(Endpoint endpoint) {
  std::shared_ptr<Runtime> runtime(new Runtime(std::move(endpoint)));
  if (runtime->endpoint_.tls) {
    auto context = net::make_tls_context(net::TlsUse::kClient, {}, runtime->endpoint_.pins);
    if (!context) return context.error();
    runtime->tls_ = *context;
  }
  runtime->thread_ = std::thread([io = &runtime->io_] { io->run(); });
  return runtime;
}

Runtime::~Runtime() {
  guard_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void TimedStream::within(int64_t ms) {
  timer_.expires_after(std::chrono::milliseconds(ms));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    auto self = weak.lock();
    if (error || !self) return;
    self->late_ = true;
    self->stream.close();
  });
}

Error TimedStream::failure(const std::string& what, const error_code& error) const {
  if (late_) return {"timed_out", what + ": no answer in time"};
  return {"unreachable", what + ": " + error.message()};
}

asio::awaitable<std::optional<Error>> TimedStream::connect(Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls) {
  auto self = shared_from_this();
  const std::string where = endpoint.url();
  tcp::resolver resolver(stream.get_executor());
  auto [resolved, found] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), kAwait);
  if (resolved || late_) co_return failure(where, resolved);
  error_code connected = asio::error::host_not_found;
  for (const auto& entry : found) {
    error_code closed;  // a socket that was not open yet has nothing to close
    stream.socket().close(closed);
    auto [error] = co_await stream.socket().async_connect(entry.endpoint(), kAwait);
    connected = error;
    if (!connected || late_) break;
  }
  if (connected || late_) co_return failure(where, connected);
  error_code option;  // a connection that broke meanwhile fails at its first use
  stream.socket().set_option(tcp::no_delay(true), option);
  if (!endpoint.tls) co_return std::nullopt;
  net::AnyStream::Tls& connection = stream.use_tls(std::move(tls));
  auto [shaken] = co_await connection.async_handshake(asio::ssl::stream_base::client, kAwait);
  if (!shaken) co_return std::nullopt;
  if (!late_ && SSL_get_verify_result(connection.native_handle()) != X509_V_OK)
    co_return Error{"tls_wrong_pin", where + " shows a TLS key that genesis does not name for this validator"};
  co_return failure(where + " (TLS)", shaken);
}

}  // namespace tieline::api
