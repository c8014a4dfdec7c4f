#pragma once
// A running validator: the replica with the real parts around it. One thread (the caller of run()) carries links,
// timers, the replica's steps and its effects; the log, the store and signatures have a worker each (node/workers.h).
//
// Every input goes through one queue and is processed in order; a step's effects are carried out in order before the
// next step. What must wait for the disk waits inside the replica for LogDurable, so nothing here can overtake it.
//
// Errors of open(): config and disk problems, told before anything runs: folder_in_use, corrupt_store, wrong_chain,
// disk_full, read_only, disk_error, port_in_use, cannot_listen, tls_*. Error of run(): what made it stop: log_failed,
// store_failed, replica_stopped; the message says what the operator can do.

#include <memory>

#include "node/config.h"
#include "node/node_service.h"

namespace tieline::node {

inline constexpr int64_t kStopWaitMs = 2'000;  // for connections to end when asked to

class Node {
 public:
  // Takes the folder, opens store and log, replays, and listens; nothing is sent or answered yet.
  static Result<std::unique_ptr<Node>> open(NodeConfig config);
  virtual ~Node() = default;

  virtual NodeService& service() = 0;
  virtual uint16_t links_port() const = 0;
  virtual std::vector<net::LinkStats> link_stats() const = 0;  // on the thread of run()
  // Called on the thread of run() when stop() begins or the node fails: whoever serves clients stops there.
  virtual void on_stop(std::function<void()> handler) = 0;

  virtual Status run() = 0;  // until stop(), or until it must not go on; once
  virtual void stop() = 0;   // any thread: a clean stop; the store is flushed before run() returns
};

}  // namespace tieline::node
