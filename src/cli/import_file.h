#pragma once
// A file of readings in any of the formats that `tieline import` knows, told apart by what is in it.

#include <string_view>

#include "cli/readings_csv.h"

namespace tieline::cli {

enum class ImportFormat : uint8_t { kCsv, kGreenButton, kCim };
const char* import_format_name(ImportFormat format);  // "csv", "greenbutton", "cim"

struct ImportFile {
  ImportFormat format = ImportFormat::kCsv;
  CsvReadings readings;
};

// `format`: a name, or "auto". `meter`: for XML, the meter of all readings; empty: the file's names.
// Errors: those of the format's reader (cli/readings_csv.h, safe_xml.h); xml_root when XML is neither of the two;
// usage for a meter given with CSV.
Result<ImportFile> read_import_file(std::string_view text, std::string_view format, const std::string& meter,
                                    const MeterTable& meters, ParticipantId owner);

}  // namespace tieline::cli
