#pragma once
// Quorum arithmetic: the only place where thresholds are computed. Acknowledgements in, answers out. Source:
// docs/consensus.md; 2f+1 of paper 000 is a quorum only at n = 3f+1, so q = ceil((n+f+1)/2). Where members only crash
// (raft) a quorum is a majority, and a single member is a correct one. Where votes are weighed (trust_raft) both bounds
// hold at once, of weight and of heads: two quorums share more than a third of the weight and more than f_a heads, so
// that they share a correct member if EITHER fewer than a third of the weight or at most f_a heads are faulty.

#include <cstddef>
#include <cstdint>

namespace tieline {

// What the members of a committee may do to each other; the engine named in genesis decides it for the chain's life.
// kWeighted: members may lie, and their votes are weighed by trust (model/weights.h).
enum class FaultModel : uint8_t { kByzantine = 1, kCrash = 2, kWeighted = 3 };

struct Quorum {
  size_t n = 0;
  FaultModel faults = FaultModel::kByzantine;

  bool operator==(const Quorum&) const = default;
  constexpr bool crash_only() const { return faults == FaultModel::kCrash; }
  constexpr size_t f() const { return crash_only() ? (n - 1) / 2 : (n - 1) / 3; }  // faulty members survived
  constexpr size_t liars() const { return crash_only() ? 0 : f(); }                // of them, those that may lie
  constexpr size_t quorum() const { return (n + liars() + 2) / 2; }  // ceil((n+f+1)/2): two meet in more than the liars
  constexpr size_t correct() const { return liars() + 1; }           // holds at least one member that does not lie
  constexpr size_t view_change() const { return n - f(); }           // exactly this many make a NEW-VIEW
  // The kernel's fast path (cbft) only.
  constexpr size_t slack() const { return (n - 3 * f() + 1) / 2; }  // p: members a fast commit may miss
  constexpr size_t fast() const {                                   // commits in one round
    return quorum() > n - slack() ? quorum() : n - slack();
  }
  // Votes at the top slot that force a re-proposal once an equivocating leader is out of V (Select).
  constexpr size_t reproposal() const { return n - slack() - 2 * f() + 1; }
};

// What a set of members brings together, and what a weighed committee demands of it. Heads are those of the trusted and
// regular members (of all, where weights are equal); weight is everybody's.
struct Weighed {
  uint64_t weight = 0;
  size_t heads = 0;
  bool operator==(const Weighed&) const = default;
};
constexpr bool is_weighed_quorum(const Weighed& part, const Weighed& all) {
  return 3 * part.weight > 2 * all.weight && part.heads >= Quorum{all.heads}.quorum();
}
constexpr bool weighed_holds_correct(const Weighed& part, const Weighed& all) {
  return 3 * part.weight >= all.weight && part.heads >= Quorum{all.heads}.correct();
}

}  // namespace tieline
