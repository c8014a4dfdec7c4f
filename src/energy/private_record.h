#pragma once
// What a private metering point (class P) puts on the chain: for each interval a commitment to its energy and the same
// value sealed to named receivers, for all of them one range proof, signed by the point's pseudonym. Validators learn
// that 0 <= wh <= cap and who may open it, and nothing else. Energy in Wh, times in seconds since 1970 UTC. Format:
// docs/formats/private.md. Source: ENERGY.md ("Two classes of metering point", "Privacy"), paper 000 section I.

#include <vector>

#include "crypto/commitment.h"
#include "crypto/range_proof.h"
#include "crypto/seal.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr size_t kPrivateReadingsMax = range::kCappedMax;
inline constexpr size_t kPrivateReceiversMax = 8;
inline constexpr uint8_t kPrivateVersionMax = 3;        // corrections of one interval
inline constexpr uint64_t kPrivateCapMax = UINT32_MAX;  // Wh
inline constexpr size_t kPayloadSize = 8 + 32 + 64;     // wh, blinding, signature
inline constexpr size_t kSealedPayloadSize = kPayloadSize + seal::kTagSize;

using Pseudonym = PublicKey;

// What a private value is the value OF. Everything about it is bound to this: its blinding, its ciphertexts, its proof.
struct PrivateContext {
  ChainId chain;
  Pseudonym pseudonym;
  Obis obis = Obis::kImport;
  int64_t start_s = 0;
  uint32_t duration_s = 0;
  uint8_t version = 0;  // 0: the first; n: its n-th correction
  bool operator==(const PrivateContext&) const = default;
};
void encode(Writer& w, const PrivateContext& c);
void decode(Reader& r, PrivateContext& c);

// A PrivatePayload, sealed; of one size, so that nothing shows by its length.
struct SealedPayload {
  seal::Encapsulation enc;
  FixedBytes<kSealedPayloadSize, struct SealedPayloadTag> cipher;
  bool operator==(const SealedPayload&) const = default;
};

struct SealedFor {
  ParticipantId receiver = 0;
  SealedPayload payload;
  bool operator==(const SealedFor&) const = default;
};

struct PrivateReading {
  Obis obis = Obis::kImport;
  int64_t start_s = 0;
  uint32_t duration_s = 0;
  uint8_t version = 0;
  Commitment commitment;
  std::vector<SealedFor> sealed;  // ascending by receiver, at least one
  bool operator==(const PrivateReading&) const = default;
};

struct PrivateRecord {
  Pseudonym pseudonym;
  std::vector<PrivateReading> readings;  // 1 to kPrivateReadingsMax, of this point alone
  Bytes range_proof;
  Signature signature;  // of the pseudonym over signed_digest
  bool operator==(const PrivateRecord&) const = default;
};

Bytes encode_private_record(const PrivateRecord& record);
// Error "malformed". A record that decodes encodes to the same bytes.
Result<PrivateRecord> decode_private_record(ByteView bytes);

PrivateContext context_of(const ChainId& chain, const Pseudonym& pseudonym, const PrivateReading& reading);
Hash signed_digest(const ChainId& chain, const PrivateRecord& record);

// The most that a point of this bucket can draw: floor(capacity x duration / 3600). 0 if it exceeds kPrivateCapMax.
uint64_t private_cap_wh(uint64_t bucket_w, uint32_t duration_s);

// A record as the range proof sees it. Keeps what the claim points to; the proof stays with the record.
class RangeView {
 public:
  RangeView(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w);
  range::Claim claim() const { return {bits_, commitments_, caps_, context_}; }

 private:
  range::Bits bits_;  // the fewest that hold the largest cap
  std::vector<Commitment> commitments_;
  std::vector<uint64_t> caps_;
  Bytes context_;
};

// All but signature and range proof, which are for the caller to check in batches. Errors: misaligned_interval,
// bad_duration, over_capacity (the bucket admits no proof), overlap (within the record), bad_commitment.
Status check_private_form(const PrivateRecord& record, uint64_t bucket_w);
// The form and the signature. All but the range proof, which is for the caller to check in a batch (range::verify_batch
// over RangeViews) or with check_private_record. Errors: misaligned_interval, bad_duration, over_capacity (the bucket
// admits no proof), overlap (within the record), bad_commitment, bad_signature.
Status check_private_shape(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w,
                           const Verifier& verifier);
// The same, and "bad_range_proof".
Status check_private_record(const ChainId& chain, const PrivateRecord& record, uint64_t bucket_w,
                            const Verifier& verifier);

}  // namespace tieline::energy
