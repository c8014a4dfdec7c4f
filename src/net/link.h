#pragma once
// One connection to a peer after TLS: two bounded queues, a writer that joins frames, a reader that hands frames over.
// Private to net/. Everything runs on the thread of the io_context; the coroutines keep the Link alive.

#include <deque>
#include <functional>
#include <string>

#include "net/any_stream.h"
#include "net/framing.h"
#include "net/peers.h"

namespace tieline::net {

// Kinds of frames on a link (docs/formats/link.md).
enum class LinkKind : uint8_t { kHello = 1, kPayload = 2, kAlive = 3, kBye = 4 };

struct LinkHello {
  uint16_t version = kLinkProtocolVersion;
  ChainId chain;
  ValidatorId from = 0;
  ValidatorId to = 0;
};
void encode(Writer& w, const LinkHello& h);
void decode(Reader& r, LinkHello& h);

class Link : public std::enable_shared_from_this<Link> {
 public:
  using Counted = std::function<void(const char* code, uint64_t by)>;

  Link(tcp::socket socket, const LinkLimits& limits, Counted counted);

  AnyStream& stream() { return stream_; }
  // Both sides say hello; `expected` is who the pin says the peer is. Returns an empty string or the code of a refusal.
  asio::awaitable<std::string> exchange_hello(LinkHello mine, ValidatorId expected);
  // Until the link closes: hands over frames (on_frame) and sends what is queued.
  asio::awaitable<void> run(std::function<void(Blob)> on_frame);

  void send(const Blob& body, bool bulk);
  void close(const char* code);  // counts the code once, when it is the first reason
  bool closed() const { return closed_; }
  const std::string& close_code() const { return close_code_; }
  void check_times(int64_t now_ms);  // silence, stalled writes, keep-alive

  LinkStats stats;

 private:
  asio::awaitable<void> write_loop();
  void gather();
  asio::awaitable<std::string> read_hello(const LinkHello& mine, ValidatorId expected);

  AnyStream stream_;
  const LinkLimits& limits_;
  Counted counted_;
  FrameReader reader_;
  struct Queue {
    std::deque<Blob> frames;
    size_t bytes = 0;
  };
  Queue consensus_, bulk_;
  Bytes out_;
  asio::steady_timer wake_;  // cancelled when there is something to write
  bool alive_due_ = false;
  bool closed_ = false;
  std::string close_code_;
  int64_t received_ms_ = 0;
  int64_t sent_ms_ = 0;
  int64_t writing_since_ms_ = 0;  // 0: not writing
};

}  // namespace tieline::net
