// Files of readings that mean harm: to expand, to be read in two ways, to cost more than their size, to garble a
// terminal. Each is refused with its line and reason, and soon.

#include <gtest/gtest.h>

#include <chrono>

#include "cli/import_file.h"
#include "cli/import_text.h"
#include "cli/rfc3339.h"
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

const char* const kStamp = "2016-07-01T00:00:00Z";

std::string why(const Result<ImportFile>& file) {
  if (!file.ok()) return file.error().why;
  return file->readings.faults.empty() ? "" : file->readings.faults[0].why;
}
std::string times(size_t n, const std::string& what) {
  std::string out;
  out.reserve(n * what.size());
  for (size_t i = 0; i < n; ++i) out += what;
  return out;
}
// Work that grows with the square of such a file's size would take hours; its size alone takes a second or two, and a
// minute on a machine that is busy with other tests.
template <class F>
void expect_soon(const F& work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(60));
}

TEST(HostileXml, ReferencesToNoCharacterAreRefused) {
  const std::string good = cim(cim_reading(kStamp, "1"));
  for (const char* bad : {"&#0;", "&#x0;", "&#1;", "&#x1F;", "&#xD800;", "&#xFFFF;", "&#x110000;", "&#99999999999;",
                          "&#x;", "&#;", "&#x4G;", "&#-5;", "&#X41;", "&", "&amp", "&#45"}) {
    EXPECT_EQ(code(read(replaced(good, "value>1<", std::string("value>1") + bad + "2<"))), "xml_entity") << bad;
    EXPECT_EQ(code(read(replaced(good, "ref=\"0.", std::string("ref=\"") + bad + "0."))), "xml_entity") << bad;
  }
  EXPECT_EQ(why(read("<feed>\n<a>\n&#0;</a></feed>")).substr(0, 8), "line 3: ");
}

TEST(HostileXml, BytesThatAreNoTextAreRefusedWithTheirLine) {
  for (const std::string& bad :
       {std::string("\x00", 1), std::string("\x01"), std::string("\x1b[31m"), std::string("\x7f"), std::string("\xc3"),
        std::string("\xe2\x82"), std::string("\xff"), std::string("\xed\xa0\x80"), std::string("\xfc")}) {
    const auto file = read("<MeterReadings>\n<a>" + bad + "</a>\n</MeterReadings>");
    EXPECT_EQ(code(file), "xml_bad_encoding");
    EXPECT_EQ(why(file).substr(0, 8), "line 2: ");
  }
  const auto cut = read("<MeterReadings>\n</MeterReadings>\n\xf0\x9f\x94");
  EXPECT_EQ(code(cut), "xml_bad_encoding");
  EXPECT_EQ(why(cut).substr(0, 8), "line 3: ");
}

TEST(HostileXml, OtherEncodingsAreRefusedByTheBytesAndByWhatTheySay) {
  std::string utf16 = "\xff\xfe";
  for (const char c : cim("")) utf16 += {c, '\0'};
  EXPECT_EQ(code(read(utf16)), "xml_bad_encoding");
  EXPECT_EQ(code(read(utf16, "pv-1")), "xml_bad_encoding");
  EXPECT_EQ(code(read(utf16, "", "cim")), "xml_bad_encoding");
  EXPECT_EQ(code(read("<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + cim(""))), "xml_bad_encoding");
  EXPECT_EQ(code(read("<?xml version=\"1.0\" encoding='windows-1252'?>" + cim(""))), "xml_bad_encoding");
  EXPECT_EQ(code(read("<?xml version=\"1.0\" encoding=\"Utf-8\"?>" + cim(""))), "ok");
}

// Two readers must not see two files in one.
TEST(HostileXml, WhatIsNoXmlForOthersIsNoneHere) {
  const std::string good = cim(cim_reading(kStamp, "1"));
  for (const std::string& bad :
       {good + good, good + "<x/>", good + "0", "<!-- -->x" + good, good + "<![CDATA[x]]>", good + "</m>",
        "<?xml version=\"1?> " + good + "<!-- \"?> -->", " <?xml version=\"1.0\"?>" + good,
        replaced(good, "ref=\"", "ref=\"<"), replaced(good, "<m:value>", "<m:value"), good + "<!-- ", good + "<?x ",
        replaced(good, "<m:value>1", "<m:value><![CDATA[1"), std::string("<")}) {
    const auto file = read(bad);
    EXPECT_EQ(code(file), "xml_malformed") << bad;
    EXPECT_EQ(why(file).substr(0, 5), "line ") << why(file);
  }
  const auto twice = read(replaced(good, "<m:ReadingType ref", "<m:ReadingType ref='0' x='1' ref"));
  EXPECT_EQ(code(twice), "xml_malformed");
  EXPECT_EQ(why(twice).substr(0, 7), "line 5:");
  EXPECT_EQ(why(read(good + "\n\n" + good)).substr(0, 7), "line 7:") << "of the second one";
  EXPECT_EQ(code(read("<?xml version=\"1.0\"?>\n<!-- a --><?b c?>" + good + "\n<!-- d --><?e?> \n")), "ok");
}

// A parser that keeps the first piece of a text would read 1 for each of these.
TEST(HostileXml, ATextInPiecesIsReadWhole) {
  const auto wh = [](const std::string& value) {
    const auto file = read(replaced(cim(cim_reading(kStamp, "1")), "value>1<", "value>" + value + "<"));
    return file.ok() && file->readings.rows.size() == 1 ? std::to_string(file->readings.rows[0].reading.wh)
                                                        : fault(file);
  };
  EXPECT_EQ(wh("1<!-- x -->23"), "123000");
  EXPECT_EQ(wh("1<![CDATA[2]]>3"), "123000");
  EXPECT_EQ(wh("1<?x y?>2"), "12000");
  EXPECT_EQ(wh("1<b/>23"), "xml_value");
  EXPECT_EQ(wh("1<b>2</b>3"), "xml_value");
}

TEST(HostileXml, WhatMayStandOnceIsRefusedWhenItStandsTwice) {
  const std::string one = cim(cim_reading(kStamp, "1"));
  EXPECT_EQ(fault(read(replaced(one, "<m:value>1</m:value>", "<m:value>1</m:value><x:value>9</x:value>"))),
            "xml_value");
  EXPECT_EQ(fault(read(replaced(one, "<m:timeStamp>", "<m:timeStamp/><m:timeStamp>"))), "xml_time");
  EXPECT_EQ(fault(read(replaced(one, "<m:ReadingType", "<m:ReadingType ref=\"0\"/><m:ReadingType"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(one, "<m:Meter>", "<m:Meter/><m:Meter>"))), "xml_meter");
  const std::string two = green(green_reading(900, "1"));
  EXPECT_EQ(fault(read(replaced(two, "<espi:value>", "<espi:value>9</espi:value><espi:value>"))), "xml_value");
  EXPECT_EQ(fault(read(replaced(two, "<espi:start>", "<espi:start>0</espi:start><espi:start>"))), "xml_time");
  EXPECT_EQ(fault(read(replaced(two, "<espi:timePeriod>", "<espi:timePeriod/><espi:timePeriod>"))), "xml_time");
  EXPECT_EQ(fault(read(replaced(two, "<espi:uom>", "<espi:uom>72</espi:uom><espi:uom>"))), "xml_type");
  EXPECT_EQ(fault(read(replaced(two, "<title>", "<title>pv-1</title><title>"))), "xml_meter");
}

// Entries without an address of their own, or with another's: the readings of one meter must not become another's.
TEST(HostileXml, EntriesThatClaimOneAddressLeadNowhere) {
  const std::string good = green(green_reading(900, "1"));
  const auto with = [&](const std::string& entry) { return read(replaced(good, "</feed>", entry + "</feed>")); };
  EXPECT_EQ(fault(with("<entry><link rel=\"related\" href=\"UsagePoint/1/MeterReading\"/><title>pv-1</title>"
                       "<content><espi:UsagePoint/></content></entry>")),
            "xml_link");
  EXPECT_EQ(fault(with("<entry><link rel=\"related\" href=\"MeterReading/1/IntervalBlock\"/>"
                       "<content><espi:MeterReading/></content></entry>")),
            "xml_link");
  EXPECT_EQ(
      fault(with("<entry><link rel=\"self\" href=\"ReadingType/1\"/><content><espi:ReadingType/></content></entry>")),
      "xml_link");
  std::string nameless = good;
  for (const char* self : {"UsagePoint/1", "MeterReading/1"})
    nameless = replaced(nameless, std::string("<link rel=\"self\" href=\"") + self + "\"/>", "");
  const auto other = read(
      replaced(nameless, "</feed>", "<entry><title>pv-1</title><content><espi:UsagePoint/></content></entry></feed>"));
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(other->readings.rows.size(), 1u);
  EXPECT_EQ(other->readings.rows[0].reading.meter, 2u) << "house, whose entry links to it";
}

TEST(HostileXml, EveryContentOfAnEntryCounts) {
  const std::string block = "<espi:IntervalBlock>" + green_reading(1'800, "2") + "</espi:IntervalBlock>";
  const auto file = read(replaced(
      green(green_reading(900, "1")), "</espi:IntervalBlock></content>",
      "</espi:IntervalBlock>" + block + "</content><content>" + replaced(block, ">1800<", ">2700<") + "</content>"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->readings.rows.size(), 3u);
}

TEST(HostileXml, NumbersAndTimesWithoutBoundsAreRefused) {
  for (const char* start : {"9223372036854775800", "9223372036854775807", "253402300800", "-900", "1e9",
                            "99999999999999999999999", "+900", " ", "0x384"}) {
    EXPECT_EQ(fault(read(replaced(green(green_reading(900, "1")), "start>900<", std::string("start>") + start + "<"))),
              "xml_time")
        << start;
  }
  for (const char* length : {"9223372036854775800", "-9223372036854775808", "87300", "0"}) {
    EXPECT_EQ(
        fault(read(replaced(green(green_reading(900, "1")), "duration>900<", std::string("duration>") + length + "<"))),
        "xml_time")
        << length;
  }
  EXPECT_EQ(fault(read(cim(cim_reading(kStamp, times(1'000'000, "9"))))), "xml_value");
  EXPECT_EQ(fault(read(cim(cim_reading(kStamp, "0." + times(1'000'000, "0") + "1")))), "xml_value");
  EXPECT_EQ(read(cim(cim_reading(kStamp, times(1'000'000, "0") + "1")))->readings.rows[0].reading.wh, 1'000u);
  EXPECT_LT(why(read(cim(cim_reading(kStamp, times(1'000'000, "9"))))).size(), 200u);
}

TEST(HostileXml, ManyAttributesAndDeepNestingAreRefused) {
  const auto element = [](size_t attributes) {
    std::string out = "<feed";
    for (size_t i = 0; i < attributes; ++i) out += " a" + std::to_string(i) + "=\"\"";
    return out + "/>";
  };
  EXPECT_EQ(code(read(element(kXmlAttributesMax))), "ok");
  EXPECT_EQ(code(read(element(kXmlAttributesMax + 1))), "xml_too_many");
  EXPECT_EQ(code(read(element(1'000'000))), "xml_too_many");
  EXPECT_EQ(code(read("<feed>" + times(kXmlPartsMax, "<a/>") + "</feed>")), "xml_too_many");
  EXPECT_EQ(code(read(times(kXmlDepthMax, "<a>") + times(kXmlDepthMax, "</a>"))), "xml_root");
  EXPECT_EQ(code(read(times(1'000'000, "<a>"))), "xml_too_deep");
}

TEST(HostileXml, TheWorkGrowsWithTheFileAndNoFaster) {
  expect_soon([] { EXPECT_EQ(code(read(times(2'000'000, "<") + "/")), "xml_malformed"); });
  expect_soon([] { EXPECT_EQ(code(read("<feed>" + times(1'000'000, "<</") + "</feed>")), "xml_malformed"); });
  expect_soon([] { EXPECT_EQ(code(read("<feed>" + times(1'000'000, "&amp;") + "</feed>")), "ok"); });
  expect_soon([] { EXPECT_EQ(code(read("<feed>" + times(1'000'000, "<!--") + "</feed>")), "xml_malformed"); });
  // One entry with many links and many blocks; many MeterReadings of one entry with much in it.
  const std::string links = times(300'000, "<link rel=\"up\" href=\"x\"/>");
  expect_soon([&] {
    const auto file =
        read("<feed><entry>" + links + "<content>" +
             times(300'000, "<IntervalBlock><IntervalReading/></IntervalBlock>") + "</content></entry></feed>");
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->readings.faults.size(), 300'000u);
  });
  expect_soon([&] {
    const auto file = read("<feed><entry>" + times(300'000, "<link rel=\"related\" href=\"x\"/>") + "<content>" +
                           times(300'000, "<MeterReading/><UsagePoint/>") + "</content></entry></feed>");
    EXPECT_EQ(code(file), "ok");
  });
}

TEST(HostileFiles, OfNothingButBadRowsAreRefusedAtOnceWithTheFirst) {
  const auto csv = read("meter,obis,start,seconds,wh,quality\n" + times(kReadingFaultsMax + 2, "\n"));
  EXPECT_EQ(code(csv), "too_many_faults");
  EXPECT_NE(why(csv).find("line 2: csv_columns"), std::string::npos) << why(csv);
  const auto xml = read("<feed><entry><content><IntervalBlock>\n" + times(kReadingFaultsMax + 1, "<IntervalReading/>") +
                        "</IntervalBlock></content></entry></feed>");
  EXPECT_EQ(code(xml), "too_many_faults");
  EXPECT_NE(why(xml).find("line 2: xml_link"), std::string::npos) << why(xml);
}

TEST(HostileFiles, WhatIsShownIsCutBetweenCharactersAndControlsNoTerminal) {
  EXPECT_EQ(shown("a\x1b[31m\x7f"), "'a?[31m?'");
  EXPECT_EQ(shown("a\xc2\x9b"
                  "31m\xc2\xa0"),
            "'a?31m\xc2\xa0'")
      << "U+009B begins a sequence on some terminals";
  EXPECT_EQ(shown(std::string(kShownBytesMax - 1, 'x') + "\xe2\x82\xac"),
            "'" + std::string(kShownBytesMax - 1, 'x') + "...'");
  const auto file = read("meter,obis,start,seconds,wh,qualit\xc3\xa9" + std::string(100, 'x') + "\n");
  EXPECT_EQ(code(file), "csv_bad_header");
  EXPECT_EQ(why(file).find("not UTF-8"), std::string::npos) << why(file);
}

TEST(HostileCsv, ADayOf25HoursIs100SlotsAndItsSingleValueIsRefused) {
  std::string rows = "meter,obis,start,seconds,wh,quality\n";
  for (int64_t t = *parse_rfc3339("2025-10-26T00:00:00+02:00"); t < *parse_rfc3339("2025-10-27T00:00:00+01:00");
       t += 900)
    rows += "pv-1,1-0:2.8.0," + rfc3339_utc(t) + ",900,1,measured\n";
  const auto file = read(rows);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->readings.rows.size(), 100u);
  EXPECT_TRUE(file->readings.faults.empty());
  const auto whole =
      read("meter,obis,start,seconds,wh,quality\npv-1,1-0:2.8.0,2025-10-26T00:00:00+02:00,90000,1,measured\n");
  EXPECT_EQ(fault(whole), "csv_seconds");
}

}  // namespace
}  // namespace tieline::cli
