// Trust-Raft on the kernel: an epoch's first term is led by the most trusted, every later one by whom a quorum elected;
// votes go to the leader.

#include "consensus/kernel/front_end.h"

#include "consensus/trust_raft/candidates.h"

namespace tieline::consensus {
namespace {

class TrustRaftFrontEnd final : public FrontEnd {
 public:
  bool elects() const override { return true; }
  bool leader_collects() const override { return true; }
  std::vector<ValidatorId> order(const Committee& committee) const override { return by_trust(committee); }
  std::optional<ValidatorId> appointed(const ConsensusParams&, const Committee& committee, View view) const override {
    if (view == 0) return most_trusted(committee);
    return std::nullopt;
  }
  std::vector<ValidatorId> request_order(const ConsensusParams& params, const Committee& committee,
                                         ValidatorId self) const override {
    if (!params.proximity || !params.proximity->trigger) return {};
    std::vector<ValidatorId> out = nearest_first(*params.proximity, self, by_trust(committee));
    out.push_back(self);  // its own comes back to it like any other
    return out;
  }
  // T0 to 2 T0: drawn anew for every member and term, or by the place in the order around the leader.
  int64_t patience_us(int64_t timeout_us, const ConsensusParams& params, const Committee& committee, ValidatorId self,
                      View view, ValidatorId leader) const override {
    if (const auto place = place_around(params, committee, self, leader))
      return timeout_us + timeout_us * static_cast<int64_t>(*place) / static_cast<int64_t>(committee.size());
    return timeout_us + static_cast<int64_t>(election_draw(committee, self, view) % static_cast<uint64_t>(timeout_us));
  }
  int64_t heartbeat_us(int64_t t0_us) const override { return t0_us / kHeartbeatsPerT0; }
  int64_t silence_factor() const override { return kSilenceFactor; }
  bool may_stand(const Committee& committee, ValidatorId candidate, View term, View high) const override {
    return consensus::may_stand(committee, candidate, term, high);
  }
  int64_t stand_delay_us(int64_t timeout_us, const Committee& committee, ValidatorId self, View term) const override {
    return timeout_us / kStandDelayDivisor * static_cast<int64_t>(rank_of(committee, term, self));
  }
  bool prefers(const Committee& committee, View term, ValidatorId a, ValidatorId b) const override {
    return stands_before(committee, term, a, b);
  }
};

}  // namespace

const FrontEnd& trust_raft_front_end() {
  static const TrustRaftFrontEnd front_end;
  return front_end;
}

}  // namespace tieline::consensus
