#pragma once
// A private point's readings between its CSV file and its records: what goes into them, and what opens them again.

#include "cli/private_files.h"
#include "energy/private_reading.h"

namespace tieline::cli {

// The CSV of one meter, in the form of docs/formats/readings-csv.md; whatever name it has there. Ascending, quarters of
// an hour. Errors: csv_* of the first fault, file_invalid.
Result<std::vector<energy::Measured>> read_measured(const std::filesystem::path& file, uint8_t version = 0);

// At most kPrivateReadingsMax a record.
Result<RecordsFile> make_records(const ChainId& chain, const MeterFile& meter,
                                 const std::vector<energy::Measured>& measured,
                                 std::span<const energy::Receiver> receivers);

// What opens the commitments of the tariff's slots. Error: file_invalid, for a slot that the CSV does not have.
Result<std::vector<Opening>> openings_of(const ChainId& chain, const MeterFile& meter, const RecordsFile& records,
                                         const std::vector<energy::Measured>& measured, const Tariff& tariff);

}  // namespace tieline::cli
