// The client's side of the binary stream (docs/formats/stream.md).
#include <condition_variable>
#include <mutex>

#include "api/client_runtime.h"
#include "model/transaction.h"
#include "net/framing.h"

namespace tieline::api {
namespace {

constexpr size_t kServerFrameBytesMax = 4 * 1024 * 1024;
constexpr int64_t kPingMs = 60'000;
constexpr size_t kSubmitFixedBytes = 12;

// What the coroutines hold. Members under "both threads" are guarded by the mutex, the rest belongs to the I/O thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::io_context& io, StreamOptions stream_options)
      : options(std::move(stream_options)),
        timed(std::make_shared<TimedStream>(io)),
        reader(kServerFrameBytesMax),
        wake(io, asio::steady_timer::time_point::max()) {}

  asio::awaitable<Result<StreamWelcome>> connect(Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls,
                                                 ChainId chain) {
    auto self = shared_from_this();
    timed->within(options.timeout_ms);
    if (auto failed = co_await timed->connect(endpoint, std::move(tls))) co_return *failed;
    Bytes hello(kStreamMagic.begin(), kStreamMagic.end());
    net::append_frame(hello, static_cast<uint8_t>(StreamKind::kHello),
                      encoded(StreamHello{kStreamVersion, chain, options.want_index}));
    auto [sent, n] = co_await asio::async_write(timed->stream, asio::buffer(hello), kAwait);
    (void)n;
    if (sent) co_return timed->failure(endpoint.url(), sent);
    for (;;) {
      auto frame = reader.next();
      if (!frame) co_return frame.error();
      if (frame->has_value()) co_return greeted(**frame);
      const std::span<uint8_t> space = reader.space();
      auto [error, got] = co_await timed->stream.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
      if (error) co_return timed->failure(endpoint.url(), error);
      reader.filled(got);
    }
  }

  void start() {
    timed->no_limit();
    auto io = timed->stream.get_executor();
    asio::co_spawn(io, read_loop(), asio::detached);
    asio::co_spawn(io, write_loop(), asio::detached);
  }

  // The stream ended, for this reason; on the I/O thread, once.
  void end(const Error& why) {
    {
      std::lock_guard lock(mutex);
      if (!is_open) return;
      is_open = false;
      closed_why = why;
    }
    timed->close();
    wake.cancel();
    changed.notify_all();
    if (!quiet && options.on_closed) options.on_closed(why);
  }

  StreamOptions options;
  std::shared_ptr<TimedStream> timed;
  net::FrameReader reader;
  asio::steady_timer wake;
  bool quiet = false;  // closed by its owner: no handler is called any more

  // Both threads.
  std::mutex mutex;
  std::condition_variable changed;
  Bytes next;
  uint64_t submitted = 0;
  uint64_t answered = 0;
  bool is_open = true;
  int loops = 0;  // coroutines that run
  Error closed_why;

 private:
  static Result<StreamWelcome> greeted(const net::Frame& frame) {
    if (frame.kind == static_cast<uint8_t>(StreamKind::kWelcome)) {
      auto welcome = decoded<StreamWelcome>(frame.body.view(), "WELCOME");
      if (welcome && (welcome->window == 0 || welcome->batch_max == 0 || welcome->frame_bytes_max < kTxBytesMax))
        return Error{"protocol_error", "the validator's WELCOME leaves no room for a transaction"};
      return welcome;
    }
    return frame.kind == static_cast<uint8_t>(StreamKind::kError)
               ? told(frame)
               : Error{"protocol_error", "no WELCOME from the validator"};
  }
  static Error told(const net::Frame& frame) {
    auto error = decoded<StreamError>(frame.body.view(), "ERROR");
    return error ? Error{error->code, error->why} : error.error();
  }

  std::optional<Error> take(const net::Frame& frame) {
    switch (static_cast<StreamKind>(frame.kind)) {
      case StreamKind::kOutcomes: {
        auto ranges = decode_outcomes(frame.body.view());
        if (!ranges) return Error{"protocol_error", ranges.error().why};
        uint64_t count = 0;
        for (const OutcomeRange& range : *ranges) count += range.count;
        {
          std::lock_guard lock(mutex);
          if (count > submitted - answered)
            return Error{"protocol_error", "outcomes of transactions that were not submitted"};
        }
        if (!quiet && options.on_outcomes) options.on_outcomes(*ranges);
        {
          std::lock_guard lock(mutex);
          answered += count;
        }
        changed.notify_all();
        return std::nullopt;
      }
      case StreamKind::kPing: {
        {
          std::lock_guard lock(mutex);
          net::append_frame(next, static_cast<uint8_t>(StreamKind::kPong), {});
        }
        wake.cancel();
        return std::nullopt;
      }
      case StreamKind::kPong:
        return std::nullopt;
      case StreamKind::kError:
        return told(frame);
      default:
        return Error{"protocol_error", "an unknown frame from the validator"};
    }
  }

  void loop_ended() {
    {
      std::lock_guard lock(mutex);
      --loops;
    }
    changed.notify_all();
  }

  asio::awaitable<void> read_loop() {
    auto self = shared_from_this();
    for (;;) {
      auto frame = reader.next();
      if (!frame) {
        end({"protocol_error", frame.error().why});
        break;
      }
      if (frame->has_value()) {
        if (auto failed = take(**frame)) {
          end(*failed);
          break;
        }
        continue;
      }
      const std::span<uint8_t> space = reader.space();
      auto [error, n] = co_await timed->stream.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
      if (error) {
        end(timed->failure("the stream ended", error));
        break;
      }
      reader.filled(n);
    }
    loop_ended();
  }

  asio::awaitable<void> write_loop() {
    auto self = shared_from_this();
    Bytes writing;
    for (;;) {
      writing.clear();
      {
        std::lock_guard lock(mutex);
        if (!is_open) break;
        std::swap(writing, next);
      }
      if (writing.empty()) {
        wake.expires_after(std::chrono::milliseconds(kPingMs));
        auto [woken] = co_await wake.async_wait(kAwait);
        if (woken) continue;
        net::append_frame(writing, static_cast<uint8_t>(StreamKind::kPing), {});
      }
      auto [error, n] = co_await asio::async_write(timed->stream, asio::buffer(writing), kAwait);
      (void)n;
      if (error) {
        end(timed->failure("the stream ended", error));
        break;
      }
    }
    loop_ended();
  }
};

class Stream final : public SubmitStream {
 public:
  Stream(std::shared_ptr<Runtime> runtime, std::shared_ptr<Session> session, StreamWelcome welcome)
      : runtime_(std::move(runtime)), session_(std::move(session)), welcome_(welcome) {}
  ~Stream() override { close(); }

  const StreamWelcome& welcome() const override { return welcome_; }

  Result<uint64_t> submit(std::vector<Blob> transactions, int64_t timeout_ms) override {
    Session& s = *session_;
    const size_t n = transactions.size();
    if (n == 0 || n > welcome_.window) return Error{"protocol_error", "a batch must hold 1 to window transactions"};
    for (const Blob& tx : transactions)
      if (tx.size() + kSubmitFixedBytes + 5 > welcome_.frame_bytes_max)
        return Error{"over_size", "a transaction is larger than a frame of the stream"};
    std::unique_lock lock(s.mutex);
    const bool room = s.changed.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                         [&] { return !s.is_open || s.submitted - s.answered + n <= welcome_.window; });
    if (!s.is_open) return s.closed_why;
    if (!room) return Error{"timed_out", "the validator answers too slowly: its window stayed full"};
    const uint64_t first = s.submitted;
    s.submitted += n;
    const bool was_empty = s.next.empty();
    append(s.next, first, transactions);
    lock.unlock();
    if (was_empty) asio::post(runtime_->io(), [session = session_] { session->wake.cancel(); });
    return first;
  }

  Status drain(int64_t timeout_ms) override {
    Session& s = *session_;
    std::unique_lock lock(s.mutex);
    const bool done = s.changed.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                         [&] { return !s.is_open || s.answered == s.submitted; });
    if (s.answered == s.submitted) return {};
    if (!done)
      return Error{"timed_out", std::to_string(s.submitted - s.answered) + " transactions have no outcome yet"};
    return s.closed_why;
  }

  uint64_t submitted() const override {
    std::lock_guard lock(session_->mutex);
    return session_->submitted;
  }
  uint64_t answered() const override {
    std::lock_guard lock(session_->mutex);
    return session_->answered;
  }
  bool open() const override {
    std::lock_guard lock(session_->mutex);
    return session_->is_open;
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    asio::post(runtime_->io(), [session = session_] {
      session->quiet = true;
      session->end({"unreachable", "the stream was closed"});
    });
    std::unique_lock lock(session_->mutex);
    session_->changed.wait(lock, [&] { return session_->loops == 0; });
  }

 private:
  // As many SUBMIT frames as the validator's bounds make of it.
  void append(Bytes& out, uint64_t first, const std::vector<Blob>& transactions) const {
    size_t at = 0;
    while (at < transactions.size()) {
      size_t bytes = kSubmitFixedBytes + 1;
      size_t end = at;
      while (end < transactions.size() && end - at < welcome_.batch_max &&
             bytes + 4 + transactions[end].size() <= welcome_.frame_bytes_max) {
        bytes += 4 + transactions[end].size();
        ++end;
      }
      const std::vector<Blob> part(transactions.begin() + static_cast<ptrdiff_t>(at),
                                   transactions.begin() + static_cast<ptrdiff_t>(end));
      net::append_frame(out, static_cast<uint8_t>(StreamKind::kSubmit), encode_submit(first + at, part));
      at = end;
    }
  }

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Session> session_;
  StreamWelcome welcome_;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<SubmitStream>> open_stream(std::shared_ptr<Runtime> runtime, const ChainId& chain,
                                                  StreamOptions options) {
  auto session = std::make_shared<Session>(runtime->io(), std::move(options));
  auto welcome = runtime->wait_for(session->connect(runtime->endpoint(), runtime->tls(), chain));
  if (!welcome) {
    asio::post(runtime->io(), [session] { session->timed->close(); });
    return welcome.error();
  }
  {
    std::lock_guard lock(session->mutex);
    session->loops = 2;
  }
  asio::post(runtime->io(), [session] { session->start(); });
  return std::unique_ptr<SubmitStream>(std::make_unique<Stream>(std::move(runtime), std::move(session), *welcome));
}

}  // namespace tieline::api
