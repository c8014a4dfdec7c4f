#include "consensus/pbft/new_view.h"

#include <map>

#include "base/check.h"

namespace tieline::consensus::pbft {

Chosen choose(const Quorum& quorum, const std::vector<const ViewChange*>& v) {
  TL_CHECK(!v.empty());
  const Justify* highest = nullptr;
  for (const ViewChange* vc : v)
    if (!highest || vc->high_qc.slot > highest->slot) highest = &vc->high_qc;
  Chosen out{highest->slot, highest->block, std::nullopt};
  if (!highest->slot.is_epoch_start()) out.again = highest->block;
  // The epoch's start stands in view 0 too, at index -1.
  const Slot next{highest->slot.epoch, highest->slot.view, highest->slot.index + 1};
  std::map<Hash, size_t> pre_prepared;
  for (const ViewChange* vc : v)
    if (vc->last_vote && vc->last_vote->slot == next) ++pre_prepared[vc->last_vote->block];
  size_t most = quorum.correct() - 1;  // one of f+1 is correct: it holds the body, which is a valid child of J's
  for (const auto& [block, count] : pre_prepared) {
    if (count <= most) continue;
    most = count;
    out.again = block;
  }
  return out;
}

}  // namespace tieline::consensus::pbft
