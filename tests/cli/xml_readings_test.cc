#include <gtest/gtest.h>

#include "cli/import_file.h"
#include "cli/rfc3339.h"
#include "cli/safe_xml.h"
#include "cli/xml_scan.h"
#include "xml_samples.h"

namespace tieline::cli {
namespace {

using xml_samples::cim;
using xml_samples::cim_reading;
using xml_samples::code;
using xml_samples::fault;
using xml_samples::green;
using xml_samples::green_reading;
using xml_samples::read;
using xml_samples::replaced;

TEST(GreenButton, AReadingIsTheEnergyOfItsInterval) {
  const auto file = read(green(green_reading(1'467'331'200, "282")));
  ASSERT_TRUE(file.ok()) << file.error().why;
  EXPECT_EQ(file->format, ImportFormat::kGreenButton);
  ASSERT_EQ(file->readings.rows.size(), 1u);
  EXPECT_TRUE(file->readings.faults.empty());
  const Reading& r = file->readings.rows[0].reading;
  EXPECT_EQ(r.meter, 2u);
  EXPECT_EQ(r.obis, Obis::kImport);
  EXPECT_EQ(r.start_s, 1'467'331'200);
  EXPECT_EQ(r.duration_s, 900u);
  EXPECT_EQ(r.wh, 282u);
  EXPECT_EQ(r.quality, Quality::kMeasured);
  EXPECT_EQ(file->readings.rows[0].line, 14u);
}

TEST(GreenButton, ReverseFlowIsAnExportAndPowersOfTenCount) {
  std::string text = green(green_reading(900, "12") + green_reading(1'800, "-3"));
  text = replaced(text, "<espi:flowDirection>1<", "<espi:flowDirection>19<");
  text = replaced(text, "Multiplier>0<", "Multiplier>3<");
  const auto file = read(text);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(file->readings.rows.size(), 2u);
  EXPECT_EQ(file->readings.rows[0].reading.obis, Obis::kExport);
  EXPECT_EQ(file->readings.rows[0].reading.wh, 12'000u);
  EXPECT_EQ(file->readings.rows[1].reading.obis, Obis::kImport);  // what an inverter draws
  EXPECT_EQ(file->readings.rows[1].reading.wh, 3'000u);
}

TEST(GreenButton, QualityIsTheWorstThatIsSaid) {
  const auto quality = [](const std::string& a, const std::string& b) {
    const auto mark = [](const std::string& q) {
      return "<espi:ReadingQuality><espi:quality>" + q + "</espi:quality></espi:ReadingQuality>";
    };
    return read(green(green_reading(900, "1", mark(a) + mark(b))));
  };
  EXPECT_EQ(quality("17", "19")->readings.rows[0].reading.quality, Quality::kMeasured);
  EXPECT_EQ(quality("11", "0")->readings.rows[0].reading.quality, Quality::kCalculated);
  EXPECT_EQ(quality("11", "8")->readings.rows[0].reading.quality, Quality::kEstimated);
  EXPECT_EQ(fault(quality("0", "10")), "xml_quality");
}

TEST(GreenButton, DaysOf23And25HoursHave92And100Slots) {
  // America/Los_Angeles: 13 March and 6 November 2016, midnight to midnight local time.
  for (const auto& [from, to, slots] : {std::tuple{"2016-03-13T00:00:00-08:00", "2016-03-14T00:00:00-07:00", 92u},
                                        {"2016-11-06T00:00:00-07:00", "2016-11-07T00:00:00-08:00", 100u}}) {
    std::string readings;
    for (int64_t t = *parse_rfc3339(from); t < *parse_rfc3339(to); t += 900) readings += green_reading(t, "5");
    const auto file = read(green(readings));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->readings.rows.size(), slots);
    EXPECT_TRUE(file->readings.faults.empty());
  }
}

TEST(GreenButton, WhatItDoesNotReadIsNamed) {
  const std::string good = green(green_reading(900, "1"));
  EXPECT_EQ(fault(read(replaced(good, "Behaviour>4<", "Behaviour>3<"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(good, "uom>72<", "uom>38<"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(good, "Direction>1<", "Direction>4<"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(good, "Multiplier>0<", "Multiplier>99<"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(good, "rel=\"related\" href=\"ReadingType/1\"", "rel=\"x\" href=\"ReadingType/1\""))),
            "xml_link");
  EXPECT_EQ(fault(read(replaced(good, "up\" href=\"MeterReading/1", "up\" href=\"MeterReading/2"))), "xml_link");
  EXPECT_EQ(fault(read(green(green_reading(900, "1"), "nobody"))), "xml_meter");
  EXPECT_EQ(fault(read(green(green_reading(900, "1"), "theirs"))), "xml_foreign_meter");
  EXPECT_EQ(fault(read(green(green_reading(901, "1")))), "xml_time");
  EXPECT_EQ(fault(read(green(green_reading(-900, "1")))), "xml_time");
  EXPECT_EQ(fault(read(replaced(good, "duration>900", "duration>901"))), "xml_time");
  EXPECT_EQ(fault(read(green(green_reading(900, "1") + green_reading(900, "1")))), "xml_overlap");
}

TEST(GreenButton, AMeterMayBeGivenForTheWholeFile) {
  const auto file = read(green(green_reading(900, "1"), "nobody"), "pv-1");
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(file->readings.rows.size(), 1u);
  EXPECT_EQ(file->readings.rows[0].reading.meter, 1u);
}

TEST(Cim, AnIntervalEndsAtItsTimeStamp) {
  const auto file = read(cim(cim_reading("2016-07-01T00:15:00-07:00", "0.282")));
  ASSERT_TRUE(file.ok()) << file.error().why;
  EXPECT_EQ(file->format, ImportFormat::kCim);
  ASSERT_EQ(file->readings.rows.size(), 1u);
  const Reading& r = file->readings.rows[0].reading;
  EXPECT_EQ(r.meter, 1u);
  EXPECT_EQ(r.start_s, *parse_rfc3339("2016-07-01T07:00:00Z"));
  EXPECT_EQ(r.duration_s, 900u);
  EXPECT_EQ(r.wh, 282u);
  EXPECT_EQ(file->readings.rows[0].line, 4u);
}

TEST(Cim, ATimePeriodSaysItBetter) {
  const auto file =
      read(cim("<m:IntervalReadings><m:timePeriod><m:start>2016-07-01T00:00:00Z</m:start>"
               "<m:end>2016-07-01T00:30:00Z</m:end></m:timePeriod><m:timeStamp>nonsense</m:timeStamp>"
               "<m:value>1</m:value></m:IntervalReadings>"));
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(file->readings.rows.size(), 1u);
  EXPECT_EQ(file->readings.rows[0].reading.duration_s, 1'800u);
}

TEST(Cim, TheHourThatComesTwiceIsTwoHours) {
  // Europe/Berlin, 26 October 2025: 02:00 to 03:00 at +02:00, then again at +01:00.
  std::string readings;
  for (const char* stamp : {"2025-10-26T02:15:00+02:00", "2025-10-26T03:00:00+02:00", "2025-10-26T02:15:00+01:00",
                            "2025-10-26T03:00:00+01:00"})
    readings += cim_reading(stamp, "1");
  const auto file = read(cim(readings));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->readings.rows.size(), 4u);
  EXPECT_TRUE(file->readings.faults.empty());
  EXPECT_EQ(file->readings.rows[2].reading.start_s - file->readings.rows[0].reading.start_s, 3'600);
  EXPECT_EQ(fault(read(cim(cim_reading("2025-10-26T02:15:00", "1")))), "xml_time") << "which of the two?";
}

TEST(Cim, ReadingTypesAreReadByTheirNumbers) {
  const auto first = [](const std::string& type, const std::string& value) {
    auto file = read(cim(cim_reading("2016-07-01T00:00:00Z", value), type));
    return file.ok() && file->readings.rows.size() == 1 ? file->readings.rows[0].reading : Reading{};
  };
  EXPECT_EQ(first("0.0.5.4.19.1.12.0.0.0.0.0.0.0.0.6.72.0", "1.5").wh, 1'500'000u);
  EXPECT_EQ(first("0.0.5.4.19.1.12.0.0.0.0.0.0.0.0.6.72.0", "1.5").obis, Obis::kExport);
  EXPECT_EQ(first("0.0.5.4.19.1.12.0.0.0.0.0.0.0.0.6.72.0", "1.5").duration_s, 1'800u);
  EXPECT_EQ(first("11.0.4.4.1.1.12.0.0.0.0.0.0.0.0.0.72.0", "7").duration_s, 86'400u);
  for (const char* bad : {"0.0.2.3.1.1.12.0.0.0.0.0.0.0.0.3.72.0", "0.0.2.4.4.1.12.0.0.0.0.0.0.0.0.3.72.0",
                          "0.0.2.4.1.1.8.0.0.0.0.0.0.0.0.3.72.0", "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.38.0",
                          "0.0.3.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0", "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.x.72.0", "1.2.3", "",
                          "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0.0"})
    EXPECT_EQ(fault(read(cim(cim_reading("2016-07-01T00:00:00Z", "1"), bad))), "xml_type") << bad;
}

TEST(Cim, QualitiesAreReadByTheirCategory) {
  const auto quality = [](const char* code) { return read(cim(cim_reading("2016-07-01T00:00:00Z", "1", code))); };
  EXPECT_EQ(quality("1.0.0")->readings.rows[0].reading.quality, Quality::kMeasured);
  EXPECT_EQ(quality("2.7.0")->readings.rows[0].reading.quality, Quality::kSubstituted);
  EXPECT_EQ(quality("2.8.5")->readings.rows[0].reading.quality, Quality::kEstimated);
  EXPECT_EQ(quality("2.11.0")->readings.rows[0].reading.quality, Quality::kCalculated);
  for (const char* bad : {"1.3.7", "1", "1.0"}) EXPECT_EQ(fault(quality(bad)), "xml_quality") << bad;
}

TEST(Cim, AMessageMayBeAroundIt) {
  const std::string inner = cim(cim_reading("2016-07-01T00:00:00Z", "1"));
  const auto file = read("<ResponseMessage><Header/><Payload>" + inner + "</Payload></ResponseMessage>");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->readings.rows.size(), 1u);
}

TEST(XmlValues, AreExactWattHours) {
  const auto wh = [](const std::string& value) -> std::string {
    const auto file = read(cim(cim_reading("2016-07-01T00:00:00Z", value)));
    if (!file.ok() || file->readings.rows.size() != 1) return fault(file);
    return std::to_string(file->readings.rows[0].reading.wh);
  };
  EXPECT_EQ(wh("0"), "0");
  EXPECT_EQ(wh("-0"), "0");
  EXPECT_EQ(wh("1.250"), "1250");
  EXPECT_EQ(wh("1.2500"), "1250");
  EXPECT_EQ(wh("007"), "7000");
  EXPECT_EQ(wh("9007199254740.992"), "9007199254740992");
  for (const char* bad : {"", "1.2345", "1e3", "+1", ".5", "5.", "1.2.3", "9007199254740.993", "99999999999999999999",
                          "-1", "1 2", "0x10"})
    EXPECT_EQ(wh(bad), "xml_value") << bad;
}

TEST(Xml, EntitiesAndDoctypesAreRefusedBeforeAnythingIsParsed) {
  const std::string good = cim(cim_reading("2016-07-01T00:00:00Z", "1"));
  EXPECT_EQ(code(read("<!DOCTYPE MeterReadings>" + good)), "xml_doctype");
  EXPECT_EQ(code(read("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>" + good)), "xml_doctype");
  EXPECT_EQ(code(read(replaced(good, ">1<", ">&lol;<"))), "xml_entity");
  EXPECT_EQ(code(read(replaced(good, "pv-1", "&xxe;"))), "xml_entity");
  EXPECT_EQ(code(read(replaced(good, "pv-1", "a & b"))), "xml_entity");
  EXPECT_EQ(code(read(replaced(good, "pv-1", "pv&#45;1"))), "ok");
  EXPECT_EQ(read(replaced(good, "pv-1", "pv&#x2d;1"))->readings.rows.size(), 1u);
  EXPECT_EQ(read(replaced(good, "pv-1", "<![CDATA[pv-1]]>"))->readings.rows.size(), 1u);
  EXPECT_EQ(code(read(replaced(good, "pv-1", "<!-- &any; <!DOCTYPE> -->pv-1"))), "ok");
}

TEST(Xml, WhatIsBrokenSaysWhere) {
  const auto broken = read("<MeterReadings>\n<MeterReading>\n</Wrong>\n</MeterReadings>");
  EXPECT_EQ(code(broken), "xml_malformed");
  EXPECT_NE(broken.error().why.find("line 3"), std::string::npos) << broken.error().why;
  EXPECT_EQ(code(read("<a")), "xml_malformed");
  EXPECT_EQ(code(read("<other/>")), "xml_root");
  EXPECT_EQ(code(read("<other/>", "", "cim")), "xml_root");
  EXPECT_EQ(code(read("<other/>", "", "greenbutton")), "xml_root");
  EXPECT_EQ(code(read("<a>\xff</a>")), "xml_bad_encoding");
  EXPECT_EQ(code(read("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><feed/>")), "xml_bad_encoding");
  std::string deep;
  for (size_t i = 0; i <= kXmlDepthMax; ++i) deep += "<a>";
  EXPECT_EQ(code(read(deep)), "xml_too_deep");
  EXPECT_EQ(code(read(std::string(kXmlBytesMax + 1, ' '), "", "cim")), "xml_too_large");
}

TEST(Xml, NothingThatAFlippedByteMakesOfAFileDoesHarm) {
  const std::string good = green(green_reading(900, "1") + green_reading(1'800, "2"));
  for (size_t i = 0; i < good.size(); ++i) {
    for (char c : {'<', '>', '&', '"', '/', '\0', '\x80', '9'}) {
      std::string text = good;
      text[i] = c;
      const auto file = read(text);
      EXPECT_TRUE(!file.ok() || file->readings.rows.size() <= 2);
    }
    EXPECT_NE(code(read(good.substr(0, i))), "") << i;
  }
}

TEST(ImportFiles, AreToldApartByTheirContent) {
  EXPECT_EQ(read("meter,obis,start,seconds,wh,quality\n")->format, ImportFormat::kCsv);
  EXPECT_EQ(read("\xef\xbb\xbf \n" + cim(""))->format, ImportFormat::kCim);
  EXPECT_EQ(code(read(cim(""), "", "csv")), "csv_bad_header");
  EXPECT_EQ(code(read("meter,obis,start,seconds,wh,quality\n", "", "cim")), "xml_malformed");
  EXPECT_EQ(code(read("meter,obis,start,seconds,wh,quality\n", "pv-1")), "usage");
}

}  // namespace
}  // namespace tieline::cli
