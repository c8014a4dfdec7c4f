#pragma once
// Small files of Green Button and CIM, and what reading one of them came to.

#include <gtest/gtest.h>

#include "cli/import_file.h"

namespace tieline::cli::xml_samples {

inline constexpr ParticipantId kMe = 1;
inline const MeterTable kMeters = {{"pv-1", {1, kMe}}, {"house", {2, kMe}}, {"theirs", {3, 2}}};

inline Result<ImportFile> read(const std::string& text, const std::string& meter = "",
                               const std::string& format = "auto") {
  return read_import_file(text, format, meter, kMeters, kMe);
}
inline std::string code(const Result<ImportFile>& file) { return file.ok() ? "ok" : file.error().code; }

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

inline std::string green(const std::string& readings, const std::string& title = "house") {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
<entry><link rel="self" href="UsagePoint/1"/><link rel="related" href="UsagePoint/1/MeterReading"/>
 <title>)" +
         title +
         R"(</title><content><espi:UsagePoint/></content></entry>
<entry><link rel="self" href="MeterReading/1"/><link rel="up" href="UsagePoint/1/MeterReading"/>
 <link rel="related" href="MeterReading/1/IntervalBlock"/><link rel="related" href="ReadingType/1"/>
 <content><espi:MeterReading/></content></entry>
<entry><link rel="self" href="ReadingType/1"/><content><espi:ReadingType>
 <espi:accumulationBehaviour>4</espi:accumulationBehaviour><espi:flowDirection>1</espi:flowDirection>
 <espi:kind>12</espi:kind><espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom>
</espi:ReadingType></content></entry>
<entry><link rel="self" href="IntervalBlock/1"/><link rel="up" href="MeterReading/1/IntervalBlock"/>
 <content><espi:IntervalBlock>
)" + readings +
         "</espi:IntervalBlock></content></entry></feed>";
}
inline std::string green_reading(int64_t start, const std::string& value, const std::string& more = "") {
  return "<espi:IntervalReading>" + more + "<espi:timePeriod><espi:duration>900</espi:duration><espi:start>" +
         std::to_string(start) + "</espi:start></espi:timePeriod><espi:value>" + value +
         "</espi:value></espi:IntervalReading>\n";
}

inline std::string cim(const std::string& readings, const std::string& type = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0") {
  return R"(<m:MeterReadings xmlns:m="http://iec.ch/TC57/2011/MeterReadings#"><m:MeterReading>
<m:Meter><m:mRID>4711</m:mRID><m:Names><m:name>pv-1</m:name></m:Names></m:Meter>
<m:IntervalBlocks>
)" + readings +
         "<m:ReadingType ref=\"" + type + "\"/></m:IntervalBlocks></m:MeterReading></m:MeterReadings>";
}
inline std::string cim_reading(const std::string& stamp, const std::string& value, const std::string& quality = "") {
  return "<m:IntervalReadings>" +
         (quality.empty()
              ? ""
              : "<m:ReadingQualities><m:ReadingQualityType ref=\"" + quality + "\"/></m:ReadingQualities>") +
         "<m:timeStamp>" + stamp + "</m:timeStamp><m:value>" + value + "</m:value></m:IntervalReadings>\n";
}

// The only fault of a file, and that nothing else was taken.
inline std::string fault(const Result<ImportFile>& file) {
  if (!file.ok()) return file.error().code;
  if (file->readings.faults.size() != 1) return std::to_string(file->readings.faults.size()) + " faults";
  return file->readings.faults[0].code;
}

}  // namespace tieline::cli::xml_samples
