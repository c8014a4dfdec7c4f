#pragma once
// The files of private metering points and of sealed exchanges, as `tieline seal`, `open` and `bill` write and read
// them. Secrets are files that only their owner may read and that are never overwritten; everything else is JSON with
// bytes in hexadecimal (docs/formats/private.md has the bytes).
//
//   meter      {"secret", "bucket_w", "start", "end"}: a point's secret and its billing period
//   records    {"pseudonym", "bucket_w", "records": [..], "substituted": [{"obis", "start", "wh"}]}: what the point
//   puts
//              on the chain; fetched from there, also the public values of slots in which no record counts
//   bill       {"pseudonym", "obis", "set", "start", "slots", "prices": [..], "biller", "sealed" or "opening"}
//
// Errors: file_invalid, and those of network_access.h.

#include <span>

#include "cli/network_access.h"
#include "energy/private_total.h"
#include "energy/pseudonym.h"

namespace tieline::cli {

inline constexpr size_t kPrivateFileBytesMax = 64 * 1024 * 1024;

Status write_secret(const std::filesystem::path& file, const std::string& text);
Result<Json> read_json_file(const std::filesystem::path& file);
Result<Bytes> read_hex_file(const std::filesystem::path& file);  // bytes as hexadecimal text
Status write_text(const std::filesystem::path& file, const std::string& text);

struct MeterFile {
  Secret secret;
  uint64_t bucket_w = 0;
  energy::BillingPeriod period;

  Ed25519Signer pseudonym(const ChainId& chain) const;
};
Result<MeterFile> read_meter(const std::filesystem::path& file);

struct RecordsFile {
  energy::Pseudonym pseudonym;
  uint64_t bucket_w = 0;
  std::vector<energy::PrivateRecord> records;
  struct Substitute {
    Obis obis = Obis::kImport;
    int64_t start_s = 0;
    uint64_t wh = 0;
  };
  std::vector<Substitute> substituted;

  const energy::PrivateReading* find(Obis obis, int64_t start_s) const;  // the newest version
  const Substitute* substitute(Obis obis, int64_t start_s) const;        // stands before any record
};
Json records_json(const RecordsFile& file);
// Every record decoded, of this pseudonym, and checked as a validator would: signature, shape, range proof.
Result<RecordsFile> read_records(const std::filesystem::path& file, const ChainId& chain);

// What a bill is about, without the commitments, which come from the records.
struct Tariff {
  Obis obis = Obis::kImport;
  uint32_t set = 0;
  int64_t start_s = 0;
  std::vector<uint64_t> prices;  // one a slot, micro-currency per MWh
};
// Error: a slot with neither a record nor a public value.
Result<energy::TotalStatement> statement_of(const ChainId& chain, const RecordsFile& records, const Tariff& tariff);

template <size_t N, class Tag>
Result<FixedBytes<N, Tag>> hex_field(const Json& json, const char* name) {
  const auto it = json.find(name);
  const auto value = it != json.end() && it->is_string()
                         ? fixed_from_hex<N, Tag>(it->template get_ref<const std::string&>())
                         : std::nullopt;
  if (!value) return Error{"file_invalid", std::string(name) + " must be " + std::to_string(2 * N) + " hex digits"};
  return *value;
}

}  // namespace tieline::cli
