#pragma once
// What a member's vote weighs where votes are weighed (trust_raft): its class by trust, and the weights of all classes.
// Source: paper 004, 4.1 and eq. 11, read as C = 1 + F/(2T) for the trusted, 1 for the regular, 1/2 for the faulty and
// 0 for the malicious, so that all weights together are exactly N - M; here in integers, times 2T. A trusted member
// weighs at most 1.5 times a regular one (T = 10, F = 40 uncapped: six members would hold a third). docs/trust.md.

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tieline {

inline constexpr uint32_t kTrustOne = 65'536;      // 1.0 in Q16.16
inline constexpr uint32_t kTrustedAbove = 52'428;  // 0.8: the highest trust that is not above it
inline constexpr uint32_t kRegularAbove = 32'768;  // 0.5
inline constexpr uint32_t kGenesisTrust = 58'982;  // 0.9
inline constexpr uint32_t kJoinerTrust = 39'322;   // 0.6
inline constexpr size_t kTrustedOrRegularMin = 4;  // fewer of them: equal weights

enum class TrustClass : uint8_t { kMalicious = 0, kFaulty = 1, kRegular = 2, kTrusted = 3 };

constexpr TrustClass trust_class(uint32_t trust) {
  if (trust > kTrustedAbove) return TrustClass::kTrusted;
  if (trust > kRegularAbove) return TrustClass::kRegular;
  return trust > 0 ? TrustClass::kFaulty : TrustClass::kMalicious;
}
constexpr const char* trust_class_name(TrustClass c) {
  switch (c) {
    case TrustClass::kTrusted:
      return "trusted";
    case TrustClass::kRegular:
      return "regular";
    case TrustClass::kFaulty:
      return "faulty";
    case TrustClass::kMalicious:
      break;
  }
  return "malicious";
}
constexpr bool is_trusted_or_regular(TrustClass c) { return c >= TrustClass::kRegular; }

// How many members of a committee stand in each class.
struct Classes {
  size_t trusted = 0;
  size_t regular = 0;
  size_t faulty = 0;
  size_t malicious = 0;

  constexpr void add(TrustClass c) {
    size_t* const counts[] = {&malicious, &faulty, &regular, &trusted};
    ++*counts[static_cast<size_t>(c)];
  }
  constexpr size_t size() const { return trusted + regular + faulty + malicious; }
  // Too few are left to weigh by: everybody, whatever the class, weighs 1 and is counted. An alarm for the operators.
  constexpr bool equal_weights() const { return trusted == 0 || trusted + regular < kTrustedOrRegularMin; }
  constexpr uint64_t weight(TrustClass c) const {
    if (equal_weights()) return 1;
    switch (c) {
      case TrustClass::kTrusted:
        return std::min<uint64_t>(2 * trusted + faulty, 3 * trusted);
      case TrustClass::kRegular:
        return 2 * trusted;
      case TrustClass::kFaulty:
        return trusted;
      case TrustClass::kMalicious:
        break;
    }
    return 0;
  }
  constexpr uint64_t total_weight() const {
    return trusted * weight(TrustClass::kTrusted) + regular * weight(TrustClass::kRegular) +
           faulty * weight(TrustClass::kFaulty) + malicious * weight(TrustClass::kMalicious);
  }
  bool operator==(const Classes&) const = default;
};

}  // namespace tieline
