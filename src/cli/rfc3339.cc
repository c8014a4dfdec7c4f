#include "cli/rfc3339.h"

#include <cstdio>
#include <optional>

namespace tieline::cli {
namespace {

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back (Howard Hinnant's algorithms).
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

struct Date {
  int64_t year, month, day;
};
Date civil_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted + 2) / 5 + 1};
}

int64_t days_in_month(int64_t year, int64_t month) {
  static constexpr int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<int64_t> digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int64_t value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Error bad(std::string why) { return {"bad_time", std::move(why)}; }

}  // namespace

Result<int64_t> parse_rfc3339(std::string_view text) {
  static constexpr size_t kSecondsEnd = 19;  // "2016-07-01T00:15:00"
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return bad("not an RFC 3339 time such as 2016-07-01T00:15:00-07:00");
  }
  if (*year < 1970) return bad("the year is before 1970");
  if (*month < 1 || *month > 12) return bad("there is no month " + std::to_string(*month));
  if (*day < 1 || *day > days_in_month(*year, *month)) return bad("that month has no day " + std::to_string(*day));
  if (*hour > 23 || *minute > 59) return bad("no such time of day");
  if (*second == 60) return bad("leap seconds are not used here");
  if (*second > 59) return bad("no such time of day");

  size_t at = kSecondsEnd;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      if (text[at] != '0') return bad("intervals start at whole seconds");
      ++at;
    }
    if (at == fraction) return bad("digits are missing after the point");
  }
  int64_t offset_s = 0;
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    // UTC
  } else if (at + 6 == text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto offset_hour = digits(text, at + 1, 2), offset_minute = digits(text, at + 4, 2);
    if (!offset_hour || !offset_minute || text[at + 3] != ':' || *offset_hour > 23 || *offset_minute > 59) {
      return bad("the offset is not like +01:00");
    }
    offset_s = (*offset_hour * 60 + *offset_minute) * 60 * (text[at] == '-' ? -1 : 1);
  } else if (at == text.size()) {
    return bad("the offset from UTC is missing: end it with Z or, say, +01:00");
  } else {
    return bad("after the seconds comes Z or an offset such as +01:00");
  }
  return days_from_civil(*year, *month, *day) * 86'400 + *hour * 3600 + *minute * 60 + *second - offset_s;
}

std::string rfc3339_utc(int64_t seconds) {
  int64_t days = seconds / 86'400, rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  const Date date = civil_from_days(days);
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(date.year),
                static_cast<int>(date.month), static_cast<int>(date.day), static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return text;
}

}  // namespace tieline::cli
