#include "consensus/kernel/select.h"

#include <map>

namespace tieline::consensus {

Selected select(const Quorum& quorum, const std::vector<Summary>& v,
                const std::function<ValidatorId(View)>& leader_of) {
  TL_CHECK(!v.empty());
  Selected out{v.front().high_slot, v.front().high_block, {}, {}};
  for (const Summary& s : v) {
    if (s.high_slot <= out.justify_slot) continue;
    out.justify_slot = s.high_slot;
    out.justify_block = s.high_block;
  }
  std::optional<Slot> top;
  for (const Summary& s : v)
    if (s.last_vote && s.last_vote->slot > out.justify_slot && (!top || s.last_vote->slot > *top))
      top = s.last_vote->slot;
  if (!top) return out;

  struct Votes {
    LastVote vote;
    size_t count = 0;
  };
  std::map<Hash, Votes> contents;
  for (const Summary& s : v) {
    if (!s.last_vote || s.last_vote->slot != *top) continue;
    Votes& votes = contents[s.last_vote->block];
    votes.vote = *s.last_vote;
    ++votes.count;
  }
  if (contents.size() == 1) {
    out.repropose = contents.begin()->second.vote;
    return out;
  }
  const ValidatorId culprit = leader_of(top->view);
  for (const Summary& s : v) {
    if (s.signer != culprit) continue;
    out.must_exclude = culprit;
    return out;
  }
  for (const auto& [block, votes] : contents)
    if (votes.count >= quorum.reproposal()) out.repropose = votes.vote;
  return out;
}

}  // namespace tieline::consensus
