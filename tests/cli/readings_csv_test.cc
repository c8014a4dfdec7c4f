#include "cli/readings_csv.h"

#include <gtest/gtest.h>

namespace tieline::cli {
namespace {

constexpr ParticipantId kOwner = 1;

const MeterTable& meters() {
  static const MeterTable table = {{"pv-1", {1, kOwner}}, {"pv-2", {2, kOwner}}, {"other", {3, 2}}};
  return table;
}

std::string file(const std::string& rows) { return std::string(kCsvHeader) + "\n" + rows; }
CsvReadings read(const std::string& text) {
  auto out = read_readings_csv(text, meters(), kOwner);
  EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().why);
  return out.ok() ? *out : CsvReadings{};
}
std::string refusal(const std::string& text) {
  auto out = read_readings_csv(text, meters(), kOwner);
  return out.ok() ? "" : out.error().code;
}
// The one fault of a file with one good row before and after the bad one.
CsvFault fault_of(const std::string& row) {
  const CsvReadings out = read(file("pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured\n" + row +
                                    "\npv-1,1-0:2.8.0,2016-07-02T00:00:00Z,900,1,measured\n"));
  EXPECT_EQ(out.rows.size(), 2u) << row.substr(0, 100);
  EXPECT_EQ(out.rows_seen, 3u);
  EXPECT_EQ(out.faults.size(), 1u);
  if (out.faults.size() != 1) return {};
  EXPECT_EQ(out.faults[0].line, 3u);
  return out.faults[0];
}

TEST(ReadingsCsv, ReadsEveryColumn) {
  const CsvReadings out =
      read(file("pv-1,1-0:2.8.0,2016-07-01T12:15:00-07:00,900,1200,measured\n"
                "pv-2,1.29.0,2016-07-01T19:30:00Z,1800,0,estimated\n"));
  ASSERT_EQ(out.rows.size(), 2u);
  EXPECT_EQ(out.rows[0].line, 2u);
  const Reading wanted{1, Obis::kExport, 1'467'400'500, 900, 1200, Quality::kMeasured, std::nullopt};
  EXPECT_EQ(out.rows[0].reading, wanted);
  EXPECT_EQ(out.rows[1].reading.obis, Obis::kImport);
  EXPECT_EQ(out.rows[1].reading.start_s, 1'467'401'400);
  EXPECT_EQ(out.rows[1].reading.quality, Quality::kEstimated);
}

TEST(ReadingsCsv, TurnsANegativeExportIntoAnImport) {
  const CsvReadings out = read(file("pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,-3,measured\n"));
  ASSERT_EQ(out.rows.size(), 1u);
  EXPECT_EQ(out.rows[0].reading.obis, Obis::kImport);
  EXPECT_EQ(out.rows[0].reading.wh, 3u);
}

TEST(ReadingsCsv, AcceptsAByteOrderMarkWindowsLineEndsAndAMissingLastLineEnd) {
  const std::string row = "pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured";
  EXPECT_EQ(read("\xef\xbb\xbf" + file(row)).rows.size(), 1u);
  EXPECT_EQ(read(std::string(kCsvHeader) + "\r\n" + row + "\r\n").rows.size(), 1u);
  EXPECT_EQ(read(file("")).rows_seen, 0u);
}

TEST(ReadingsCsv, RefusesAFileWithoutTheHeader) {
  EXPECT_EQ(refusal(""), "csv_empty");
  EXPECT_EQ(refusal("\xef\xbb\xbf"), "csv_empty");
  EXPECT_EQ(refusal("meter,obis,start,seconds,wh\n"), "csv_bad_header");
  EXPECT_EQ(refusal("Meter,obis,start,seconds,wh,quality\n"), "csv_bad_header");
  EXPECT_EQ(refusal("meter;obis;start;seconds;wh;quality\n"), "csv_bad_header");
  EXPECT_EQ(refusal("pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured\n"), "csv_bad_header");
  EXPECT_EQ(refusal("\xff\xfe"
                    "m\0e\0"),
            "csv_bad_encoding");
  EXPECT_EQ(refusal(std::string("\x80\x81\n")), "csv_bad_header");
}

TEST(ReadingsCsv, NamesLineColumnAndReasonOfABadRow) {
  struct Case {
    const char* row;
    const char* code;
    size_t column;
  };
  for (const Case& c : {
           Case{"", "csv_columns", 0},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1", "csv_columns", 0},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured,x", "csv_columns", 0},
           Case{"\"pv-1\",1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_quotes", 0},
           Case{"pv-9,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_meter", 1},
           Case{" pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_meter", 1},
           Case{"other,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_foreign_meter", 1},
           Case{"pv-1,1-0:3.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_obis", 2},
           Case{"pv-1,1-0:2.8.0,2016-07-01 01:00:00Z,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,2016-02-30T01:00:00Z,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:01Z,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:60Z,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,1969-07-01T01:00:00Z,900,1,measured", "csv_start", 3},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,901,1,measured", "csv_seconds", 4},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,0,1,measured", "csv_seconds", 4},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,87300,1,measured", "csv_seconds", 4},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1.5,measured", "csv_wh", 5},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,,measured", "csv_wh", 5},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,9007199254740993,measured", "csv_wh", 5},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,99999999999999999999,measured", "csv_wh", 5},
           Case{"pv-1,1-0:1.8.0,2016-07-01T01:00:00Z,900,-1,measured", "csv_wh", 5},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,guessed", "csv_quality", 6},
           Case{"pv-1,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured ", "csv_quality", 6},
           Case{"pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured", "csv_overlap", 3},
           Case{"pv-1,1-0:2.8.0,2016-06-30T23:45:00Z,1800,1,measured", "csv_overlap", 3},
           Case{"pv-\xc3(,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_bad_encoding", 0},
           Case{"pv-1\r,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", "csv_bad_encoding", 0},
       }) {
    const CsvFault fault = fault_of(c.row);
    EXPECT_EQ(fault.code, c.code) << c.row;
    EXPECT_EQ(fault.column, c.column) << c.row << ": " << fault.why;
    EXPECT_FALSE(fault.why.empty());
  }
}

TEST(ReadingsCsv, RefusesAVeryLongLineWithoutShowingIt) {
  const CsvFault fault = fault_of("pv-1," + std::string(5'000'000, 'x'));
  EXPECT_EQ(fault.code, "csv_line_too_long");
  EXPECT_LT(fault.why.size(), 200u);
}

TEST(ReadingsCsv, RefusesABinaryZeroWithinALine) {
  const CsvFault fault = fault_of(std::string("pv-1\0,1-0:2.8.0,2016-07-01T01:00:00Z,900,1,measured", 52));
  EXPECT_EQ(fault.code, "csv_bad_encoding");
}

TEST(ReadingsCsv, IntervalsOfDifferentMetersOrCodesDoNotOverlap) {
  const CsvReadings out =
      read(file("pv-1,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured\n"
                "pv-1,1-0:1.8.0,2016-07-01T00:00:00Z,900,1,measured\n"
                "pv-2,1-0:2.8.0,2016-07-01T00:00:00Z,900,1,measured\n"));
  EXPECT_TRUE(out.faults.empty());
}

TEST(Utf8, RefusesOverlongSurrogateAndCutSequences) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\x8c"));
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace tieline::cli
