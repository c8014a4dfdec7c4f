#include "cli/import_text.h"

#include <charconv>

namespace tieline::cli {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr int64_t kDaySeconds = 86'400;

}  // namespace

std::string shown(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, kShownBytesMax)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (text.size() > kShownBytesMax ? "...'" : "'");
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> start_fault(int64_t start_s) {
  if (start_s < 0) return "lies before 1970";
  if (start_s % kSlotSeconds != 0) return "does not stand at a quarter of an hour (UTC)";
  return std::nullopt;
}

std::optional<std::string> length_fault(int64_t seconds) {
  if (seconds > 0 && seconds <= kDaySeconds && seconds % kSlotSeconds == 0) return std::nullopt;
  return "is not a multiple of 900 from 900 to 86400";
}

uint64_t SeenIntervals::take(const Reading& r, uint64_t line) {
  const int64_t end = r.start_s + r.duration_s;
  auto& seen = seen_[{r.meter, r.obis}];
  auto next = seen.lower_bound(r.start_s);
  if (next != seen.end() && next->first < end) return next->second.line;
  if (next != seen.begin() && std::prev(next)->second.end > r.start_s) return std::prev(next)->second.line;
  seen.emplace_hint(next, r.start_s, End{end, line});
  return 0;
}

}  // namespace tieline::cli
