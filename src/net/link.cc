#include "net/link.h"

#include <boost/asio/buffer.hpp>

namespace tieline::net {
namespace {

constexpr size_t kByeCodeMax = 64;

bool is_plain_code(std::string_view code) {  // what a peer says goes into our log: letters and underscores only
  for (char c : code)
    if ((c < 'a' || c > 'z') && c != '_') return false;
  return !code.empty();
}

}  // namespace

void encode(Writer& w, const LinkHello& h) {
  w.u16(h.version);
  encode(w, h.chain);
  w.u16(h.from);
  w.u16(h.to);
}

void decode(Reader& r, LinkHello& h) {
  h.version = r.u16();
  decode(r, h.chain);
  h.from = r.u16();
  h.to = r.u16();
}

Link::Link(tcp::socket socket, const LinkLimits& limits, Counted counted)
    : stream_(std::move(socket)),
      limits_(limits),
      counted_(std::move(counted)),
      reader_(limits.frame_bytes_max),
      wake_(stream_.get_executor(), asio::steady_timer::time_point::max()) {
  received_ms_ = sent_ms_ = mono_ms();
}

asio::awaitable<std::string> Link::read_hello(const LinkHello& mine, ValidatorId expected) {
  for (;;) {
    auto frame = reader_.next();
    if (!frame) co_return frame.error().code;
    if (!frame->has_value()) {
      const std::span<uint8_t> space = reader_.space();
      auto [error, n] = co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
      if (error) co_return "link_closed_early";
      reader_.filled(n);
      continue;
    }
    const Frame& first = **frame;
    if (first.kind == static_cast<uint8_t>(LinkKind::kBye)) {
      Reader r(first.body.view());
      const std::string code = r.string(kByeCodeMax);
      co_return r.done() && is_plain_code(code) ? "link_refused_by_peer: " + code : "link_hello_malformed";
    }
    if (first.kind != static_cast<uint8_t>(LinkKind::kHello)) co_return "link_hello_missing";
    // The version stands first and decides how the rest reads.
    Reader version(first.body.view());
    if (version.u16() != kLinkProtocolVersion && version.ok()) co_return "link_wrong_version";
    const auto hello = decoded<LinkHello>(first.body.view(), "hello");
    if (!hello) co_return "link_hello_malformed";
    if (hello->chain != mine.chain) co_return "link_wrong_chain";
    if (hello->from != expected || hello->to != mine.from) co_return "link_wrong_validator";
    co_return "";
  }
}

asio::awaitable<std::string> Link::exchange_hello(LinkHello mine, ValidatorId expected) {
  auto self = shared_from_this();
  Bytes hello;
  append_frame(hello, static_cast<uint8_t>(LinkKind::kHello), encoded(mine));
  auto [sent, n] = co_await asio::async_write(stream_, asio::buffer(hello), kAwait);
  (void)n;
  if (sent) co_return "link_closed_early";
  std::string refusal = co_await read_hello(mine, expected);
  if (!refusal.empty() && !refusal.starts_with("link_refused_by_peer") && refusal != "link_closed_early") {
    Bytes bye;
    Writer w;
    w.string(refusal);
    append_frame(bye, static_cast<uint8_t>(LinkKind::kBye), w.view());
    // The link is given up either way: whether the peer learns why makes no difference here.
    co_await asio::async_write(stream_, asio::buffer(bye), kAwait);
  }
  received_ms_ = sent_ms_ = mono_ms();
  co_return refusal;
}

void Link::send(const Blob& body, bool bulk) {
  if (closed_) return;
  Queue& queue = bulk ? bulk_ : consensus_;
  const size_t size = body.size() + kFrameHeaderBytes;
  const size_t bytes_max = bulk ? limits_.bulk_queue_bytes_max : limits_.consensus_queue_bytes_max;
  if (body.size() + 1 > limits_.frame_bytes_max) return counted_("link_frame_too_long_to_send", 1);
  if (queue.bytes + size > bytes_max) {
    if (bulk) return counted_("link_bulk_dropped", 1);
    return close("link_consensus_overflow");
  }
  queue.frames.push_back(body);
  queue.bytes += size;
  stats.queued_bytes += size;
  wake_.cancel();
}

void Link::close(const char* code) {
  if (closed_) return;
  closed_ = true;
  close_code_ = code;
  counted_(code, 1);
  consensus_ = {};
  bulk_ = {};
  stats.queued_bytes = 0;
  stream_.close();
  wake_.cancel();
}

void Link::check_times(int64_t now_ms) {
  if (closed_) return;
  if (now_ms - received_ms_ > limits_.silence_ms_max) return close("link_silent");
  if (writing_since_ms_ != 0 && now_ms - writing_since_ms_ > limits_.write_ms_max) return close("link_write_stalled");
  if (writing_since_ms_ == 0 && now_ms - sent_ms_ >= limits_.ping_idle_ms) {
    alive_due_ = true;
    wake_.cancel();
  }
}

void Link::gather() {
  out_.clear();
  const auto take = [this](Queue& queue) {
    while (!queue.frames.empty()) {
      const Blob& body = queue.frames.front();
      const size_t size = body.size() + kFrameHeaderBytes;
      if (!out_.empty() && out_.size() + size > limits_.gather_bytes_max) return;
      append_frame(out_, static_cast<uint8_t>(LinkKind::kPayload), body.view());
      queue.bytes -= size;
      stats.queued_bytes -= size;
      ++stats.sent_frames;
      queue.frames.pop_front();
    }
  };
  take(consensus_);
  if (consensus_.frames.empty()) take(bulk_);
  if (out_.empty() && alive_due_) append_frame(out_, static_cast<uint8_t>(LinkKind::kAlive), {});
  alive_due_ = false;
}

asio::awaitable<void> Link::write_loop() {
  auto self = shared_from_this();
  while (!closed_) {
    gather();
    if (out_.empty()) {
      co_await wake_.async_wait(kAwait);  // ends by being cancelled
      continue;
    }
    writing_since_ms_ = mono_ms();
    auto [error, n] = co_await asio::async_write(stream_, asio::buffer(out_), kAwait);
    sent_ms_ = mono_ms();
    writing_since_ms_ = 0;
    if (error) co_return close("link_broken");
    stats.sent_bytes += n;
    ++stats.writes;
    if (out_.capacity() > 2 * limits_.gather_bytes_max) Bytes().swap(out_);  // one long frame must not stay for good
  }
}

asio::awaitable<void> Link::run(std::function<void(Blob)> on_frame) {
  auto self = shared_from_this();
  asio::co_spawn(stream_.get_executor(), write_loop(), asio::detached);
  while (!closed_) {
    auto frame = reader_.next();
    if (!frame) {
      close(frame.error().code == "frame_too_long" ? "frame_too_long" : "frame_empty");
      break;
    }
    if (frame->has_value()) {
      Frame& got = **frame;
      ++stats.received_frames;
      if (got.kind == static_cast<uint8_t>(LinkKind::kPayload))
        on_frame(std::move(got.body));
      else if (got.kind != static_cast<uint8_t>(LinkKind::kAlive) || !got.body.empty())
        close("link_unknown_frame");
      continue;
    }
    const std::span<uint8_t> space = reader_.space();
    auto [error, n] = co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
    if (error) {
      close(reader_.mid_frame() ? "link_truncated" : "link_closed");
      break;
    }
    received_ms_ = mono_ms();
    stats.received_bytes += n;
    reader_.filled(n);
  }
}

}  // namespace tieline::net
