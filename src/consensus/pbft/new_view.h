#pragma once
// What a new view's primary must pre-prepare first, from the P and Q of n-f VIEW-CHANGEs. Pure, so that everyone
// recomputes it. Source: Castro and Liskov, "Practical Byzantine Fault Tolerance and Proactive Recovery", ACM TOCS
// 20(4), 2002, 4.5; docs/pbft.md says how it reads on a chain of blocks with signatures.
//
//   J = the highest certificate over all P (or the epoch's start)
//   a block that f+1 members of V pre-prepared in the slot after J's  -> that block, J's child, again
//   else J's own block again;   J is the epoch's start                -> a new child of it

#include <optional>
#include <vector>

#include "consensus/messages.h"
#include "model/quorum.h"

namespace tieline::consensus::pbft {

struct Chosen {
  Slot justify_slot;  // J
  Hash justify_block;
  std::optional<Hash> again;  // none: a new child of the epoch's start
  bool operator==(const Chosen&) const = default;
};

Chosen choose(const Quorum& quorum, const std::vector<const ViewChange*>& v);

}  // namespace tieline::consensus::pbft
