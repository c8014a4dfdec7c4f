// Balances of private points, and what becomes of a slot at its close: balanced, excused or the distributor's default.

#include <algorithm>

#include "ledger/private_work.h"

namespace tieline {
namespace {

Error refused(TxCode code) { return {code_name(code), code_reason(code)}; }
TxCode code_of(const Error& error) { return code_from_name(error.code).value_or(TxCode::malformed); }

}  // namespace

// The flows that touch the distributor: those of genesis, metered or not, and others that somebody metered.
std::map<energy::FlowKey, PrivateWork::Feeder> PrivateWork::feeders(ParticipantId distributor, uint32_t slot) const {
  std::map<energy::FlowKey, Feeder> out;
  for (const MarketFlow& flow : genesis_.market->flows)
    if (flow.from == distributor || (flow.to == distributor && flow.check_meter != 0))
      out[{flow.from, flow.to}].own_meter = true;
    else if (flow.to == distributor)
      out[{flow.from, flow.to}];
  for (auto& [flow, metered] : market_.flows_in(slot))
    if (flow.from == distributor || flow.to == distributor) out[flow].metered = std::move(metered);
  return out;
}

// What the feeders of the distributor delivered in the slot, and what its points drew and fed in.
Result<energy::RegionBalance> PrivateWork::region(const energy::Balance& balance) const {
  const BatchRecord* found = batches_.find({balance.distributor, balance.period_s});
  const energy::BillingPeriod period{balance.period_s, found == nullptr ? balance.period_s : found->end_s};
  if (found == nullptr || !energy::speaks_for(period, int64_t{balance.slot} * energy::kSlotSeconds,
                                              static_cast<uint32_t>(energy::kSlotSeconds)))
    return refused(TxCode::bad_period);
  if (has_left(balance.distributor, balance.period_s, balance.slot)) return refused(TxCode::too_late);
  const BatchRecord& batch = *found;
  if (time_ms_ < private_slot_end_ms(balance.slot) + times().submit_ms) return refused(TxCode::too_early);
  energy::RegionBalance out;
  out.chain = chain_;
  out.regions = {balance.distributor};
  out.meters = static_cast<uint32_t>(batch.keys.size());
  out.start_s = int64_t{balance.slot} * energy::kSlotSeconds;
  out.duration_s = static_cast<uint32_t>(energy::kSlotSeconds);
  out.loss_lo_ppm = params().loss_lo_ppm;
  out.loss_hi_ppm = params().loss_hi_ppm;
  // Every feeder counts: one whose meter is silent would hide what it delivered, or took away.
  for (const auto& [flow, feeder] : feeders(balance.distributor, balance.slot)) {
    if (feeder.is_silent()) return refused(TxCode::unknown_reading);
    (flow.to == balance.distributor ? out.feeder_in_wh : out.feeder_out_wh) += feeder.wh();
  }
  for (const energy::Pseudonym& key : batch.keys) {
    const PseudonymRecord& pseudonym = pseudonyms_.at(key);
    for (const Obis obis : {Obis::kImport, Obis::kExport}) {
      const SlotOfPoint of{key, obis, balance.slot};
      const PrivateEntry* entry = entries_.find(of);
      const ComplaintRecord* complaint = entry == nullptr ? nullptr : complaint_of(*entry);
      const energy::SlotValue value =
          slot_value(params(), pseudonym, of, entry, complaint, time_ms_, times().submit_ms).value();
      const bool drawn = obis == Obis::kImport;
      if (value.commitment) (drawn ? out.drawn : out.fed).push_back(*value.commitment);
      (drawn ? out.substituted_drawn_wh : out.substituted_fed_wh) += value.substituted_wh;
    }
  }
  return out;
}

TxCode PrivateWork::run(const energy::Balance& balance, const Transaction& tx) {
  if (!signed_by(tx, balance.distributor)) return TxCode::not_authorised;
  if (time_ms_ >= private_slot_end_ms(balance.slot) + times().final_ms) return TxCode::too_late;
  const auto balanced = region(balance);
  if (!balanced) return code_of(balanced.error());
  const Hash digest = energy::region_digest(*balanced);
  const BalanceRecord* before = balances_.find({balance.distributor, balance.slot});
  if (before != nullptr && before->digest == digest) return TxCode::overlap;
  if (Status proven = energy::check_region(*balanced, balance.proof); !proven) return code_of(proven.error());
  balances_[{balance.distributor, balance.slot}] = {digest};
  return TxCode::ok;
}

// Others can keep a distributor from proving: by rubbish sealed to it, a reading that was found wrong, or feeders'
// meters that disagree, or are silent and not its own. Gaps are no excuse: they have public values.
bool PrivateWork::is_excused(ParticipantId distributor, uint32_t slot, const BatchRecord& batch) const {
  for (const auto& [flow, feeder] : feeders(distributor, slot))
    if (feeder.is_silent() ? !feeder.own_meter : feeder.is_disputed(market_.params().zone)) return true;
  for (const energy::Pseudonym& key : batch.keys) {
    for (const Obis obis : {Obis::kImport, Obis::kExport}) {
      const PrivateEntry* entry = entries_.find({key, obis, slot});
      if (entry == nullptr) continue;
      const ComplaintRecord* complaint = complaint_of(*entry);
      if (!stands(*entry, complaint, time_ms_) || (complaint != nullptr && is_open(*complaint, time_ms_))) return true;
    }
  }
  return false;
}

// A proof counts if it is about what there is at the close: else one would be made early, of readings that are found
// wrong then.
void PrivateWork::close_slot(ParticipantId distributor, const PrivateDuty::Period& period, PrivateDuty& duty) {
  const BalanceRecord* proven = balances_.find({distributor, period.closes});
  const auto now =
      proven == nullptr ? refused(TxCode::unknown_reading) : region({distributor, period.start_s, period.closes, {}});
  if (proven != nullptr && now.ok() && proven->digest == energy::region_digest(*now)) {
    ++duty.balanced;
  } else if (is_excused(distributor, period.closes, batches_.at({distributor, period.start_s}))) {
    ++duty.excused;
  } else {
    ++duty.defaults;
    market_.note_breach(distributor, kDefaultWeight);
  }
}

// The slots whose close has passed, and those that are final, in the order of distributors and periods.
void PrivateWork::close_slots() {
  size_t closes = kPrivateClosesPerBlock, drops = kPrivateDropsPerBlock;
  for (const PrivateDistributor& d : params().distributors) {
    const PrivateDuty* before = duties_.find(d.participant);
    if (before == nullptr) continue;
    PrivateDuty duty = *before;
    const auto is_due = [&](uint32_t slot, int64_t from_end_ms) {
      return time_ms_ >= private_slot_end_ms(slot) + from_end_ms;
    };
    for (PrivateDuty::Period& p : duty.periods) {
      const size_t points = batches_.at({d.participant, p.start_s}).keys.size();
      for (; p.closes < p.end && closes > 0 && is_due(p.closes, times().close_ms); ++p.closes) {
        close_slot(d.participant, p, duty);
        closes -= std::min(closes, points);
      }
      for (; p.drops < p.closes && drops > 0 && is_due(p.drops, times().final_ms); ++p.drops, --drops)
        drop_slot(d.participant, p.start_s, p.drops);
    }
    std::erase_if(duty.periods, [](const PrivateDuty::Period& p) { return p.drops == p.end; });
    if (!(duty == *before)) duties_[d.participant] = std::move(duty);
  }
}

bool PrivateWork::has_left(ParticipantId distributor, int64_t period_s, uint32_t slot) const {
  const PrivateDuty* duty = duties_.find(distributor);
  if (duty == nullptr) return false;
  const auto period = std::ranges::find(duty->periods, period_s, &PrivateDuty::Period::start_s);
  return period == duty->periods.end() || slot < period->drops;
}

void PrivateWork::drop_slot(ParticipantId distributor, int64_t period_s, uint32_t slot) {
  balances_.erase({distributor, slot});
  for (const energy::Pseudonym& key : batches_.at({distributor, period_s}).keys) {
    for (const Obis obis : {Obis::kImport, Obis::kExport}) {
      const SlotOfPoint of{key, obis, slot};
      const PrivateEntry* entry = entries_.find(of);
      if (entry == nullptr) continue;
      for (const Hash& complaint : entry->complaints) complaints_.erase(complaint);
      entries_.erase(of);
    }
  }
}

}  // namespace tieline
