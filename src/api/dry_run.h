#pragma once
// What would become of a transaction now: the checks at the door, its signatures, and its execution alone in a block on
// the newest stored state. Nothing is recorded or passed on. What other transactions do before it can still change the
// answer: the sequence number may be used up, the money spent.

#include <string>

#include "ledger/ledger.h"
#include "ledger/store.h"

namespace tieline::api {

// {"id", "accepted", "code", "why", "height"}. `now_ms`: the block's time, unless its parent's is later. Usable from
// any thread. Errors: malformed, oversized, unknown_version; not_applied_yet: the store has no block of height `known`
// yet, or no block may follow just now.
Result<std::string> dry_run_json(const Ledger& ledger, const Store& store, Height known, const Blob& transaction,
                                 int64_t now_ms);

}  // namespace tieline::api
