#include "cli/private_files.h"

#include <fcntl.h>

#include "api/views.h"
#include "cli/readings_csv.h"
#include "cli/rfc3339.h"
#include "storage/files.h"

namespace tieline::cli {
namespace {

constexpr int64_t kSlotS = 900;

Error invalid(std::string why) { return {"file_invalid", std::move(why)}; }

Result<int64_t> time_field(const Json& json, const char* name) {
  const auto it = json.find(name);
  if (it == json.end() || !it->is_string()) return invalid(std::string(name) + " must be a time");
  return parse_rfc3339(it->get_ref<const std::string&>());
}

Result<uint64_t> number_field(const Json& json, const char* name) {
  const auto it = json.find(name);
  if (it == json.end() || !it->is_number_unsigned()) return invalid(std::string(name) + " must be a whole number");
  return it->get<uint64_t>();
}

}  // namespace

Status write_secret(const std::filesystem::path& file, const std::string& text) {
  auto fd = storage::open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return Error{"file_unwritable", fd.error().why + " (a secret is never written over)"};
  return storage::write_at(fd->get(), view_of(text), 0, file);
}

Status write_text(const std::filesystem::path& file, const std::string& text) {
  return write_file(file, view_of(text));
}

Result<Json> read_json_file(const std::filesystem::path& file) {
  auto text = read_text(file, kPrivateFileBytesMax);
  if (!text) return text.error();
  auto json = parse_json(*text, file.string());
  if (json && !json->is_object()) return invalid(file.string() + " must hold a JSON object");
  return json;
}

Result<Bytes> read_hex_file(const std::filesystem::path& file) {
  auto text = read_text(file, kPrivateFileBytesMax);
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  auto bytes = from_hex(*text);
  if (!bytes) return invalid(file.string() + " must hold hexadecimal digits");
  return *bytes;
}

Ed25519Signer MeterFile::pseudonym(const ChainId& chain) const {
  return Ed25519Signer(ed25519::SecretKey::from_seed(energy::pseudonym_seed(secret, chain, period).bytes()));
}

Result<MeterFile> read_meter(const std::filesystem::path& file) {
  auto json = read_json_file(file);
  if (!json) return json.error();
  auto secret = hex_field<32, HashTag>(*json, "secret");
  if (!secret) return Error{secret.error().code, file.string() + ": " + secret.error().why};
  auto bucket = number_field(*json, "bucket_w");
  if (!bucket) return bucket.error();
  auto start = time_field(*json, "start");
  if (!start) return start.error();
  auto end = time_field(*json, "end");
  if (!end) return end.error();
  return MeterFile{Secret(secret->bytes), *bucket, {*start, *end}};
}

const energy::PrivateReading* RecordsFile::find(Obis obis, int64_t start_s) const {
  const energy::PrivateReading* found = nullptr;
  for (const energy::PrivateRecord& record : records) {
    for (const energy::PrivateReading& one : record.readings) {
      if (one.obis != obis || one.start_s != start_s || one.duration_s != kSlotS) continue;
      if (found == nullptr || one.version > found->version) found = &one;
    }
  }
  return found;
}

const RecordsFile::Substitute* RecordsFile::substitute(Obis obis, int64_t start_s) const {
  for (const Substitute& one : substituted)
    if (one.obis == obis && one.start_s == start_s) return &one;
  return nullptr;
}

Json records_json(const RecordsFile& file) {
  Json list = Json::array();
  for (const energy::PrivateRecord& record : file.records) list.push_back(to_hex(encode_private_record(record)));
  Json out = {{"pseudonym", to_hex(file.pseudonym)}, {"bucket_w", file.bucket_w}, {"records", std::move(list)}};
  for (const RecordsFile::Substitute& one : file.substituted)
    out["substituted"].push_back(
        {{"obis", api::obis_text(one.obis)}, {"start", rfc3339_utc(one.start_s)}, {"wh", one.wh}});
  return out;
}

Result<RecordsFile> read_records(const std::filesystem::path& file, const ChainId& chain) {
  auto json = read_json_file(file);
  if (!json) return json.error();
  RecordsFile out;
  auto pseudonym = hex_field<32, PublicKeyTag>(*json, "pseudonym");
  if (!pseudonym) return pseudonym.error();
  out.pseudonym = *pseudonym;
  auto bucket = number_field(*json, "bucket_w");
  if (!bucket) return bucket.error();
  out.bucket_w = *bucket;
  if (!json->contains("records") || !(*json)["records"].is_array()) return invalid(file.string() + " has no records");
  const Ed25519Verifier verifier;
  for (const Json& one : (*json)["records"]) {
    const std::string at = file.string() + ": record " + std::to_string(out.records.size());
    const auto bytes = one.is_string() ? from_hex(one.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) return invalid(at + " must be hexadecimal digits");
    auto record = energy::decode_private_record(*bytes);
    if (!record) return invalid(at + ": " + record.error().why);
    if (record->pseudonym != out.pseudonym) return invalid(at + " is of another pseudonym");
    if (auto good = energy::check_private_record(chain, *record, out.bucket_w, verifier); !good)
      return Error{good.error().code, at + ": " + good.error().why};
    out.records.push_back(std::move(*record));
  }
  for (const Json& one : json->value("substituted", Json::array())) {
    auto start =
        one.is_object() ? time_field(one, "start") : Result<int64_t>(invalid("a substituted slot is no object"));
    if (!start) return start.error();
    auto wh = number_field(one, "wh");
    if (!wh) return wh.error();
    const bool fed = one.value("obis", "") == api::obis_text(Obis::kExport);
    out.substituted.push_back({fed ? Obis::kExport : Obis::kImport, *start, *wh});
  }
  return out;
}

Result<energy::TotalStatement> statement_of(const ChainId& chain, const RecordsFile& records, const Tariff& tariff) {
  energy::TotalStatement out{chain, records.pseudonym, tariff.obis, tariff.set, {}, tariff.prices};
  for (size_t i = 0; i < tariff.prices.size(); ++i) {
    const int64_t start = tariff.start_s + static_cast<int64_t>(i) * kSlotS;
    if (const RecordsFile::Substitute* substitute = records.substitute(tariff.obis, start)) {
      out.slots.push_back({std::nullopt, substitute->wh});
      continue;
    }
    const energy::PrivateReading* reading = records.find(tariff.obis, start);
    if (reading == nullptr) return invalid("there is no record of the quarter of an hour from " + rfc3339_utc(start));
    out.slots.push_back({reading->commitment, 0});
  }
  return out;
}

}  // namespace tieline::cli
