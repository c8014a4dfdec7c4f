#include "api/server.h"

#include <algorithm>

#include "api/core.h"
#include "api/http_types.h"
#include "api/stream_protocol.h"
#include "api/views.h"

namespace tieline::api {

void Core::on_block(const replica::BlockCommitted& block) {
  if (block.proof) {
    // Positions are those of the block's own committee; whoever signed a block holds it.
    const auto committee = committee_of(service.committed_state(), block.proof->certificate.slot.epoch);
    if (committee)
      for (size_t position : block.proof->certificate.signers.positions())
        if (position < committee->size()) {
          Height& seen = seen_heights[committee->at(position).id];
          seen = std::max(seen, block.proof->certificate.height);
        }
  }
  if (event_readers.empty()) return;
  const std::string height = std::to_string(block.block->header.height);
  const auto text = std::make_shared<const std::string>("id: " + height +
                                                        "\nevent: block\ndata: " + block_event_json(block) + "\n\n");
  for (const auto& reader : event_readers) {
    if (reader->queue.size() >= config.limits.events_queue_max)
      reader->overflowed = true;
    else
      reader->queue.push_back(text);
    reader->wake.cancel();
  }
}

namespace {

constexpr int64_t kSweepMs = 100;  // how finely deadlines are kept
constexpr uint8_t kTlsHandshakeByte = 0x16;

class Listener final : public Server {
 public:
  Listener(node::NodeService& service, ServerConfig config)
      : core_(std::make_shared<Core>(service, std::move(config))),
        acceptor_(std::make_shared<tcp::acceptor>(service.io())),
        sweep_(std::make_shared<asio::steady_timer>(service.io())) {}

  ~Listener() override {
    stop();
    core_->queries.join();
  }

  Status start() {
    auto context = net::make_tls_context(net::TlsUse::kClientServer, core_->config.identity, {});
    if (!context) return context.error();
    auto expiry = net::certificate_expiry_s(core_->config.identity.certificate);
    if (!expiry) return expiry.error();
    core_->metrics.certificate_expiry_s = *expiry;
    auto listening = net::ListeningSocket::open(core_->config.listen);
    if (!listening) return listening.error();
    port_ = listening->port();
    *acceptor_ = net::make_acceptor(core_->service.io(), *std::move(listening));
    subscription_ = core_->service.subscribe_blocks([core = core_](const auto& block) { core->on_block(block); });
    asio::co_spawn(core_->service.io(), accept_loop(core_, acceptor_, *context), asio::detached);
    asio::co_spawn(core_->service.io(), sweep_loop(core_, sweep_), asio::detached);
    return {};
  }

  uint16_t port() const override { return port_; }

  void stop() override {
    if (core_->stopped) return;
    core_->stopped = true;
    if (subscription_) core_->service.unsubscribe_blocks(*subscription_);
    error_code ignored;  // a listener that is already closed is what was wanted
    acceptor_->close(ignored);
    sweep_->cancel();
    for (const auto& reader : core_->event_readers) reader->wake.cancel();
    for (const ConnectionPtr& connection : core_->connections) core_->close(*connection, "");
  }

 private:
  static asio::awaitable<void> sweep_loop(std::shared_ptr<Core> core, std::shared_ptr<asio::steady_timer> timer) {
    while (!core->stopped) {
      timer->expires_after(std::chrono::milliseconds(kSweepMs));
      co_await timer->async_wait(kAwait);
      const int64_t now = net::mono_ms();
      for (const ConnectionPtr& connection : core->connections)
        if (connection->deadline_ms != 0 && now > connection->deadline_ms) core->close(*connection, connection->code);
    }
  }

  static asio::awaitable<void> accept_loop(std::shared_ptr<Core> core, std::shared_ptr<tcp::acceptor> acceptor,
                                           std::shared_ptr<asio::ssl::context> tls) {
    while (!core->stopped) {
      auto [error, socket] = co_await acceptor->async_accept(kAwait);
      if (core->stopped) co_return;
      if (error) {
        core->count_closed("accept_failed");
        asio::steady_timer pause(acceptor->get_executor(), std::chrono::milliseconds(kSweepMs));
        co_await pause.async_wait(kAwait);
        continue;
      }
      if (core->connections.size() >= core->config.limits.connections_max) {
        core->count_closed("too_many_connections");
        continue;
      }
      error_code option;  // a connection that broke meanwhile fails at its first read
      socket.set_option(tcp::no_delay(true), option);
      asio::co_spawn(acceptor->get_executor(), serve(core, std::make_shared<Connection>(std::move(socket)), tls),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Core> core, ConnectionPtr connection,
                                     std::shared_ptr<asio::ssl::context> tls) {
    core->connections.insert(connection);
    core->metrics.connections = core->connections.size();
    co_await tell_apart(core, connection, tls);
    core->close(*connection, "");
    core->connections.erase(connection);
    core->metrics.connections = core->connections.size();
  }

  static bool is_local(tcp::socket& socket) {
    error_code error;
    const auto remote = socket.remote_endpoint(error);
    return !error && remote.address().is_loopback();
  }

  // The first byte tells TLS from plain; the first four, after TLS, the binary stream from HTTP.
  static asio::awaitable<void> tell_apart(std::shared_ptr<Core> core, ConnectionPtr connection,
                                          std::shared_ptr<asio::ssl::context> tls) {
    connection->within(core->config.limits.handshake_ms_max, "handshake_slow");
    tcp::socket& socket = connection->stream.socket();
    uint8_t first = 0;
    auto [peeked, n] = co_await socket.async_receive(asio::buffer(&first, 1), tcp::socket::message_peek, kAwait);
    if (peeked || n == 0) co_return;
    if (first == kTlsHandshakeByte) {
      auto [shaken] = co_await connection->stream.use_tls(tls).async_handshake(asio::ssl::stream_base::server, kAwait);
      if (shaken) {
        if (!connection->closed) core->close(*connection, "tls_failed");
        co_return;
      }
    } else if (!is_local(socket)) {
      const HttpResponse refusal =
          problem(403, "tls_required", "this address is served with TLS only, except on loopback");
      const std::string text = "HTTP/1.1 403 Forbidden\r\nContent-Type: " + refusal.content_type +
                               "\r\nConnection: close\r\nContent-Length: " + std::to_string(refusal.body.size()) +
                               "\r\n\r\n" + refusal.body;
      auto [error, sent] = co_await asio::async_write(socket, asio::buffer(text), kAwait);
      (void)sent;
      if (!error && !connection->closed) core->close(*connection, "tls_required");
      co_return;
    }
    Bytes bytes(kStreamMagic.size());
    size_t have = 0;
    while (have < bytes.size()) {
      auto [error, got] =
          co_await connection->stream.async_read_some(asio::buffer(bytes.data() + have, bytes.size() - have), kAwait);
      if (error) co_return;
      have += got;
      if (bytes[0] != static_cast<uint8_t>(kStreamMagic[0])) break;  // HTTP; its own reader bounds the rest
    }
    bytes.resize(have);
    const ByteView magic = view_of(kStreamMagic);
    if (std::equal(bytes.begin(), bytes.end(), magic.begin(), magic.end()))
      co_return co_await serve_stream(core, connection, {});
    co_await serve_http(core, connection, std::move(bytes));
  }

  std::shared_ptr<Core> core_;
  std::shared_ptr<tcp::acceptor> acceptor_;
  std::shared_ptr<asio::steady_timer> sweep_;
  std::optional<node::SubscriptionId> subscription_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(node::NodeService& service, ServerConfig config) {
  auto listener = std::make_unique<Listener>(service, std::move(config));
  if (Status status = listener->start(); !status) return status.error();
  return std::unique_ptr<Server>(std::move(listener));
}

}  // namespace tieline::api
