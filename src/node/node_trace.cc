// The trace of a validator's engine: what it is made of, and how it ends.
#include <boost/asio/post.hpp>

#include "base/check.h"
#include "base/log.h"
#include "node/node_impl.h"
#include "replica/replica_internal.h"

namespace tieline::node {
namespace {

// Whose last words are recorded when an invariant breaks: of the first node of this process that is traced.
std::atomic<NodeImpl*> traced_node{nullptr};

}  // namespace

Status NodeImpl::open_trace() {
  const Settings& settings = config_.settings;
  if (settings.trace_file.empty()) return {};
  trace::Begin begin;
  begin.chain = config_.genesis.chain_id();
  begin.self = config_.self;
  begin.key = config_.signer->public_key();
  begin.bls_key = config_.signer->bls_key();
  begin.started_ms = started_ms_;
  begin.host = true;
  begin.program = "tieline node";
  TraceLimits limits;
  limits.file_bytes_max = settings.trace_bytes_max;
  limits.free_bytes_min = 2 * uint64_t{settings.store.free_bytes_min};  // the trace goes first
  auto writer = TraceWriter::open(settings.trace_file, begin, limits, [this](const Error& why) {
    boost::asio::post(*io_, [this, why] {
      log::warn("the trace ends, the validator goes on: {}: {}", why.code, why.why);
      ++metrics_.counted["trace_ended_" + why.code];
    });
  });
  if (!writer) return Error{"trace_unwritable", writer.error().code + ": " + writer.error().why};
  trace_ = std::move(*writer);
  host_trace_.emplace(*trace_, config_.self);
  log::info("a trace of the engine is written to {}", trace_->file().string());
  NodeImpl* none = nullptr;
  if (traced_node.compare_exchange_strong(none, this))
    set_check_handler([](const char* line) {
      if (NodeImpl* node = traced_node.load()) node->last_words(line);
    });
  return {};
}

Result<std::unique_ptr<replica::Replica>> NodeImpl::open_replica(replica::Config config,
                                                                 const replica::DiskImage& image) {
  if (!trace_) return replica::Replica::open(std::move(config), image, *store_, *config_.signer, verifier_);
  const replica::EngineFactory make = [this](consensus::EngineConfig engine, consensus::ChainState chain,
                                             consensus::Recovered recovered, const Verifier& verifier) {
    auto traced = std::make_unique<trace::TracedEngine>(std::move(engine), std::move(chain), std::move(recovered),
                                                        *config_.signer, verifier, *trace_);
    traced_ = traced.get();
    return traced;
  };
  return replica::open_with_engine(std::move(config), image, *store_, verifier_, make, config_.signer.get());
}

void NodeImpl::close_trace() {
  if (!trace_) return;
  NodeImpl* self = this;
  traced_node.compare_exchange_strong(self, nullptr);
  trace_->finish(failure_ ? failure_->code + ": " + failure_->why : "stopped");
}

// The input that broke the invariant is the one a developer wants.
void NodeImpl::last_words(const char* line) {
  if (traced_ != nullptr && std::this_thread::get_id() == engine_thread_) traced_->tell_under_way(line);
  trace_->finish(line);
}

}  // namespace tieline::node
