#pragma once
// /metrics: what the node has measured (node::NodeMetrics, NodeStatus) and what the api counts itself, in the text
// format of Prometheus, every family with a help text. Names start with tieline_; spans are in seconds, as Prometheus
// wants it. Threads: the io thread.

#include <cstdint>
#include <map>
#include <string>

#include "node/node_service.h"

namespace tieline::api {

struct Metrics {
  std::map<std::pair<std::string, unsigned>, uint64_t> requests;  // by route and status
  std::map<std::string, uint64_t> closed;                         // connections closed by us, by code
  uint64_t connections = 0;                                       // open now
  uint64_t streams = 0;                                           // open now
  uint64_t events_clients = 0;                                    // open now
  uint64_t stream_transactions = 0;
  int64_t certificate_expiry_s = 0;
};

std::string metrics_text(const Metrics& api, const node::NodeService& service);

}  // namespace tieline::api
