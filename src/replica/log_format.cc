#include "replica/log_format.h"

#include "crypto/hash.h"
#include "replica/crc32c.h"

namespace tieline::replica {
namespace {

constexpr std::string_view kSectorMagic = "TLVOTE\r\n";
constexpr size_t kSectorHashAt = kVoteSectorBytes - Hash::kSize;

uint32_t record_crc(ByteView record) {
  return mask_crc(crc32c(record.subspan(kRecordPrefixBytes), crc32c(record.first(4))));
}

bool known_type(uint8_t type) {
  return type >= static_cast<uint8_t>(RecordType::kBody) && type <= static_cast<uint8_t>(RecordType::kReset);
}

// The record at `at`; none if what stands there is no whole record.
std::optional<LogRecord> record_at(const Blob& segment, size_t at) {
  const ByteView rest = segment.view().subspan(at);
  if (rest.size() < kRecordHeaderBytes) return std::nullopt;
  Reader r(rest);
  constexpr size_t kFixed = kRecordHeaderBytes - kRecordPrefixBytes;
  const size_t length = r.u32();
  const uint32_t crc = r.u32();
  if (length < kFixed || length > kFixed + kRecordBodyMax || length > r.left()) return std::nullopt;
  LogRecord record;
  record.lsn = r.u64();
  const uint8_t type = r.u8();
  if (!known_type(type) || record.lsn == 0) return std::nullopt;
  if (record_crc(rest.first(kRecordPrefixBytes + length)) != crc) return std::nullopt;
  record.type = static_cast<RecordType>(type);
  record.body = segment.slice(at + kRecordHeaderBytes, length - kFixed);
  return record;
}

}  // namespace

void encode(Writer& w, const CommitRecord& c) {
  w.u64(c.height);
  encode(w, c.block);
  encode(w, c.proof);
}

void decode(Reader& r, CommitRecord& c) {
  c.height = r.u64();
  decode(r, c.block);
  decode(r, c.proof);
}

size_t RecordWriter::begin(RecordType type) {
  const size_t at = w_.size();
  w_.u32(0);
  w_.u32(0);
  w_.u64(next_);
  w_.u8(static_cast<uint8_t>(type));
  return at;
}

Bytes RecordWriter::take() {
  Bytes out = w_.take();
  for (size_t i = 0; i < starts_.size(); ++i) {
    const size_t at = starts_[i];
    const size_t end = i + 1 < starts_.size() ? starts_[i + 1] : out.size();
    TL_CHECK(end - at <= kRecordHeaderBytes + kRecordBodyMax);
    const size_t length = end - at - kRecordPrefixBytes;
    store_le(&out[at], static_cast<uint32_t>(length));
    store_le(&out[at + 4], record_crc(ByteView(out).subspan(at, end - at)));
  }
  starts_.clear();
  return out;
}

ParsedLog parse_log(const std::vector<Blob>& segments) {
  ParsedLog log;
  for (const Blob& segment : segments) {
    bool first = true;
    for (size_t at = 0;;) {
      std::optional<LogRecord> record = record_at(segment, at);
      if (!record) break;
      const bool follows = log.last == 0 || record->lsn == log.last + 1;
      if (first && record->type == RecordType::kReset && record->lsn > log.last) {
        log.hole = false;
      } else if (!follows) {
        // Inside a segment this ends what can be read; at its start, records in between are lost.
        if (!first || record->lsn <= log.last) break;
        log.hole = true;
      }
      first = false;
      log.last = record->lsn;
      at += kRecordHeaderBytes + record->body.size();
      log.records.push_back(std::move(*record));
    }
  }
  return log;
}

Bytes encode_sector(const VoteSector& sector) {
  Writer w(kVoteSectorBytes);
  w.raw(view_of(kSectorMagic));
  w.u32(kVoteSectorVersion);
  w.u64(sector.lsn);
  encode(w, sector.vote);
  TL_CHECK_MSG(w.size() <= kSectorHashAt, "a vote record must fit one disk sector");
  Bytes out = w.take();
  out.resize(kSectorHashAt, 0);
  const Hash hash = sha256(out);
  out.insert(out.end(), hash.bytes.begin(), hash.bytes.end());
  return out;
}

std::optional<VoteSector> decode_sector(ByteView bytes) {
  if (bytes.size() != kVoteSectorBytes) return std::nullopt;
  const Hash hash = sha256(bytes.first(kSectorHashAt));
  if (std::memcmp(hash.bytes.data(), bytes.data() + kSectorHashAt, Hash::kSize) != 0) return std::nullopt;
  Reader r(bytes.first(kSectorHashAt));
  const ByteView magic = r.raw(kSectorMagic.size());
  VoteSector sector;
  if (r.u32() != kVoteSectorVersion || std::memcmp(magic.data(), kSectorMagic.data(), magic.size()) != 0)
    return std::nullopt;
  sector.lsn = r.u64();
  decode(r, sector.vote);
  if (!r.ok() || sector.lsn == 0) return std::nullopt;
  return sector;
}

std::optional<uint64_t> sector_newness(ByteView bytes) {
  const std::optional<VoteSector> sector = decode_sector(bytes);
  if (!sector) return std::nullopt;
  return sector->lsn;
}

}  // namespace tieline::replica
