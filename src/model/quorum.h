#pragma once
// Quorum arithmetic by count (cbft, pbft): the only place where thresholds are computed. Acknowledgements in, answers
// out. Source: docs/consensus.md; 2f+1 of paper 000 is a quorum only at n = 3f+1, so q = ceil((n+f+1)/2).

#include <cstddef>

namespace tieline {

struct Quorum {
  size_t n = 0;

  bool operator==(const Quorum&) const = default;
  constexpr size_t f() const { return (n - 1) / 3; }                // Byzantine members survived
  constexpr size_t quorum() const { return (n + f() + 2) / 2; }     // ceil((n+f+1)/2): two meet in > f members
  constexpr size_t correct() const { return f() + 1; }              // holds at least one correct member
  constexpr size_t slack() const { return (n - 3 * f() + 1) / 2; }  // p: members a fast commit may miss
  constexpr size_t fast() const {                                   // commits in one round
    return quorum() > n - slack() ? quorum() : n - slack();
  }
  constexpr size_t view_change() const { return n - f(); }  // exactly this many make a NEW-VIEW
  // Votes at the top slot that force a re-proposal once an equivocating leader is out of V (Select).
  constexpr size_t reproposal() const { return n - slack() - 2 * f() + 1; }
};

}  // namespace tieline
