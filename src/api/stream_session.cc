// The binary stream on one connection (docs/formats/stream.md).
#include <algorithm>

#include "api/core.h"
#include "api/stream_protocol.h"
#include "ledger/codes.h"
#include "net/framing.h"

namespace tieline::api {
namespace {

class StreamSession : public std::enable_shared_from_this<StreamSession> {
 public:
  StreamSession(std::shared_ptr<Core> core, ConnectionPtr connection)
      : core_(std::move(core)),
        connection_(std::move(connection)),
        reader_(core_->config.limits.stream_frame_bytes_max),
        wake_(connection_->stream.get_executor(), asio::steady_timer::time_point::max()),
        ended_(connection_->stream.get_executor(), asio::steady_timer::time_point::max()) {}

  asio::awaitable<void> run(Bytes first_bytes) {
    auto self = shared_from_this();
    connection_->within(core_->config.limits.handshake_ms_max, "stream_hello_slow");
    const std::span<uint8_t> space = reader_.space();
    TL_CHECK(first_bytes.size() <= space.size());
    std::copy(first_bytes.begin(), first_bytes.end(), space.begin());
    reader_.filled(first_bytes.size());
    ++core_->metrics.streams;
    asio::co_spawn(connection_->stream.get_executor(), write_loop(), asio::detached);
    co_await read_loop();
    --core_->metrics.streams;
    if (client_ && !core_->stopped) core_->service.close_client(*client_);
    if (!failing_) core_->close(*connection_, "");
    wake_.cancel();
    while (!writer_ended_) co_await ended_.async_wait(kAwait);  // what is said last must still leave
  }

 private:
  asio::awaitable<void> read_loop() {
    while (!connection_->closed && !failing_) {
      auto frame = reader_.next();
      if (!frame) co_return fail(frame.error().code, frame.error().why);
      if (frame->has_value()) {
        take(**frame);
        continue;
      }
      const std::span<uint8_t> space = reader_.space();
      auto [error, n] = co_await connection_->stream.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
      if (error) co_return;
      reader_.filled(n);
      if (client_) connection_->within(core_->config.limits.stream_idle_ms_max, "stream_idle");
    }
  }

  void take(const net::Frame& frame) {
    const auto kind = static_cast<StreamKind>(frame.kind);
    if (!client_) {
      if (kind != StreamKind::kHello) return fail("hello_missing", "the first frame must be HELLO");
      return greet(frame.body);
    }
    if (kind == StreamKind::kSubmit) return submit(frame.body);
    if (kind == StreamKind::kPing && frame.body.empty()) return put(StreamKind::kPong, {});
    if (kind == StreamKind::kPong && frame.body.empty()) return;
    fail("unknown_frame", "a client sends SUBMIT, PING and PONG only");
  }

  void greet(const Blob& body) {
    Reader version(body.view());
    if (version.u16() != kStreamVersion && version.ok())
      return fail("wrong_version", "this validator speaks version " + std::to_string(kStreamVersion));
    auto hello = decoded<StreamHello>(body.view(), "HELLO");
    if (!hello) return fail("malformed", hello.error().why);
    const ChainId& chain = core_->service.ledger().chain();
    if (hello->chain != chain) return fail("wrong_chain", "this validator serves the chain " + to_hex(chain));
    want_index_ = hello->want_index;
    client_ = core_->service.open_client([weak = weak_from_this()](const std::vector<replica::TxOutcome>& outcomes) {
      if (auto self = weak.lock()) self->on_outcomes(outcomes);
    });
    const ServerLimits& limits = core_->config.limits;
    const node::NodeStatus status = core_->service.status();
    StreamWelcome welcome;
    welcome.validator = status.self;
    welcome.height = status.replica.applied;
    welcome.window = limits.stream_window;
    welcome.frame_bytes_max = static_cast<uint32_t>(limits.stream_frame_bytes_max);
    welcome.batch_max = static_cast<uint32_t>(limits.stream_batch_max);
    put(StreamKind::kWelcome, encoded(welcome));
    connection_->within(limits.stream_idle_ms_max, "stream_idle");
  }

  void submit(const Blob& body) {
    auto batch = decode_submit(body, core_->config.limits.stream_batch_max);
    if (!batch) return fail(batch.error().code, batch.error().why);
    const size_t n = batch->transactions.size();
    if (in_flight_ + n > core_->config.limits.stream_window)
      return fail("window_exceeded", "more transactions without an outcome than the window in WELCOME allows");
    in_flight_ += n;
    core_->metrics.stream_transactions += n;
    const Status taken = core_->service.submit(*client_, batch->first_tag, std::move(batch->transactions));
    if (taken) return;
    if (taken.error().code != "overloaded") return fail(taken.error().code, taken.error().why);
    // Nothing was taken: the same answer as of a full pool, which says to try again later.
    in_flight_ -= n;
    put(StreamKind::kOutcomes,
        encode_outcomes({{batch->first_tag, static_cast<uint32_t>(n), false, number(TxCode::pool_full), 0, 0}}));
  }

  void on_outcomes(std::vector<replica::TxOutcome> outcomes) {
    std::sort(outcomes.begin(), outcomes.end(), [](const auto& a, const auto& b) { return a.tag < b.tag; });
    std::vector<OutcomeRange> ranges;
    for (const replica::TxOutcome& one : outcomes) {
      const Height height = one.committed ? one.height : 0;
      if (!ranges.empty()) {
        OutcomeRange& last = ranges.back();
        const bool follows = one.tag == last.first + last.count && one.committed == last.committed &&
                             one.code == last.code && height == last.height &&
                             (!want_index_ || !one.committed || one.index == last.index + last.count);
        if (follows) {
          ++last.count;
          continue;
        }
      }
      if (ranges.size() == kOutcomeRangesMax) {
        put(StreamKind::kOutcomes, encode_outcomes(ranges));
        ranges.clear();
      }
      ranges.push_back({one.tag, 1, one.committed, one.code, height, want_index_ && one.committed ? one.index : 0});
    }
    in_flight_ -= std::min(in_flight_, outcomes.size());
    put(StreamKind::kOutcomes, encode_outcomes(ranges));
  }

  void put(StreamKind kind, ByteView body) {
    if (connection_->closed || failing_) return;
    if (next_.size() + body.size() > core_->config.limits.stream_queue_bytes_max)
      return core_->close(*connection_, "stream_reader_slow");
    net::append_frame(next_, static_cast<uint8_t>(kind), body);
    wake_.cancel();
  }

  // Tells the client why, and ends: what it had submitted is still processed.
  void fail(const std::string& code, const std::string& why) {
    if (connection_->closed || failing_) return;
    put(StreamKind::kError, encoded(StreamError{code, why}));
    core_->count_closed(("stream_" + code).c_str());
    failing_ = true;
    connection_->within(core_->config.limits.write_ms_max, "");
    wake_.cancel();
  }

  asio::awaitable<void> write_loop() {
    auto self = shared_from_this();
    while (!connection_->closed) {
      if (next_.empty()) {
        if (failing_) break;
        co_await wake_.async_wait(kAwait);  // ends by being cancelled
        if (core_->stopped) break;
        continue;
      }
      writing_.clear();
      std::swap(writing_, next_);
      auto [error, n] = co_await asio::async_write(connection_->stream, asio::buffer(writing_), kAwait);
      (void)n;
      if (error) break;
    }
    if (failing_ && !connection_->closed) {
      // A moment to read the error: closing at once with unread input would reset the connection.
      asio::steady_timer pause(connection_->stream.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(kAwait);
    }
    core_->close(*connection_, "");
    writer_ended_ = true;
    ended_.cancel();
  }

  std::shared_ptr<Core> core_;
  ConnectionPtr connection_;
  net::FrameReader reader_;
  asio::steady_timer wake_;   // cancelled when there is something to write
  asio::steady_timer ended_;  // cancelled when the writer has ended
  bool writer_ended_ = false;
  std::optional<node::ClientId> client_;
  bool want_index_ = false;
  bool failing_ = false;
  size_t in_flight_ = 0;
  Bytes next_, writing_;
};

}  // namespace

asio::awaitable<void> serve_stream(std::shared_ptr<Core> core, ConnectionPtr connection, Bytes first_bytes) {
  auto session = std::make_shared<StreamSession>(std::move(core), std::move(connection));
  co_await session->run(std::move(first_bytes));
}

}  // namespace tieline::api
