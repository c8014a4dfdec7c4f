#include "net/peers.h"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <map>
#include <set>

#include "net/any_stream.h"
#include "net/framing.h"
#include "net/link.h"

namespace tieline::net {
namespace {

struct Side {
  LinkConfig config;
  std::unique_ptr<PeerLinks> links;
  std::vector<ValidatorId> ups, downs;
  std::vector<std::pair<ValidatorId, Bytes>> frames;
  std::map<std::string, uint64_t> counted;
  std::vector<std::string> notes;
};

// Validators in one process and one thread, on free ports of loopback.
class Peers : public testing::Test {
 protected:
  void make(size_t n) {
    const int64_t now = std::time(nullptr);
    for (size_t i = 0; i < n; ++i) {
      identities_.push_back(*make_identity("validator-" + std::to_string(i), now - 60, now + 3600));
      auto socket = ListeningSocket::open("127.0.0.1:0");
      LinkPeer peer;
      peer.id = static_cast<ValidatorId>(i);
      peer.name = "validator-" + std::to_string(i);
      peer.address = "127.0.0.1:" + std::to_string(socket->port());
      peer.pin = *certificate_pin(identities_[i].certificate);
      peers_.push_back(peer);
    }
    chain_.bytes[0] = 7;
    sides_.resize(n);
    for (size_t i = 0; i < n; ++i) {
      sides_[i].config.chain = chain_;
      sides_[i].config.self = static_cast<ValidatorId>(i);
      sides_[i].config.validators = peers_;
      sides_[i].config.identity = identities_[i];
      sides_[i].config.limits.reconnect_ms_min = 20;
      sides_[i].config.limits.reconnect_ms_max = 100;
    }
  }
  Status open(size_t i) {
    Side& side = sides_[i];
    LinkEvents events;
    events.up = [&side](ValidatorId id) { side.ups.push_back(id); };
    events.down = [&side](ValidatorId id) { side.downs.push_back(id); };
    events.frame = [&side](ValidatorId id, Blob frame) {
      side.frames.emplace_back(id, Bytes(frame.view().begin(), frame.view().end()));
    };
    events.counted = [&side](const char* code, uint64_t by) { side.counted[code] += by; };
    events.note = [&side](const std::string& text) { side.notes.push_back(text); };
    auto links = PeerLinks::open(io_, side.config, events);
    if (!links) return links.error();
    side.links = *std::move(links);
    return {};
  }
  // Runs the io until the condition holds; false after `ms`.
  bool until(const std::function<bool()>& condition, int64_t ms = 20'000) {
    const int64_t end = mono_ms() + ms;
    while (!condition() && mono_ms() < end) io_.run_one_for(std::chrono::milliseconds(20));
    return condition();
  }
  bool saw(size_t i, const char* code) { return sides_[i].counted.contains(code); }

  asio::io_context io_{1};
  ChainId chain_;
  std::vector<TlsIdentity> identities_;
  std::vector<LinkPeer> peers_;
  std::vector<Side> sides_;
};

TEST_F(Peers, FourValidatorsMeetOnceEachAndFramesArriveWholeAndInOrder) {
  make(4);
  for (size_t i = 0; i < 4; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] {
    return std::all_of(sides_.begin(), sides_.end(), [](const Side& s) { return s.links->connected().size() == 3; });
  }));
  Bytes large(3'000'000);
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<uint8_t>(i * 7);
  for (uint8_t k = 0; k < 100; ++k) sides_[1].links->send(2, Blob(Bytes{k}), false);
  sides_[1].links->send(2, Blob(large), false);
  sides_[2].links->send(1, Blob(Bytes{42}), true);
  ASSERT_TRUE(until([&] { return sides_[2].frames.size() == 101 && sides_[1].frames.size() == 1; }));
  for (uint8_t k = 0; k < 100; ++k) EXPECT_EQ(sides_[2].frames[k], std::make_pair(ValidatorId{1}, Bytes{k}));
  EXPECT_EQ(sides_[2].frames[100].second, large);
  EXPECT_EQ(sides_[1].frames[0], std::make_pair(ValidatorId{2}, Bytes{42}));
  EXPECT_EQ(sides_[0].ups.size(), 3u);
  EXPECT_TRUE(sides_[0].downs.empty());
  // Frames queued together leave together.
  const LinkStats stats = sides_[1].links->stats()[1];
  EXPECT_EQ(stats.peer, 2);
  EXPECT_EQ(stats.sent_frames, 101u);
  EXPECT_LE(stats.writes, 10u);
}

TEST_F(Peers, ConsensusPassesBulkThatWaits) {
  make(2);
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(
      until([&] { return sides_[0].links->connected().size() == 1 && sides_[1].links->connected().size() == 1; }));
  for (uint8_t k = 0; k < 50; ++k) sides_[0].links->send(1, Blob(Bytes(100'000, k)), true);
  sides_[0].links->send(1, Blob(Bytes{255}), false);
  ASSERT_TRUE(until([&] { return sides_[1].frames.size() == 51; }));
  EXPECT_EQ(sides_[1].frames[0].second, Bytes{255});
  for (size_t k = 1; k <= 50; ++k) EXPECT_EQ(sides_[1].frames[k].second[0], k - 1);
}

TEST_F(Peers, AFullBulkQueueDropsTheNewestAndCountsIt) {
  make(2);
  sides_[0].config.limits.bulk_queue_bytes_max = 10'000;
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(
      until([&] { return sides_[0].links->connected().size() == 1 && sides_[1].links->connected().size() == 1; }));
  for (uint8_t k = 0; k < 20; ++k) sides_[0].links->send(1, Blob(Bytes(1'000, k)), true);
  EXPECT_EQ(sides_[0].counted["link_bulk_dropped"], 11u);
  sides_[0].links->send(1, Blob(Bytes{1}), false);
  ASSERT_TRUE(until([&] { return sides_[1].frames.size() == 10; }));
  EXPECT_EQ(sides_[1].frames.back().second[0], 8);
  EXPECT_TRUE(sides_[0].downs.empty());
}

TEST_F(Peers, AFullConsensusQueueClosesTheLinkSoThatThePeerSynchronisesAnew) {
  make(2);
  sides_[0].config.limits.consensus_queue_bytes_max = 10'000;
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(
      until([&] { return sides_[0].links->connected().size() == 1 && sides_[1].links->connected().size() == 1; }));
  for (uint8_t k = 0; k < 20; ++k) sides_[0].links->send(1, Blob(Bytes(1'000, k)), false);
  EXPECT_EQ(sides_[0].counted["link_consensus_overflow"], 1u);
  EXPECT_TRUE(sides_[0].downs.empty()) << "no handler is called from within send()";
  ASSERT_TRUE(until([&] { return sides_[0].ups.size() == 2 && sides_[1].ups.size() == 2; }));
  EXPECT_EQ(sides_[0].downs.size(), 1u);
  EXPECT_EQ(sides_[1].downs.size(), 1u);
}

TEST_F(Peers, ALinkComesBackAfterTheOtherSideRestarts) {
  make(2);
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return sides_[0].ups.size() == 1 && sides_[1].ups.size() == 1; }));
  for (size_t i : {1ul, 0ul}) {
    sides_[i].links.reset();
    const size_t other = 1 - i;
    ASSERT_TRUE(until([&] { return sides_[other].links->connected().empty(); }));
    ASSERT_TRUE(open(i).ok());
    ASSERT_TRUE(until(
        [&] { return sides_[other].links->connected().size() == 1 && sides_[i].links->connected().size() == 1; }));
  }
  sides_[0].links->send(1, Blob(Bytes{9}), false);
  EXPECT_TRUE(until([&] { return sides_[1].frames.size() == 1; }));
}

TEST_F(Peers, AKeyThatGenesisDoesNotNameIsRefusedOnBothSides) {
  make(2);
  const int64_t now = std::time(nullptr);
  // Validator 1 is run by somebody with another key; to get past its own start-up check, its genesis names that key.
  sides_[1].config.identity = *make_identity("validator-1", now - 60, now + 3600);
  sides_[1].config.validators[1].pin = *certificate_pin(sides_[1].config.identity.certificate);
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return saw(0, "link_wrong_pin"); }));
  EXPECT_TRUE(sides_[0].ups.empty());
  EXPECT_TRUE(sides_[1].ups.empty());
}

TEST_F(Peers, ADialerWithAnUnknownKeyIsRefusedByTheListener) {
  make(2);
  const int64_t now = std::time(nullptr);
  sides_[0].config.identity = *make_identity("validator-0", now - 60, now + 3600);
  sides_[0].config.validators[0].pin = *certificate_pin(sides_[0].config.identity.certificate);
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return saw(1, "link_wrong_pin"); }));
  EXPECT_TRUE(sides_[1].ups.empty());
  EXPECT_TRUE(sides_[0].ups.empty());
}

TEST_F(Peers, OwnCertificateMustBeTheOneThatGenesisNames) {
  make(2);
  sides_[0].config.identity = identities_[1];
  const Status refused = open(0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "link_pin_unknown");
}

TEST_F(Peers, AnExpiredCertificateIsTakenWithAWarning) {
  make(2);
  const int64_t now = std::time(nullptr);
  identities_[1] = *make_identity("validator-1", now - 7200, now - 3600);
  const Hash pin = *certificate_pin(identities_[1].certificate);
  for (Side& side : sides_) side.config.validators[1].pin = pin;
  sides_[1].config.identity = identities_[1];
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return sides_[0].ups.size() == 1 && sides_[1].ups.size() == 1; }));
  EXPECT_TRUE(saw(0, "link_certificate_expired"));
  EXPECT_TRUE(std::any_of(sides_[0].notes.begin(), sides_[0].notes.end(),
                          [](const std::string& note) { return note.find("should be renewed") != std::string::npos; }));
  EXPECT_LT(sides_[0].links->stats()[0].certificate_expiry_s, now);
}

TEST_F(Peers, AValidatorOfAnotherChainIsRefused) {
  make(2);
  sides_[0].config.chain.bytes[0] = 8;
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return saw(1, "link_wrong_chain") && saw(0, "link_wrong_chain"); }));
  EXPECT_TRUE(sides_[0].ups.empty());
  EXPECT_TRUE(sides_[1].ups.empty());
}

TEST_F(Peers, APortInUseIsAClearError) {
  make(2);
  ASSERT_TRUE(open(0).ok());
  auto again = PeerLinks::open(io_, sides_[0].config, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "port_in_use");
}

// Raw connections that do not behave.
class Intruder : public Peers {
 protected:
  void SetUp() override {
    make(2);
    // Long enough for a handshake on a machine that is busy with other tests.
    sides_[1].config.limits.handshake_ms_max = 3'000;
    sides_[1].config.limits.silence_ms_max = 3'000;
    ASSERT_TRUE(open(1).ok());
    port_ = sides_[1].links->port();
  }
  std::unique_ptr<AnyStream> dial() {
    tcp::socket socket(io_);
    socket.connect({asio::ip::address_v4::loopback(), port_});
    return std::make_unique<AnyStream>(std::move(socket));
  }
  // A TLS connection with validator 0's own key, as its dialer would make it.
  std::unique_ptr<AnyStream> dial_as_validator_0() {
    auto stream = dial();
    stream->use_tls(*make_tls_context(TlsUse::kLink, identities_[0], {peers_[1].pin}));
    bool shaken = false;
    stream->tls()->async_handshake(asio::ssl::stream_base::client, [&](error_code error) {
      EXPECT_FALSE(error) << error.message();
      shaken = true;
    });
    EXPECT_TRUE(until([&] { return shaken; }));
    return stream;
  }
  void say(AnyStream& stream, const Bytes& bytes) {
    bool done = false;
    asio::async_write(stream, asio::buffer(bytes), [&](error_code, size_t) { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
  }
  Bytes hello(ValidatorId from = 0, ValidatorId to = 1, uint16_t version = kLinkProtocolVersion) {
    Bytes out;
    append_frame(out, static_cast<uint8_t>(LinkKind::kHello), encoded(LinkHello{version, chain_, from, to}));
    return out;
  }
  uint16_t port_ = 0;
};

TEST_F(Intruder, WithoutACertificateIsRefused) {
  auto stream = dial();
  stream->use_tls(*make_tls_context(TlsUse::kClient, {}, {peers_[1].pin}));
  bool shaken = false;
  stream->tls()->async_handshake(asio::ssl::stream_base::client, [&](error_code) { shaken = true; });
  EXPECT_TRUE(until([&] { return shaken && saw(1, "link_no_certificate"); }));
  EXPECT_TRUE(sides_[1].ups.empty());
}

TEST_F(Intruder, ThatDoesNotSpeakTlsIsRefused) {
  auto stream = dial();
  say(*stream, Bytes{'G', 'E', 'T', ' ', '/', '\r', '\n', '\r', '\n'});
  EXPECT_TRUE(until([&] { return saw(1, "link_tls_failed"); }));
}

TEST_F(Intruder, ThatSaysNothingIsClosedAfterTheHandshakeTime) {
  auto stream = dial();
  EXPECT_TRUE(until([&] { return saw(1, "link_handshake_slow"); }));
  auto late = dial_as_validator_0();
  sides_[1].counted.clear();
  EXPECT_TRUE(until([&] { return saw(1, "link_handshake_slow"); })) << "TLS alone is not a hello";
}

TEST_F(Intruder, WithABadHelloIsRefusedWithACode) {
  struct Case {
    Bytes bytes;
    const char* code;
  };
  Bytes short_hello, payload_first;
  append_frame(short_hello, static_cast<uint8_t>(LinkKind::kHello), Bytes{1, 0, 3});
  append_frame(payload_first, static_cast<uint8_t>(LinkKind::kPayload), Bytes{1, 2, 3});
  const Case cases[] = {
      {hello(1, 0), "link_wrong_validator"}, {hello(0, 1, 2), "link_wrong_version"},
      {short_hello, "link_hello_malformed"}, {payload_first, "link_hello_missing"},
      {Bytes{0, 0, 0, 0}, "frame_empty"},    {Bytes{255, 255, 255, 255, 1}, "frame_too_long"},
  };
  for (const Case& one : cases) {
    auto stream = dial_as_validator_0();
    say(*stream, one.bytes);
    EXPECT_TRUE(until([&] { return saw(1, one.code); })) << one.code;
  }
  EXPECT_TRUE(sides_[1].ups.empty());
}

TEST_F(Intruder, MalformedFramesAfterTheHelloCloseTheLinkWithACode) {
  struct Case {
    Bytes bytes;
    const char* code;
  };
  const Case cases[] = {{Bytes{255, 255, 255, 255, 2}, "frame_too_long"},
                        {Bytes{0, 0, 0, 0}, "frame_empty"},
                        {Bytes{1, 0, 0, 0, 99}, "link_unknown_frame"},
                        {Bytes{2, 0, 0, 0, 3, 0}, "link_unknown_frame"}};
  size_t ups = 0;
  for (const Case& one : cases) {
    auto stream = dial_as_validator_0();
    say(*stream, hello());
    ASSERT_TRUE(until([&] { return sides_[1].ups.size() == ups + 1; }));
    ++ups;
    say(*stream, one.bytes);
    EXPECT_TRUE(until([&] { return saw(1, one.code) && sides_[1].downs.size() == ups; })) << one.code;
  }
  auto stream = dial_as_validator_0();
  say(*stream, hello());
  ASSERT_TRUE(until([&] { return sides_[1].ups.size() == ups + 1; }));
  const uint64_t before = sides_[1].links->stats()[0].received_bytes;
  say(*stream, Bytes{100, 0, 0, 0, 2, 1, 2});
  ASSERT_TRUE(until([&] { return sides_[1].links->stats()[0].received_bytes == before + 7; }));
  stream->close();
  EXPECT_TRUE(until([&] { return saw(1, "link_truncated"); }));
  EXPECT_TRUE(sides_[1].frames.empty());
}

TEST_F(Intruder, APeerThatFallsSilentIsGivenUp) {
  auto stream = dial_as_validator_0();
  say(*stream, hello());
  ASSERT_TRUE(until([&] { return sides_[1].ups.size() == 1; }));
  EXPECT_TRUE(until([&] { return saw(1, "link_silent") && sides_[1].downs.size() == 1; }));
}

TEST_F(Intruder, ANewLinkOfTheSamePeerReplacesTheOld) {
  auto first = dial_as_validator_0();
  say(*first, hello());
  ASSERT_TRUE(until([&] { return sides_[1].ups.size() == 1; }));
  auto second = dial_as_validator_0();
  say(*second, hello());
  ASSERT_TRUE(until([&] { return sides_[1].ups.size() == 2; }));
  EXPECT_EQ(sides_[1].downs.size(), 1u);
  EXPECT_TRUE(saw(1, "link_superseded"));
}

TEST_F(Peers, AnIdleLinkStaysUp) {
  make(2);
  for (Side& side : sides_) {
    side.config.limits.ping_idle_ms = 50;
    side.config.limits.silence_ms_max = 2'000;
  }
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return sides_[0].ups.size() == 1 && sides_[1].ups.size() == 1; }));
  until([] { return false; }, 3'000);
  EXPECT_TRUE(sides_[0].downs.empty());
  EXPECT_TRUE(sides_[1].downs.empty());
  EXPECT_TRUE(sides_[0].frames.empty()) << "keep-alives are not handed over";
}

TEST_F(Peers, TooManyUnfinishedHandshakesAreTurnedAway) {
  make(2);
  sides_[1].config.limits.handshakes_max = 4;
  ASSERT_TRUE(open(1).ok());
  std::vector<tcp::socket> sockets;
  for (int i = 0; i < 8; ++i) {
    sockets.emplace_back(io_);
    sockets.back().connect({asio::ip::address_v4::loopback(), sides_[1].links->port()});
  }
  EXPECT_TRUE(until([&] { return sides_[1].counted["link_too_many_handshakes"] == 4; }));
}

TEST_F(Peers, NoHandlerIsCalledAfterStop) {
  make(2);
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(open(i).ok());
  ASSERT_TRUE(until([&] { return sides_[0].ups.size() == 1 && sides_[1].ups.size() == 1; }));
  sides_[0].links->send(1, Blob(Bytes{1}), false);
  sides_[1].links->stop();
  const auto counted = sides_[1].counted;
  until([] { return false; }, 300);
  EXPECT_TRUE(sides_[1].frames.empty());
  EXPECT_TRUE(sides_[1].downs.empty());
  EXPECT_EQ(sides_[1].counted, counted);
}

}  // namespace
}  // namespace tieline::net
