// Opening, running and stopping a validator.
#include "node/node.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "crypto/random.h"
#include "node/node_impl.h"

namespace tieline::node {

Result<std::unique_ptr<Node>> Node::open(NodeConfig config) {
  auto node = std::make_unique<NodeImpl>(std::move(config));
  try {
    if (Status status = node->open(); !status) return status.error();
  } catch (const storage::StoreError& error) {
    return error.error();
  }
  return std::unique_ptr<Node>(std::move(node));
}

NodeImpl::NodeImpl(NodeConfig config)
    : config_(std::move(config)), started_ms_(wall_ms()), io_(std::make_unique<boost::asio::io_context>(1)) {
  timer_.emplace(*io_);
}

NodeImpl::~NodeImpl() {
  close_trace();
  if (checker_) checker_->stop();
  if (log_writer_) log_writer_->stop(false);
  if (store_writer_) store_writer_->stop(false);
  if (store_) store_->stop_flushing();
  if (links_) links_->stop();
  links_.reset();
  timer_.reset();
  // Handlers that never ran hold connections, which reach for the rest of the node as they go.
  io_.reset();
}

Status NodeImpl::open() {
  auto lock = storage::FolderLock::take(config_.settings.data);
  if (!lock) return lock.error();
  lock_.emplace(std::move(*lock));

  auto store = storage::RocksStore::open(config_.store_folder(), config_.settings.store);
  if (!store) return store.error();
  store_ = std::move(*store);
  if (auto tip = applied_tip(*store_)) flushed_ = tip->height;

  auto log = storage::VoteLog::open(config_.log_folder());
  if (!log) return log.error();
  log_ = std::move(*log);
  const replica::DiskImage image = log_->take_image();

  replica::Config config;
  config.genesis = config_.genesis;
  config.self = config_.self;
  config.limits = config_.settings.limits;
  config.record_trace = config_.settings.record_trace;
  fill_random(config.rejoin_nonce.bytes);
  if (Status status = open_trace(); !status) return status;
  auto replica = open_replica(std::move(config), image);
  if (!replica) return replica.error();
  replica_ = std::move(*replica);

  // Ports before the first write: a second start of the same validator should leave no trace.
  if (Status status = open_links(); !status) return status;
  return log_->start();
}

Status NodeImpl::open_links() {
  net::LinkConfig config;
  config.chain = replica_->ledger().chain();
  config.self = config_.self;
  config.listen = config_.settings.links_listen;
  for (const GenesisValidator& validator : config_.genesis.validators)
    config.validators.push_back({validator.id, validator.name, validator.address, validator.tls_pin});
  config.identity = config_.tls;
  config.limits = config_.settings.links;
  config.limits.frame_bytes_max = std::max(config.limits.frame_bytes_max, config_.settings.limits.frame_bytes_max + 64);

  net::LinkEvents events;
  events.up = [this](ValidatorId peer) { feed(replica::PeerUp{peer}); };
  events.down = [this](ValidatorId peer) { feed(replica::PeerDown{peer}); };
  events.frame = [this](ValidatorId peer, Blob frame) { feed(replica::PeerFrame{peer, std::move(frame)}); };
  events.counted = [this](const char* code, uint64_t by) { metrics_.counted[code] += by; };
  events.note = [](const std::string& text) { log::info("{}", text); };
  auto links = net::PeerLinks::open(*io_, std::move(config), std::move(events));
  if (!links) return links.error();
  links_ = std::move(*links);
  return {};
}

void NodeImpl::start_workers() {
  const auto post = [this](auto work) { boost::asio::post(*io_, std::move(work)); };
  log_writer_ = std::make_unique<LogWriter>(
      *log_,
      [this, post](LogWriter::Written written) {
        post([this, written] {
          metrics_.log_bytes += written.bytes;
          if (!written.durable) return;
          ++metrics_.log_syncs;
          metrics_.fsync_us.observe(written.spent_us);
          feed(replica::LogDurable{*written.durable});
        });
      },
      [this, post](const Error& error) {
        post([this, error] { fail({"log_failed", error.code + ": " + error.why}); });
      });
  store_writer_ = std::make_unique<StoreWriter>(
      *store_,
      [this, post](StoreWriter::Applied applied) {
        post([this, applied = std::move(applied)]() mutable {
          metrics_.apply_us.observe(applied.spent_us);
          feed(std::move(applied.input));
        });
      },
      [this, post](const Error& error) {
        post([this, error] { fail({"store_failed", error.code + ": " + error.why}); });
      });
  checker_ = std::make_unique<SignatureChecker>(verifier_, [this, post](SignatureChecker::Checked checked) {
    post([this, checked = std::move(checked)]() mutable {
      if (checked.signatures > 0) {
        metrics_.verified += checked.signatures;
        metrics_.verify_cpu_ns += static_cast<uint64_t>(checked.cpu_ns);
        metrics_.verify_batch.observe(static_cast<int64_t>(checked.signatures));
        metrics_.verify_us.observe(checked.cpu_ns / 1000 / static_cast<int64_t>(checked.signatures),
                                   checked.signatures);
      }
      for (replica::Verified& answer : checked.answers) feed(std::move(answer));
    });
  });
  store_->start_flushing(
      [this, post](Height height) {
        post([this, height] {
          flushed_ = height;
          feed(replica::StoreFlushed{height});
        });
      },
      [this, post](const Error& error) {
        post([this, error] { fail({"store_failed", error.code + ": " + error.why}); });
      });
}

Status NodeImpl::run() {
  engine_thread_ = std::this_thread::get_id();
  start_workers();
  log::info("{} of network {} runs: links {}, chain {}", config_.settings.name, config_.genesis.network,
            config_.settings.links_listen, to_hex(replica_->ledger().chain()).substr(0, 16));
  boost::asio::post(*io_, [this] { feed(replica::Start{}); });
  try {
    {
      const auto work = boost::asio::make_work_guard(*io_);
      io_->run();
    }
    // Connections end by themselves now; those that do not are cut.
    io_->restart();
    io_->run_for(std::chrono::milliseconds(kStopWaitMs));
  } catch (const storage::StoreError& error) {
    fail({"store_failed", error.error().code + ": " + error.error().why});
  }

  // The log first: what it holds, the store can lose.
  checker_->stop();
  log_writer_->stop(!failure_);
  store_writer_->stop(!failure_);
  store_->stop_flushing();
  close_trace();
  if (failure_) return *failure_;
  auto flushed = store_->flush();
  if (!flushed) return Error{"store_failed", flushed.error().code + ": " + flushed.error().why};
  log::info("{} stopped; the store is flushed up to height {}", config_.settings.name, *flushed);
  return {};
}

void NodeImpl::stop() {
  boost::asio::post(*io_, [this] { begin_stop(); });
}

void NodeImpl::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  inputs_.clear();
  for (const auto& handler : stop_handlers_) handler();
  links_->stop();
  timer_->cancel();
  io_->stop();
}

// Nothing may leave this validator any more: what it has said may not be on its disk.
void NodeImpl::fail(Error error) {
  if (failure_) return;
  log::error("{}: {}; this validator stops", error.code, error.why);
  failure_ = std::move(error);
  begin_stop();
}

}  // namespace tieline::node
