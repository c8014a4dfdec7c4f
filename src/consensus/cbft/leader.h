#pragma once
// Who leads a view of cbft: standing/leader.h, where evidence can ask as well.

#include "standing/leader.h"

namespace tieline::consensus {

using standing::leader_of;

}  // namespace tieline::consensus
