#include "api/stream_protocol.h"

namespace tieline::api {
namespace {

constexpr size_t kErrorTextMax = 4'096;
constexpr size_t kOutcomeRangeBytes = 8 + 4 + 1 + 2 + 8 + 4;

}  // namespace

void encode(Writer& w, const StreamHello& m) {
  w.u16(m.version);
  encode(w, m.chain);
  w.boolean(m.want_index);
}
void decode(Reader& r, StreamHello& m) {
  m.version = r.u16();
  decode(r, m.chain);
  m.want_index = r.boolean();
}

void encode(Writer& w, const StreamWelcome& m) {
  w.u16(m.version);
  w.u16(m.validator);
  w.u64(m.height);
  w.u32(m.window);
  w.u32(m.frame_bytes_max);
  w.u32(m.batch_max);
}
void decode(Reader& r, StreamWelcome& m) {
  m.version = r.u16();
  m.validator = r.u16();
  m.height = r.u64();
  m.window = r.u32();
  m.frame_bytes_max = r.u32();
  m.batch_max = r.u32();
}

void encode(Writer& w, const OutcomeRange& m) {
  w.u64(m.first);
  w.u32(m.count);
  w.boolean(m.committed);
  w.u16(m.code);
  w.u64(m.height);
  w.u32(m.index);
}
void decode(Reader& r, OutcomeRange& m) {
  m.first = r.u64();
  m.count = r.u32();
  m.committed = r.boolean();
  m.code = r.u16();
  m.height = r.u64();
  m.index = r.u32();
  // A range is never empty, and its last tag must exist.
  if (m.count == 0 || m.first > UINT64_MAX - m.count) r.fail();
}

void encode(Writer& w, const StreamError& m) {
  w.string(m.code);
  w.string(m.why);
}
void decode(Reader& r, StreamError& m) {
  m.code = r.string(kErrorTextMax);
  m.why = r.string(kErrorTextMax);
}

Bytes encode_outcomes(const std::vector<OutcomeRange>& ranges) {
  Writer w(4 + ranges.size() * kOutcomeRangeBytes);
  encode_list(w, ranges);
  return w.take();
}

Result<std::vector<OutcomeRange>> decode_outcomes(ByteView body) {
  Reader r(body);
  std::vector<OutcomeRange> ranges;
  decode_list(r, ranges, kOutcomeRangesMax, kOutcomeRangeBytes);
  if (!r.done()) return Error{"malformed", "malformed OUTCOMES: the bytes end early, break a bound or are left over"};
  return ranges;
}

Bytes encode_submit(uint64_t first_tag, const std::vector<Blob>& transactions) {
  size_t size = 12;
  for (const Blob& tx : transactions) size += 4 + tx.size();
  Writer w(size);
  w.u64(first_tag);
  w.u32(static_cast<uint32_t>(transactions.size()));
  for (const Blob& tx : transactions) w.bytes(tx.view());
  return w.take();
}

Result<Submit> decode_submit(const Blob& body, size_t batch_max) {
  Reader r(body.view());
  Submit out;
  out.first_tag = r.u64();
  const size_t n = r.count(batch_max, 4);
  out.transactions.reserve(n);
  for (size_t i = 0; i < n && r.ok(); ++i) {
    const ByteView tx = r.bytes(body.size());
    if (r.ok()) out.transactions.push_back(body.slice(r.offset() - tx.size(), tx.size()));
  }
  if (!r.done() || n == 0 || out.first_tag > UINT64_MAX - n)
    return Error{"malformed", "malformed SUBMIT: the bytes end early, break a bound or are left over"};
  return out;
}

}  // namespace tieline::api
