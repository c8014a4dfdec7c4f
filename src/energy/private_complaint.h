#pragma once
// When a sealed payload is wrong. Two ways, and who must show what:
//
//  - It opens, the pseudonym signed it, and it is not what the commitment holds. The receiver publishes the signed
//  payload
//    (ForgeryProof); anyone can check it against the commitment on the chain, and only the pseudonym could have made
//    it.
//  - It does not open. The receiver complains; the meter reveals, to the regulator alone, the payload and the seed it
//  was
//    sealed with. Sealing is a function of these, so the regulator repeats it and compares bytes with the chain's: if
//    they differ, or hold a payload that is not valid, the meter is at fault; if not, the receiver could have opened it
//    and complained falsely. Silence of the meter until the deadline makes the reading missing.
//
// What a ruling costs is the ledger's business. Times in milliseconds of market time. Source: ENERGY.md ("Privacy").

#include <optional>

#include "energy/private_reading.h"

namespace tieline::energy {

inline constexpr int64_t kRevealMs = 24 * 3'600'000;      // from the complaint to the reveal
inline constexpr int64_t kRulingMs = 7 * 24 * 3'600'000;  // from the reveal to the ruling: else the reading stands

struct ForgeryProof {
  PrivateContext context;
  Commitment commitment;
  seal::PublicKey receiver;
  PrivatePayload payload;
  bool operator==(const ForgeryProof&) const = default;
};
void encode(Writer& w, const ForgeryProof& p);
void decode(Reader& r, ForgeryProof& p);

ForgeryProof forgery_proof(const PrivateContext& context, const Commitment& commitment, const seal::PublicKey& receiver,
                           const PrivatePayload& payload);
// Does it convict the pseudonym? `on_chain` is the commitment that the chain holds for proof.context. Errors:
// other_commitment, bad_signature (the pseudonym never said so), not_forged (the payload is right).
Status check_forgery(const ForgeryProof& proof, const Commitment& on_chain, const Verifier& verifier);

struct Complaint {
  PrivateContext context;
  Commitment commitment;
  ParticipantId receiver = 0;
  Signature signature;  // of the receiver over complaint_digest
  bool operator==(const Complaint&) const = default;
};
void encode(Writer& w, const Complaint& c);
void decode(Reader& r, Complaint& c);
Hash complaint_digest(const Complaint& complaint);
Complaint make_complaint(const PrivateContext& context, const Commitment& commitment, ParticipantId receiver,
                         const Signer& signer);

inline constexpr size_t kRevealSize = 32 + 32 + kPayloadSize + 64;

// For the regulator's eyes: it holds the reading. To be sent sealed.
struct Reveal {
  Hash complaint;  // complaint_digest
  FixedBytes<32, struct SeedTag> seed;
  PrivatePayload payload;
  Signature signature;  // of the pseudonym over reveal_digest: nobody else may answer for the meter
  bool operator==(const Reveal&) const = default;
};
void encode(Writer& w, const Reveal& r);
void decode(Reader& reader, Reveal& r);
Hash reveal_digest(const Reveal& reveal);
Reveal make_reveal(const Complaint& complaint, const Secret& seed, const PrivatePayload& payload, const Signer& signer);

// What the chain says about the reading complained of.
struct ComplaintCase {
  PrivateContext context;
  const PrivateReading* reading = nullptr;
  Receiver receiver;          // as registered
  PublicKey receiver_key;     // which signs for it
  int64_t complained_ms = 0;  // market time of the block that took the complaint
};

enum class ComplaintRuling : uint8_t {
  kRejected,       // not signed by the receiver, or not about this reading: no complaint
  kPending,        // the meter has time left
  kMissing,        // it kept silent: the reading counts as missing
  kMeterAtFault,   // what it put on the chain is not a valid payload
  kFalseComplaint  // it is, and the receiver could open it
};
// A reveal that is not the meter's answer to this complaint counts as none.
ComplaintRuling rule(const ComplaintCase& on_chain, const Complaint& complaint, const std::optional<Reveal>& reveal,
                     int64_t now_ms, const Verifier& verifier);

}  // namespace tieline::energy
