// Which engine a genesis gets. Everything else knows engines by consensus/engine.h alone.

#include "base/check.h"
#include "consensus/engine.h"
#include "consensus/kernel/kernel.h"
#include "consensus/pbft/pbft.h"
#include "consensus/raft/raft.h"

namespace tieline::consensus {
namespace {

constexpr EngineKind kBuilt[] = {EngineKind::kCbft, EngineKind::kPbft, EngineKind::kRaft, EngineKind::kTrustRaft};

}  // namespace

bool engine_is_built(EngineKind kind) {
  for (EngineKind built : kBuilt)
    if (built == kind) return true;
  return false;
}

std::string built_engines() {
  std::string names;
  for (EngineKind built : kBuilt) names += (names.empty() ? "" : ", ") + std::string(engine_name(built));
  return names;
}

const char* engine_warning(EngineKind kind) {
  return kind == EngineKind::kRaft ? "engine raft survives crashes only: one validator that lies can fork the ledger"
                                   : "";
}

std::unique_ptr<Engine> make_engine(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer,
                                    const Verifier& verifier) {
  switch (config.params.engine) {
    case EngineKind::kCbft:
    case EngineKind::kTrustRaft:
      return std::make_unique<Kernel>(std::move(config), std::move(chain), std::move(recovered), signer, verifier);
    case EngineKind::kPbft:
      return std::make_unique<pbft::Pbft>(std::move(config), std::move(chain), std::move(recovered), signer, verifier);
    case EngineKind::kRaft:
      return std::make_unique<Raft>(std::move(config), std::move(chain), std::move(recovered), signer, verifier);
  }
  TL_CHECK_MSG(false, "an engine that this build does not have");
  return nullptr;
}

}  // namespace tieline::consensus
