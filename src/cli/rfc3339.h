#pragma once
// RFC 3339 timestamps to whole seconds of UTC and back: "2016-07-01T00:15:00-07:00", "2016-07-01T07:15:00Z". Years 1970
// to 9999; a fraction must be zero, because intervals start at whole seconds; a leap second (:60) is refused.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tieline::cli {

Result<int64_t> parse_rfc3339(std::string_view text);  // error: bad_time, saying what is wrong
std::string rfc3339_utc(int64_t seconds);              // "2016-07-01T07:15:00Z"

}  // namespace tieline::cli
