#pragma once
// Select: what the leader of a new view must propose, from the summaries in n-f VIEW-CHANGEs. Pure, so that everyone
// recomputes it. Source: docs/consensus.md (it replaces the Q set of paper 000, III.C).
//
//   J = the highest highQC over V;  U = { lastVote : slot > J.slot };  w = the highest slot in U
//   U empty             -> a new child of J
//   one content at w    -> propose it again, same digest
//   two contents at w   -> leader(w) equivocated: V must not contain it; a content with >= n-p-2f+1 votes at w is
//                          proposed again, else a new child of J

#include <functional>
#include <optional>
#include <vector>

#include "consensus/messages.h"
#include "model/quorum.h"

namespace tieline::consensus {

struct Summary {
  ValidatorId signer = 0;
  Slot high_slot;
  Hash high_block;
  std::optional<LastVote> last_vote;
};

struct Selected {
  Slot justify_slot;  // J
  Hash justify_block;
  std::optional<LastVote> repropose;        // none: a new child of J
  std::optional<ValidatorId> must_exclude;  // set: V contains a leader that this very V proves to have equivocated
};

Selected select(const Quorum& quorum, const std::vector<Summary>& v, const std::function<ValidatorId(View)>& leader_of);

}  // namespace tieline::consensus
