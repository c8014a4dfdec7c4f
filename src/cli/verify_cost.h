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

// What a reading of a private metering point costs, in records of four readings with two receivers each: sealing it
// where it is measured (commitment, ciphertexts, its part of the record's range proof), and checking it as a validator
// or a gateway does, many records together (shape, signatures and range proofs in one batch each).
inline constexpr size_t kSealedPerRecord = 4;
inline constexpr size_t kSealedRecords = 64;

struct SealedCost {
  double seal_us = 0;   // a reading
  double check_us = 0;  // a reading
  size_t bytes = 0;     // a reading, on the chain
};
SealedCost measure_sealed_cost(double seconds);

}  // namespace tieline::cli
