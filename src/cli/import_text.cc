#include "cli/import_text.h"

#include <charconv>

namespace tieline::cli {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kStartMost = 253'402'300'799;  // 9999-12-31T23:59:59Z, the last second that RFC 3339 can write

}  // namespace

std::string shown(std::string_view text) {
  std::string_view head = text.substr(0, kShownBytesMax);
  while (head.size() < text.size() && !head.empty() && (text[head.size()] & 0xc0) == 0x80) head.remove_suffix(1);
  std::string out = "'";
  for (size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    // U+0080 to U+009F are control characters too: C2 80 to C2 9F.
    const bool wide_control = c == 0xc2 && i + 1 < head.size() && static_cast<unsigned char>(head[i + 1]) < 0xa0;
    out += c < 0x20 || c == 0x7f || wide_control ? '?' : head[i];
    if (wide_control) ++i;
  }
  return out + (text.size() > head.size() ? "...'" : "'");
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> start_fault(int64_t start_s) {
  if (start_s < 0) return "lies before 1970";
  if (start_s > kStartMost) return "lies after the year 9999";
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
