#pragma once
// Requests and answers as the routes see them, without Beast; and RFC 9457 problem details, the form of every error.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tieline::api {

inline constexpr const char* kJsonType = "application/json";
inline constexpr const char* kBytesType = "application/octet-stream";

struct HttpRequest {
  std::string method;
  std::string path;  // decoded, without the query
  std::map<std::string, std::string> query;
  std::string accept;
  std::string content_type;
  std::string target;           // as it came, for signatures
  std::string query_signature;  // the header of that name (api/signed_query.h)
  Blob body;

  std::optional<std::string> parameter(const std::string& name) const {
    auto it = query.find(name);
    return it == query.end() ? std::nullopt : std::optional(it->second);
  }
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = kJsonType;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// {"type", "title", "status", "detail", "code"}; `code` is stable, `why` is for a person.
HttpResponse problem(unsigned status, const std::string& code, const std::string& why);
inline HttpResponse problem(unsigned status, const Error& error) { return problem(status, error.code, error.why); }
const char* status_title(unsigned status);

// Splits and decodes a request target; none: malformed (a bad escape, a repeated parameter, not UTF-8, no path).
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
std::optional<Target> parse_target(std::string_view target);
// The range is part of every error: what was found, what is allowed. `fallback` when the parameter is absent.
Result<uint64_t> unsigned_parameter(const HttpRequest& request, const std::string& name, uint64_t fallback,
                                    uint64_t low, uint64_t high);
// RFC 3339 with Z or an offset, or seconds since 1970.
Result<int64_t> time_parameter(const HttpRequest& request, const std::string& name, int64_t fallback);
std::optional<int64_t> from_rfc3339(std::string_view text);  // with Z or an offset
std::string rfc3339(int64_t unix_s);
std::string rfc3339_ms(int64_t unix_ms);

}  // namespace tieline::api
