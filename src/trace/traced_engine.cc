#include "trace/traced_engine.h"

namespace tieline::trace {

void Sink::put_left(Bytes record, const Blob& message) {
  append_digest(record, message);
  put(std::move(record));
}

// Keeps what was signed until it is taken. A clone of the engine signs through it too, at any time: only what is
// signed during a step or the construction is kept.
class TracedEngine::RecordingSigner final : public Signer {
 public:
  explicit RecordingSigner(const Signer& signer) : signer_(signer) {}
  Signature sign(ByteView message) const override {
    const Signature signature = signer_.sign(message);
    if (keep_) made_.push_back({Bytes(message.begin(), message.end()), signature});
    return signature;
  }
  bls::Signature sign_share(ByteView message) const override {
    const bls::Signature share = signer_.sign_share(message);
    if (keep_) made_.push_back({Bytes(message.begin(), message.end()), share});
    return share;
  }
  PublicKey public_key() const override { return signer_.public_key(); }
  bls::PublicKey bls_key() const override { return signer_.bls_key(); }
  void begin() {
    made_.clear();
    keep_ = true;
  }
  const std::vector<Signed>& end() {
    keep_ = false;
    return made_;
  }

 private:
  const Signer& signer_;
  mutable std::vector<Signed> made_;
  bool keep_ = false;
};

TracedEngine::TracedEngine(consensus::EngineConfig config, consensus::ChainState chain, consensus::Recovered recovered,
                           const Signer& signer, const Verifier& verifier, Sink& sink, const MakeEngine& make)
    : signer_(std::make_unique<RecordingSigner>(signer)), sink_(sink) {
  Construction construction{config, chain, recovered, {}};
  signer_->begin();
  engine_ = make(std::move(config), std::move(chain), std::move(recovered), *signer_, verifier);
  construction.made = signer_->end();
  sink_.put(encode_record(construction));
}

TracedEngine::~TracedEngine() = default;

void TracedEngine::step(const Now& now, const consensus::Input& input, consensus::Effects& effects) {
  // A driver hands over an empty list; were it not, what is in it is not of this step.
  TL_CHECK(effects.empty());
  now_ = &now;
  input_ = &input;
  ++steps_;
  signer_->begin();
  engine_->step(now, input, effects);
  sink_.put(encode_step(steps_, now, input, signer_->end(), effects));
  now_ = nullptr;
  input_ = nullptr;
}

void TracedEngine::tell_under_way(const std::string& why) const {
  if (input_ == nullptr) return;
  sink_.put(encode_record(UnderWay{steps_, *now_, *input_, why.substr(0, kTextBytesMax)}));
}

}  // namespace tieline::trace
