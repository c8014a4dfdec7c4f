#include <gtest/gtest.h>

#include <mutex>

#include "api/client.h"
#include "api/stream_protocol.h"
#include "fake_node.h"
#include "net/framing.h"
#include "raw_connection.h"

namespace tieline::testing {
namespace {

using api::OutcomeRange;
using api::StreamKind;
using std::string;

class Stream : public ::testing::Test {
 protected:
  void start(api::ServerConfig config = loopback_config()) {
    ASSERT_TRUE(node.serve(std::move(config)).ok());
    auto opened = api::Client::open({"127.0.0.1", node.port(), false, {}});
    ASSERT_TRUE(opened.ok());
    client = *std::move(opened);
  }
  std::unique_ptr<api::SubmitStream> open_stream(bool want_index = false) {
    api::StreamOptions options;
    options.want_index = want_index;
    options.on_outcomes = [this](const std::vector<OutcomeRange>& ranges) {
      std::lock_guard lock(mutex);
      outcomes.insert(outcomes.end(), ranges.begin(), ranges.end());
    };
    auto opened = client->stream(node.chain.ledger.chain(), std::move(options));
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().why);
    return opened ? *std::move(opened) : nullptr;
  }
  std::vector<Blob> batch(uint64_t first_sequence, size_t n) {
    return node.on_io([&] {
      std::vector<Blob> out;
      for (size_t i = 0; i < n; ++i) out.push_back(node.chain.data(kUser, first_sequence + i)->bytes());
      return out;
    });
  }
  string hello() const {
    Bytes out(api::kStreamMagic.begin(), api::kStreamMagic.end());
    net::append_frame(out, static_cast<uint8_t>(StreamKind::kHello),
                      encoded(api::StreamHello{1, node.chain.ledger.chain(), false}));
    return {out.begin(), out.end()};
  }
  static string frame(StreamKind kind, const Bytes& body) {
    Bytes out;
    net::append_frame(out, static_cast<uint8_t>(kind), body);
    return {out.begin(), out.end()};
  }

  FakeNode node;
  std::unique_ptr<api::Client> client;
  std::mutex mutex;
  std::vector<OutcomeRange> outcomes;
};

TEST_F(Stream, ABatchIsAcknowledgedByOneRange) {
  start();
  auto stream = open_stream();
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->welcome().validator, 0);
  EXPECT_EQ(*stream->submit(batch(1, 100)), 0u);
  EXPECT_EQ(*stream->submit(batch(101, 50)), 100u);
  ASSERT_TRUE(stream->drain(10'000).ok());
  std::lock_guard lock(mutex);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0], (OutcomeRange{0, 100, true, 0, 1, 0}));
  EXPECT_EQ(outcomes[1], (OutcomeRange{100, 50, true, 0, 2, 0}));
  EXPECT_EQ(node.submitted, 150u);
}

TEST_F(Stream, RangesBreakWhereOutcomesDiffer) {
  start();
  auto stream = open_stream(true);
  std::vector<Blob> mixed = batch(1, 2);
  mixed.push_back(mixed[0]);              // the same bytes again
  mixed.push_back(Blob(Bytes{1, 2, 3}));  // no transaction
  const std::vector<Blob> more = batch(3, 2);
  mixed.insert(mixed.end(), more.begin(), more.end());
  ASSERT_TRUE(stream->submit(mixed).ok());
  ASSERT_TRUE(stream->drain(10'000).ok());
  std::lock_guard lock(mutex);
  const std::vector<OutcomeRange> want = {{0, 2, true, 0, 1, 0},
                                          {2, 1, false, number(TxCode::duplicate), 0, 0},
                                          {3, 1, false, number(TxCode::malformed), 0, 0},
                                          {4, 2, true, 0, 1, 2}};
  EXPECT_EQ(outcomes, want);
}

TEST_F(Stream, ABatchLargerThanAFrameIsSplit) {
  api::ServerConfig config = loopback_config();
  config.limits.stream_frame_bytes_max = 70'000;
  config.limits.stream_batch_max = 64;
  start(config);
  auto stream = open_stream();
  ASSERT_TRUE(stream->submit(batch(1, 500)).ok());
  ASSERT_TRUE(stream->drain(10'000).ok());
  EXPECT_EQ(node.submitted, 500u);
}

TEST_F(Stream, SubmitWaitsForRoomInTheWindow) {
  api::ServerConfig config = loopback_config();
  config.limits.stream_window = 100;
  start(config);
  node.on_io([&] {
    node.mode = FakeNode::Mode::kSilent;
    return true;
  });
  auto stream = open_stream();
  ASSERT_TRUE(stream->submit(batch(1, 100)).ok());
  auto full = stream->submit(batch(101, 1), 100);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, "timed_out");
  EXPECT_EQ(stream->drain(100).error().code, "timed_out");
}

TEST_F(Stream, AnOverloadedValidatorSaysToTryLater) {
  start();
  node.on_io([&] {
    node.overloaded = true;
    return true;
  });
  auto stream = open_stream();
  ASSERT_TRUE(stream->submit(batch(1, 3)).ok());
  ASSERT_TRUE(stream->drain(10'000).ok());
  std::lock_guard lock(mutex);
  EXPECT_EQ(outcomes, (std::vector<OutcomeRange>{{0, 3, false, number(TxCode::pool_full), 0, 0}}));
}

TEST_F(Stream, AnotherChainIsRefused) {
  start();
  ChainId other = node.chain.ledger.chain();
  other.bytes[5] ^= 1;
  auto refused = client->stream(other, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "wrong_chain");
}

TEST_F(Stream, MalformedInputGetsACodeAndTheEnd) {
  start();
  Bytes long_hello = encoded(api::StreamHello{1, node.chain.ledger.chain(), false});
  long_hello.push_back(0);
  struct Case {
    string bytes;
    const char* code;
  };
  const string magic(api::kStreamMagic);
  const Case cases[] = {
      {magic + frame(StreamKind::kSubmit, {}), "hello_missing"},
      {magic + frame(StreamKind::kHello, {1, 0, 3}), "malformed"},
      {magic + frame(StreamKind::kHello, long_hello), "malformed"},
      {magic + frame(StreamKind::kHello, encoded(api::StreamHello{2, node.chain.ledger.chain(), false})),
       "wrong_version"},
      {hello() + frame(StreamKind::kSubmit, {1, 2}), "malformed"},
      {hello() + frame(StreamKind::kSubmit, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "malformed"},
      {hello() + frame(StreamKind::kSubmit, {0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255}), "malformed"},
      {hello() + frame(StreamKind::kSubmit, {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1}), "malformed"},
      {hello() + frame(StreamKind::kOutcomes, {}), "unknown_frame"},
      {hello() + frame(StreamKind::kPing, {1}), "unknown_frame"},
      {hello() + string("\xff\xff\xff\xff\x03", 5), "frame_too_long"},
      {hello() + string(4, '\0'), "frame_empty"},
  };
  for (const Case& one : cases) {
    RawConnection raw(node.port());
    raw.send(one.bytes);
    EXPECT_NE(raw.receive().find(one.code), string::npos) << one.code;
    EXPECT_TRUE(raw.closed()) << one.code;
  }
  EXPECT_EQ(node.submitted, 0u);
  auto metrics = client->get("/metrics");
  ASSERT_TRUE(metrics.ok());
  EXPECT_NE(metrics->body.find("tieline_client_closed_total{code=\"stream_malformed\"} 6"), string::npos);
}

TEST_F(Stream, MoreThanTheWindowIsRefused) {
  api::ServerConfig config = loopback_config();
  config.limits.stream_window = 10;
  start(config);
  node.on_io([&] {
    node.mode = FakeNode::Mode::kSilent;
    return true;
  });
  RawConnection raw(node.port());
  raw.send(hello() + frame(StreamKind::kSubmit, api::encode_submit(0, batch(1, 10))) +
           frame(StreamKind::kSubmit, api::encode_submit(10, batch(11, 1))));
  EXPECT_NE(raw.receive().find("window_exceeded"), string::npos);
}

TEST_F(Stream, AHelloThatDoesNotComeIsNotWaitedFor) {
  api::ServerConfig config = loopback_config();
  config.limits.handshake_ms_max = 300;
  start(config);
  RawConnection raw(node.port());
  raw.send(string(api::kStreamMagic));
  raw.receive();
  EXPECT_TRUE(raw.closed());
}

TEST_F(Stream, PingIsAnswered) {
  start();
  RawConnection raw(node.port());
  raw.send(hello() + frame(StreamKind::kPing, {}));
  EXPECT_NE(raw.receive(10'000, frame(StreamKind::kPong, {})).find(frame(StreamKind::kPong, {})), string::npos);
}

TEST_F(Stream, TheClientIsToldWhenTheStreamBreaks) {
  start();
  std::promise<string> closed;
  api::StreamOptions options;
  options.on_closed = [&](const Error& why) { closed.set_value(why.code); };
  auto stream = client->stream(node.chain.ledger.chain(), std::move(options));
  ASSERT_TRUE(stream.ok());
  node.stop_server();
  auto code = closed.get_future();
  ASSERT_EQ(code.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(code.get(), "unreachable");
  EXPECT_FALSE((*stream)->open());
  EXPECT_EQ((*stream)->submit({Blob(Bytes{1})}).error().code, "unreachable");
}

TEST_F(Stream, WorksBehindTls) {
  start();
  const Hash pin = *net::certificate_pin(identity_for_tests().certificate);
  auto secure = api::Client::open({"127.0.0.1", node.port(), true, {pin}});
  ASSERT_TRUE(secure.ok());
  client = *std::move(secure);
  auto stream = open_stream();
  ASSERT_NE(stream, nullptr);
  ASSERT_TRUE(stream->submit(batch(1, 1'000)).ok());
  EXPECT_TRUE(stream->drain(10'000).ok());
}

TEST(StreamProtocol, DecodersTakeExactlyWhatEncodersWrite) {
  const std::vector<OutcomeRange> ranges = {{7, 3, true, 0, 12, 5}, {10, 1, false, 6, 0, 0}};
  const Bytes bytes = api::encode_outcomes(ranges);
  EXPECT_EQ(*api::decode_outcomes(bytes), ranges);
  for (size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(api::decode_outcomes(ByteView(bytes).first(cut)).ok());
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(api::decode_outcomes(longer).ok());
  Bytes empty_range = bytes;
  empty_range[4 + 8] = 0;
  EXPECT_FALSE(api::decode_outcomes(empty_range).ok());

  const std::vector<Blob> txs = {Blob(Bytes{1, 2, 3}), Blob(Bytes{}), Blob(Bytes(1'000, 9))};
  const Blob submit(api::encode_submit(42, txs));
  auto read = api::decode_submit(submit, 10);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->first_tag, 42u);
  EXPECT_EQ(read->transactions, txs);
  EXPECT_FALSE(api::decode_submit(submit, 2).ok());
  for (size_t cut = 0; cut < submit.size(); ++cut) EXPECT_FALSE(api::decode_submit(submit.slice(0, cut), 10).ok());
}

}  // namespace
}  // namespace tieline::testing
