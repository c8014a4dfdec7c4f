#pragma once
// Links to all other validators: one TLS connection each, made by the validator with the lower id, made again after a
// failure with growing, jittered delays. A hello on both sides states chain, validator and protocol version
// (docs/formats/link.md); the validator that a certificate's pin belongs to must be the one that the hello names.
//
// Frames to a peer wait in two queues bounded in bytes: consensus before bulk. A frame that finds the bulk queue full
// is dropped and counted (link_bulk_dropped). When the consensus queue is full the link is closed
// (link_consensus_overflow): the peer is not keeping up and must synchronise anew. Frames of one queue arrive in order
// or not at all; a link that comes back starts with empty queues.
//
// Threads: everything is called on the thread that runs the io_context, and every handler is called there, never from
// within a call to this class other than the destructor's silence: after stop() no handler is called.
// Errors of open(): port_in_use, cannot_listen, address_malformed, tls_* (net/tls.h), link_pin_unknown.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"
#include "net/tls.h"

namespace boost::asio {
class io_context;
}

namespace tieline::net {

inline constexpr uint16_t kLinkProtocolVersion = 1;

struct LinkPeer {
  ValidatorId id = 0;
  std::string name;
  std::string address;
  Hash pin;
};

// Every bound has a name.
struct LinkLimits {
  size_t frame_bytes_max = 16 * 1024 * 1024 + 64;  // the replica's bound and room for a header
  size_t consensus_queue_bytes_max = 64 * 1024 * 1024;
  size_t bulk_queue_bytes_max = 64 * 1024 * 1024;
  size_t gather_bytes_max = 128 * 1024;  // frames joined into one write
  size_t handshakes_max = 64;            // inbound connections that have not said hello
  int64_t handshake_ms_max = 5'000;      // connect, TLS and hello
  int64_t ping_idle_ms = 1'000;          // nothing sent for so long: a ping
  int64_t silence_ms_max = 6'000;        // nothing received for so long: the link is dead
  int64_t write_ms_max = 10'000;         // one write takes longer: the link is dead
  int64_t reconnect_ms_min = 50;
  int64_t reconnect_ms_max = 2'000;
};

struct LinkConfig {
  ChainId chain;
  ValidatorId self = 0;
  std::string listen;                // address to listen on; empty: the address of `self` in `validators`
  std::vector<LinkPeer> validators;  // all of genesis, self included
  TlsIdentity identity;
  LinkLimits limits;
};

struct LinkEvents {
  std::function<void(ValidatorId)> up;
  std::function<void(ValidatorId)> down;
  std::function<void(ValidatorId, Blob)> frame;
  // Stable codes, for metrics: link_* and frame_*, see docs/formats/link.md.
  std::function<void(const char* code, uint64_t by)> counted;
  std::function<void(const std::string& text)> note;  // one line for the operator's log
};

struct LinkStats {
  ValidatorId peer = 0;
  bool connected = false;
  uint64_t sent_bytes = 0, received_bytes = 0;
  uint64_t sent_frames = 0, received_frames = 0;
  uint64_t writes = 0;  // each one joins sent_frames / writes frames
  size_t queued_bytes = 0;
  uint64_t connects = 0;             // times that the link came up
  int64_t certificate_expiry_s = 0;  // of the peer's certificate, when last seen; 0: never
};

class PeerLinks {
 public:
  static Result<std::unique_ptr<PeerLinks>> open(boost::asio::io_context& io, LinkConfig config, LinkEvents events);
  virtual ~PeerLinks() = default;

  // Queues a frame; without a link it is dropped silently (down() has told). The body is not copied until it is
  // written.
  virtual void send(ValidatorId to, const Blob& body, bool bulk) = 0;
  void send(std::span<const ValidatorId> to, const Blob& body, bool bulk) {
    for (ValidatorId id : to) send(id, body, bulk);
  }
  virtual std::vector<ValidatorId> connected() const = 0;
  virtual std::vector<LinkStats> stats() const = 0;
  virtual uint16_t port() const = 0;  // where it listens
  virtual void stop() = 0;            // closes everything; no handler is called afterwards
};

}  // namespace tieline::net
