#include "trace/replay.h"

#include <algorithm>
#include <stdexcept>

#include "base/check.h"
#include "trace/text.h"

namespace tieline::trace {
namespace {

struct BrokenInvariant : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Difference plain(std::string what) { return {std::move(what), {}, {}}; }

Bytes encoded_effect(const consensus::Effect& effect) {
  Writer w;
  encode(w, effect);
  return w.take();
}

std::vector<std::string> lines(const consensus::Effects& effects, size_t from) {
  std::vector<std::string> out;
  for (size_t i = from; i < effects.size() && out.size() < kEffectsShownMax; ++i) out.push_back(text_of(effects[i]));
  if (effects.size() > from + out.size())
    out.push_back("... and " + std::to_string(effects.size() - from - out.size()) + " more");
  if (out.empty()) out.push_back("nothing more");
  return out;
}

}  // namespace

void catch_broken_invariants() {
  set_check_handler([](const char* line) { throw BrokenInvariant(line); });
}

// Gives the recorded signatures in order. What goes wrong is kept: the engine must not see it.
class Replay::RecordedSigner final : public Signer {
 public:
  RecordedSigner(Begin begin, const Verifier& verifier) : begin_(std::move(begin)), verifier_(verifier) {}
  Signature sign(ByteView message) const override { return next<Signature>(message); }
  bls::Signature sign_share(ByteView message) const override { return next<bls::Signature>(message); }
  PublicKey public_key() const override { return begin_.key; }
  bls::PublicKey bls_key() const override { return begin_.bls_key; }

  void begin(const std::vector<Signed>& made) {
    made_ = made;
    next_ = 0;
    problem_.reset();
  }
  std::optional<std::string> end() {
    if (!problem_ && next_ < made_.size()) problem("the validator signed something that the engine does not sign");
    return problem_;
  }
  uint64_t verified() const { return verified_; }

 private:
  void problem(std::string what) const {
    if (!problem_) problem_ = std::move(what);
  }
  template <class Kind>
  Kind next(ByteView message) const {
    if (next_ >= made_.size()) {
      problem("the engine signs something that the validator did not sign");
      return {};
    }
    const Signed& recorded = made_[next_++];
    const auto* signature = std::get_if<Kind>(&recorded.signature);
    if (signature == nullptr) {
      problem("the engine signs with another key than the validator did");
      return {};
    }
    if (!std::equal(message.begin(), message.end(), recorded.message.begin(), recorded.message.end())) {
      problem("the engine signs " + to_hex(message).substr(0, 16) + "..., the validator signed " +
              to_hex(recorded.message).substr(0, 16) + "...");
      return *signature;
    }
    if (!signed_by_self(begin_, message, recorded.signature, verifier_))
      problem("a recorded signature does not verify under the validator's key");
    else
      ++verified_;
    return *signature;
  }
  const Begin begin_;
  const Verifier& verifier_;
  std::vector<Signed> made_;
  mutable size_t next_ = 0;
  mutable uint64_t verified_ = 0;
  mutable std::optional<std::string> problem_;
};

Replay::Replay(const Begin& begin, const Verifier& verifier, MakeEngine make)
    : signer_(std::make_unique<RecordedSigner>(begin, verifier)), verifier_(verifier), make_(std::move(make)) {}

Replay::~Replay() = default;

uint64_t Replay::signatures() const { return signer_->verified(); }

std::optional<Difference> Replay::on(const Construction& c) {
  if (engine_) return plain("the engine is made a second time");
  signer_->begin(c.made);
  try {
    engine_ = make_(c.config, c.chain, c.recovered, *signer_, verifier_);
  } catch (const BrokenInvariant& broken) {
    return plain(std::string("the engine cannot be made as recorded: ") + broken.what());
  }
  if (auto problem = signer_->end()) return plain(*problem);
  return std::nullopt;
}

std::optional<Difference> Replay::on(const Step& step) {
  if (!engine_) return plain("an input before the engine was made");
  if (step.number != steps_ + 1)
    return plain("input " + std::to_string(step.number) + " comes after input " + std::to_string(steps_));
  steps_ = step.number;
  signer_->begin(step.made);
  consensus::Effects effects;
  try {
    engine_->step(step.now, step.input, effects);
  } catch (const BrokenInvariant& broken) {
    return plain(std::string("the engine breaks an invariant where the validator did not: ") + broken.what());
  }
  const size_t both = std::min(effects.size(), step.effects.size());
  for (size_t i = 0; i <= both; ++i) {
    if (i == both && effects.size() == step.effects.size()) break;
    if (i < both && encoded_effect(effects[i]) == encoded_effect(step.effects[i])) continue;
    return Difference{"the effects differ from effect " + std::to_string(i + 1) + " on", lines(effects, i),
                      lines(step.effects, i)};
  }
  if (auto problem = signer_->end()) return plain(*problem);
  return std::nullopt;
}

std::optional<Difference> Replay::on(const UnderWay& input) {
  if (!engine_) return plain("an input before the engine was made");
  signer_->begin({});
  consensus::Effects effects;
  try {
    engine_->step(input.now, input.input, effects);
  } catch (const BrokenInvariant& broken) {
    return plain(std::string("the validator died on this input, and so does the engine: ") + broken.what());
  }
  return plain("the validator died on this input (" + input.why + "), but the engine alone does not");
}

}  // namespace tieline::trace
