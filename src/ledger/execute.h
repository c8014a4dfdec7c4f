#pragma once
// Bounds and checks of whole blocks, shared by execution, judgement and the invariants.

#include "ledger/ledger.h"

namespace tieline {

inline constexpr int64_t kBlockTimeMsMax = 253'402'300'799'999;  // 9999-12-31: keeps every sum with a time in range

// Evidence as a block carries it: its canonical encoding, or no bytes at all for none.
Result<Evidence> block_evidence(ByteView bytes);

}  // namespace tieline
