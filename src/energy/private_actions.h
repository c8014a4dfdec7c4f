#pragma once
// What is written into transactions about private metering points, one action each (docs/formats/private.md):
//
//   pseudonyms   a distributor's batch of a billing period, co-signed by the regulator
//   record       readings of one pseudonym: commitments, sealed payloads, range proof
//   forgery      a signed payload that does not open its commitment, by whoever could read it
//   complaint    of a receiver: what was sealed to it does not open
//   answer       the meter's reveal to a complaint, sealed to the regulator
//   ruling       of the regulator, who has opened the answer
//   total        opened to the public: what a pseudonym drew over a set of slots, or what that costs
//   balance      a distributor's proof that its private points balance in one slot
//
// All but rulings and balances are authenticated by signatures of their own, so anyone may carry them: a household
// needs no account, and no gateway can keep a reading out by being the only way in. Shape and bounds only; the ledger
// decides (ledger/private_work.h). Error everywhere: malformed. Source: ENERGY.md ("Privacy").

#include <variant>

#include "energy/private_complaint.h"
#include "energy/private_region.h"
#include "energy/private_total.h"
#include "energy/pseudonym.h"

namespace tieline::energy {

inline constexpr size_t kAnswerCipherSize = kRevealSize + seal::kTagSize;  // exactly: anything else opens for nobody
inline constexpr size_t kTariffStepsMax = 2'048;

// The meter's reveal, sealed to one regulator with the complaint's digest as info. That one rules: another could not
// open it, and would find against an honest meter.
struct Answer {
  Hash complaint;  // complaint_digest
  ParticipantId regulator = 0;
  seal::Encapsulation enc;
  FixedBytes<kAnswerCipherSize, struct AnswerCipherTag> cipher;
  Signature signature;  // of the pseudonym over answer_digest
  bool operator==(const Answer&) const = default;
};
void encode(Writer& w, const Answer& a);
void decode(Reader& r, Answer& a);
Hash answer_digest(const Answer& answer);
// Errors: bad_seal_key.
Result<Answer> make_answer(const Reveal& reveal, const Receiver& regulator, const Secret& seed,
                           const Signer& pseudonym);
// Errors: does_not_open, malformed, and "other_complaint": the reveal is about another one.
Result<Reveal> open_answer(const Answer& answer, const seal::SecretKey& regulator);

struct PrivateRuling {
  Hash complaint;
  bool meter_at_fault = false;  // else the complaint is false
  bool operator==(const PrivateRuling&) const = default;
};
void encode(Writer& w, const PrivateRuling& p);
void decode(Reader& r, PrivateRuling& p);

// A tariff over a set, as steps: so many slots at this weight (1 for energy, else micro-currency per MWh).
struct TariffStep {
  uint32_t slots = 0;
  uint64_t weight = 0;
  bool operator==(const TariffStep&) const = default;
};
// Commitments are the chain's; a total names only what they are added up with.
struct OpenTotal {
  Pseudonym pseudonym;
  Obis obis = Obis::kImport;
  uint32_t set = 0;
  std::vector<TariffStep> tariff;
  TotalOpening opening;
  bool operator==(const OpenTotal&) const = default;
};
void encode(Writer& w, const OpenTotal& t);
void decode(Reader& r, OpenTotal& t);
std::vector<TariffStep> tariff_steps(std::span<const uint64_t> weights);
std::vector<uint64_t> tariff_weights(std::span<const TariffStep> steps);  // none: more than kOpeningSlotsMax slots
uint64_t tariff_slots(std::span<const TariffStep> steps);

struct Balance {
  ParticipantId distributor = 0;
  int64_t period_s = 0;  // when the billing period of its batch begins
  uint32_t slot = 0;     // of 15 minutes, from 1970
  Bytes proof;
  bool operator==(const Balance&) const = default;
};
void encode(Writer& w, const Balance& b);
void decode(Reader& r, Balance& b);

using PrivateAction =
    std::variant<PseudonymBatch, PrivateRecord, ForgeryProof, Complaint, Answer, PrivateRuling, OpenTotal, Balance>;

bool is_private_action(ActionType type);
// Signed inside by whom it is of: what is wrong with it is not the fault of who brings it.
bool is_carried_action(ActionType type);
ActionType type_of(const PrivateAction& action);
Bytes encode_private_action(const PrivateAction& action);  // the payload
Result<PrivateAction> decode_private_action(ActionType type, ByteView payload);

// What carrying the action out costs a validator at most, in microseconds of one core (docs/privacy.md says how it was
// measured), from its bytes alone: a block is bounded by the sum.
inline constexpr uint64_t kPrivateWorkMax = 250'000;          // in a block: half of the shortest usual time-out
uint64_t private_work_us(ActionType type, ByteView payload);  // nothing, for what does not decode
uint64_t private_work_us(const PrivateAction& action);
uint64_t record_work_us(size_t readings);

}  // namespace tieline::energy
