#include "energy/private_actions.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline::energy {
namespace {

constexpr size_t kTariffStepBytes = 4 + 8;

// What one action costs at most when it is checked alone, in microseconds.
constexpr uint64_t kBatchUs = 4'000;  // two signatures, and a record for each of 1,024 pseudonyms
constexpr uint64_t kRecordUs = 150;   // and for each reading of it
constexpr uint64_t kRecordReadingUs = 340;
constexpr uint64_t kSmallUs = 250;  // signatures, and one commitment opened
constexpr uint64_t kRulingUs = 10;  // it opens nothing and verifies nothing
constexpr uint64_t kTotalUs = 500;  // and for each slot
constexpr uint64_t kTotalSlotUs = 8;
constexpr uint64_t kBalanceUs = 20'000;  // of 1,024 points

Obis decode_obis(Reader& r) {
  const uint8_t value = r.u8();
  if (value != static_cast<uint8_t>(Obis::kImport) && value != static_cast<uint8_t>(Obis::kExport)) r.fail();
  return static_cast<Obis>(value);
}

void encode_unsigned(Writer& w, const Answer& a) {
  encode(w, a.complaint);
  w.u32(a.regulator);
  encode(w, a.enc);
  encode(w, a.cipher);
}

void encode(Writer& w, const PrivateRecord& record) { w.raw(encode_private_record(record)); }

template <class A>
constexpr ActionType kTypeOf = ActionType::kData;
template <>
constexpr ActionType kTypeOf<PseudonymBatch> = ActionType::kPseudonyms;
template <>
constexpr ActionType kTypeOf<PrivateRecord> = ActionType::kPrivateRecord;
template <>
constexpr ActionType kTypeOf<ForgeryProof> = ActionType::kForgery;
template <>
constexpr ActionType kTypeOf<Complaint> = ActionType::kComplaint;
template <>
constexpr ActionType kTypeOf<Answer> = ActionType::kAnswer;
template <>
constexpr ActionType kTypeOf<PrivateRuling> = ActionType::kPrivateRuling;
template <>
constexpr ActionType kTypeOf<OpenTotal> = ActionType::kOpenTotal;
template <>
constexpr ActionType kTypeOf<Balance> = ActionType::kBalance;

template <class A>
Result<PrivateAction> decoded_as(ByteView payload) {
  Result<A> out = decoded<A>(payload, "private action");
  if (!out) return out.error();
  return PrivateAction(std::move(*out));
}

}  // namespace

void encode(Writer& w, const Answer& a) {
  encode_unsigned(w, a);
  encode(w, a.signature);
}

void decode(Reader& r, Answer& a) {
  decode(r, a.complaint);
  a.regulator = r.u32();
  decode(r, a.enc);
  decode(r, a.cipher);
  decode(r, a.signature);
}

Hash answer_digest(const Answer& answer) {
  Writer w;
  encode_unsigned(w, answer);
  return tagged_hash("tieline/private-answer/1", {w.view()});
}

Result<Answer> make_answer(const Reveal& reveal, const Receiver& regulator, const Secret& seed,
                           const Signer& pseudonym) {
  Result<seal::Sealed> sealed = seal::seal(regulator.key, seed, reveal.complaint.view(), ByteView{}, encoded(reveal));
  if (!sealed) return sealed.error();
  TL_CHECK(sealed->cipher.size() == kAnswerCipherSize);
  Answer out{reveal.complaint, regulator.id, sealed->enc, {}, {}};
  std::ranges::copy(sealed->cipher, out.cipher.bytes.begin());
  out.signature = pseudonym.sign(answer_digest(out).view());
  return out;
}

Result<Reveal> open_answer(const Answer& answer, const seal::SecretKey& regulator) {
  const Result<Bytes> plain = regulator.open({answer.enc, {answer.cipher.bytes.begin(), answer.cipher.bytes.end()}},
                                             answer.complaint.view(), ByteView{});
  if (!plain) return plain.error();
  Result<Reveal> reveal = decoded<Reveal>(*plain, "reveal");
  if (reveal && reveal->complaint != answer.complaint)
    return Error{"other_complaint", "what is revealed answers another complaint"};
  return reveal;
}

void encode(Writer& w, const PrivateRuling& p) {
  encode(w, p.complaint);
  w.boolean(p.meter_at_fault);
}

void decode(Reader& r, PrivateRuling& p) {
  decode(r, p.complaint);
  p.meter_at_fault = r.boolean();
}

void encode(Writer& w, const OpenTotal& t) {
  encode(w, t.pseudonym);
  w.u8(static_cast<uint8_t>(t.obis));
  w.u32(t.set);
  w.u32(static_cast<uint32_t>(t.tariff.size()));
  for (const TariffStep& step : t.tariff) {
    w.u32(step.slots);
    w.u64(step.weight);
  }
  encode(w, t.opening);
}

void decode(Reader& r, OpenTotal& t) {
  decode(r, t.pseudonym);
  t.obis = decode_obis(r);
  t.set = r.u32();
  t.tariff.resize(r.count(kTariffStepsMax, kTariffStepBytes));
  for (size_t i = 0; i < t.tariff.size(); ++i) {
    TariffStep& step = t.tariff[i];
    step.slots = r.u32();
    step.weight = r.u64();
    // One spelling: no empty step, and none that goes on with the one before.
    if (step.slots == 0 || (i > 0 && t.tariff[i - 1].weight == step.weight)) r.fail();
  }
  decode(r, t.opening);
}

std::vector<TariffStep> tariff_steps(std::span<const uint64_t> weights) {
  std::vector<TariffStep> out;
  for (const uint64_t weight : weights) {
    if (out.empty() || out.back().weight != weight) out.push_back({0, weight});
    ++out.back().slots;
  }
  return out;
}

std::vector<uint64_t> tariff_weights(std::span<const TariffStep> steps) {
  std::vector<uint64_t> out;
  for (const TariffStep& step : steps) {
    if (step.slots > kOpeningSlotsMax - out.size()) return {};
    out.insert(out.end(), step.slots, step.weight);
  }
  return out;
}

void encode(Writer& w, const Balance& b) {
  w.u32(b.distributor);
  w.i64(b.period_s);
  w.u32(b.slot);
  w.bytes(b.proof);
}

void decode(Reader& r, Balance& b) {
  b.distributor = r.u32();
  b.period_s = r.i64();
  b.slot = r.u32();
  const ByteView proof = r.bytes(range::kProofSizeMax);
  b.proof.assign(proof.begin(), proof.end());
}

bool is_private_action(ActionType type) { return type >= ActionType::kPseudonyms && type <= ActionType::kBalance; }

bool is_carried_action(ActionType type) {
  return is_private_action(type) && type != ActionType::kPrivateRuling && type != ActionType::kBalance;
}

ActionType type_of(const PrivateAction& action) {
  return std::visit([]<class A>(const A&) { return kTypeOf<A>; }, action);
}

Bytes encode_private_action(const PrivateAction& action) {
  Writer w;
  std::visit([&](const auto& a) { encode(w, a); }, action);
  return w.take();
}

Result<PrivateAction> decode_private_action(ActionType type, ByteView payload) {
  switch (type) {
    case ActionType::kPseudonyms:
      return decoded_as<PseudonymBatch>(payload);
    case ActionType::kPrivateRecord: {
      Result<PrivateRecord> record = decode_private_record(payload);
      if (!record) return record.error();
      return PrivateAction(std::move(*record));
    }
    case ActionType::kForgery:
      return decoded_as<ForgeryProof>(payload);
    case ActionType::kComplaint:
      return decoded_as<Complaint>(payload);
    case ActionType::kAnswer:
      return decoded_as<Answer>(payload);
    case ActionType::kPrivateRuling:
      return decoded_as<PrivateRuling>(payload);
    case ActionType::kOpenTotal:
      return decoded_as<OpenTotal>(payload);
    case ActionType::kBalance:
      return decoded_as<Balance>(payload);
    default:
      return Error{"malformed", "action " + std::to_string(static_cast<int>(type)) + " is not about private points"};
  }
}

uint64_t tariff_slots(std::span<const TariffStep> steps) {
  uint64_t sum = 0;
  for (const TariffStep& step : steps) sum += step.slots;
  return sum;
}

uint64_t record_work_us(size_t readings) { return kRecordUs + kRecordReadingUs * readings; }

uint64_t private_work_us(const PrivateAction& action) {
  switch (type_of(action)) {
    case ActionType::kPseudonyms:
      return kBatchUs;
    case ActionType::kPrivateRecord:
      return record_work_us(std::get<PrivateRecord>(action).readings.size());
    case ActionType::kOpenTotal: {
      const uint64_t slots = tariff_slots(std::get<OpenTotal>(action).tariff);
      return kTotalUs + (slots <= kOpeningSlotsMax ? kTotalSlotUs * slots : 0);
    }
    case ActionType::kPrivateRuling:
      return kRulingUs;
    case ActionType::kBalance:
      return kBalanceUs;
    default:
      return kSmallUs;
  }
}

uint64_t private_work_us(ActionType type, ByteView payload) {
  if (!is_private_action(type)) return 0;
  const Result<PrivateAction> action = decode_private_action(type, payload);
  return action ? private_work_us(*action) : 0;
}

}  // namespace tieline::energy
