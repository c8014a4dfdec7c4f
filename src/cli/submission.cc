#include "cli/submission.h"

#include "api/market_json.h"
#include "cli/output.h"
#include "cli/readings_csv.h"
#include "cli/rfc3339.h"
#include "model/declaration.h"

namespace tieline::cli {
namespace {

Error invalid(std::string why) { return {"submission_invalid", std::move(why)}; }

// Takes what it knows of an object; what is left over at the end is unknown.
class Fields {
 public:
  Fields(const Json& object, std::string at) : object_(object), at_(std::move(at)) {}

  Result<std::string> text(const char* name) {
    const Json* value = take(name);
    if (value == nullptr) return invalid(at_ + "." + name + " is missing");
    if (!value->is_string()) return invalid(at_ + "." + name + " must be a text");
    return value->get<std::string>();
  }
  Result<std::optional<uint64_t>> number(const char* name, uint64_t max) {
    const Json* value = take(name);
    if (value == nullptr) return std::optional<uint64_t>();
    if (!value->is_number_unsigned() || value->get<uint64_t>() > max) {
      return invalid(at_ + "." + name + " must be a whole number from 0 to " + std::to_string(max));
    }
    return std::optional(value->get<uint64_t>());
  }
  const Json* take(const char* name) {
    const auto it = object_.find(name);
    if (it == object_.end()) return nullptr;
    ++taken_;
    return &*it;
  }
  Status finished(const char* known) const {
    if (taken_ == object_.size()) return {};
    return invalid(at_ + " has a name that is not known; known are " + known);
  }

 private:
  const Json& object_;
  std::string at_;
  size_t taken_ = 0;
};

Result<MeterId> parse_meter(Fields& fields, const std::string& at, const MeterTable& meters) {
  auto meter = fields.text("meter");
  if (!meter) return meter.error();
  const auto entry = meters.find(*meter);
  if (entry == meters.end()) return invalid(at + ".meter: no meter of that name is registered");
  return entry->second.id;
}

Result<int64_t> parse_start(Fields& fields, const std::string& at) {
  auto text = fields.text("start");
  if (!text) return text.error();
  auto start = parse_rfc3339(*text);
  if (!start) return invalid(at + ".start: " + start.error().why);
  return start;
}

Result<Reading> parse_reading(const Json& json, const std::string& at, const MeterTable& meters) {
  if (!json.is_object()) return invalid(at + " must be an object");
  Fields fields(json, at);
  Reading out;
  auto meter = parse_meter(fields, at, meters);
  if (!meter) return meter.error();
  out.meter = *meter;
  auto obis_text = fields.text("obis");
  if (!obis_text) return obis_text.error();
  auto obis = parse_obis(*obis_text);
  if (!obis) return invalid(at + ".obis: " + obis.error().why);
  out.obis = *obis;
  auto start = parse_start(fields, at);
  if (!start) return start.error();
  out.start_s = *start;
  auto seconds = fields.number("seconds", UINT32_MAX);
  if (!seconds) return seconds.error();
  auto wh = fields.number("wh", kCsvWhMax);
  if (!wh) return wh.error();
  if (!*seconds || !*wh) return invalid(at + " needs seconds and wh");
  out.duration_s = static_cast<uint32_t>(**seconds);
  out.wh = **wh;
  auto quality_text = fields.text("quality");
  if (!quality_text) return quality_text.error();
  auto quality = parse_quality(*quality_text);
  if (!quality) return invalid(at + ".quality: " + quality.error().why);
  out.quality = *quality;
  auto reg = fields.number("register_wh", kCsvWhMax);
  if (!reg) return reg.error();
  out.register_wh = *reg;
  if (auto status = fields.finished("meter, obis, start, seconds, wh, quality, register_wh"); !status)
    return status.error();
  return out;
}

Status add_readings(const Json& list, const MeterTable& meters, Submission& out) {
  if (!list.is_array() || list.empty() || list.size() > kReadingsPerTxMax) {
    return invalid("readings must be a list of 1 to " + std::to_string(kReadingsPerTxMax));
  }
  std::vector<Reading> readings;
  for (size_t i = 0; i < list.size(); ++i) {
    auto reading = parse_reading(list[i], "readings[" + std::to_string(i) + "]", meters);
    if (!reading) return reading.error();
    readings.push_back(*reading);
  }
  out.actions.push_back({ActionType::kReadings, encode_readings(readings)});
  return {};
}

Result<Declaration> parse_declaration(const Json& json, const std::string& at, const MeterTable& meters) {
  if (!json.is_object()) return invalid(at + " must be an object");
  Fields fields(json, at);
  Declaration out;
  auto meter = parse_meter(fields, at, meters);
  if (!meter) return meter.error();
  out.meter = *meter;
  auto kind = fields.text("kind");
  if (!kind) return kind.error();
  if (*kind == declaration_kind_name(DeclarationKind::kLineCapacity))
    out.kind = DeclarationKind::kLineCapacity;
  else if (*kind != declaration_kind_name(DeclarationKind::kGenerationCost))
    return invalid(at + ".kind must be generation_cost or line_capacity");
  auto start = parse_start(fields, at);
  if (!start) return start.error();
  out.start_s = *start;
  auto seconds = fields.number("seconds", UINT32_MAX);
  if (!seconds) return seconds.error();
  auto value = fields.number("value", UINT64_MAX);
  if (!value) return value.error();
  if (!*seconds || !*value) return invalid(at + " needs seconds and value");
  out.duration_s = static_cast<uint32_t>(**seconds);
  out.value = **value;
  if (auto status = fields.finished("meter, kind, start, seconds, value"); !status) return status.error();
  return out;
}

Status add_declarations(const Json& list, const MeterTable& meters, Submission& out) {
  if (!list.is_array() || list.empty() || list.size() > kDeclarationsPerTxMax) {
    return invalid("declarations must be a list of 1 to " + std::to_string(kDeclarationsPerTxMax));
  }
  std::vector<Declaration> declarations;
  for (size_t i = 0; i < list.size(); ++i) {
    auto one = parse_declaration(list[i], "declarations[" + std::to_string(i) + "]", meters);
    if (!one) return one.error();
    declarations.push_back(*one);
  }
  out.actions.push_back({ActionType::kDeclarations, encode_declarations(declarations)});
  return {};
}

}  // namespace

Result<Submission> parse_submission(std::string_view text, const MeterTable& meters, const Genesis& genesis) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return invalid("this is not JSON");
  if (!json.is_object()) return invalid("a transaction is a JSON object with readings, declarations, data or actions");
  Fields fields(json, "the transaction");
  Submission out;
  if (const Json* list = fields.take("readings")) {
    if (auto status = add_readings(*list, meters, out); !status) return status.error();
  }
  if (const Json* list = fields.take("declarations")) {
    if (auto status = add_declarations(*list, meters, out); !status) return status.error();
  }
  if (const Json* data = fields.take("data")) {
    if (!data->is_string()) return invalid("data must be a text");
    const auto& value = data->get_ref<const std::string&>();
    out.actions.push_back({ActionType::kData, Bytes(value.begin(), value.end())});
  }
  if (const Json* data = fields.take("data_hex")) {
    auto bytes = data->is_string() ? from_hex(data->get<std::string>()) : std::nullopt;
    if (!bytes) return invalid("data_hex must be hex digits");
    out.actions.push_back({ActionType::kData, std::move(*bytes)});
  }
  if (const Json* list = fields.take("actions")) {
    if (!list->is_array() || list->empty() || list->size() > kTxActionsMax)
      return invalid("actions must be a list of 1 to " + std::to_string(kTxActionsMax));
    for (size_t i = 0; i < list->size(); ++i) {
      const std::string at = "actions[" + std::to_string(i) + "]";
      auto private_action = api::private_action_from_json((*list)[i], at);
      if (!private_action) return private_action.error();
      if (*private_action) {
        out.actions.push_back({energy::type_of(**private_action), energy::encode_private_action(**private_action)});
        continue;
      }
      auto action = api::action_from_json(genesis, (*list)[i], at);
      if (!action) return action.error();
      out.market.push_back(std::move(*action));
    }
  }
  if (out.actions.empty() && out.market.empty())
    return invalid("there is nothing in it: give readings, declarations, data, data_hex or actions");
  auto sequence = fields.number("sequence", UINT64_MAX / 2);
  if (!sequence) return sequence.error();
  auto timestamp = fields.number("timestamp_ms", static_cast<uint64_t>(INT64_MAX));
  if (!timestamp) return timestamp.error();
  auto expiry = fields.number("expiry_height", UINT64_MAX / 2);
  if (!expiry) return expiry.error();
  out.sequence = *sequence;
  if (*timestamp) out.timestamp_ms = static_cast<int64_t>(**timestamp);
  out.expiry_height = *expiry;
  if (auto status =
          fields.finished("readings, declarations, data, data_hex, actions, sequence, timestamp_ms, expiry_height");
      !status)
    return status.error();
  return out;
}

}  // namespace tieline::cli
