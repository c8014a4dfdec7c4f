#include "paper/honest_data.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>

#include "base/check.h"

namespace tieline::paper {
namespace {

constexpr char kPvText[] =
#include <pv_15min.inc>
    ;
constexpr char kGbText[] =
#include <gb_demand.inc>
    ;
constexpr char kSlpText[] =
#include <bdew_slp.inc>
    ;

// A view over an array, since the compiler does not count a text this long.
template <size_t kSize>
constexpr std::string_view view_of_text(const char (&text)[kSize]) {
  return {text, kSize - 1};
}
constexpr std::string_view kPv = view_of_text(kPvText), kGb = view_of_text(kGbText), kSlp = view_of_text(kSlpText);

constexpr int64_t kSlot = 900;
constexpr int64_t kHour = 3'600;
constexpr int64_t kDay = 86'400;
constexpr size_t kDaySlots = 96;
constexpr int64_t kYearBegin = 1'735'686'000;    // 2025-01-01T00:00:00+01:00
constexpr int64_t kYearEnd = 1'767'222'000;      // 2026-01-01T00:00:00+01:00
constexpr int64_t kSummerBegin = 1'743'296'400;  // 2025-03-30T01:00:00Z
constexpr int64_t kSummerEnd = 1'761'440'400;    // 2025-10-26T01:00:00Z
constexpr int64_t kFirstDayOf2025 = 20'089;      // days since 1970; a Wednesday

using Line = std::vector<std::string_view>;

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> out;
  while (!text.empty()) {
    std::string_view row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), row.size() + 1));
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.empty()) continue;
    Line& line = out.emplace_back();
    for (size_t comma = 0; comma != std::string_view::npos;) {
      comma = row.find(',');
      line.push_back(row.substr(0, comma));
      row.remove_prefix(comma == std::string_view::npos ? row.size() : comma + 1);
    }
  }
  TL_CHECK(out.size() > 1);
  return out;
}

int64_t number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  TL_CHECK(error == std::errc{} && end == text.data() + text.size());
  return value;
}

// A decimal in millionths; more digits are cut off.
int64_t millionths(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  fraction.resize(6, '0');
  const int64_t value = number(digits + fraction);
  return negative ? -value : value;
}

// "2016-07-01T00:15:00-07:00" or without an offset, in seconds since 1970 as the clock shows them.
int64_t stamp(std::string_view text) {
  const int64_t y = number(text.substr(0, 4)), m = number(text.substr(5, 2)), d = number(text.substr(8, 2));
  constexpr std::array<int64_t, 12> kBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int64_t leap = y % 4 == 0 && m > 2 ? 1 : 0;  // of 1970 to 2099
  const int64_t days = (y - 1970) * 365 + (y - 1969) / 4 + kBefore[static_cast<size_t>(m - 1)] + leap + d - 1;
  return days * kDay + number(text.substr(11, 2)) * kHour + number(text.substr(14, 2)) * 60;
}

HonestSeries pv() {
  HonestSeries s{"pv", Role::kPlant, 6'000, Obis::kExport, 900, true, {}};
  const auto rows = lines_of(kPv);
  for (size_t i = 1; i < rows.size(); ++i) {
    TL_CHECK(rows[i][0].ends_with("-07:00"));
    const int64_t w = std::max<int64_t>(millionths(rows[i][1]), 0);
    s.values.push_back({stamp(rows[i][0]) + 7 * kHour, static_cast<uint64_t>((w / 4 + 500'000) / 1'000'000)});
  }
  return s;
}

HonestSeries gb() {
  HonestSeries s{"gb-demand", Role::kDistributor, 100'000'000'000, Obis::kImport, 1'800, true, {}};
  const auto rows = lines_of(kGb);
  for (size_t i = 1; i < rows.size(); ++i) {
    s.values.push_back({stamp(rows[i][0]) - kHour, static_cast<uint64_t>(number(rows[i][1])) * 500'000});
  }
  return s;
}

bool holiday(int64_t day_of_year) {  // from 1; New Year, Easter, May Day, Ascension, Whitsun, Unity, Christmas of 2025
  constexpr std::array<int64_t, 9> kDays = {1, 108, 111, 121, 149, 160, 276, 359, 360};
  return std::find(kDays.begin(), kDays.end(), day_of_year) != kDays.end();
}

std::string_view season(int64_t day_of_year) {
  if (day_of_year <= 79 || day_of_year >= 305) return "winter";   // to 20 March, from 1 November
  if (day_of_year >= 135 && day_of_year <= 257) return "summer";  // 15 May to 14 September
  return "transition";
}

// The BDEW's dynamisation of H0 over the year.
double dynamic(int64_t day_of_year) {
  const auto t = static_cast<double>(day_of_year);
  return -3.92e-10 * t * t * t * t + 3.2e-7 * t * t * t - 7.02e-5 * t * t + 2.1e-3 * t + 1.24;
}

std::vector<HonestSeries> profiles() {
  const auto rows = lines_of(kSlp);
  // Three seasons of seven days of 96 values, Monday first: the times of the file are not read.
  std::map<std::pair<std::string_view, int64_t>, size_t> first;
  for (size_t i = 1; i < rows.size(); i += kDaySlots) first[{rows[i][1], number(rows[i][2])}] = i;
  TL_CHECK(first.size() == 21);
  std::vector<HonestSeries> out;
  for (size_t column = 3; column < rows[0].size(); ++column) {
    HonestSeries s{std::string(rows[0][column]), Role::kUser, 0, Obis::kImport, 900, false, {}};
    uint64_t peak = 0;
    for (int64_t t = kYearBegin; t < kYearEnd; t += kSlot) {
      const int64_t local = t + (t >= kSummerBegin && t < kSummerEnd ? 2 : 1) * kHour;
      const int64_t day = local / kDay - kFirstDayOf2025 + 1;
      const int64_t weekday = holiday(day) ? 7 : (local / kDay + 3) % 7 + 1;
      const size_t slot = static_cast<size_t>(local % kDay / kSlot);
      // kW for 1,000 kWh a year, in millionths; a customer of 1 GWh a year takes a quarter of that in Wh.
      int64_t value = millionths(rows[first.at({season(day), weekday}) + slot][column]);
      if (s.name == "h0") value = static_cast<int64_t>(static_cast<double>(value) * dynamic(day));
      s.values.push_back({t, static_cast<uint64_t>(value / 4)});
      peak = std::max(peak, s.values.back().wh);
    }
    s.limit_w = peak * 4 * 5 / 4;  // a quarter above the peak
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace

std::vector<HonestSeries> honest_series() {
  std::vector<HonestSeries> out = {pv(), gb()};
  for (HonestSeries& s : profiles()) out.push_back(std::move(s));
  return out;
}

}  // namespace tieline::paper
