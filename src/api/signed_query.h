#pragma once
// Who asks: a header that signs a query, for networks whose validators show records to those who may read them only
// (docs/formats/http.md). The participant signs method, target and time; a query is good for a short time, once.
//
//   Tieline-Query: PARTICIPANT TIME_MS SIGNATURE      decimal numbers, and 128 hexadecimal digits
//   SIGNATURE      Ed25519 over H("tieline/query/1", chain, u32 participant, i64 time_ms, string method, string target)

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/keys.h"
#include "crypto/scheme.h"
#include "model/ids.h"

namespace tieline::api {

inline constexpr const char* kQueryHeader = "Tieline-Query";
inline constexpr int64_t kQueryWindowMs = 30'000;  // its time lies this near the validator's clock
inline constexpr size_t kQueryHeaderBytesMax = 256;

struct SignedQuery {
  ParticipantId who = 0;
  int64_t time_ms = 0;
  Signature signature;
  bool operator==(const SignedQuery&) const = default;
};
Hash query_digest(const ChainId& chain, ParticipantId who, int64_t time_ms, std::string_view method,
                  std::string_view target);
std::string query_header(const SignedQuery& query);
std::optional<SignedQuery> parse_query_header(std::string_view text);

// The header's value for one request; each has a time of its own.
using QuerySigner = std::function<std::string(std::string_view method, std::string_view target)>;
// May be called from any thread.
QuerySigner query_signer(const ChainId& chain, ParticipantId who, std::shared_ptr<const Signer> signer);

}  // namespace tieline::api
