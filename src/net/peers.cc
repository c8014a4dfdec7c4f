#include "net/peers.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "net/any_stream.h"
#include "net/link.h"

namespace tieline::net {
namespace {

constexpr int64_t kTickMs = 100;  // how finely the limits of time are kept

// The TLS handshake failed with `error`: which of our codes is it?
const char* handshake_code(const error_code& error, AnyStream::Tls& tls) {
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  if (error.category() == asio::error::get_ssl_category()) {
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return "link_no_certificate";
    if (SSL_get_verify_result(tls.native_handle()) != X509_V_OK) return "link_wrong_pin";
  }
  return "link_tls_failed";
}

// Codes as the literals that counters may keep.
const char* literal(const std::string& code) {
  static constexpr const char* kCodes[] = {
      "link_no_certificate", "link_wrong_pin",       "link_tls_failed",  "link_wrong_validator",
      "link_closed_early",   "link_hello_missing",   "link_wrong_chain", "link_hello_malformed",
      "link_wrong_version",  "link_wrong_direction", "frame_empty",      "frame_too_long",
  };
  for (const char* known : kCodes)
    if (code == known) return known;
  return "link_refused_by_peer";
}

// The coroutines hold this alive; PeerLinks itself is the handle below.
class Links final : public std::enable_shared_from_this<Links> {
 public:
  Links(asio::io_context& io, LinkConfig config, LinkEvents events)
      : io_(io),
        config_(std::move(config)),
        events_(std::move(events)),
        acceptor_(io),
        tick_(io),
        // Jitter only has to differ between validators and starts.
        rng_(static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) * 1024 + config_.self) {
    for (const LinkPeer& who : config_.validators) {
      if (who.id == config_.self) continue;
      Peer& peer = peers_[who.id];
      peer.who = who;
      peer.totals.peer = who.id;
      by_pin_[who.pin] = who.id;
    }
  }

  Status start() {
    auto own_pin = certificate_pin(config_.identity.certificate);
    if (!own_pin) return own_pin.error();
    std::vector<Hash> pins;
    for (const LinkPeer& who : config_.validators) {
      if (who.id != config_.self) {
        pins.push_back(who.pin);
        continue;
      }
      if (who.pin != *own_pin)
        return Error{"link_pin_unknown", "the TLS certificate of " + who.name +
                                             " is not the one whose key genesis names (pin " + to_hex(who.pin) +
                                             ", found " + to_hex(*own_pin) + ")"};
      if (config_.listen.empty()) config_.listen = who.address;
    }
    auto context = make_tls_context(TlsUse::kLink, config_.identity, std::move(pins),
                                    [weak = weak_from_this()](const Hash& pin, int64_t expired_s) {
                                      if (auto self = weak.lock()) self->on_expired(pin, expired_s);
                                    });
    if (!context) return context.error();
    context_ = *context;
    auto listening = ListeningSocket::open(config_.listen);
    if (!listening) return listening.error();
    port_ = listening->port();
    acceptor_ = make_acceptor(io_, *std::move(listening));
    spawn(accept_loop());
    spawn(tick_loop());
    for (auto& [id, peer] : peers_)
      if (config_.self < id) spawn(dial_loop(peer));
    return {};
  }

  void send(ValidatorId to, const Blob& body, bool bulk) {
    auto it = peers_.find(to);
    if (it != peers_.end() && it->second.link) it->second.link->send(body, bulk);
  }

  std::vector<ValidatorId> connected() const {
    std::vector<ValidatorId> out;
    for (const auto& [id, peer] : peers_)
      if (peer.link && !peer.link->closed()) out.push_back(id);
    return out;
  }

  std::vector<LinkStats> stats() const {
    std::vector<LinkStats> out;
    for (const auto& [id, peer] : peers_) {
      LinkStats sum = peer.totals;
      if (peer.link) add(sum, *peer.link);
      out.push_back(sum);
    }
    return out;
  }

  uint16_t port() const { return port_; }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    error_code ignored;  // a listener that is already closed is what was wanted
    acceptor_.close(ignored);
    tick_.cancel();
    for (auto& [id, peer] : peers_) {
      if (peer.retry) peer.retry->cancel();
      if (peer.link) peer.link->close("link_stopped");
    }
    for (const auto& pending : handshakes_) pending.link->close("link_stopped");
  }

 private:
  struct Peer {
    LinkPeer who;
    std::shared_ptr<Link> link;  // said hello, up() was called
    LinkStats totals;            // of earlier links
    std::unique_ptr<asio::steady_timer> retry;
    std::string last_trouble;  // told once, not at every attempt
  };
  struct Handshake {
    std::shared_ptr<Link> link;
    int64_t since_ms = 0;
    bool inbound = false;
    bool operator<(const Handshake& other) const { return link < other.link; }
  };

  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(
        io_,
        [](std::shared_ptr<Links>, asio::awaitable<void> inner) -> asio::awaitable<void> { co_await std::move(inner); }(
                                                                    shared_from_this(), std::move(work)),
        asio::detached);
  }

  void count(const char* code, uint64_t by = 1) {
    if (!stopped_ && events_.counted) events_.counted(code, by);
  }
  void note(const std::string& text) {
    if (!stopped_ && events_.note) events_.note(text);
  }
  void on_expired(const Hash& pin, int64_t expired_s) {
    count("link_certificate_expired");
    auto it = by_pin_.find(pin);
    if (it == by_pin_.end() || !expired_told_.insert(it->second).second) return;
    note("the TLS certificate of " + peers_[it->second].who.name + " is outside its dates (not after " +
         std::to_string(expired_s) + " s since 1970); the link works on, but the certificate should be renewed");
  }

  std::shared_ptr<Link> make_link(tcp::socket socket) {
    return std::make_shared<Link>(std::move(socket), config_.limits,
                                  [weak = weak_from_this()](const char* code, uint64_t by) {
                                    if (auto self = weak.lock()) self->count(code, by);
                                  });
  }

  static void add(LinkStats& sum, const Link& link) {
    sum.connected = !link.closed();
    sum.sent_bytes += link.stats.sent_bytes;
    sum.received_bytes += link.stats.received_bytes;
    sum.sent_frames += link.stats.sent_frames;
    sum.received_frames += link.stats.received_frames;
    sum.writes += link.stats.writes;
    sum.queued_bytes = link.stats.queued_bytes;
  }

  asio::awaitable<void> tick_loop() {
    while (!stopped_) {
      tick_.expires_after(std::chrono::milliseconds(kTickMs));
      co_await tick_.async_wait(kAwait);
      const int64_t now = mono_ms();
      for (const auto& pending : handshakes_)
        if (now - pending.since_ms > config_.limits.handshake_ms_max) pending.link->close("link_handshake_slow");
      for (auto& [id, peer] : peers_)
        if (peer.link) peer.link->check_times(now);
    }
  }

  asio::awaitable<void> accept_loop() {
    while (!stopped_) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (stopped_) co_return;
      if (error) {
        // Out of descriptors, or a client that was gone before it was accepted: go on, but not in a busy loop.
        count("link_accept_failed");
        asio::steady_timer pause(io_, std::chrono::milliseconds(kTickMs));
        co_await pause.async_wait(kAwait);
        continue;
      }
      const auto inbound =
          std::count_if(handshakes_.begin(), handshakes_.end(), [](const auto& h) { return h.inbound; });
      if (static_cast<size_t>(inbound) >= config_.limits.handshakes_max) {
        count("link_too_many_handshakes");
        continue;
      }
      spawn(serve(make_link(std::move(socket))));
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<Link> link) { co_await establish(std::move(link), nullptr); }

  asio::awaitable<void> dial_loop(Peer& peer) {
    int64_t delay_ms = config_.limits.reconnect_ms_min;
    while (!stopped_) {
      auto link = make_link(tcp::socket(io_));
      const bool was_up = co_await connect(peer, link);
      if (stopped_) co_return;
      delay_ms = was_up ? config_.limits.reconnect_ms_min : std::min(delay_ms * 2, config_.limits.reconnect_ms_max);
      const int64_t jittered = delay_ms / 2 + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(delay_ms / 2 + 1)));
      peer.retry = std::make_unique<asio::steady_timer>(io_, std::chrono::milliseconds(jittered));
      co_await peer.retry->async_wait(kAwait);
    }
  }

  asio::awaitable<bool> connect(Peer& peer, std::shared_ptr<Link> link) {
    auto address = parse_address(peer.who.address);
    if (!address) {
      trouble(peer, address.error().code);
      co_return false;
    }
    auto pending = handshakes_.insert({link, mono_ms(), false}).first;
    tcp::resolver resolver(io_);
    auto [resolved, found] = co_await resolver.async_resolve(address->host, std::to_string(address->port), kAwait);
    if (resolved || link->closed()) {
      handshakes_.erase(pending);
      trouble(peer, "link_unresolved");
      co_return false;
    }
    error_code connected = asio::error::host_not_found;
    for (const auto& entry : found) {
      if (link->closed()) break;
      error_code closed;  // a socket that was not open yet has nothing to close
      link->stream().socket().close(closed);
      auto [error] = co_await link->stream().socket().async_connect(entry.endpoint(), kAwait);
      connected = error;
      if (!connected) break;
    }
    handshakes_.erase(pending);
    if (connected || link->closed()) {
      trouble(peer, "link_unreachable");
      co_return false;
    }
    co_return co_await establish(link, &peer);
  }

  // TLS and hello, then the link until it closes. `dialled` is whom we called; an inbound peer is known by its pin.
  asio::awaitable<bool> establish(std::shared_ptr<Link> link, Peer* dialled) {
    error_code option;  // a socket that lost its connection meanwhile fails in the handshake
    link->stream().socket().set_option(tcp::no_delay(true), option);
    auto pending = handshakes_.insert({link, mono_ms(), dialled == nullptr}).first;
    Peer* peer = dialled;
    std::string refusal = co_await shake_hands(link, peer);
    handshakes_.erase(pending);
    if (stopped_) co_return false;
    if (!refusal.empty() || link->closed()) {
      if (!link->closed()) link->close(literal(refusal));
      if (peer != nullptr) trouble(*peer, refusal.empty() ? link->close_code() : refusal);
      co_return false;
    }
    if (peer->link) retire(*peer, "link_superseded");
    peer->link = link;
    ++peer->totals.connects;
    peer->last_trouble.clear();
    note("connected to " + peer->who.name);
    const ValidatorId id = peer->who.id;
    if (!stopped_ && events_.up) events_.up(id);
    co_await link->run([this, id](Blob body) {
      if (!stopped_ && events_.frame) events_.frame(id, std::move(body));
    });
    if (!stopped_ && peer->link == link) retire(*peer, "link_closed");
    co_return true;
  }

  asio::awaitable<std::string> shake_hands(std::shared_ptr<Link> link, Peer*& peer) {
    AnyStream& stream = link->stream();
    AnyStream::Tls& tls = stream.use_tls(context_);
    const auto side = peer != nullptr ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
    auto [error] = co_await tls.async_handshake(side, kAwait);
    if (stopped_ || link->closed()) co_return "";
    if (error) co_return handshake_code(error, tls);
    const auto shown = peer_certificate(tls.native_handle());
    if (!shown) co_return "link_no_certificate";
    auto known = by_pin_.find(shown->pin);
    if (known == by_pin_.end()) co_return "link_wrong_pin";
    if (peer != nullptr && peer->who.id != known->second) co_return "link_wrong_validator";
    const bool inbound = peer == nullptr;
    peer = &peers_[known->second];
    peer->totals.certificate_expiry_s = shown->expiry_s;
    // One direction only, or two validators that call each other at once would both close what the other keeps.
    if (inbound && peer->who.id > config_.self) co_return "link_wrong_direction";
    const LinkHello mine{kLinkProtocolVersion, config_.chain, config_.self, peer->who.id};
    co_return co_await link->exchange_hello(mine, peer->who.id);
  }

  void retire(Peer& peer, const char* code) {
    auto link = std::move(peer.link);
    peer.link = nullptr;
    link->close(code);
    add(peer.totals, *link);
    peer.totals.connected = false;
    peer.totals.queued_bytes = 0;
    note("lost " + peer.who.name + " (" + link->close_code() + ")");
    if (!stopped_ && events_.down) events_.down(peer.who.id);
  }

  void trouble(Peer& peer, const std::string& code) {
    if (stopped_) return;
    if (code == "link_unreachable" || code == "link_unresolved") count("link_unreachable");
    if (peer.last_trouble == code) return;
    peer.last_trouble = code;
    note("no link to " + peer.who.name + " at " + peer.who.address + " (" + code + "); trying again");
  }

  asio::io_context& io_;
  LinkConfig config_;
  LinkEvents events_;
  std::shared_ptr<asio::ssl::context> context_;
  tcp::acceptor acceptor_;
  asio::steady_timer tick_;
  Rng rng_;
  std::map<ValidatorId, Peer> peers_;
  std::map<Hash, ValidatorId> by_pin_;
  std::set<Handshake> handshakes_;
  std::set<ValidatorId> expired_told_;
  uint16_t port_ = 0;
  bool stopped_ = false;
};

class Handle final : public PeerLinks {
 public:
  explicit Handle(std::shared_ptr<Links> links) : links_(std::move(links)) {}
  ~Handle() override { links_->stop(); }
  void send(ValidatorId to, const Blob& body, bool bulk) override { links_->send(to, body, bulk); }
  std::vector<ValidatorId> connected() const override { return links_->connected(); }
  std::vector<LinkStats> stats() const override { return links_->stats(); }
  uint16_t port() const override { return links_->port(); }
  void stop() override { links_->stop(); }

 private:
  std::shared_ptr<Links> links_;
};

}  // namespace

Result<std::unique_ptr<PeerLinks>> PeerLinks::open(boost::asio::io_context& io, LinkConfig config, LinkEvents events) {
  auto links = std::make_shared<Links>(io, std::move(config), std::move(events));
  if (Status status = links->start(); !status) return status.error();
  return std::unique_ptr<PeerLinks>(std::make_unique<Handle>(std::move(links)));
}

}  // namespace tieline::net
