#pragma once
// What one signature costs this machine to check, in thread CPU time: in batches, over transactions' digests, with
// 1,024 distinct keys that are known already, as a validator under load checks them. Measured in every bench, because a
// virtual machine is not the same machine an hour later.

#include <cstddef>

#include "base/result.h"

namespace tieline::cli {

inline constexpr size_t kVerifyKeys = 1'024;

struct VerifyCost {
  double us = 0;  // a signature
  size_t batch = 0;
  size_t signatures = 0;
};
VerifyCost measure_verify_cost(double seconds);

// The same of a party's BLS endorsement of a trade: batches of 64 different messages by 16 keys, which are known.
VerifyCost measure_endorsement_cost(double seconds);

}  // namespace tieline::cli
