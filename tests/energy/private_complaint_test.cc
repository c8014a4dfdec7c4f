#include "energy/private_complaint.h"

#include <gtest/gtest.h>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::PrivateWorld;
using testing::secret_of;
using testing::signer_of;

std::string code(const Status& status) { return status ? "" : status.error().code; }

// A reading whose payload to the distributor may be replaced, with all parties at hand.
struct Dispute : PrivateWorld {
  Dispute()
      : reading(record({250}).readings[0]),
        context(context_of(kChain, pseudonym.public_key(), reading)),
        payload(signed_payload(250, pseudonym)) {
    refresh();
  }
  PrivatePayload signed_payload(uint64_t wh, const Signer& signer) const {
    const Blinding blinding = reading_blinding(meter_secret, context);
    const Hash digest = payload_digest(context, reading.commitment, receivers[0].key, wh, blinding);
    return {wh, blinding, signer.sign(digest.view())};
  }
  Secret seed() const { return encapsulation_seed(meter_secret, context, reading.commitment, receivers[0].key); }
  void put_on_chain(const PrivatePayload& sealed) {
    reading.sealed[0].payload = seal_payload(context, reading.commitment, receivers[0], sealed, seed()).value();
  }
  void refresh() {
    complaint = make_complaint(context, reading.commitment, 7, distributor_signer);
    reveal = make_reveal(complaint, seed(), payload, pseudonym);
  }
  ComplaintRuling ruling(int64_t now_ms = 0) const {
    const ComplaintCase on_chain{context, &reading, receivers[0], distributor_signer.public_key(), 0};
    return rule(on_chain, complaint, reveal, now_ms, verifier);
  }

  Ed25519Signer distributor_signer = signer_of("distributor");
  PrivateReading reading;
  PrivateContext context;
  PrivatePayload payload;
  Complaint complaint;
  std::optional<Reveal> reveal;
};

TEST(PrivateForgery, TheReceiverPublishesASignedForgeryAndAnyoneConvicts) {
  Dispute d;
  d.put_on_chain(d.signed_payload(900, d.pseudonym));
  const OpenedPayload opened =
      open_payload(kChain, d.pseudonym.public_key(), d.reading, 7, d.distributor, d.verifier).value();
  ASSERT_EQ(opened.verdict, PayloadVerdict::kForged);
  const ForgeryProof proof = forgery_proof(d.context, d.reading.commitment, d.receivers[0].key, opened.payload);
  EXPECT_EQ(code(check_forgery(proof, d.reading.commitment, d.verifier)), "");
  const Bytes bytes = encoded(proof);
  EXPECT_EQ(decoded<ForgeryProof>(bytes, "forgery proof").value(), proof);
}

TEST(PrivateForgery, AnHonestMeterCannotBeConvicted) {
  const Dispute d;
  const ForgeryProof honest = forgery_proof(d.context, d.reading.commitment, d.receivers[0].key, d.payload);
  EXPECT_EQ(code(check_forgery(honest, d.reading.commitment, d.verifier)), "not_forged");
  ForgeryProof invented = honest;
  invented.payload.wh = 900;
  EXPECT_EQ(code(check_forgery(invented, d.reading.commitment, d.verifier)), "bad_signature");
  invented = honest;
  invented.commitment = commit(900, Blinding{}).value();
  EXPECT_EQ(code(check_forgery(invented, d.reading.commitment, d.verifier)), "other_commitment");
  EXPECT_EQ(code(check_forgery(invented, invented.commitment, d.verifier)), "bad_signature");
  // No bit of an honest payload can be turned into a proof.
  const Bytes bytes = encoded(honest);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes bad = bytes;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto proof = decoded<ForgeryProof>(bad, "forgery proof");
    EXPECT_FALSE(proof.ok() && check_forgery(*proof, d.reading.commitment, d.verifier).ok()) << bit;
  }
}

TEST(PrivateComplaint, ComplainingOfAPayloadThatOpensIsFalse) {
  const Dispute d;
  EXPECT_EQ(d.ruling(), ComplaintRuling::kFalseComplaint);
}

TEST(PrivateComplaint, AMeterThatSealedRubbishIsAtFaultWhateverItReveals) {
  Dispute d;
  d.reading.sealed[0].payload.cipher.bytes[5] ^= 1;
  EXPECT_EQ(open_payload(kChain, d.pseudonym.public_key(), d.reading, 7, d.distributor, d.verifier)->verdict,
            PayloadVerdict::kDoesNotOpen);
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
  d.reveal = make_reveal(d.complaint, secret_of("another seed"), d.payload, d.pseudonym);
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
}

TEST(PrivateComplaint, AMeterThatSealedToAnotherKeyOrContextIsAtFault) {
  Dispute d;
  d.reading.sealed[0].payload =
      seal_payload(d.context, d.reading.commitment, d.receivers[1], d.payload, d.seed()).value();
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
  PrivateContext other = d.context;
  other.start_s += 900;
  d.reading.sealed[0].payload = seal_payload(other, d.reading.commitment, d.receivers[0], d.payload, d.seed()).value();
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
}

TEST(PrivateComplaint, AMeterThatSealedAnUnsignedOrWrongPayloadIsAtFault) {
  Dispute d;
  d.payload = d.signed_payload(250, signer_of("stranger"));
  d.put_on_chain(d.payload);
  d.refresh();
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
  d.payload = d.signed_payload(900, d.pseudonym);
  d.put_on_chain(d.payload);
  d.refresh();
  EXPECT_EQ(d.ruling(), ComplaintRuling::kMeterAtFault);
}

TEST(PrivateComplaint, SilenceIsPendingUntilTheDeadlineThenTheReadingIsMissing) {
  Dispute d;
  d.reveal.reset();
  EXPECT_EQ(d.ruling(0), ComplaintRuling::kPending);
  EXPECT_EQ(d.ruling(kRevealMs), ComplaintRuling::kPending);
  EXPECT_EQ(d.ruling(kRevealMs + 1), ComplaintRuling::kMissing);
}

TEST(PrivateComplaint, NobodyElseCanAnswerForTheMeter) {
  Dispute d;
  d.reveal = make_reveal(d.complaint, secret_of("rubbish"), d.payload, signer_of("stranger"));
  EXPECT_EQ(d.ruling(0), ComplaintRuling::kPending);
  Complaint earlier = d.complaint;
  earlier.receiver = 9;
  d.reveal = make_reveal(earlier, d.seed(), d.payload, d.pseudonym);
  EXPECT_EQ(d.ruling(0), ComplaintRuling::kPending) << "an answer to another complaint";
}

TEST(PrivateComplaint, OnlyTheReceiverItselfComplainsAndOnlyOfWhatIsOnTheChain) {
  Dispute d;
  const Complaint right = d.complaint;
  d.complaint = make_complaint(d.context, d.reading.commitment, 7, signer_of("stranger"));
  EXPECT_EQ(d.ruling(), ComplaintRuling::kRejected);
  d.complaint = make_complaint(d.context, d.reading.commitment, 9, d.distributor_signer);
  EXPECT_EQ(d.ruling(), ComplaintRuling::kRejected);
  d.complaint = make_complaint(d.context, commit(1, Blinding{}).value(), 7, d.distributor_signer);
  EXPECT_EQ(d.ruling(), ComplaintRuling::kRejected);
  PrivateContext other = d.context;
  other.version = 1;
  d.complaint = make_complaint(other, d.reading.commitment, 7, d.distributor_signer);
  EXPECT_EQ(d.ruling(), ComplaintRuling::kRejected);
  d.complaint = right;
  d.reading.sealed.erase(d.reading.sealed.begin());
  EXPECT_EQ(d.ruling(), ComplaintRuling::kRejected) << "nothing was sealed to it";
}

TEST(PrivateComplaint, ComplaintAndRevealComeBackFromTheirBytesAndTheRevealedSeedOpensNothingElse) {
  const Dispute d;
  EXPECT_EQ(decoded<Complaint>(encoded(d.complaint), "complaint").value(), d.complaint);
  EXPECT_EQ(decoded<Reveal>(encoded(*d.reveal), "reveal").value(), *d.reveal);
  // The seed of this payload is neither that of the other receiver's nor that of the next interval's.
  const Secret others = encapsulation_seed(d.meter_secret, d.context, d.reading.commitment, d.receivers[1].key);
  PrivateContext next = d.context;
  next.start_s += 900;
  const Secret later = encapsulation_seed(d.meter_secret, next, d.reading.commitment, d.receivers[0].key);
  EXPECT_NE(to_hex(d.seed().bytes()), to_hex(others.bytes()));
  EXPECT_NE(to_hex(d.seed().bytes()), to_hex(later.bytes()));
}

}  // namespace
}  // namespace tieline::energy
