#pragma once
// The recorded readings of one meter, out of the committed blocks by way of the index Column::kReadings. Only accepted
// transactions are in it, so every reading seen here counts.
//
// Order: by the first start of the transaction's stretch, then by place in the chain, then by start within the
// transaction; for a meter that reports in order this is the order of time. A page ends with a cursor that names a
// place in this order: readings that are committed between two pages shift nothing.

#include <functional>

#include "ledger/ledger.h"

namespace tieline {

inline constexpr size_t kReadingsPageMax = 10'000;

struct RecordedReading {
  Reading reading;
  TxId txid;
  Height height = 0;
  uint32_t index = 0;  // of the transaction in its block
};

struct ReadingsCursor {
  int64_t first_start_s = 0;
  Height height = 0;
  uint32_t index = 0;
  uint32_t skip = 0;  // readings of that entry already seen
  bool operator==(const ReadingsCursor&) const = default;
};
std::string to_string(const ReadingsCursor& cursor);  // hex, opaque to clients
std::optional<ReadingsCursor> cursor_from_string(std::string_view text);

// Visits readings whose interval meets [from_s, to_s), at most `limit` (capped at kReadingsPageMax), until `visit`
// returns false, which means that it does not take this one. Yields the cursor of the first reading not taken, or none
// at the end. Errors: corrupt_store.
Result<std::optional<ReadingsCursor>> scan_readings(const StoreReader& store, MeterId meter, int64_t from_s,
                                                    int64_t to_s, size_t limit,
                                                    const std::optional<ReadingsCursor>& after,
                                                    const std::function<bool(const RecordedReading&)>& visit);

}  // namespace tieline
