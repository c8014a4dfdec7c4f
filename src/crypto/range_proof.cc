#include "crypto/range_proof.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "tieline_crypto.h"

namespace tieline::range {
namespace {

constexpr size_t kFixedPart = 1 + 6 * 32;  // the degree's byte; d1, A, A1, B, r1, s1
constexpr size_t kRoundPart = 2 * 32;      // L, R

size_t sides_of(size_t commitments, bool capped) {
  if (commitments == 0 || commitments > kSidesMax) return 0;
  const size_t sides = std::bit_ceil(commitments * (capped ? 2 : 1));
  return sides > kSidesMax ? 0 : sides;
}

tc_range_claim ffi(const Claim& claim) {
  TL_CHECK(claim.caps.empty() || claim.caps.size() == claim.commitments.size());
  return {static_cast<uint32_t>(claim.bits),
          reinterpret_cast<const uint8_t(*)[32]>(claim.commitments.data()),
          claim.caps.empty() ? nullptr : claim.caps.data(),
          claim.commitments.size(),
          {claim.context.data(), claim.context.size()}};
}

bool serves(const Claim& claim) {
  if (sides_of(claim.commitments.size(), !claim.caps.empty()) == 0) return false;
  return std::ranges::all_of(claim.caps, [&](uint64_t cap) { return bits_for(cap) <= claim.bits; });
}

}  // namespace

Bits bits_for(uint64_t largest) {
  if (largest <= UINT16_MAX) return Bits::k16;
  return largest <= UINT32_MAX ? Bits::k32 : Bits::k64;
}

size_t proof_size(Bits bits, size_t commitments, bool capped) {
  const size_t sides = sides_of(commitments, capped);
  if (sides == 0) return 0;
  const size_t rounds = static_cast<size_t>(std::countr_zero(static_cast<size_t>(bits) * sides));
  return kFixedPart + rounds * kRoundPart;
}

Result<Bytes> prove(const Claim& claim, std::span<const Opening> openings, const Secret& seed) {
  TL_CHECK(openings.size() == claim.commitments.size());
  const bool well_formed =
      serves(claim) && std::ranges::all_of(claim.commitments, [](const Commitment& c) { return is_valid(c); });
  if (!well_formed)
    return Error{"bad_claim", "no proof can be about these commitments and caps: too many, too large or malformed"};
  std::vector<uint64_t> values;
  std::vector<Blinding> blindings;
  for (const Opening& opening : openings) {
    values.push_back(opening.value);
    blindings.push_back(opening.blinding);
  }
  Bytes proof(proof_size(claim.bits, claim.commitments.size(), !claim.caps.empty()));
  const tc_range_claim raw = ffi(claim);
  const size_t size = tc_range_prove(&raw, values.data(), reinterpret_cast<const uint8_t(*)[32]>(blindings.data()),
                                     seed.data(), proof.data(), proof.size());
  explicit_bzero(values.data(), values.size() * sizeof(uint64_t));
  explicit_bzero(blindings.data(), blindings.size() * sizeof(Blinding));
  if (size == 0) return Error{"out_of_range", "a value lies above its bound, or does not open its commitment"};
  TL_CHECK(size == proof.size());
  return proof;
}

bool verify(const Claim& claim, ByteView proof) {
  const Item item = {claim, proof};
  uint8_t ok = 0;
  verify_batch({&item, 1}, {&ok, 1});
  return ok == 1;
}

size_t verify_batch(std::span<const Item> items, std::span<uint8_t> ok) {
  TL_CHECK(items.size() == ok.size());
  std::vector<tc_range_item> raw;
  raw.reserve(items.size());
  for (const Item& item : items) raw.push_back({ffi(item.claim), {item.proof.data(), item.proof.size()}});
  return tc_range_verify(raw.data(), raw.size(), ok.data());
}

}  // namespace tieline::range
