#include "api/signed_query.h"

#include <atomic>
#include <charconv>
#include <chrono>

#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::api {
namespace {

constexpr std::string_view kQueryTag = "tieline/query/1";

// The word before the next blank, taken off.
std::string_view take_word(std::string_view& text) {
  const size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class N>
bool read_number(std::string_view word, N& out) {
  const auto [at, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return !word.empty() && error == std::errc() && at == word.data() + word.size();
}

}  // namespace

Hash query_digest(const ChainId& chain, ParticipantId who, int64_t time_ms, std::string_view method,
                  std::string_view target) {
  Writer w;
  encode(w, chain);
  w.u32(who);
  w.i64(time_ms);
  w.string(method);
  w.string(target);
  return tagged_hash(kQueryTag, {w.view()});
}

std::string query_header(const SignedQuery& query) {
  return std::to_string(query.who) + " " + std::to_string(query.time_ms) + " " + to_hex(query.signature);
}

std::optional<SignedQuery> parse_query_header(std::string_view text) {
  if (text.size() > kQueryHeaderBytesMax) return std::nullopt;
  SignedQuery query;
  if (!read_number(take_word(text), query.who) || !read_number(take_word(text), query.time_ms)) return std::nullopt;
  const auto signature = fixed_from_hex<64, SignatureTag>(std::string(text));
  if (!signature) return std::nullopt;
  query.signature = *signature;
  return query;
}

QuerySigner query_signer(const ChainId& chain, ParticipantId who, std::shared_ptr<const Signer> signer) {
  const auto last = std::make_shared<std::atomic<int64_t>>(0);
  return [chain, who, signer = std::move(signer), last](std::string_view method, std::string_view target) {
    int64_t before = last->load();
    int64_t time_ms = 0;
    do {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      time_ms = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), before + 1);
    } while (!last->compare_exchange_weak(before, time_ms));
    return query_header({who, time_ms, signer->sign(query_digest(chain, who, time_ms, method, target).view())});
  };
}

}  // namespace tieline::api
