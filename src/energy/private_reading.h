#pragma once
// The two ends of a private reading: how the meter makes it and how a receiver opens it.
//
//   blinding r     = HKDF(meter secret, context), reduced from 64 bytes; a context is used once, so r is too
//   commitment C   = wh G + r H
//   payload        = wh, r, and the pseudonym's signature over (wh, r, receiver's key, context, C)
//   ciphertext     = HPKE to each receiver, info = context || C
//
// Receiver, context and C are signed but not sealed once more: whoever opens the payload knows them, for they are what
// it opens under. A receiver that finds C != wh G + r H holds, in the signed payload, a proof against the meter that it
// can publish (energy/private_complaint.h). A payload without the pseudonym's valid signature proves nothing: it counts
// as one that does not open. Source: ENERGY.md ("Privacy").

#include "energy/private_record.h"

namespace tieline::energy {

// What a payload holds in the clear. kPayloadSize bytes.
struct PrivatePayload {
  uint64_t wh = 0;
  Blinding blinding;
  Signature signature;
  bool operator==(const PrivatePayload&) const = default;
};
void encode(Writer& w, const PrivatePayload& p);
void decode(Reader& r, PrivatePayload& p);

// A participant that may open readings, with its registered sealing key.
struct Receiver {
  ParticipantId id = 0;
  seal::PublicKey key;
};

Blinding reading_blinding(const Secret& meter_secret, const PrivateContext& context);
// The encapsulation seed of one payload. It shows nothing about any other, so the meter may reveal it.
Secret encapsulation_seed(const Secret& meter_secret, const PrivateContext& context, const Commitment& commitment,
                          const seal::PublicKey& receiver);

Hash payload_digest(const PrivateContext& context, const Commitment& commitment, const seal::PublicKey& receiver,
                    uint64_t wh, const Blinding& blinding);
// Error "bad_seal_key".
Result<SealedPayload> seal_payload(const PrivateContext& context, const Commitment& commitment,
                                   const Receiver& receiver, const PrivatePayload& payload, const Secret& seed);

// One interval to be recorded.
struct Measured {
  Obis obis = Obis::kImport;
  int64_t start_s = 0;
  uint32_t duration_s = 0;
  uint8_t version = 0;
  uint64_t wh = 0;
};

// What the meter holds. The signer's key is its pseudonym; the sealed secret never leaves the meter.
struct PrivateMeter {
  const Secret* secret = nullptr;
  const Signer* signer = nullptr;
  uint64_t bucket_w = 0;
};

// Receivers ascending by id, 1 to kPrivateReceiversMax; readings 1 to kPrivateReadingsMax, ascending. Errors:
// out_of_range (a value above the bucket's cap), bad_seal_key, bad_claim.
Result<PrivateRecord> make_private_record(const PrivateMeter& meter, const ChainId& chain,
                                          std::span<const Measured> readings, std::span<const Receiver> receivers);

enum class PayloadVerdict : uint8_t {
  kGood,
  kForged,       // signed by the pseudonym and yet not what C commits to: publish it
  kDoesNotOpen,  // complain
};

struct OpenedPayload {
  PayloadVerdict verdict = PayloadVerdict::kDoesNotOpen;
  PrivatePayload payload;  // of kGood and kForged
};

// What a reading says to the receiver `id`. Error "not_addressed": nothing is sealed to it.
Result<OpenedPayload> open_payload(const ChainId& chain, const Pseudonym& pseudonym, const PrivateReading& reading,
                                   ParticipantId id, const seal::SecretKey& key, const Verifier& verifier);

}  // namespace tieline::energy
