#pragma once
// Runs the engine of a trace again: made as recorded, given every input, it must have every effect, byte for byte. It
// signs with the recorded signatures: the checker does not hold the validator's key, and each one must be for the very
// message the engine asks for and verify under the validator's public key.

#include "trace/traced_engine.h"

namespace tieline::trace {

// Where engine and trace part. Readable lines; empty when it is not about effects.
struct Difference {
  std::string what;
  std::vector<std::string> expected;  // the engine's effects from the first that differs
  std::vector<std::string> recorded;  // the trace's
};

inline constexpr size_t kEffectsShownMax = 4;

// From now on a broken invariant of an engine is an exception that Replay turns into a Difference, not the end of the
// process. A trace that was tampered with may well break one.
void catch_broken_invariants();

class Replay {
 public:
  Replay(const Begin& begin, const Verifier& verifier, MakeEngine make = consensus::make_engine);
  ~Replay();

  std::optional<Difference> on(const Construction& construction);
  std::optional<Difference> on(const Step& step);
  // The process died on this input: so must the engine.
  std::optional<Difference> on(const UnderWay& input);
  uint64_t signatures() const;  // recorded ones that were asked for and verified

 private:
  class RecordedSigner;
  std::unique_ptr<RecordedSigner> signer_;
  const Verifier& verifier_;
  MakeEngine make_;
  std::unique_ptr<consensus::Engine> engine_;
  uint64_t steps_ = 0;
};

}  // namespace tieline::trace
