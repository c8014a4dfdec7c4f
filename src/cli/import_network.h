#pragma once
// The network as an import needs it (cli/import_run.h), over api::NetworkClient.

#include <memory>

#include "api/network_client.h"
#include "cli/import_run.h"
#include "model/genesis.h"

namespace tieline::cli {

// Both must outlive it.
std::unique_ptr<ImportNetwork> import_network(api::NetworkClient& client, const Genesis& genesis,
                                              const Verifier& verifier);

}  // namespace tieline::cli
