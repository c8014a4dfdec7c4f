#pragma once
// Strict reader of readings in CSV (docs/formats/readings-csv.md):
//
//   meter,obis,start,seconds,wh,quality
//   pv-1,1-0:2.8.0,2016-07-01T12:00:00-07:00,900,1200,measured
//
// UTF-8; a byte-order mark at the start is skipped; lines end in LF or CRLF. Every row is checked whole, each fault
// says line, column and why, and the row is left out; the caller decides whether a file with faults is used at all. A
// negative wh under 1-0:2.8.0 is what an inverter draws at night and becomes an import, 1-0:1.8.0.
//
// Errors (nothing of the file can be used): csv_empty, csv_bad_header, csv_bad_encoding (UTF-16), csv_too_large,
// too_many_faults.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/meter_table.h"
#include "model/transaction.h"

namespace tieline::cli {

inline constexpr std::string_view kCsvHeader = "meter,obis,start,seconds,wh,quality";
inline constexpr size_t kCsvLineBytesMax = 1024;
inline constexpr size_t kCsvBytesMax = size_t{512} * 1024 * 1024;
inline constexpr uint64_t kCsvWhMax = uint64_t{1} << 53;  // exact in JSON everywhere

struct CsvRow {
  uint64_t line = 0;  // the header is line 1
  Reading reading;
};
struct CsvFault {
  uint64_t line = 0;
  size_t column = 0;  // 1.. in the line, by fields; 0: the line as a whole
  // csv_bad_encoding, csv_line_too_long, csv_columns, csv_quotes, csv_meter, csv_foreign_meter, csv_obis, csv_start,
  // csv_seconds, csv_wh, csv_quality, csv_overlap
  std::string code;
  std::string why;  // names the column and what was found
};
inline constexpr size_t kReadingFaultsMax = 1'000'000;  // of one file, of any format
struct CsvReadings {
  uint64_t rows_seen = 0;  // good or bad, the header not counted
  std::vector<CsvRow> rows;
  std::vector<CsvFault> faults;
};

// too_many_faults: a file of nothing but bad rows would need a hundred times its size in memory.
Error too_many_faults(const CsvReadings& readings);

// `owner`: rows for meters of anyone else are faults.
Result<CsvReadings> read_readings_csv(std::string_view text, const MeterTable& meters, ParticipantId owner);

// Also for JSON submissions. Errors: csv_obis, csv_quality, with what is allowed.
Result<Obis> parse_obis(std::string_view text);
Result<Quality> parse_quality(std::string_view text);

bool is_utf8(std::string_view text);
size_t utf8_prefix(std::string_view text);  // so many bytes at its beginning are

}  // namespace tieline::cli
