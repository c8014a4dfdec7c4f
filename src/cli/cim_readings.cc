#include "cli/cim_readings.h"

#include <array>

#include "cli/rfc3339.h"

namespace tieline::cli {
namespace {

using pugi::xml_node;

// The eighteen numbers of a ReadingType, by their place (IEC 61968-9, annex C).
constexpr size_t kTypeParts = 18;
constexpr size_t kPeriod = 2, kAccumulation = 3, kFlow = 4, kKind = 6, kMultiplier = 15, kUnit = 16;
constexpr int64_t kMultiplierMax = 9;

struct Period {
  std::string_view code;
  int64_t seconds;
};
constexpr std::array kPeriods = {Period{"2", 900}, Period{"5", 1'800}, Period{"7", 3'600}, Period{"4", 86'400}};

std::optional<std::array<std::string, kTypeParts>> parts_of(const std::string& code) {
  std::array<std::string, kTypeParts> parts;
  size_t at = 0;
  for (char c : code) {
    if (c == '.') {
      if (++at == kTypeParts) return std::nullopt;
    } else {
      parts[at] += c;
    }
  }
  if (at + 1 != kTypeParts) return std::nullopt;
  return parts;
}

std::optional<XmlFault> type_of(const std::string& code, XmlChannel& channel, int64_t& seconds) {
  const auto fault = [&](const std::string& why) { return XmlFault{"xml_type", "ReadingType " + shown(code) + why}; };
  const auto parts = parts_of(code);
  if (!parts) return fault(" does not have the eighteen numbers of IEC 61968-9");
  if ((*parts)[kAccumulation] != "4") return fault(": accumulation is not 4, the energy of each interval");
  if ((*parts)[kKind] != "12") return fault(": kind is not 12, energy");
  if ((*parts)[kUnit] != kUnitWh) return fault(": unit is not 72, watt-hours");
  const auto way = flow_direction((*parts)[kFlow]);
  if (!way) return fault(": flow is neither 1 (to the customer) nor 19 (from it)");
  const auto ten = whole_number((*parts)[kMultiplier]);
  if (!ten || *ten < -kMultiplierMax || *ten > kMultiplierMax) return fault(": multiplier is not -9 to 9");
  for (const Period& period : kPeriods) {
    if (period.code != (*parts)[kPeriod]) continue;
    seconds = period.seconds;
    channel.obis = *way;
    channel.power_of_ten = static_cast<int>(*ten);
    return std::nullopt;
  }
  return fault(": the period is none of 2 (15 min), 5 (30 min), 7 (60 min), 4 (24 h)");
}

std::string meter_name(const xml_node& meter_reading) {
  for (const char* kind : {"Meter", "UsagePoint"}) {
    const xml_node node = child_of(meter_reading, kind);
    if (std::string name = text_of(child_of(node, "Names"), "name"); !name.empty()) return name;
    if (std::string id = text_of(node, "mRID"); !id.empty()) return id;
  }
  return {};
}

// "system.category.index": the category decides.
std::optional<Quality> quality_of(const std::string& code) {
  const size_t first = code.find('.');
  const size_t second = first == std::string::npos ? std::string::npos : code.find('.', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const std::string category = code.substr(first + 1, second - first - 1);
  if (category == "0") return Quality::kMeasured;
  if (category == "7") return Quality::kSubstituted;
  if (category == "8") return Quality::kEstimated;
  if (category == "11") return Quality::kCalculated;
  return std::nullopt;
}

std::optional<XmlFault> times_of(const xml_node& node, int64_t seconds, Reading& out) {
  const auto bad = [](const char* what, const std::string& text, const std::string& why) {
    return XmlFault{"xml_time", std::string(what) + " " + shown(text) + ": " + why};
  };
  if (auto fault = repeated(node, {"timePeriod", "timeStamp"}, "xml_time")) return fault;
  if (const xml_node period = child_of(node, "timePeriod")) {
    if (auto fault = repeated(period, {"start", "end"}, "xml_time")) return fault;
    const std::string start_text = text_of(period, "start"), end_text = text_of(period, "end");
    const auto start = parse_rfc3339(start_text), end = parse_rfc3339(end_text);
    if (!start) return bad("start", start_text, start.error().why);
    if (!end) return bad("end", end_text, end.error().why);
    return interval_of(*start, *end - *start, out);
  }
  const std::string stamp = text_of(node, "timeStamp");
  const auto end = parse_rfc3339(stamp);
  if (!end) return bad("timeStamp", stamp, end.error().why);
  return interval_of(*end - seconds, seconds, out);
}

std::optional<XmlFault> reading_fault(const xml_node& node, const XmlChannel& channel, int64_t seconds, Reading& out) {
  out.meter = channel.meter;
  if (auto fault = times_of(node, seconds, out)) return fault;
  if (auto fault = repeated(node, {"value"}, "xml_value")) return fault;
  if (auto fault = value_of(text_of(node, "value"), channel, out)) return fault;
  out.quality = Quality::kMeasured;
  for (const xml_node& mark : children_of(node, "ReadingQualities")) {
    const std::string code = attribute_of(child_of(mark, "ReadingQualityType"), "ref");
    const auto quality = quality_of(code);
    if (!quality) return XmlFault{"xml_quality", "quality " + shown(code) + " is no measured or estimated value"};
    out.quality = std::max(out.quality, *quality);  // the worst of them
  }
  return std::nullopt;
}

xml_node readings_root(const xml_node& root) {
  if (local_name(root) == "MeterReadings") return root;
  return child_of(child_of(root, "Payload"), "MeterReadings");
}

}  // namespace

Result<CsvReadings> read_cim_readings(const SafeXml& xml, const XmlMeters& meters) {
  const xml_node root = readings_root(xml.root());
  if (!root) {
    return Error{"xml_root", "line " + std::to_string(xml.line_of(xml.root())) + ": the outermost element is " +
                                 shown(local_name(xml.root())) + "; a CIM file has MeterReadings"};
  }
  XmlCollector collector(xml);
  for (const xml_node& meter_reading : children_of(root, "MeterReading")) {
    XmlChannel channel;
    auto meter_fault = repeated(meter_reading, {"Meter", "UsagePoint"}, "xml_meter");
    if (!meter_fault) meter_fault = meter_of(meters, meter_name(meter_reading), channel.meter);
    for (const xml_node& block : children_of(meter_reading, "IntervalBlocks")) {
      int64_t seconds = 0;
      auto block_fault = meter_fault;
      if (!block_fault) block_fault = repeated(block, {"ReadingType"}, "xml_type");
      if (!block_fault) block_fault = type_of(attribute_of(child_of(block, "ReadingType"), "ref"), channel, seconds);
      for (const xml_node& node : children_of(block, "IntervalReadings")) {
        Reading reading;
        auto fault = block_fault ? block_fault : reading_fault(node, channel, seconds, reading);
        collector.add(node, fault, reading);
      }
    }
  }
  return collector.take();
}

}  // namespace tieline::cli
