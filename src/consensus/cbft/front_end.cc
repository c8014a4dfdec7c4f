// CBFT on the kernel: every view has its leader by the table of its epoch, and everyone gets every vote.

#include "consensus/kernel/front_end.h"

#include "consensus/cbft/leader.h"

namespace tieline::consensus {
namespace {

class CbftFrontEnd final : public FrontEnd {
 public:
  bool elects() const override { return false; }
  bool leader_collects() const override { return false; }
  std::vector<ValidatorId> order(const Committee&) const override { return {}; }
  std::optional<ValidatorId> appointed(const ConsensusParams& params, const Committee& committee,
                                       View view) const override {
    return leader_of(params, committee, view);
  }
  std::vector<ValidatorId> request_order(const ConsensusParams&, const Committee&, ValidatorId) const override {
    return {};
  }
  int64_t patience_us(int64_t timeout_us, const ConsensusParams&, const Committee&, ValidatorId, View,
                      ValidatorId) const override {
    return timeout_us;
  }
  int64_t heartbeat_us(int64_t t0_us) const override { return t0_us; }
  int64_t silence_factor() const override { return 0; }
  bool may_stand(const Committee&, ValidatorId, View, View) const override { return false; }
  int64_t stand_delay_us(int64_t, const Committee&, ValidatorId, View) const override { return 0; }
  bool prefers(const Committee&, View, ValidatorId, ValidatorId) const override { return false; }
};

}  // namespace

const FrontEnd& cbft_front_end() {
  static const CbftFrontEnd front_end;
  return front_end;
}

}  // namespace tieline::consensus
