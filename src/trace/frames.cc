#include "trace/frames.h"

#include <algorithm>

#include "base/codec.h"
#include "crypto/hash.h"
#include "replica/crc32c.h"
#include "trace/records.h"

namespace tieline::trace {
namespace {

constexpr std::string_view kChainTag = "tieline/trace/1";

void put_u32(uint32_t value, Bytes& out) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint32_t checksum(ByteView bytes) { return replica::mask_crc(replica::crc32c(bytes)); }

}  // namespace

void FrameWriter::begin(Bytes& out) const { out.insert(out.end(), kMagic, kMagic + kMagicBytes); }

void FrameWriter::add(ByteView record, Bytes& out) {
  TL_CHECK(record.size() <= kRecordBytesMax);
  const size_t at = out.size();
  put_u32(static_cast<uint32_t>(record.size()), out);
  put_u32(checksum(ByteView(out).subspan(at, 4)), out);
  out.insert(out.end(), record.begin(), record.end());
  put_u32(checksum(record), out);
  chain_ = tagged_hash(kChainTag, {chain_.view(), record});
  out.insert(out.end(), chain_.bytes.begin(), chain_.bytes.end());
}

FrameReader::Got FrameReader::fill(uint8_t* out, size_t size) {
  if (size == 0) return Got::kAll;
  const size_t got = read_(out, size);
  read_to_ += got;
  return got == size ? Got::kAll : got == 0 ? Got::kNothing : Got::kPart;
}

Result<std::optional<Bytes>> FrameReader::next() {
  if (!begun_) {
    uint8_t magic[kMagicBytes];
    if (fill(magic, kMagicBytes) != Got::kAll || !std::equal(magic, magic + kMagicBytes, kMagic))
      return Error{"not_a_trace", "the file does not begin as a trace does"};
    begun_ = true;
  }
  at_ = read_to_;
  const auto damaged = [&](const char* what) {
    return Error{"trace_damaged",
                 "record " + std::to_string(records_) + " at byte " + std::to_string(at_) + ": " + what};
  };
  const auto end = [&] {
    torn_ = true;
    return std::optional<Bytes>();
  };
  uint8_t prefix[kFramePrefixBytes];
  const Got got = fill(prefix, sizeof(prefix));
  if (got == Got::kNothing) return std::optional<Bytes>();
  if (got == Got::kPart) return end();
  Reader head(ByteView(prefix, sizeof(prefix)));
  const uint32_t length = head.u32();
  if (head.u32() != checksum(ByteView(prefix, 4))) return damaged("the checksum of its length is wrong");
  if (length > kRecordBytesMax) return damaged("it is longer than any record may be");
  Bytes record(length);
  if (fill(record.data(), length) != Got::kAll) return end();
  uint8_t suffix[kFrameSuffixBytes];
  if (fill(suffix, sizeof(suffix)) != Got::kAll) return end();
  Reader tail(ByteView(suffix, sizeof(suffix)));
  if (tail.u32() != checksum(record)) return damaged("its checksum is wrong");
  chain_ = tagged_hash(kChainTag, {chain_.view(), record});
  Hash chain;
  decode(tail, chain);
  if (chain != chain_)
    return damaged("it does not follow on the record before it: something was changed, taken out, put in or moved");
  ++records_;
  return std::optional<Bytes>(std::move(record));
}

ReadBytes read_from(ByteView bytes) {
  return [bytes, at = size_t{0}](uint8_t* out, size_t size) mutable {
    const size_t n = std::min(size, bytes.size() - at);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out);
    at += n;
    return n;
  };
}

}  // namespace tieline::trace
