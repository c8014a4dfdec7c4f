#include "api/credit_view.h"

#include <nlohmann/json.hpp>

#include "ledger/state.h"
#include "standing/leader.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;
using standing::CreditEvent;
using standing::Observed;

// Q16.16 as the number it stands for.
double number_of(uint32_t q16) { return static_cast<double>(q16) / kCreditOne; }

Json indicators_json(const standing::Indicators& x) {
  Json out = Json::object();
  for (size_t i = 0; i < kIndicators; ++i) out[standing::kIndicatorNames[i]] = number_of(x[i]);
  return out;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json observed_json(const Observed& o) {
  return {{"round_trip_ms", or_null(o.round_trip_ms)},
          {"interval_ms", or_null(o.interval_ms)},
          {"spells", o.spells},
          {"absent", o.absent},
          {"signed", o.signed_slots},
          {"led_views", o.led_views},
          {"failed_views", o.failed_views},
          {"lead_permille", o.lead_permille},
          {"age_blocks", o.age_blocks},
          {"proven", o.proven},
          {"credit_q16", o.credit}};
}

Json events_json(const std::vector<CreditEvent>& events, ValidatorId id) {
  Json out = Json::array();
  for (const CreditEvent& e : events) {
    if (e.validator != id) continue;
    out.push_back({{"what", standing::event_name(e.kind)}, {"height", e.height}, {"epoch", e.epoch}, {"view", e.view}});
  }
  return out;
}

Json entry_json(const standing::CreditEntry& e, ValidatorId id, const CreditParams& params) {
  return {{"epoch", e.epoch},
          {"last_height", e.end},
          {"observed", observed_json(e.observed)},
          {"indicators", indicators_json(standing::indicators(e.observed, params))},
          {"answer", number_of(e.output)},
          {"credit_before", number_of(e.observed.credit)},
          {"credit", number_of(e.credit)},
          {"credit_q16", e.credit},
          {"jailed_until", e.jailed_until},
          {"why", events_json(e.events, id)}};
}

}  // namespace

Result<std::string> credit_json(const Genesis& genesis, const StateView& view,
                                const std::optional<std::string>& validator, size_t epochs) {
  const auto tally = state::must_read<standing::Tally>(view, state::tally_key(), "damaged state record: tally");
  const auto events =
      state::must_read<standing::CreditEvents>(view, state::credit_events_key(), "damaged state record: credit events");
  const auto weights =
      state::must_read<CreditWeights>(view, state::credit_weights_key(), "damaged state record: credit weights");
  const Epoch epoch = tally.current.epoch;
  const auto committee = committee_of(view, epoch);
  TL_CHECK_MSG(committee.has_value(), "the state holds no committee of the running epoch");
  const uint32_t least = standing::least_credit_drawn(genesis.consensus, *committee);
  std::vector<standing::CreditRecord> records;
  for (const standing::MemberTally& m : tally.current.members)
    records.push_back(
        state::must_read<standing::CreditRecord>(view, state::credit_key(m.id), "damaged state record: credit"));
  const Height height = state::totals(view).blocks;
  const auto observed = standing::observe(tally.current, genesis.credit, records, height);
  Json list = Json::array();
  for (size_t i = 0; i < records.size(); ++i) {
    const ValidatorId id = tally.current.members[i].id;
    const std::string name = id < genesis.validators.size() ? genesis.validators[id].name : std::to_string(id);
    if (validator && *validator != name && *validator != std::to_string(id)) continue;
    const auto position = committee->position_of(id);
    const Member* seat = position ? &committee->at(*position) : nullptr;
    const bool may_lead = seat != nullptr && standing::may_be_drawn(*committee, *seat, least);
    Json ended = Json::array();
    const auto log = state::read_or_default<standing::CreditLog>(view, state::credit_log_key(id),
                                                                 "damaged state record: credit log");
    for (size_t k = log.entries.size() - std::min(epochs, log.entries.size()); k < log.entries.size(); ++k)
      ended.push_back(entry_json(log.entries[k], id, genesis.credit));
    list.push_back({{"id", id},
                    {"name", name},
                    {"credit", number_of(records[i].credit)},
                    {"credit_q16", records[i].credit},
                    {"credit_in_force", seat != nullptr ? Json(number_of(seat->credit)) : Json(nullptr)},
                    {"may_be_drawn", may_lead},
                    {"jailed_until", records[i].jailed_until},
                    {"probation_until", records[i].probation_until},
                    {"now",
                     {{"observed", observed_json(observed[i])},
                      {"indicators", indicators_json(standing::indicators(observed[i], genesis.credit))},
                      {"why", events_json(events.list, id)}}},
                    {"epochs", std::move(ended)}});
  }
  if (validator && list.empty())
    return Error{"unknown_validator", "the committee has no validator '" + *validator + "'"};
  const Json answer = {{"epoch", epoch},
                       {"height", height},
                       {"model", credit_model_name(genesis.credit.model)},
                       {"weights_hash", to_hex(weights.hash())},
                       {"eligibility", number_of(genesis.consensus.eligibility)},
                       {"drawn_from", number_of(least)},
                       {"validators", std::move(list)},
                       {"next", nullptr}};
  return answer.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace tieline::api
