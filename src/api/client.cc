#include "api/client.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <nlohmann/json.hpp>

#include "api/client_runtime.h"
#include "net/listen.h"

namespace tieline::api {
namespace {

namespace http = boost::beast::http;

constexpr size_t kEventLineMax = 1024 * 1024;
constexpr size_t kReadBytes = 64 * 1024;

Error problem_of(const HttpReply& reply) {
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  if (json.is_object() && json.contains("code") && json["code"].is_string()) {
    const bool has_detail = json.contains("detail") && json["detail"].is_string();
    return {json["code"].get<std::string>(), has_detail ? json["detail"].get<std::string>() : reply.body};
  }
  return {"protocol_error", "status " + std::to_string(reply.status) + " without problem details"};
}

struct Connection {
  explicit Connection(asio::io_context& io) : timed(std::make_shared<TimedStream>(io)), buffer(kClientReplyBytesMax) {}
  std::shared_ptr<TimedStream> timed;
  boost::beast::flat_buffer buffer;
};

class HttpClient final : public Client {
 public:
  explicit HttpClient(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}
  ~HttpClient() override {
    if (!connection_) return;
    runtime_->wait_for(close(connection_));
  }

  const Endpoint& endpoint() const override { return runtime_->endpoint(); }

  Result<HttpReply> request(const std::string& method, const std::string& target, const std::string& content_type,
                            ByteView body, int64_t timeout_ms) override {
    std::lock_guard lock(mutex_);
    http::request<http::vector_body<uint8_t>> message{http::string_to_verb(method), target, 11};
    message.set(http::field::host, net::address_text({endpoint().host, endpoint().port}));
    message.set(http::field::user_agent, "tieline");
    if (!content_type.empty()) message.set(http::field::content_type, content_type);
    if (content_type == "application/octet-stream") message.set(http::field::accept, "application/json");
    if (signer_ && method == "GET") message.set(kQueryHeader, signer_(method, target));
    message.body().assign(body.begin(), body.end());
    message.prepare_payload();
    return runtime_->wait_for(exchange(std::move(message), timeout_ms));
  }

  Status events(const std::function<bool(const std::string&)>& on_event, int64_t timeout_ms) override {
    return runtime_->wait_for(read_events(on_event, timeout_ms));
  }

  Result<std::unique_ptr<SubmitStream>> stream(const ChainId& chain, StreamOptions options) override {
    return open_stream(runtime_, chain, std::move(options));
  }

 private:
  static asio::awaitable<bool> close(std::shared_ptr<Connection> connection) {
    connection->timed->close();
    co_return true;
  }

  using Message = http::request<http::vector_body<uint8_t>>;
  asio::awaitable<Result<HttpReply>> exchange(Message message, int64_t timeout_ms) {
    for (;;) {
      const bool kept = connection_ != nullptr;
      if (!kept) connection_ = std::make_shared<Connection>(runtime_->io());
      auto connection = connection_;
      connection->timed->within(timeout_ms);
      if (!kept) {
        auto failed = co_await connection->timed->connect(runtime_->endpoint(), runtime_->tls());
        if (failed) {
          drop();
          co_return *failed;
        }
      }
      auto [sent, n] = co_await http::async_write(connection->timed->stream, message, kAwait);
      (void)n;
      http::response_parser<http::string_body> parser;
      parser.body_limit(kClientReplyBytesMax);
      error_code error = sent;
      // A server that refuses while we still send has answered all the same: read on.
      auto [received, m] = co_await http::async_read(connection->timed->stream, connection->buffer, parser, kAwait);
      (void)m;
      if (!received)
        error = {};
      else if (!error)
        error = received;
      if (error) {
        const Error failure = connection->timed->failure(runtime_->endpoint().url(), error);
        drop();
        // The server may have closed a kept connection in the meantime; everything here may be asked twice.
        if (kept && failure.code == "unreachable") continue;
        co_return failure;
      }
      auto response = parser.release();
      connection->timed->no_limit();
      if (!response.keep_alive() || sent) drop();
      HttpReply reply;
      reply.status = response.result_int();
      reply.content_type = std::string(response[http::field::content_type]);
      reply.body = std::move(response.body());
      co_return reply;
    }
  }

  void drop() {
    if (connection_) connection_->timed->close();
    connection_ = nullptr;
  }

  asio::awaitable<Status> read_events(const std::function<bool(const std::string&)>& on_event, int64_t timeout_ms) {
    auto timed = std::make_shared<TimedStream>(runtime_->io());
    timed->within(timeout_ms);
    if (auto failed = co_await timed->connect(runtime_->endpoint(), runtime_->tls())) co_return *failed;
    const std::string request =
        "GET /v1/events HTTP/1.1\r\nHost: " + endpoint().host + "\r\nAccept: text/event-stream\r\n\r\n";
    auto [sent, n] = co_await asio::async_write(timed->stream, asio::buffer(request), kAwait);
    (void)n;
    if (sent) co_return timed->failure(endpoint().url(), sent);
    std::string text;
    bool in_body = false;
    std::vector<char> space(kReadBytes);
    for (;;) {
      auto [error, got] = co_await timed->stream.async_read_some(asio::buffer(space), kAwait);
      if (error) co_return timed->failure(endpoint().url(), error);
      timed->within(timeout_ms);
      text.append(space.data(), got);
      if (!in_body) {
        const size_t end = text.find("\r\n\r\n");
        if (end == std::string::npos && text.size() < kReadBytes) continue;
        if (!text.starts_with("HTTP/1.1 200"))
          co_return Error{"protocol_error", "the event stream was refused: " + text.substr(0, 200)};
        text.erase(0, end + 4);
        in_body = true;
      }
      size_t line_end = 0;
      while ((line_end = text.find('\n')) != std::string::npos) {
        const std::string line = text.substr(0, line_end);
        text.erase(0, line_end + 1);
        if (!line.starts_with("data: ") || on_event(line.substr(6))) continue;
        timed->close();
        co_return Status();
      }
      if (text.size() > kEventLineMax) co_return Error{"protocol_error", "an event longer than 1 MiB"};
    }
  }

  std::shared_ptr<Runtime> runtime_;
  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;  // used by one request at a time
};

}  // namespace

Result<Endpoint> Endpoint::from_url(const std::string& url, const Genesis* genesis) {
  Endpoint out;
  std::string rest;
  if (url.starts_with("http://")) rest = url.substr(7);
  if (url.starts_with("https://")) {
    rest = url.substr(8);
    out.tls = true;
  }
  while (!rest.empty() && rest.back() == '/') rest.pop_back();
  auto address = net::parse_address(rest);
  if (rest.empty() || !address)
    return Error{"url_malformed",
                 "'" + url + "' is not a validator's URL; write http://127.0.0.1:7500 or https://HOST:PORT"};
  out.host = address->host;
  out.port = address->port;
  if (out.tls && genesis != nullptr)
    for (const GenesisValidator& one : genesis->validators) out.pins.push_back(one.tls_pin);
  if (out.tls && out.pins.empty())
    return Error{"url_malformed",
                 "'" + url + "': https needs the genesis file, which names the validators' TLS keys; give --net NET"};
  return out;
}

Result<Endpoint> Endpoint::of_validator(const GenesisValidator& validator, bool tls) {
  auto address = net::parse_address(validator.http);
  if (!address) return address.error();
  Endpoint out{address->host, address->port, tls, {}};
  if (tls) out.pins = {validator.tls_pin};
  return out;
}

std::string Endpoint::url() const { return (tls ? "https://" : "http://") + net::address_text({host, port}); }

Result<HttpReply> Client::get(const std::string& target, int64_t timeout_ms) {
  auto reply = request("GET", target, "", {}, timeout_ms);
  if (reply && reply->status >= 400) return problem_of(*reply);
  return reply;
}

Result<HttpReply> Client::post(const std::string& target, const std::string& content_type, ByteView body,
                               int64_t timeout_ms) {
  auto reply = request("POST", target, content_type, body, timeout_ms);
  if (reply && reply->status >= 400) return problem_of(*reply);
  return reply;
}

Result<std::string> Client::status_json(int64_t timeout_ms) {
  auto reply = get("/v1/status", timeout_ms);
  if (!reply) return reply.error();
  return std::move(reply->body);
}

Result<Bytes> Client::receipt(const TxId& id, int64_t timeout_ms) {
  auto reply = get("/v1/receipts/" + to_hex(id), timeout_ms);
  if (!reply) return reply.error();
  return Bytes(reply->body.begin(), reply->body.end());
}

Result<std::unique_ptr<Client>> Client::open(Endpoint endpoint) {
  auto runtime = Runtime::open(std::move(endpoint));
  if (!runtime) return runtime.error();
  return std::unique_ptr<Client>(std::make_unique<HttpClient>(*std::move(runtime)));
}

}  // namespace tieline::api
