#include "cli/private_readings.h"

#include <algorithm>

#include "cli/readings_csv.h"
#include "cli/rfc3339.h"

namespace tieline::cli {
namespace {

constexpr int64_t kSlotS = 900;

Error invalid(std::string why) { return {"file_invalid", std::move(why)}; }

// The name in the first field of the first row: nobody has registered it.
std::string meter_in(const std::string& text) {
  const size_t row = text.find('\n');
  if (row == std::string::npos) return "";
  const size_t comma = text.find(',', row);
  return comma == std::string::npos ? "" : text.substr(row + 1, comma - row - 1);
}

}  // namespace

Result<std::vector<energy::Measured>> read_measured(const std::filesystem::path& file, uint8_t version) {
  auto text = read_text(file, kPrivateFileBytesMax);
  if (!text) return text.error();
  constexpr ParticipantId kOwner = 1;
  auto read = read_readings_csv(*text, {{meter_in(*text), {1, kOwner}}}, kOwner);
  if (!read) return Error{read.error().code, file.string() + ": " + read.error().why};
  if (!read->faults.empty()) {
    const CsvFault& fault = read->faults.front();
    return Error{fault.code, file.string() + ", line " + std::to_string(fault.line) + ": " + fault.why};
  }
  std::vector<energy::Measured> out;
  for (const CsvRow& row : read->rows) {
    const Reading& r = row.reading;
    if (r.duration_s != kSlotS)
      return invalid(file.string() + ", line " + std::to_string(row.line) + ": not a quarter of an hour");
    out.push_back({r.obis, r.start_s, r.duration_s, version, r.wh});
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return std::pair(a.obis, a.start_s) < std::pair(b.obis, b.start_s); });
  return out;
}

Result<RecordsFile> make_records(const ChainId& chain, const MeterFile& meter,
                                 const std::vector<energy::Measured>& measured,
                                 std::span<const energy::Receiver> receivers) {
  const Ed25519Signer signer = meter.pseudonym(chain);
  const energy::PrivateMeter point{&meter.secret, &signer, meter.bucket_w};
  RecordsFile out;
  out.pseudonym = signer.public_key();
  out.bucket_w = meter.bucket_w;
  for (size_t i = 0; i < measured.size(); i += energy::kPrivateReadingsMax) {
    const size_t n = std::min(energy::kPrivateReadingsMax, measured.size() - i);
    auto record = energy::make_private_record(point, chain, std::span(measured).subspan(i, n), receivers);
    if (!record) return record.error();
    out.records.push_back(std::move(*record));
  }
  return out;
}

Result<std::vector<Opening>> openings_of(const ChainId& chain, const MeterFile& meter, const RecordsFile& records,
                                         const std::vector<energy::Measured>& measured, const Tariff& tariff) {
  std::vector<Opening> out;
  for (size_t i = 0; i < tariff.prices.size(); ++i) {
    const int64_t start = tariff.start_s + static_cast<int64_t>(i) * kSlotS;
    if (records.substitute(tariff.obis, start) != nullptr) {
      out.emplace_back();
      continue;
    }
    const auto at = std::find_if(measured.begin(), measured.end(), [&](const energy::Measured& one) {
      return one.obis == tariff.obis && one.start_s == start;
    });
    const energy::PrivateReading* recorded = records.find(tariff.obis, start);
    if (at == measured.end() || recorded == nullptr)
      return invalid("there is no reading of the quarter of an hour from " + rfc3339_utc(start));
    const auto context = energy::context_of(chain, records.pseudonym, *recorded);
    out.push_back({at->wh, energy::reading_blinding(meter.secret, context)});
  }
  return out;
}

}  // namespace tieline::cli
