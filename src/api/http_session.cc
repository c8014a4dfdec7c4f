// HTTP/1.1 on one connection: requests one after the other, each bounded in size and time, and the event stream.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "api/routes.h"
#include "api/signed_query.h"
#include "api/views.h"

namespace tieline::api {
namespace {

namespace http = boost::beast::http;

constexpr size_t kReadBufferMax = 64 * 1024;

// What a request that could not be read is told.
HttpResponse unreadable(const error_code& error) {
  if (error == http::error::body_limit)
    return problem(413, "body_too_large", "the body is longer than this validator takes");
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return problem(431, "header_too_large", "the header is longer than this validator takes");
  return problem(400, "malformed_request", "not an HTTP/1.1 request: " + error.message());
}

class HttpSession {
 public:
  HttpSession(std::shared_ptr<Core> core, ConnectionPtr connection)
      : core_(std::move(core)), connection_(std::move(connection)), buffer_(kReadBufferMax) {}

  asio::awaitable<void> run(Bytes first_bytes) {
    auto space = buffer_.prepare(first_bytes.size());
    asio::buffer_copy(space, asio::buffer(first_bytes));
    buffer_.commit(first_bytes.size());
    while (!connection_->closed && co_await one_request()) {
    }
    if (!connection_->closed) core_->close(*connection_, "");
  }

 private:
  // False: the connection ends.
  asio::awaitable<bool> one_request() {
    const ServerLimits& limits = core_->config.limits;
    http::request_parser<http::vector_body<uint8_t>> parser;
    parser.header_limit(static_cast<uint32_t>(limits.header_bytes_max));
    parser.body_limit(limits.body_bytes_max);
    if (buffer_.size() == 0) {
      connection_->within(limits.idle_ms_max, "");
      auto [idle, n] = co_await connection_->stream.async_read_some(buffer_.prepare(4'096), kAwait);
      if (idle) co_return false;
      buffer_.commit(n);
    }
    connection_->within(limits.request_ms_max, "request_slow");
    auto [head, head_bytes] = co_await http::async_read_header(connection_->stream, buffer_, parser, kAwait);
    (void)head_bytes;
    if (connection_->closed || head == http::error::end_of_stream) co_return false;
    if (!head && http::token_list(parser.get()[http::field::expect]).exists("100-continue")) {
      http::response<http::empty_body> go_on{http::status::continue_, parser.get().version()};
      auto [told, m] = co_await http::async_write(connection_->stream, go_on, kAwait);
      (void)m;
      if (told) co_return false;
    }
    error_code failed = head;
    if (!failed) {
      auto [body, body_bytes] = co_await http::async_read(connection_->stream, buffer_, parser, kAwait);
      (void)body_bytes;
      failed = body;
    }
    if (connection_->closed) co_return false;
    if (failed) {
      // A connection that just ended is nobody's mistake; everything else gets an answer, and then the end.
      if (failed.category() == asio::error::get_system_category() ||
          failed.category() == asio::error::get_ssl_category() ||
          failed.category() == asio::ssl::error::get_stream_category() || failed == http::error::partial_message)
        co_return false;
      const HttpResponse refusal = unreadable(failed);
      ++core_->metrics.requests[{"unreadable", refusal.status}];
      co_await write(refusal, 11, false, false);
      co_await drain();
      co_return false;
    }
    auto message = parser.release();
    const bool keep_alive = message.keep_alive();
    const bool head_only = message.method() == http::verb::head;
    auto target = parse_target({message.target().data(), message.target().size()});
    if (!target) {
      ++core_->metrics.requests[{"unreadable", 400}];
      const HttpResponse refusal = problem(400, "malformed_target", "the path or query is malformed");
      co_return co_await write(refusal, message.version(), keep_alive, head_only);
    }
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.accept = std::string(message[http::field::accept]);
    request.content_type = std::string(message[http::field::content_type]);
    request.target = std::string(message.target());
    request.query_signature = std::string(message[kQueryHeader]);
    request.body = Blob(std::move(message.body()));
    const std::string route = route_name(request);
    if (route == "/v1/events" && request.method == "GET") co_return co_await serve_events(message.version());
    connection_->within(limits.wait_ms_max + limits.request_ms_max, "answer_slow");
    const HttpResponse response = co_await answer(core_, std::move(request));
    ++core_->metrics.requests[{route, response.status}];
    co_return co_await write(response, message.version(), keep_alive, head_only);
  }

  asio::awaitable<bool> write(const HttpResponse& response, unsigned version, bool keep_alive, bool head_only) {
    http::response<http::string_body> out{static_cast<http::status>(response.status), version};
    out.set(http::field::server, "tieline");
    out.set(http::field::content_type, response.content_type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) out.set(name, value);
    out.keep_alive(keep_alive && !core_->stopped);
    out.content_length(response.body.size());
    if (!head_only) out.body() = response.body;
    connection_->within(core_->config.limits.write_ms_max, "reader_slow");
    http::response_serializer<http::string_body> serializer(out);
    if (head_only) {
      auto [error, n] = co_await http::async_write_header(connection_->stream, serializer, kAwait);
      (void)n;
      co_return !error && out.keep_alive();
    }
    auto [error, n] = co_await http::async_write(connection_->stream, serializer, kAwait);
    (void)n;
    co_return !error && out.keep_alive();
  }

  // Closing with unread bytes resets the connection, and the client would lose the answer that says why: read a while
  // on.
  asio::awaitable<void> drain() {
    connection_->within(core_->config.limits.request_ms_max, "request_slow");
    if (!connection_->stream.is_tls()) {
      error_code ignored;  // the other side may be gone already
      connection_->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }
    Bytes scratch(kReadBufferMax);
    size_t left = 4 * core_->config.limits.body_bytes_max;
    while (left > 0 && !connection_->closed) {
      auto [error, n] = co_await connection_->stream.async_read_some(asio::buffer(scratch), kAwait);
      if (error) co_return;
      left -= std::min(left, n);
    }
  }

  asio::awaitable<bool> send(const std::string& text) {
    connection_->within(core_->config.limits.write_ms_max, "reader_slow");
    auto [error, n] = co_await asio::async_write(connection_->stream, asio::buffer(text), kAwait);
    (void)n;
    co_return !error && !connection_->closed;
  }

  // Server-sent events (WHATWG HTML, section 9.2): one "block" event a committed block, id = height; a comment when
  // idle.
  asio::awaitable<bool> serve_events(unsigned version) {
    const ServerLimits& limits = core_->config.limits;
    if (core_->event_readers.size() >= limits.events_clients_max) {
      ++core_->metrics.requests[{"/v1/events", 503}];
      const HttpResponse refusal = problem(503, "too_many_readers", "too many clients read events");
      co_return co_await write(refusal, version, false, false);
    }
    ++core_->metrics.requests[{"/v1/events", 200}];
    auto reader = std::make_shared<EventReader>(co_await asio::this_coro::executor);
    core_->event_readers.insert(reader);
    std::string head =
        "HTTP/1.1 200 OK\r\nServer: tieline\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 1000\n\nevent: status\ndata: ";
    head += status_json(core_->service, core_->known_heights()) + "\n\n";
    bool going = co_await send(head);
    while (going && !core_->stopped) {
      if (reader->overflowed) {
        core_->close(*connection_, "events_reader_slow");
        break;
      }
      if (!reader->queue.empty()) {
        std::string text;
        while (!reader->queue.empty()) {
          text += *reader->queue.front();
          reader->queue.pop_front();
        }
        going = co_await send(text);
        continue;
      }
      connection_->within(0, "");
      reader->wake.expires_after(std::chrono::milliseconds(limits.events_keepalive_ms));
      auto [woken] = co_await reader->wake.async_wait(kAwait);
      if (!woken) going = co_await send(": alive\n\n");
    }
    core_->event_readers.erase(reader);
    co_return false;
  }

  std::shared_ptr<Core> core_;
  ConnectionPtr connection_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<void> serve_http(std::shared_ptr<Core> core, ConnectionPtr connection, Bytes first_bytes) {
  HttpSession session(std::move(core), std::move(connection));
  co_await session.run(std::move(first_bytes));
}

}  // namespace tieline::api
