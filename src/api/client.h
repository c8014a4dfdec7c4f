#pragma once
// Talks to one validator, for the command line, benchmarks and tests: blocking calls, with an I/O thread of its own.
// Over several validators: api/network_client.h.
//
// Threads: every call from any thread; handlers run on the client's I/O thread and must not call back into blocking
// calls. Errors: url_malformed, unreachable (no connection, or it broke), timed_out, tls_wrong_pin, tls_required (plain
// http beyond loopback), protocol_error; for an HTTP status of 400 and above the problem's own code and detail.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/signed_query.h"
#include "api/stream_protocol.h"
#include "base/bytes.h"
#include "base/result.h"
#include "model/genesis.h"

namespace tieline::api {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
  bool tls = false;
  std::vector<Hash> pins;  // keys that the server may show; needed with tls

  // "http://127.0.0.1:7500" or "https://host:7500"; with https the pins come from genesis.
  static Result<Endpoint> from_url(const std::string& url, const Genesis* genesis = nullptr);
  static Result<Endpoint> of_validator(const GenesisValidator& validator, bool tls = true);
  std::string url() const;
};

struct HttpReply {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

inline constexpr int64_t kClientTimeoutMs = 10'000;
inline constexpr size_t kClientReplyBytesMax = 64 * 1024 * 1024;

using OutcomesHandler = std::function<void(const std::vector<OutcomeRange>&)>;
using ClosedHandler = std::function<void(const Error&)>;

// One binary stream. Tags are given by the stream: the first transaction has tag 0, the next 1, and so on.
class SubmitStream {
 public:
  virtual ~SubmitStream() = default;  // closes
  virtual const StreamWelcome& welcome() const = 0;
  // Queues a batch and returns its first tag. Waits while the window is full, at most timeout_ms. The batch must not
  // be larger than welcome().batch_max or welcome().window.
  virtual Result<uint64_t> submit(std::vector<Blob> transactions, int64_t timeout_ms = kClientTimeoutMs) = 0;
  // Waits until every submitted transaction has an outcome.
  virtual Status drain(int64_t timeout_ms) = 0;
  virtual uint64_t submitted() const = 0;
  virtual uint64_t answered() const = 0;
  virtual bool open() const = 0;
  virtual void close() = 0;  // no handler is called after it returns
};

struct StreamOptions {
  bool want_index = false;
  int64_t timeout_ms = kClientTimeoutMs;  // connect, TLS and hello
  OutcomesHandler on_outcomes;
  ClosedHandler on_closed;  // the stream broke: what has no outcome is unknown and may be submitted again, as it is
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> open(Endpoint endpoint);
  virtual ~Client() = default;
  virtual const Endpoint& endpoint() const = 0;
  // GETs are signed from now on; empty: no more. Before other threads ask.
  void sign_queries(QuerySigner signer) { signer_ = std::move(signer); }

  // `target` is path and query. One kept-alive connection serves calls one after the other.
  virtual Result<HttpReply> request(const std::string& method, const std::string& target,
                                    const std::string& content_type, ByteView body, int64_t timeout_ms) = 0;
  // 2xx only: everything else becomes an Error with the problem's code.
  Result<HttpReply> get(const std::string& target, int64_t timeout_ms = kClientTimeoutMs);
  Result<HttpReply> post(const std::string& target, const std::string& content_type, ByteView body,
                         int64_t timeout_ms = kClientTimeoutMs);
  Result<std::string> status_json(int64_t timeout_ms = kClientTimeoutMs);
  Result<Bytes> receipt(const TxId& id, int64_t timeout_ms = kClientTimeoutMs);

  // Reads /v1/events until the handler returns false, the server closes or timeout_ms pass without an event or
  // keep-alive.
  virtual Status events(const std::function<bool(const std::string& json)>& on_event, int64_t timeout_ms) = 0;

  virtual Result<std::unique_ptr<SubmitStream>> stream(const ChainId& chain, StreamOptions options) = 0;

 protected:
  QuerySigner signer_;
};

}  // namespace tieline::api
