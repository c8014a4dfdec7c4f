#pragma once
// What clients reach: HTTP (JSON and receipts), the event stream of blocks, and the binary stream for bulk submission,
// all on one address and told apart by their first bytes (docs/formats/http.md, docs/formats/stream.md). TLS with the
// validator's own certificate; plain connections are served on loopback only. Runs on the node's io thread: every
// handler is bounded, long lists are paged. Errors of open(): port_in_use, cannot_listen, address_malformed, tls_*
// (net/tls.h).

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls.h"
#include "node/node_service.h"

namespace tieline::api {

// Every bound has a name.
struct ServerLimits {
  size_t connections_max = 512;
  size_t header_bytes_max = 16 * 1024;
  size_t body_bytes_max = 4 * 1024 * 1024;
  size_t post_transactions_max = 1'024;  // in one POST
  int64_t handshake_ms_max = 5'000;      // first byte and TLS
  int64_t request_ms_max = 10'000;       // a whole request must have arrived
  int64_t idle_ms_max = 60'000;          // between requests of one connection
  int64_t write_ms_max = 10'000;         // a client that does not read its answer
  int64_t wait_ms_max = 30'000;          // of ?wait=commit
  int64_t wait_ms_default = 10'000;
  size_t waiting_requests_max = 256;  // of ?wait=commit at once
  size_t events_clients_max = 64;
  size_t events_queue_max = 256;  // blocks not yet read by a client; then it is closed
  int64_t events_keepalive_ms = 5'000;
  size_t page_max = 100;  // blocks
  size_t readings_page_max = 1'000;
  size_t stream_frame_bytes_max = 1024 * 1024;
  size_t stream_batch_max = 4'096;                  // transactions in one SUBMIT
  uint32_t stream_window = 32'768;                  // transactions of one stream without an outcome
  size_t stream_queue_bytes_max = 8 * 1024 * 1024;  // outcomes not yet read by a client; then it is closed
  int64_t stream_idle_ms_max = 300'000;
};

struct ServerConfig {
  std::string listen;         // "127.0.0.1:7500"; GenesisValidator.http
  net::TlsIdentity identity;  // the validator's
  std::string version = "0.1.0";
  std::string access_log;  // records are shown to those who may read them, and that is logged here; empty: to all
  ServerLimits limits;
};

class Server {
 public:
  // `service` must outlive the server.
  static Result<std::unique_ptr<Server>> open(node::NodeService& service, ServerConfig config);
  virtual ~Server() = default;
  virtual uint16_t port() const = 0;
  virtual void stop() = 0;  // closes all connections; on the io thread
};

}  // namespace tieline::api
