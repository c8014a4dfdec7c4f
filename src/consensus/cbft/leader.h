#pragma once
// Who leads a view of cbft. It stands in standing/, since credit has to know whom a failed view is charged to.

#include "standing/leader.h"

namespace tieline::consensus {

using standing::leader_of;

}  // namespace tieline::consensus
