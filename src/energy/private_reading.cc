#include "energy/private_reading.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline::energy {
namespace {

Bytes info_of(const PrivateContext& context, const Commitment& commitment) {
  Writer w;
  encode(w, context);
  encode(w, commitment);
  return w.take();
}

// The prover's randomness follows from the secret and from all that the record says, so a meter needs no other source.
Secret prover_seed(const Secret& meter_secret, const RangeView& view) {
  const range::Claim claim = view.claim();
  Writer w;
  for (const Commitment& commitment : claim.commitments) encode(w, commitment);
  for (const uint64_t cap : claim.caps) w.u64(cap);
  w.raw(claim.context);
  return derive_secret("tieline/range-seed/1", meter_secret, {w.view()});
}

}  // namespace

void encode(Writer& w, const PrivatePayload& p) {
  w.u64(p.wh);
  encode(w, p.blinding);
  encode(w, p.signature);
}

void decode(Reader& r, PrivatePayload& p) {
  p.wh = r.u64();
  decode(r, p.blinding);
  decode(r, p.signature);
}

Blinding reading_blinding(const Secret& meter_secret, const PrivateContext& context) {
  return derive_blinding("tieline/blinding/1", meter_secret, {encoded(context)});
}

Secret encapsulation_seed(const Secret& meter_secret, const PrivateContext& context, const Commitment& commitment,
                          const seal::PublicKey& receiver) {
  return derive_secret("tieline/encapsulation/1", meter_secret, {info_of(context, commitment), receiver.view()});
}

Hash payload_digest(const PrivateContext& context, const Commitment& commitment, const seal::PublicKey& receiver,
                    uint64_t wh, const Blinding& blinding) {
  Writer w;
  w.u64(wh);
  encode(w, blinding);
  encode(w, receiver);
  encode(w, context);
  encode(w, commitment);
  return tagged_hash("tieline/private-payload/1", {w.view()});
}

Result<SealedPayload> seal_payload(const PrivateContext& context, const Commitment& commitment,
                                   const Receiver& receiver, const PrivatePayload& payload, const Secret& seed) {
  Result<seal::Sealed> sealed =
      seal::seal(receiver.key, seed, info_of(context, commitment), ByteView{}, encoded(payload));
  if (!sealed) return sealed.error();
  SealedPayload out;
  out.enc = sealed->enc;
  TL_CHECK(sealed->cipher.size() == kSealedPayloadSize);
  std::copy(sealed->cipher.begin(), sealed->cipher.end(), out.cipher.bytes.begin());
  return out;
}

Result<PrivateRecord> make_private_record(const PrivateMeter& meter, const ChainId& chain,
                                          std::span<const Measured> readings, std::span<const Receiver> receivers) {
  TL_CHECK(!receivers.empty() && receivers.size() <= kPrivateReceiversMax);
  PrivateRecord record;
  record.pseudonym = meter.signer->public_key();
  std::vector<Opening> openings;
  for (const Measured& measured : readings) {
    PrivateReading reading{measured.obis, measured.start_s, measured.duration_s, measured.version, {}, {}};
    const PrivateContext context = context_of(chain, record.pseudonym, reading);
    const Opening opening = {measured.wh, reading_blinding(*meter.secret, context)};
    reading.commitment = commit(opening.value, opening.blinding).value();  // the blinding is reduced
    for (const Receiver& receiver : receivers) {
      const Hash digest = payload_digest(context, reading.commitment, receiver.key, opening.value, opening.blinding);
      const PrivatePayload payload = {opening.value, opening.blinding, meter.signer->sign(digest.view())};
      Result<SealedPayload> sealed =
          seal_payload(context, reading.commitment, receiver, payload,
                       encapsulation_seed(*meter.secret, context, reading.commitment, receiver.key));
      if (!sealed) return sealed.error();
      reading.sealed.push_back({receiver.id, *sealed});
    }
    openings.push_back(opening);
    record.readings.push_back(std::move(reading));
  }
  const RangeView view(chain, record, meter.bucket_w);
  Result<Bytes> proof = range::prove(range::Bits::k32, view.claim(), openings, prover_seed(*meter.secret, view));
  if (!proof) return proof.error();
  record.range_proof = std::move(*proof);
  record.signature = meter.signer->sign(signed_digest(chain, record).view());
  return record;
}

Result<OpenedPayload> open_payload(const ChainId& chain, const Pseudonym& pseudonym, const PrivateReading& reading,
                                   ParticipantId id, const seal::SecretKey& key, const Verifier& verifier) {
  const auto mine = std::ranges::find(reading.sealed, id, &SealedFor::receiver);
  if (mine == reading.sealed.end())
    return Error{"not_addressed", "nothing in this reading is sealed to participant " + std::to_string(id)};
  const PrivateContext context = context_of(chain, pseudonym, reading);
  const ByteView cipher = mine->payload.cipher.view();
  const seal::Sealed sealed = {mine->payload.enc, Bytes(cipher.begin(), cipher.end())};
  const Result<Bytes> plain = key.open(sealed, info_of(context, reading.commitment), ByteView{});
  if (!plain) return OpenedPayload{};
  OpenedPayload out;
  out.payload = decoded<PrivatePayload>(*plain, "private payload").value();  // of fixed size, and any bytes are one
  const Hash digest =
      payload_digest(context, reading.commitment, key.public_key(), out.payload.wh, out.payload.blinding);
  if (!verifier.verify(pseudonym, digest.view(), out.payload.signature)) return OpenedPayload{};
  out.verdict =
      opens(reading.commitment, out.payload.wh, out.payload.blinding) ? PayloadVerdict::kGood : PayloadVerdict::kForged;
  return out;
}

}  // namespace tieline::energy
