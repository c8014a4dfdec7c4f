#pragma once
// An engine that tells what it is given and what it answers, around any engine that make_engine makes. The engine
// knows nothing of it.

#include <functional>

#include "trace/records.h"

namespace tieline::trace {

// Takes encoded records, in order. Called on the engine's thread; must not block or throw.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void put(Bytes record) = 0;
  // A kLeft record; the digest of `message` belongs at its end. Overridden where hashing can wait.
  virtual void put_left(Bytes record, const Blob& message);
};

using MakeEngine = std::function<std::unique_ptr<consensus::Engine>(
    consensus::EngineConfig config, consensus::ChainState chain, consensus::Recovered recovered, const Signer& signer,
    const Verifier& verifier)>;

// Hands over a Construction, then a Step for each step. `signer`, `verifier` and `sink` must outlive the engine; the
// signer it gives to `make` belongs to it. A clone is the engine alone and tells nothing.
class TracedEngine final : public consensus::Engine {
 public:
  TracedEngine(consensus::EngineConfig config, consensus::ChainState chain, consensus::Recovered recovered,
               const Signer& signer, const Verifier& verifier, Sink& sink,
               const MakeEngine& make = consensus::make_engine);
  ~TracedEngine() override;

  void step(const Now& now, const consensus::Input& input, consensus::Effects& effects) override;
  consensus::EngineStatus status() const override { return engine_->status(); }
  std::unique_ptr<consensus::Engine> clone() const override { return engine_->clone(); }

  // Hands over the input that is being worked on: for a process that is about to end in a broken invariant.
  void tell_under_way(const std::string& why) const;

 private:
  class RecordingSigner;
  std::unique_ptr<RecordingSigner> signer_;
  Sink& sink_;
  std::unique_ptr<consensus::Engine> engine_;
  uint64_t steps_ = 0;
  const Now* now_ = nullptr;  // of the step under way
  const consensus::Input* input_ = nullptr;
};

}  // namespace tieline::trace
