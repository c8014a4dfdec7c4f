#pragma once
// Meter readings of IEC 61968-9 (CIM): a MeterReadings element, or a message with one in its Payload. Read are the
// IntervalBlocks: interval energy in Wh (the ReadingType's accumulation 4, unit 72 with any multiplier, flow 1 or 19)
// of 15, 30 or 60 minutes or 24 hours. An interval is its timePeriod, or ends at its timeStamp; times carry an offset,
// so days of 23 and 25 hours come out as they were. The meter is the first of the Meter's or UsagePoint's Names/name or
// its mRID. Registers (Readings) are not read.
//
// Errors (nothing of the file can be used): those of cli/safe_xml.h, and xml_root.

#include "cli/xml_readings.h"

namespace tieline::cli {

Result<CsvReadings> read_cim_readings(const SafeXml& xml, const XmlMeters& meters);

}  // namespace tieline::cli
