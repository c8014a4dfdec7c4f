// Which engines this build has, and how each is made.

#include "consensus/engine.h"
#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

bool engine_is_built(EngineKind kind) {
  switch (kind) {
    case EngineKind::kCbft:
      return true;
    case EngineKind::kPbft:
    case EngineKind::kRaft:
    case EngineKind::kTrustRaft:
      return false;
  }
  return false;
}

std::unique_ptr<Engine> make_engine(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer,
                                    const Verifier& verifier) {
  TL_CHECK_MSG(engine_is_built(config.params.engine), "this build does not have the engine that genesis names");
  return std::make_unique<Kernel>(std::move(config), std::move(chain), std::move(recovered), signer, verifier);
}

}  // namespace tieline::consensus
