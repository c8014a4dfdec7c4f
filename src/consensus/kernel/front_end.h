#pragma once
// What the two engines on the safety kernel differ in. The kernel asks, the front end answers; nothing here holds state
// or decides what is safe to vote for (docs/consensus.md for cbft, docs/trust-raft.md for trust_raft).
//
// Where leaders are *appointed* (cbft) a view's leader is a pure function of the epoch's table. Where they are
// *elected* (trust_raft) a VIEW-CHANGE is its sender's one vote of the term for the candidate it names, a candidate's
// own is its request, and a NEW-VIEW is the quorum of them that elected its sender.

#include <optional>
#include <vector>

#include "model/committee.h"
#include "model/genesis.h"

namespace tieline::consensus {

// In a VIEW-CHANGE: the sender has left its view and votes for nobody yet. Never the id of a member.
inline constexpr ValidatorId kNobody = UINT16_MAX;

class FrontEnd {
 public:
  FrontEnd() = default;
  FrontEnd(const FrontEnd&) = delete;
  FrontEnd& operator=(const FrontEnd&) = delete;
  virtual ~FrontEnd() = default;

  virtual bool elects() const = 0;
  // Votes go to the leader alone, and its certificates to all; otherwise everyone gets every vote.
  virtual bool leader_collects() const = 0;
  // In which order blocks and certificates leave; empty: as the members stand.
  virtual std::vector<ValidatorId> order(const Committee& committee) const = 0;
  // In which order a candidate's request leaves; empty: as the members stand.
  virtual std::vector<ValidatorId> request_order(const ConsensusParams& params, const Committee& committee,
                                                 ValidatorId self) const = 0;
  // Who leads the view by the table alone; none: it is elected.
  virtual std::optional<ValidatorId> appointed(const ConsensusParams& params, const Committee& committee,
                                               View view) const = 0;
  // How long `self` waits in this view before it leaves it; `timeout_us` is T0 with its back-off, `leader` who leads
  // the view or kNobody.
  virtual int64_t patience_us(int64_t timeout_us, const ConsensusParams& params, const Committee& committee,
                              ValidatorId self, View view, ValidatorId leader) const = 0;
  virtual int64_t heartbeat_us(int64_t t0_us) const = 0;
  // How long a leader may be silent while nothing is pending, in patiences; 0: for ever.
  virtual int64_t silence_factor() const = 0;

  // Elections only. May the candidate lead this term in the eyes of one whose highest certificate is of view `high`?
  virtual bool may_stand(const Committee& committee, ValidatorId candidate, View term, View high) const = 0;
  // Who has not left its view by its own time-out waits so long before it stands, so that not all do at once.
  virtual int64_t stand_delay_us(int64_t timeout_us, const Committee& committee, ValidatorId self, View term) const = 0;
  // Of two candidates: is `a` the one to vote for?
  virtual bool prefers(const Committee& committee, View term, ValidatorId a, ValidatorId b) const = 0;
};

const FrontEnd& cbft_front_end();        // cbft/front_end.cc
const FrontEnd& trust_raft_front_end();  // trust_raft/front_end.cc

}  // namespace tieline::consensus
