#include "api/private_view.h"

#include <nlohmann/json.hpp>

#include "api/http_types.h"
#include "api/market_json.h"
#include "api/views.h"
#include "ledger/private_work.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDamaged = "damaged state record: private points";

std::string dumped(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

Status has_points(const Genesis& genesis) {
  if (genesis.private_points) return {};
  return Error{"no_private_points", "this network has no private metering points"};
}

template <class T>
std::optional<T> read(const StateView& state, const Bytes& name) {
  return state::read<T>(state, state::key_of(name), kDamaged);
}

Json names(const Genesis& genesis, const std::vector<ParticipantId>& ids) {
  Json out = Json::array();
  for (const ParticipantId id : ids) out.push_back(participant_name(genesis, id));
  return out;
}

std::optional<ComplaintRecord> complaint_of(const StateView& state, const std::optional<PrivateEntry>& entry) {
  return entry && entry->complaint ? read<ComplaintRecord>(state, complaint_name(*entry->complaint)) : std::nullopt;
}

Json slot_json(const Genesis& genesis, const StateView& state, const PseudonymRecord& pseudonym, const SlotOfPoint& of,
               int64_t now_ms) {
  const auto entry = read<PrivateEntry>(state, private_entry_name(of));
  const auto complaint = complaint_of(state, entry);
  const int64_t end_ms = private_slot_end_ms(of.slot);
  const MarketNumbers numbers =
      state::must_read<MarketNumbers>(state, state::market_numbers_key(), "damaged state record: market");
  const bool counts = entry && stands(*entry, complaint ? &*complaint : nullptr, now_ms);
  const char* what = "open";
  if (now_ms >= end_ms + static_cast<int64_t>(numbers.final_ms))
    return {{"start", rfc3339(int64_t{of.slot} * energy::kSlotSeconds)}, {"state", "final"}};
  if (entry) {
    what = counts ? "recorded" : entry->is_void ? "void" : "missing";
  } else if (now_ms >= end_ms + static_cast<int64_t>(numbers.close_ms)) {
    what = "substituted";
  } else if (now_ms >= end_ms + static_cast<int64_t>(numbers.submit_ms)) {
    what = "gap";
  }
  Json out = {{"start", rfc3339(int64_t{of.slot} * energy::kSlotSeconds)}, {"state", what}};
  if (!counts) out["substitute_wh"] = substitute_wh(*genesis.private_points, pseudonym.bucket, of.obis, of.slot);
  if (!entry) return out;
  out["version"] = entry->version;
  out["commitment"] = to_hex(entry->commitment);
  out["transaction"] = to_hex(entry->tx);
  out["receivers"] = names(genesis, entry->receivers);
  out["complaint"] = entry->complaint ? Json(to_hex(*entry->complaint)) : Json(nullptr);
  return out;
}

Json opened_json(const StateView& state, const Genesis& genesis, const energy::Pseudonym& key) {
  Json out = Json::array();
  for (const OpeningSet& set : genesis.private_points->sets) {
    for (const Obis obis : {Obis::kImport, Obis::kExport}) {
      const auto opened = read<OpenedTotal>(state, opened_name({key, obis, set.id}));
      if (!opened) continue;
      out.push_back({{"set", set.id},
                     {"obis", obis_text(obis)},
                     {"value", static_cast<uint64_t>(opened->value)},
                     {"value_high", static_cast<uint64_t>(opened->value >> 64)},
                     {"amount", energy::bill_amount(opened->value)},
                     {"statement", to_hex(opened->statement)}});
    }
  }
  return out;
}

}  // namespace

Result<std::string> private_point_json(const Genesis& genesis, const StateView& state, const energy::Pseudonym& key) {
  if (Status has = has_points(genesis); !has) return has.error();
  const auto point = read<PseudonymRecord>(state, pseudonym_name(key));
  if (!point) return Error{"unknown_pseudonym", "no distributor has registered this pseudonym"};
  const auto duty =
      state::read_or_default<PrivateDuty>(state, state::key_of(private_duty_name(point->distributor)), kDamaged);
  return dumped({{"pseudonym", to_hex(key)},
                 {"distributor", participant_name(genesis, point->distributor)},
                 {"bucket_w", genesis.private_points->buckets_w.at(point->bucket)},
                 {"start", rfc3339(point->period.start_s)},
                 {"end", rfc3339(point->period.end_s)},
                 {"faults", point->faults},
                 {"opened", opened_json(state, genesis, key)},
                 {"distributor_slots", {{"balanced", duty.balanced}, {"defaults", duty.defaults}}}});
}

Result<std::string> private_slots_json(const Genesis& genesis, const StateView& state, int64_t block_time_ms,
                                       const SlotOfPoint& first, uint32_t slots) {
  if (Status has = has_points(genesis); !has) return has.error();
  const auto point = read<PseudonymRecord>(state, pseudonym_name(first.pseudonym));
  if (!point) return Error{"unknown_pseudonym", "no distributor has registered this pseudonym"};
  const int64_t now_ms = market_time_ms(genesis, state, block_time_ms);
  Json list = Json::array();
  for (uint32_t i = 0; i < slots; ++i)
    list.push_back(slot_json(genesis, state, *point, {first.pseudonym, first.obis, first.slot + i}, now_ms));
  return dumped({{"pseudonym", to_hex(first.pseudonym)},
                 {"obis", obis_text(first.obis)},
                 {"bucket_w", genesis.private_points->buckets_w.at(point->bucket)},
                 {"market_time", rfc3339_ms(now_ms)},
                 {"slots", std::move(list)}});
}

Result<std::string> private_complaint_json(const Genesis& genesis, const StateView& state, const Hash& complaint) {
  if (Status has = has_points(genesis); !has) return has.error();
  const auto found = read<ComplaintRecord>(state, complaint_name(complaint));
  if (!found) return Error{"unknown_complaint", "nobody has made this complaint"};
  const auto entry = read<PrivateEntry>(state, private_entry_name(found->of));
  constexpr std::array kStates = {"open", "answered", "meter_at_fault", "false"};
  return dumped({{"complaint", to_hex(complaint)},
                 {"state", kStates[static_cast<size_t>(found->state)]},
                 {"pseudonym", to_hex(found->of.pseudonym)},
                 {"obis", obis_text(found->of.obis)},
                 {"start", rfc3339(int64_t{found->of.slot} * energy::kSlotSeconds)},
                 {"version", found->version},
                 {"receiver", participant_name(genesis, found->receiver)},
                 {"since", rfc3339_ms(found->since_ms)},
                 {"transaction", to_hex(found->tx)},
                 {"answer", found->answer ? Json(to_hex(*found->answer)) : Json(nullptr)},
                 {"reading", entry ? Json(to_hex(entry->tx)) : Json(nullptr)}});
}

Result<std::string> private_region_json(const Ledger& ledger, const StateView& state, int64_t block_time_ms,
                                        const energy::Balance& of) {
  const Genesis& genesis = ledger.genesis();
  if (Status has = has_points(genesis); !has) return has.error();
  const Registry registry(genesis);
  const Members members(registry, state, 0);
  const StateSource source(state);
  const auto numbers =
      state::must_read<MarketNumbers>(state, state::market_numbers_key(), "damaged state record: market");
  energy::Market market(market_params(numbers), source);
  const int64_t now_ms = market_time_ms(genesis, state, block_time_ms);
  const PrivateWork work(genesis, members, ledger.chain(), ledger.verifier(), source, market, now_ms);
  const auto region = work.region(of);
  if (!region) return Error{"bad_parameter", region.error().code + ": " + region.error().why};
  const auto batch = read<BatchRecord>(state, batch_name({of.distributor, of.period_s}));
  Json points = Json::array();
  for (const energy::Pseudonym& key : batch->keys) {
    Json point = {{"pseudonym", to_hex(key)}};
    for (const Obis obis : {Obis::kImport, Obis::kExport}) {
      const auto entry = read<PrivateEntry>(state, private_entry_name({key, obis, of.slot}));
      const auto complaint = complaint_of(state, entry);
      if (!entry || !stands(*entry, complaint ? &*complaint : nullptr, now_ms)) continue;
      point[obis == Obis::kImport ? "drawn" : "fed"] = {{"commitment", to_hex(entry->commitment)},
                                                        {"transaction", to_hex(entry->tx)}};
    }
    points.push_back(std::move(point));
  }
  const auto before = read<BalanceRecord>(state, balance_name({of.distributor, of.slot}));
  return dumped({{"distributor", participant_name(genesis, of.distributor)},
                 {"start", rfc3339(region->start_s)},
                 {"feeder_in_wh", region->feeder_in_wh},
                 {"feeder_out_wh", region->feeder_out_wh},
                 {"substituted_drawn_wh", region->substituted_drawn_wh},
                 {"substituted_fed_wh", region->substituted_fed_wh},
                 {"balanced", before && before->digest == energy::region_digest(*region)},
                 {"points", std::move(points)}});
}

}  // namespace tieline::api
