#pragma once
// The simulator's signatures under the names they have in this folder; crypto/sim_scheme.h says what they are.

#include "crypto/sim_scheme.h"

namespace tieline::sim {

using tieline::SimKeys;
using tieline::SimSecret;
using tieline::SimSigner;

}  // namespace tieline::sim
