#pragma once
// What the api's connections share. Private to api/. Everything runs on the io thread, but for the work handed to
// `queries`, which only reads the store.

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <set>

#include "api/access.h"
#include "api/http_types.h"
#include "api/metrics.h"
#include "api/server.h"
#include "net/any_stream.h"

namespace tieline::api {

namespace asio = boost::asio;
using net::error_code;
using net::kAwait;
using net::tcp;

// One client connection. Whoever waits for the client sets a deadline first; the server closes what is late.
class Connection {
 public:
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  void within(int64_t ms, const char* late_code) {
    deadline_ms = ms == 0 ? 0 : net::mono_ms() + ms;
    code = late_code;
  }
  net::AnyStream stream;
  int64_t deadline_ms = 0;  // 0: none
  const char* code = "";
  bool closed = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

// One reader of /v1/events: events that wait for it. Shared strings: one event is written once for all readers.
struct EventReader {
  explicit EventReader(asio::any_io_executor executor) : wake(executor, asio::steady_timer::time_point::max()) {}
  std::deque<std::shared_ptr<const std::string>> queue;
  asio::steady_timer wake;
  bool overflowed = false;
};

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(node::NodeService& node, ServerConfig settings) : service(node), config(std::move(settings)), queries(1) {
    if (!config.access_log.empty()) access.emplace(node.ledger(), config.access_log);
  }

  void count_closed(const char* code_of_close) { ++metrics.closed[code_of_close]; }
  void close(Connection& connection, const char* code_of_close) {
    if (connection.closed) return;
    connection.closed = true;
    if (*code_of_close != 0) count_closed(code_of_close);
    connection.stream.close();
  }
  // Runs `query` on the queries' thread and comes back to the io thread with its answer. By pointer: g++ 12 copies
  // closures in co_await expressions bit by bit.
  using Query = std::function<HttpResponse()>;
  asio::awaitable<HttpResponse> offload(std::shared_ptr<const Query> query) {
    co_return co_await asio::co_spawn(queries, run_query(query), asio::use_awaitable);
  }
  // The highest block that each validator is known to hold: it has said so, or signed it.
  std::map<ValidatorId, Height> known_heights() const {
    std::map<ValidatorId, Height> heights = seen_heights;
    for (const auto& [id, height] : service.status().replica.told) heights[id] = std::max(heights[id], height);
    return heights;
  }
  void on_block(const replica::BlockCommitted& block);

  node::NodeService& service;
  ServerConfig config;
  Metrics metrics;
  std::optional<Access> access;  // none: everything is shown to everyone
  asio::thread_pool queries;
  std::set<ConnectionPtr> connections;
  std::set<std::shared_ptr<EventReader>> event_readers;
  std::map<ValidatorId, Height> seen_heights;  // the highest block that each validator has signed, as proofs show it
  size_t waiting_requests = 0;
  bool stopped = false;

 private:
  static asio::awaitable<HttpResponse> run_query(std::shared_ptr<const Query> query) { co_return (*query)(); }
};

// The parts of the server. Each serves one connection until it ends.
asio::awaitable<void> serve_http(std::shared_ptr<Core> core, ConnectionPtr connection, Bytes first_bytes);
asio::awaitable<void> serve_stream(std::shared_ptr<Core> core, ConnectionPtr connection, Bytes first_bytes);

}  // namespace tieline::api
