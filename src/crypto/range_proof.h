#pragma once
// Range proofs: that committed values lie between 0 and a public bound, without showing them. Bulletproofs+ (eprint
// 2020/735) by the crate `tari_bulletproofs_plus`, on the curve25519-dalek our signatures stand on.
//
// A claim is about the commitments of ONE prover, who knows all their openings: aggregating over several meters would
// show each one's readings to whoever proves. With a cap for each commitment the proof is two-sided, 0 <= v <= cap: it
// covers C and cap G - C, both in [0, 2^bits). Without caps it says 0 <= v < 2^bits. The context is bound into the
// proof, so a proof is worth nothing for another meter, interval or version.
//
// Proofs of several claims are checked together, at about half the price. The verdict on each is that of verify().

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/commitment.h"

namespace tieline::range {

enum class Bits : uint32_t { k16 = 16, k32 = 32, k64 = 64 };

inline constexpr size_t kSidesMax = 32;                 // after filling up to a power of two
inline constexpr size_t kCappedMax = kSidesMax / 2;     // commitments in one two-sided proof
inline constexpr size_t kProofSizeMax = 193 + 64 * 11;  // 64 bits, 32 sides

struct Claim {
  Bits bits = Bits::k64;
  std::span<const Commitment> commitments;
  std::span<const uint64_t> caps;  // empty, or one a commitment; below 2^bits
  ByteView context;
};

// The fewest bits that hold such a value: what a prover and a verifier both take for a given largest cap. Fewer bits
// make a shorter proof, checked faster.
Bits bits_for(uint64_t largest);

// 193 bytes and 64 for each halving of bits x sides; 0 for a claim that no proof can be about.
size_t proof_size(Bits bits, size_t commitments, bool capped);

// Errors: "bad_claim" (too many commitments, a cap above the bits, or a commitment refused), "out_of_range" (a value
// above its cap or the bits, or an opening that does not open). The seed is the prover's randomness, mixed with the
// openings and the transcript.
Result<Bytes> prove(const Claim& claim, std::span<const Opening> openings, const Secret& seed);

bool verify(const Claim& claim, ByteView proof);

struct Item {
  Claim claim;
  ByteView proof;
};
// Sets ok[i] to 1 exactly if items[i] holds, else to 0; ok.size() == items.size(). A failed batch is halved until the
// bad ones are found: a batch full of bad proofs costs about twice what its items cost one by one.
size_t verify_batch(std::span<const Item> items, std::span<uint8_t> ok);

}  // namespace tieline::range
