#pragma once
// Green Button files (NAESB REQ.21, ESPI): an Atom feed with entries UsagePoint, MeterReading, ReadingType and
// IntervalBlock, which find each other by their links. Times are seconds of UTC, so days of 23 and 25 hours need no
// rule of their own; LocalTimeParameters are for display and are not read. Accepted: interval energy (accumulation 4,
// delta) in Wh (unit 72) with any power of ten, flowing forward (1) or in reverse (19). The meter is the UsagePoint's
// title.
//
// Errors (nothing of the file can be used): those of cli/safe_xml.h, and xml_root.

#include "cli/xml_readings.h"

namespace tieline::cli {

Result<CsvReadings> read_green_button(const SafeXml& xml, const XmlMeters& meters);

}  // namespace tieline::cli
