#include "standing/assess.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::standing {

uint32_t model_output(CreditModel model, const CreditWeights& weights, const Indicators& x) {
  TL_CHECK(model != CreditModel::kFrozen);
  return model == CreditModel::kLinear ? linear_output(x) : network_output(weights, x);
}

uint32_t moved_credit(uint32_t credit, uint32_t output, const CreditParams& params) {
  const uint64_t keep = output < credit ? params.keep : params.keep_rising;
  return static_cast<uint32_t>((keep * credit + (kCreditOne - keep) * output) >> 16);
}

std::vector<Assessed> assess_epoch(const EpochTally& tally, const CreditParams& params, const CreditWeights& weights,
                                   Height end, std::vector<CreditRecord>& records) {
  const std::vector<Observed> observed = observe(tally, params, records, end);
  std::vector<Assessed> out(observed.size());
  for (size_t i = 0; i < out.size(); ++i) {
    Assessed& a = out[i];
    CreditRecord& record = records[i];
    a.observed = observed[i];
    a.x = indicators(a.observed, params);
    if (params.model != CreditModel::kFrozen) {
      a.output = model_output(params.model, weights, a.x);
      record.credit = moved_credit(record.credit, a.output, params);
    }
    if (proofs_of(tally.members[i]) > 0) {
      record.credit = 0;
      record.last_proof = tally.epoch;
    }
  }
  // The committee that takes these records is that of the epoch after the next.
  const Epoch acts_in = tally.epoch + kActsAfterEpochs;
  const uint32_t limit = half_median(records, acts_in);
  for (size_t i = 0; i < out.size(); ++i) {
    if (records[i].probation_until > acts_in) records[i].credit = std::min(records[i].credit, limit);
    out[i].credit = records[i].credit;
  }
  return out;
}

}  // namespace tieline::standing
