#include "crypto/commitment.h"

#include <cstring>
#include <vector>

#include "base/check.h"
#include "tieline_crypto.h"

namespace tieline {
namespace {

static_assert(sizeof(Commitment) == 32 && sizeof(Blinding) == 32, "lists of them cross the C ABI as they are");

tc_integer ffi(Int128 value) {
  tc_integer out{};
  out.negative = value < 0;
  unsigned __int128 magnitude = static_cast<unsigned __int128>(value);
  if (out.negative) magnitude = ~magnitude + 1;  // exact for the most negative value too
  for (uint8_t& byte : out.magnitude) {
    byte = static_cast<uint8_t>(magnitude);
    magnitude >>= 8;
  }
  return out;
}

std::vector<tc_integer> ffi(std::span<const Int128> values) {
  std::vector<tc_integer> out;
  out.reserve(values.size());
  for (const Int128 value : values) out.push_back(ffi(value));
  return out;
}

template <class Fixed>
const uint8_t (*raw(std::span<const Fixed> list))[32] {
  return reinterpret_cast<const uint8_t(*)[32]>(list.data());
}

}  // namespace

Commitment commitment_base() {
  Commitment out;
  tc_commitment_base(out.bytes.data());
  return out;
}

Blinding derive_blinding(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info) {
  std::array<uint8_t, 64> wide;
  hkdf_sha512(tag, secret, info, wide);
  Blinding out;
  tc_scalar_reduce(wide.data(), out.bytes.data());
  explicit_bzero(wide.data(), wide.size());
  return out;
}

bool is_valid(const Blinding& blinding) { return tc_scalar_is_canonical(blinding.bytes.data()); }

bool is_valid(const Commitment& commitment) { return tc_commitment_is_valid(commitment.bytes.data()); }

Result<Commitment> commit(Int128 value, const Blinding& blinding) {
  Commitment out;
  if (!tc_commit(ffi(value), blinding.bytes.data(), out.bytes.data()))
    return Error{"bad_blinding", "a blinding is not below the group's order"};
  return out;
}

Result<Commitment> combine(std::span<const Commitment> commitments, std::span<const Int128> weights, Int128 added) {
  TL_CHECK(commitments.size() == weights.size());
  const std::vector<tc_integer> integers = ffi(weights);
  Commitment out;
  if (!tc_commitment_combine(raw(commitments), integers.data(), integers.size(), ffi(added), out.bytes.data()))
    return Error{"bad_commitment", "a commitment is the identity or not canonical"};
  return out;
}

Result<Blinding> combine(std::span<const Blinding> blindings, std::span<const Int128> weights) {
  TL_CHECK(blindings.size() == weights.size());
  const std::vector<tc_integer> integers = ffi(weights);
  Blinding out;
  if (!tc_scalar_combine(raw(blindings), integers.data(), integers.size(), out.bytes.data()))
    return Error{"bad_blinding", "a blinding is not below the group's order"};
  return out;
}

bool opens(const Commitment& commitment, Int128 value, const Blinding& blinding) {
  const Result<Commitment> right = commit(value, blinding);
  return right.ok() && *right == commitment;
}

}  // namespace tieline
