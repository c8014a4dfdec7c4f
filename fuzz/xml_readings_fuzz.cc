// The readers of imported files, by content: CSV, Green Button, CIM. What they take in must be what the ledger's own
// rules of shape allow, and never more rows than were seen.

#include "base/check.h"
#include "cli/import_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tieline;
  using namespace tieline::cli;
  static const MeterTable meters = {{"house", {1, 1}}, {"pv-1", {2, 1}}, {"theirs", {3, 2}}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* meter : {"", "house"}) {
    const auto file = read_import_file(text, "auto", meter, meters, 1);
    if (!file.ok()) {
      TL_CHECK(!file.error().code.empty() && !file.error().why.empty());
      continue;
    }
    TL_CHECK(file->readings.rows.size() + file->readings.faults.size() == file->readings.rows_seen);
    for (const CsvRow& row : file->readings.rows) {
      const Reading& r = row.reading;
      TL_CHECK(row.line >= 1 && (r.meter == 1 || r.meter == 2) && r.wh <= kCsvWhMax);
      TL_CHECK(r.start_s >= 0 && r.start_s % 900 == 0 && r.duration_s >= 900 && r.duration_s <= 86'400);
      TL_CHECK(r.duration_s % 900 == 0);
    }
  }
  return 0;
}
