#include "api/http_types.h"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace tieline::api {
namespace {

constexpr size_t kTargetBytesMax = 4'096;
constexpr size_t kQueryParametersMax = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Printable ASCII is all that paths and parameters here consist of.
std::optional<std::string> unescaped(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c < 0x20 || c > 0x7e) return std::nullopt;
    out.push_back(c);
  }
  return out;
}

std::string shown(const std::string& value) {
  constexpr size_t kShownMax = 60;
  return value.size() <= kShownMax ? value : value.substr(0, kShownMax) + "...";
}

bool digits(std::string_view text, size_t at, size_t n, int& out) {
  if (at + n > text.size()) return false;
  out = 0;
  for (size_t i = at; i < at + n; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

}  // namespace

std::optional<int64_t> from_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.size() < 20 || !digits(text, 0, 4, year) || text[4] != '-' || !digits(text, 5, 2, month) || text[7] != '-' ||
      !digits(text, 8, 2, day) || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      !digits(text, 11, 2, hour) || text[13] != ':' || !digits(text, 14, 2, minute) || text[16] != ':' ||
      !digits(text, 17, 2, second))
    return std::nullopt;
  int offset_s = 0;
  const std::string_view zone = text.substr(19);
  if (zone != "Z" && zone != "z") {
    int zone_hour = 0, zone_minute = 0;
    // A plus sign in a query reads as a space.
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-' && zone[0] != ' ') || !digits(zone, 1, 2, zone_hour) ||
        zone[3] != ':' || !digits(zone, 4, 2, zone_minute) || zone_hour > 23 || zone_minute > 59)
      return std::nullopt;
    offset_s = (zone_hour * 60 + zone_minute) * 60 * (zone[0] == '-' ? -1 : 1);
  }
  tm when{};
  when.tm_year = year - 1900;
  when.tm_mon = month - 1;
  when.tm_mday = day;
  when.tm_hour = hour;
  when.tm_min = minute;
  when.tm_sec = second;
  const tm asked = when;
  const int64_t unix_s = timegm(&when);
  // timegm carries the 31st of June over into July: what does not come back as it went in was no date.
  if (when.tm_mon != asked.tm_mon || when.tm_mday != asked.tm_mday || when.tm_hour != asked.tm_hour ||
      when.tm_min != asked.tm_min || when.tm_sec != asked.tm_sec)
    return std::nullopt;
  return unix_s - offset_s;
}

const char* status_title(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

HttpResponse problem(unsigned status, const std::string& code, const std::string& why) {
  const nlohmann::ordered_json json = {{"type", "urn:tieline:problem:" + code},
                                       {"title", status_title(status)},
                                       {"status", status},
                                       {"detail", why},
                                       {"code", code}};
  HttpResponse out;
  out.status = status;
  out.content_type = "application/problem+json";
  out.body = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return out;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/' || target.size() > kTargetBytesMax) return std::nullopt;
  Target out;
  const size_t mark = target.find('?');
  auto path = unescaped(target.substr(0, mark), false);
  if (!path) return std::nullopt;
  out.path = *std::move(path);
  if (mark == std::string_view::npos) return out;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    auto name = unescaped(pair.substr(0, equals), true);
    auto value = unescaped(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value || out.query.size() == kQueryParametersMax) return std::nullopt;
    if (!out.query.emplace(*std::move(name), *std::move(value)).second) return std::nullopt;
  }
  return out;
}

Result<uint64_t> unsigned_parameter(const HttpRequest& request, const std::string& name, uint64_t fallback,
                                    uint64_t low, uint64_t high) {
  const auto text = request.parameter(name);
  if (!text) return fallback;
  uint64_t value = 0;
  const auto [at, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || at != text->data() + text->size() || value < low || value > high)
    return Error{"bad_parameter", "'" + name + "' is '" + shown(*text) + "'; allowed is a whole number from " +
                                      std::to_string(low) + " to " + std::to_string(high)};
  return value;
}

Result<int64_t> time_parameter(const HttpRequest& request, const std::string& name, int64_t fallback) {
  const auto text = request.parameter(name);
  if (!text) return fallback;
  int64_t value = 0;
  const auto [at, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  constexpr int64_t kYears9999 = 253'402'300'799;
  if (error == std::errc() && at == text->data() + text->size() && value >= 0 && value <= kYears9999) return value;
  if (const auto time = from_rfc3339(*text)) return *time;
  return Error{"bad_parameter", "'" + name + "' is '" + shown(*text) +
                                    "'; allowed is a time like 2016-01-31T00:00:00Z or 2016-01-31T01:00:00%2B01:00, or "
                                    "seconds since 1970"};
}

std::string rfc3339(int64_t unix_s) {
  const time_t time = static_cast<time_t>(unix_s);
  tm when{};
  char text[40];
  if (gmtime_r(&time, &when) == nullptr || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &when) == 0) return "";
  return text;
}

std::string rfc3339_ms(int64_t unix_ms) {
  int64_t second = unix_ms / 1000;
  int64_t milli = unix_ms % 1000;
  if (milli < 0) {
    milli += 1000;
    --second;
  }
  std::string text = rfc3339(second);
  if (text.empty()) return text;
  char fraction[8];
  std::snprintf(fraction, sizeof(fraction), ".%03dZ", static_cast<int>(milli));
  return text.replace(text.size() - 1, 1, fraction);
}

}  // namespace tieline::api
