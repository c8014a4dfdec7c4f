#include "cli/xml_readings.h"

#include <algorithm>

namespace tieline::cli {
namespace {

constexpr int kPowerOfTenMax = 9;  // giga

}  // namespace

std::optional<Obis> flow_direction(std::string_view code) {
  if (code == "1") return Obis::kImport;
  if (code == "19") return Obis::kExport;
  return std::nullopt;
}

std::optional<XmlFault> meter_of(const XmlMeters& meters, const std::string& named, MeterId& out) {
  const std::string& name = meters.meter.empty() ? named : meters.meter;
  const auto entry = meters.table->find(name);
  if (entry == meters.table->end()) {
    return XmlFault{"xml_meter", "no meter " + shown(name) + " is registered; --meter names one for the whole file"};
  }
  if (entry->second.owner != meters.owner) {
    return XmlFault{"xml_foreign_meter", "meter " + shown(name) + " belongs to another participant"};
  }
  out = entry->second.id;
  return std::nullopt;
}

std::optional<XmlFault> value_of(const std::string& text, const XmlChannel& channel, Reading& out) {
  const auto fault = [&](const std::string& why) { return XmlFault{"xml_value", shown(text) + " " + why}; };
  std::string_view rest = text;
  const bool negative = rest.starts_with("-");
  if (negative) rest.remove_prefix(1);
  std::string digits;
  int power = channel.power_of_ten;
  bool point = false;
  for (char c : rest) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      power -= point ? 1 : 0;
    } else {
      return fault("is no decimal number");
    }
  }
  if (digits.empty() || rest.ends_with(".") || rest.starts_with(".")) return fault("is no decimal number");
  while (power < 0 && digits.ends_with("0")) {
    digits.pop_back();
    ++power;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) digits = "0", power = 0;
  if (power < 0) return fault("is not a whole number of watt-hours");
  if (power > kPowerOfTenMax) return fault("is above 2^53 Wh");
  digits.append(static_cast<size_t>(power), '0');
  const auto wh = whole_number(digits);
  if (!wh || static_cast<uint64_t>(*wh) > kCsvWhMax) return fault("is above 2^53 Wh");
  if (negative && *wh != 0 && channel.obis != Obis::kExport) {
    return fault("is negative; only an export may be, and becomes an import");
  }
  out.obis = negative && *wh != 0 ? Obis::kImport : channel.obis;
  out.wh = static_cast<uint64_t>(*wh);
  return std::nullopt;
}

std::optional<XmlFault> interval_of(int64_t start_s, int64_t seconds, Reading& out) {
  if (auto fault = start_fault(start_s)) {
    return XmlFault{"xml_time", "the interval's start " + std::to_string(start_s) + " " + *fault};
  }
  if (auto fault = length_fault(seconds)) {
    return XmlFault{"xml_time", "the interval's length of " + std::to_string(seconds) + " s " + *fault};
  }
  out.start_s = start_s;
  out.duration_s = static_cast<uint32_t>(seconds);
  return std::nullopt;
}

std::optional<XmlFault> repeated(const pugi::xml_node& node, std::initializer_list<std::string_view> names,
                                 const char* code) {
  for (const std::string_view name : names) {
    size_t count = 0;
    for (const pugi::xml_node& child : node.children()) count += local_name(child) == name ? 1 : 0;
    if (count > 1) {
      return XmlFault{code, std::string(local_name(node)) + " has " + std::to_string(count) + " elements " +
                                std::string(name) + "; which one counts?"};
    }
  }
  return std::nullopt;
}

void XmlCollector::add(const pugi::xml_node& node, const std::optional<XmlFault>& fault, const Reading& reading) {
  ++out_.rows_seen;
  if (out_.faults.size() > kReadingFaultsMax) return;
  const uint64_t line = xml_.line_of(node);
  if (fault) {
    out_.faults.push_back({line, 0, fault->code, fault->why});
  } else if (const uint64_t other = seen_.take(reading, line)) {
    out_.faults.push_back({line, 0, "xml_overlap", "the interval overlaps that of line " + std::to_string(other)});
  } else {
    out_.rows.push_back({line, reading});
  }
}

Result<CsvReadings> XmlCollector::take() {
  if (out_.faults.size() > kReadingFaultsMax) return too_many_faults(out_);
  return std::move(out_);
}

}  // namespace tieline::cli
