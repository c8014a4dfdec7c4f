#include "ledger/private_work.h"

#include <algorithm>
#include <set>

namespace tieline {
namespace {

using energy::PrivateContext;

constexpr uint8_t kOnlyGaps = 1;  // the version that fills a gap

bool is_slot(int64_t start_s, uint32_t duration_s) {
  return start_s >= 0 && start_s % energy::kSlotSeconds == 0 && duration_s == energy::kSlotSeconds &&
         start_s / energy::kSlotSeconds <= UINT32_MAX - 1;
}

bool signs(const Transaction& tx, ParticipantId id) {
  return std::find(tx.signatories().begin(), tx.signatories().end(), id) != tx.signatories().end();
}

bool regulator_signs(const Transaction& tx, const Members& members) {
  return std::any_of(tx.signatories().begin(), tx.signatories().end(),
                     [&](ParticipantId id) { return members.is_regulator(id); });
}

bool is_whole_set(const energy::OpenTotal& total, const PrivateGenesis& params) {
  const auto set = std::ranges::find(params.sets, total.set, &OpeningSet::id);
  return set != params.sets.end() && energy::tariff_slots(total.tariff) == set->slots;
}

SlotOfPoint slot_of(const PrivateContext& c) {
  return {c.pseudonym, c.obis, static_cast<uint32_t>(c.start_s / energy::kSlotSeconds)};
}

}  // namespace

uint64_t private_work_us(const Transaction& tx) {
  uint64_t sum = 0;
  for (const Action& action : tx.actions()) {
    if (!energy::is_private_action(action.type)) continue;
    const Result<energy::PrivateAction> decoded = energy::decode_private_action(action.type, action.payload);
    if (!decoded) continue;
    const auto* balance = std::get_if<energy::Balance>(&*decoded);
    if (balance == nullptr || signs(tx, balance->distributor)) sum += energy::private_work_us(*decoded);
  }
  return sum;
}

TxCode check_private_static(const Transaction& tx, const PrivateGenesis& params, const Members& members) {
  for (const Action& action : tx.actions()) {
    if (!energy::is_private_action(action.type)) continue;
    const Result<energy::PrivateAction> decoded = energy::decode_private_action(action.type, action.payload);
    if (!decoded) return TxCode::malformed;
    if (const auto* balance = std::get_if<energy::Balance>(&*decoded); balance != nullptr)
      if (!signs(tx, balance->distributor)) return TxCode::not_authorised;
    if (std::holds_alternative<energy::PrivateRuling>(*decoded) && !regulator_signs(tx, members))
      return TxCode::not_authorised;
    if (const auto* batch = std::get_if<energy::PseudonymBatch>(&*decoded); batch != nullptr)
      if (std::ranges::find(params.distributors, batch->distributor, &PrivateDistributor::participant) ==
          params.distributors.end())
        return TxCode::not_authorised;
    if (const auto* total = std::get_if<energy::OpenTotal>(&*decoded); total != nullptr)
      if (!is_whole_set(*total, params)) return TxCode::may_not_open;
  }
  return TxCode::ok;
}

PrivateWork::PrivateWork(const Genesis& genesis, const Members& members, const ChainId& chain, const Verifier& verifier,
                         const StateSource& source, energy::Market& market, int64_t time_ms)
    : genesis_(genesis), members_(members), chain_(chain), verifier_(verifier), market_(market), time_ms_(time_ms) {
  each_table(*this, [&](auto& table) { table.attach(source); });
}

bool PrivateWork::signed_by(const Transaction& tx, ParticipantId id) const { return signs(tx, id); }

bool PrivateWork::signed_by_regulator(const Transaction& tx) const { return regulator_signs(tx, members_); }

void PrivateWork::start_block(const std::vector<TxPtr>& txs) {
  close_slots();
  std::vector<PrivateClaim> claims;
  std::set<Hash> asked;
  std::set<SlotOfPoint> slots;  // each once: who sends a reading in ten spellings has one of them checked here
  for (const TxPtr& tx : txs) {
    for (const Action& action : tx->actions()) {
      if (action.type != ActionType::kPrivateRecord) continue;
      Result<energy::PrivateRecord> record = energy::decode_private_record(action.payload);
      const PseudonymRecord* pseudonym = record ? pseudonyms_.find(record->pseudonym) : nullptr;
      // What is refused anyway costs no proof: a block full of replays is cheap.
      if (pseudonym == nullptr || admit(*record, *pseudonym, *tx) != TxCode::ok) continue;
      PrivateClaim claim =
          private_claim(chain_, std::move(*record), action.payload, params().buckets_w.at(pseudonym->bucket));
      if (!asked.insert(claim.digest).second) continue;
      if (verifier_.remembers(claim.digest)) {
        checked_.emplace(claim.digest, TxCode::ok);
        continue;
      }
      const auto slot = [&](const energy::PrivateReading& reading) {
        return slot_of(energy::context_of(chain_, claim.record.pseudonym, reading));
      };
      if (std::ranges::any_of(claim.record.readings, [&](const auto& one) { return slots.contains(slot(one)); }))
        continue;
      for (const energy::PrivateReading& reading : claim.record.readings) slots.insert(slot(reading));
      claims.push_back(std::move(claim));
    }
  }
  std::vector<const PrivateClaim*> pointers;
  for (const PrivateClaim& claim : claims) pointers.push_back(&claim);
  const std::vector<TxCode> codes = check_claims(pointers, verifier_);
  for (size_t i = 0; i < claims.size(); ++i) {
    checked_.emplace(claims[i].digest, codes[i]);
    if (codes[i] == TxCode::ok) verifier_.remember(claims[i].digest);
  }
}

TxCode PrivateWork::execute(const Transaction& tx, uint32_t index) {
  const Action& action = tx.actions()[index];
  const Result<energy::PrivateAction> decoded = energy::decode_private_action(action.type, action.payload);
  if (!decoded) return TxCode::malformed;
  return std::visit([&](const auto& a) { return run(a, tx); }, *decoded);
}

// --- who the points are

TxCode PrivateWork::run(const energy::PseudonymBatch& batch, const Transaction&) {
  const auto& distributors = params().distributors;
  const auto of = std::ranges::find(distributors, batch.distributor, &PrivateDistributor::participant);
  if (of == distributors.end() || !members_.knows(batch.regulator) || !members_.is_regulator(batch.regulator))
    return TxCode::not_authorised;
  const PrivateDuty* before = duties_.find(batch.distributor);
  // One period at a time: else a point could have a pseudonym in each of several.
  if (before != nullptr &&
      (batch.period.start_s < before->newest_end_s || before->periods.size() >= kPrivatePeriodsMax))
    return TxCode::bad_period;
  // Slots that may still be recorded. None, or too few points for a balance: it would be a default in every slot.
  const auto slot_at = [](int64_t s) { return s / energy::kSlotSeconds; };
  if (batch.period.start_s < 0 || batch.period.end_s > kPeriodEndMaxS ||
      batch.period.start_s * 1'000 > time_ms_ + kPeriodAheadMs)
    return TxCode::bad_period;
  const int64_t open_from = std::max(slot_at(batch.period.start_s), (time_ms_ - times().submit_ms) / energy::kSlotMs);
  if (open_from >= slot_at(batch.period.end_s)) return TxCode::bad_period;
  if (batch.entries.size() < kRegionMetersMin) return TxCode::region_too_small;
  const energy::BatchContext context{
      chain_, *members_.key(batch.distributor), *members_.key(batch.regulator), params().buckets_w.size(), of->points,
      0};
  if (Status right = energy::check_batch(batch, context, verifier_); !right) {
    if (right.error().code == "bad_signature") return TxCode::bad_inner_signature;
    return right.error().code == "bad_period" ? TxCode::bad_period : TxCode::too_many_pseudonyms;
  }
  // After the signatures: nobody else has a thousand keys looked up.
  for (const energy::PseudonymEntry& entry : batch.entries)
    if (pseudonyms_.contains(entry.key)) return TxCode::too_many_pseudonyms;
  BatchRecord record{batch.period.end_s, {}};
  for (const energy::PseudonymEntry& entry : batch.entries) {
    record.keys.push_back(entry.key);
    pseudonyms_[entry.key] = {batch.distributor, entry.bucket, batch.period, 0};
  }
  batches_[{batch.distributor, batch.period.start_s}] = std::move(record);
  PrivateDuty& duty = duties_[batch.distributor];
  duty.newest_end_s = batch.period.end_s;
  const auto slot32 = [&](int64_t s) { return static_cast<uint32_t>(slot_at(s)); };
  duty.periods.push_back({batch.period.start_s, static_cast<uint32_t>(open_from), slot32(batch.period.start_s),
                          slot32(batch.period.end_s)});
  return TxCode::ok;
}

// --- readings

const ComplaintRecord* PrivateWork::complaint_of(const PrivateEntry& entry) const {
  return entry.complaint ? complaints_.find(*entry.complaint) : nullptr;
}

TxCode PrivateWork::admit_slot(const energy::PrivateReading& reading, const SlotOfPoint& of, bool co_signed) const {
  const int64_t end_ms = private_slot_end_ms(of.slot);
  const bool closed = time_ms_ >= end_ms + times().close_ms;
  if (end_ms > time_ms_ + int64_t{genesis_.ledger.future_ms}) return TxCode::future_interval;
  if (time_ms_ >= end_ms + times().final_ms) return TxCode::too_late;
  const PrivateEntry* entry = entries_.find(of);
  if (entry == nullptr) {
    if (reading.version == 0) return time_ms_ < end_ms + times().submit_ms ? TxCode::ok : TxCode::too_late;
    if (reading.version != kOnlyGaps) return TxCode::other_version;
    if (!closed) return TxCode::too_early;
    return co_signed ? TxCode::ok : TxCode::rank_not_raised;
  }
  if (reading.version <= entry->version) return TxCode::overlap;
  if (reading.version != entry->version + 1) return TxCode::other_version;
  const ComplaintRecord* complaint = complaint_of(*entry);
  if (stands(*entry, complaint, time_ms_)) {
    if (complaint != nullptr && is_open(*complaint, time_ms_)) return TxCode::complaint_state;
    if (!closed) return TxCode::too_early;
  }
  // Whatever became of it: else who complains for the point, or keeps back its reading, lets it write another one that
  // nothing is balanced with any more.
  return co_signed ? TxCode::ok : TxCode::rank_not_raised;
}

TxCode PrivateWork::admit(const energy::PrivateRecord& record, const PseudonymRecord& pseudonym,
                          const Transaction& tx) const {
  const bool co_signed = signed_by(tx, pseudonym.distributor) || signed_by_regulator(tx);
  // Who was found at fault once records nothing alone any more.
  if (pseudonym.faults > 0 && !co_signed) return TxCode::not_authorised;
  for (const energy::PrivateReading& reading : record.readings) {
    if (reading.start_s < 0 || reading.start_s % energy::kSlotSeconds != 0) return TxCode::misaligned_interval;
    if (!is_slot(reading.start_s, reading.duration_s)) return TxCode::bad_duration;
    if (!energy::speaks_for(pseudonym.period, reading.start_s, reading.duration_s)) return TxCode::bad_period;
    bool to_distributor = false;
    for (const energy::SealedFor& sealed : reading.sealed) {
      if (!members_.knows(sealed.receiver)) return TxCode::unknown_participant;
      // Numbers stand in the clear: one that is not shared by many points tells whose point it is.
      const bool is_distributor = sealed.receiver == pseudonym.distributor;
      if (!is_distributor && !members_.is_regulator(sealed.receiver)) return TxCode::may_not_receive;
      to_distributor |= is_distributor;
    }
    if (!to_distributor) return TxCode::distributor_left_out;
    const PrivateContext context = energy::context_of(chain_, record.pseudonym, reading);
    const SlotOfPoint of = slot_of(context);
    if (has_left(pseudonym.distributor, pseudonym.period.start_s, of.slot)) return TxCode::too_late;
    if (const TxCode code = admit_slot(reading, of, co_signed); code != TxCode::ok) return code;
  }
  return TxCode::ok;
}

TxCode PrivateWork::run(const energy::PrivateRecord& record, const Transaction& tx) {
  const PseudonymRecord* pseudonym = pseudonyms_.find(record.pseudonym);
  if (pseudonym == nullptr) return TxCode::unknown_pseudonym;
  if (const TxCode code = admit(record, *pseudonym, tx); code != TxCode::ok) return code;
  const PrivateClaim claim =
      private_claim(chain_, record, energy::encode_private_record(record), params().buckets_w.at(pseudonym->bucket));
  auto verdict = checked_.find(claim.digest);
  // Of a pseudonym that this block registers.
  if (verdict == checked_.end())
    verdict = checked_.emplace(claim.digest, check_claims(std::array{&claim}, verifier_).front()).first;
  if (verdict->second != TxCode::ok) return verdict->second;
  for (const energy::PrivateReading& reading : record.readings) {
    PrivateEntry& entry = entries_[slot_of(energy::context_of(chain_, record.pseudonym, reading))];
    std::vector<Hash> complaints = std::move(entry.complaints);
    entry = {reading.version, false, reading.commitment, tx.id(), {}, std::move(complaints), std::nullopt};
    for (const energy::SealedFor& sealed : reading.sealed) entry.receivers.push_back(sealed.receiver);
  }
  return TxCode::ok;
}

// --- readings that are wrong

TxCode PrivateWork::find_standing(const PrivateContext& context, SlotOfPoint& of, const PrivateEntry*& entry) const {
  if (context.chain != chain_ || !is_slot(context.start_s, context.duration_s)) return TxCode::unknown_reading;
  of = slot_of(context);
  entry = entries_.find(of);
  if (entry == nullptr) return TxCode::unknown_reading;
  if (entry->version != context.version) return TxCode::other_version;
  if (!stands(*entry, complaint_of(*entry), time_ms_)) return TxCode::reading_state;
  return time_ms_ < private_slot_end_ms(of.slot) + times().final_ms ? TxCode::ok : TxCode::too_late;
}

void PrivateWork::find_at_fault(const SlotOfPoint& of) {
  PrivateEntry& entry = entries_[of];
  entry.is_void = true;
  const ComplaintRecord* complaint = complaint_of(entry);
  if (complaint != nullptr && is_open(*complaint, time_ms_))
    complaints_[*entry.complaint].state = ComplaintState::kMeterAtFault;
  entry.complaint.reset();
  ++pseudonyms_[of.pseudonym].faults;
}

TxCode PrivateWork::run(const energy::ForgeryProof& proof, const Transaction& tx) {
  SlotOfPoint of;
  const PrivateEntry* entry = nullptr;
  if (const TxCode code = find_standing(proof.context, of, entry); code != TxCode::ok) return code;
  // Of one whom the reading is sealed to: else a point signs a lie for a key of its own and publishes it, to get the
  // public value in the place of a reading that it likes less.
  if (std::ranges::none_of(entry->receivers, [&](ParticipantId id) { return signed_by(tx, id); }))
    return TxCode::not_authorised;
  if (Status proven = energy::check_forgery(proof, entry->commitment, verifier_); !proven)
    return proven.error().code == "bad_signature" ? TxCode::bad_inner_signature : TxCode::not_forged;
  find_at_fault(of);
  return TxCode::ok;
}

TxCode PrivateWork::run(const energy::Complaint& complaint, const Transaction& tx) {
  SlotOfPoint of;
  const PrivateEntry* entry = nullptr;
  if (const TxCode code = find_standing(complaint.context, of, entry); code != TxCode::ok) return code;
  // There must be time for an answer and a ruling: what is final stays as it is, whoever keeps silent.
  if (time_ms_ + energy::kRevealMs + energy::kRulingMs >= private_slot_end_ms(of.slot) + times().final_ms)
    return TxCode::too_late;
  if (complaint.commitment != entry->commitment) return TxCode::unknown_reading;
  const auto& receivers = entry->receivers;
  if (std::find(receivers.begin(), receivers.end(), complaint.receiver) == receivers.end())
    return TxCode::not_authorised;
  // Once a receiver and version, and one at a time: complaining costs the meter an answer.
  const bool before = std::any_of(entry->complaints.begin(), entry->complaints.end(), [&](const Hash& id) {
    const ComplaintRecord& one = complaints_.at(id);
    return one.version == entry->version && (one.receiver == complaint.receiver || is_open(one, time_ms_));
  });
  if (before) return TxCode::complaint_state;
  const Hash digest = energy::complaint_digest(complaint);
  if (!verifier_.verify(*members_.key(complaint.receiver), digest.view(), complaint.signature))
    return TxCode::bad_inner_signature;
  complaints_[digest] = {of, entry->version, complaint.receiver, time_ms_, ComplaintState::kOpen, tx.id(), std::nullopt,
                         0};
  PrivateEntry& changed = entries_[of];
  changed.complaint = digest;
  changed.complaints.push_back(digest);
  return TxCode::ok;
}

TxCode PrivateWork::run(const energy::Answer& answer, const Transaction& tx) {
  const ComplaintRecord* complaint = complaints_.find(answer.complaint);
  if (complaint == nullptr || complaint->state != ComplaintState::kOpen) return TxCode::complaint_state;
  if (time_ms_ > complaint->since_ms + energy::kRevealMs) return TxCode::too_late;
  if (!members_.knows(answer.regulator) || !members_.is_regulator(answer.regulator)) return TxCode::not_authorised;
  if (!verifier_.verify(complaint->of.pseudonym, energy::answer_digest(answer).view(), answer.signature))
    return TxCode::bad_inner_signature;
  ComplaintRecord& changed = complaints_[answer.complaint];
  changed.state = ComplaintState::kAnswered;
  changed.since_ms = time_ms_;
  changed.answer = tx.id();
  changed.regulator = answer.regulator;
  return TxCode::ok;
}

TxCode PrivateWork::run(const energy::PrivateRuling& ruling, const Transaction& tx) {
  if (!signed_by_regulator(tx)) return TxCode::not_authorised;
  const ComplaintRecord* complaint = complaints_.find(ruling.complaint);
  if (complaint == nullptr || complaint->state != ComplaintState::kAnswered) return TxCode::complaint_state;
  if (!is_open(*complaint, time_ms_)) return TxCode::too_late;
  // Nobody else can open the answer.
  if (!signed_by(tx, complaint->regulator) || !members_.is_regulator(complaint->regulator))
    return TxCode::not_authorised;
  const SlotOfPoint of = complaint->of;
  if (ruling.meter_at_fault) {
    find_at_fault(of);
    return TxCode::ok;
  }
  market_.note_breach(complaint->receiver, kFalseComplaintWeight);
  complaints_[ruling.complaint].state = ComplaintState::kFalse;
  entries_[of].complaint.reset();
  return TxCode::ok;
}

// --- sums

TxCode PrivateWork::run(const energy::OpenTotal& total, const Transaction&) {
  const PseudonymRecord* pseudonym = pseudonyms_.find(total.pseudonym);
  if (pseudonym == nullptr) return TxCode::unknown_pseudonym;
  const auto set = std::ranges::find(params().sets, total.set, &OpeningSet::id);
  const OpenedOf of{total.pseudonym, total.obis, total.set};
  if (!is_whole_set(total, params()) || opened_.contains(of)) return TxCode::may_not_open;
  const energy::BillingPeriod& period = pseudonym->period;
  if (set->start_s < period.start_s || set->start_s > period.end_s) return TxCode::bad_period;
  const int64_t end_s = set->start_s + int64_t{set->slots} * energy::kSlotSeconds;
  if (end_s > period.end_s) return TxCode::bad_period;
  if (time_ms_ < end_s * 1'000 + times().close_ms) return TxCode::too_early;
  // What is final has left the state.
  if (time_ms_ >= (set->start_s + energy::kSlotSeconds) * 1'000 + times().final_ms) return TxCode::too_late;
  if (has_left(pseudonym->distributor, period.start_s, static_cast<uint32_t>(set->start_s / energy::kSlotSeconds)))
    return TxCode::too_late;
  energy::TotalStatement statement{
      chain_, total.pseudonym, total.obis, total.set, {}, energy::tariff_weights(total.tariff)};
  for (uint32_t i = 0; i < set->slots; ++i) {
    const SlotOfPoint slot{total.pseudonym, total.obis, static_cast<uint32_t>(set->start_s / energy::kSlotSeconds) + i};
    const PrivateEntry* entry = entries_.find(slot);
    const ComplaintRecord* complaint = entry == nullptr ? nullptr : complaint_of(*entry);
    statement.slots.push_back(
        slot_value(params(), *pseudonym, slot, entry, complaint, time_ms_, times().close_ms).value());
  }
  if (!energy::check_public_opening(statement, params().sets)) return TxCode::may_not_open;
  if (Status right = energy::check_total(statement, total.opening, verifier_); !right)
    return right.error().code == "bad_signature" ? TxCode::bad_inner_signature : TxCode::bad_total;
  opened_[of] = {total.opening.value, energy::total_digest(statement)};
  return TxCode::ok;
}

}  // namespace tieline
