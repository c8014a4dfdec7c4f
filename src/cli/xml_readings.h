#pragma once
// What the readers of meter data in XML have in common (docs/formats/readings-xml.md): a value as a file writes it
// becomes a Reading under the same rules as a row of the CSV, and what is wrong names its line.
//
// Codes of faults: xml_meter, xml_foreign_meter, xml_type (what was measured, its unit or direction), xml_time,
// xml_value, xml_quality, xml_link (parts of the file that do not find each other), xml_overlap.

#include <optional>

#include "cli/import_text.h"
#include "cli/readings_csv.h"
#include "cli/safe_xml.h"

namespace tieline::cli {

// Which meters may be meant. `meter`: the name to use for every reading of the file, whatever it says; empty: the
// file's.
struct XmlMeters {
  const MeterTable* table = nullptr;
  ParticipantId owner = 0;
  std::string meter;
};

struct XmlFault {
  std::string code;
  std::string why;
};

// What a block of values says about all of them.
struct XmlChannel {
  MeterId meter = 0;
  Obis obis = Obis::kImport;
  int power_of_ten = 0;  // value x 10^this is Wh
};

// The codes of IEC 61968-9, which both formats use.
std::optional<Obis> flow_direction(std::string_view code);  // 1 forward: import; 19 reverse: export
inline constexpr std::string_view kUnitWh = "72";

std::optional<XmlFault> meter_of(const XmlMeters& meters, const std::string& named, MeterId& out);
// The value in Wh, exactly: "12.5" with 3 is 12,500. A negative export becomes an import; a negative import is refused.
std::optional<XmlFault> value_of(const std::string& text, const XmlChannel& channel, Reading& out);
std::optional<XmlFault> interval_of(int64_t start_s, int64_t seconds, Reading& out);

// Of two elements of one name a reader would take either: one that may stand only once is refused when it is repeated.
std::optional<XmlFault> repeated(const pugi::xml_node& node, std::initializer_list<std::string_view> names,
                                 const char* code);

// Takes readings and faults in.
class XmlCollector {
 public:
  explicit XmlCollector(const SafeXml& xml) : xml_(xml) {}
  void add(const pugi::xml_node& node, const std::optional<XmlFault>& fault, const Reading& reading);
  // Error: too_many_faults.
  Result<CsvReadings> take();

 private:
  const SafeXml& xml_;
  SeenIntervals seen_;
  CsvReadings out_;
};

}  // namespace tieline::cli
