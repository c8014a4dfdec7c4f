#pragma once
// A replica around an engine of the caller's choice: for a host that traces its engine (trace/), and for tests. The
// verifier that the factory gets is the replica's: it remembers what it has found good.

#include <functional>

#include "replica/replica.h"

namespace tieline::replica {

using EngineFactory =
    std::function<std::unique_ptr<consensus::Engine>(consensus::EngineConfig config, consensus::ChainState chain,
                                                     consensus::Recovered recovered, const Verifier& verifier)>;

Result<std::unique_ptr<Replica>> open_with_engine(Config config, const DiskImage& disk, const Store& store,
                                                  const Verifier& verifier, const EngineFactory& make,
                                                  const Signer* sealer = nullptr);

}  // namespace tieline::replica
