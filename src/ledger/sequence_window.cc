#include "ledger/sequence_window.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace tieline {

SequenceVerdict SequenceWindow::judge(uint64_t sequence, uint64_t window) const {
  TL_CHECK(window >= 1 && window <= kSequenceWindowMax);
  if (sequence > highest_) return sequence - highest_ <= window ? SequenceVerdict::kFresh : SequenceVerdict::kTooFar;
  if (sequence == 0 || highest_ - sequence >= window) return SequenceVerdict::kTooOld;
  return used(sequence) ? SequenceVerdict::kDuplicate : SequenceVerdict::kFresh;
}

void SequenceWindow::use(uint64_t sequence) {
  TL_CHECK(judge(sequence, kSequenceWindowMax) == SequenceVerdict::kFresh);
  if (sequence > highest_) {
    fill(highest_ + 1, sequence, false);  // what falls out of the ring makes room
    highest_ = sequence;
  }
  bits_[sequence / 64 % kWords] |= uint64_t{1} << (sequence % 64);
}

uint64_t SequenceWindow::run_below(uint64_t sequence, uint64_t limit, bool wanted) const {
  uint64_t length = 0;
  while (length < limit) {
    const uint64_t at = sequence - length;
    const uint64_t in_word = at % 64 + 1;  // bits of this word from `at` downwards
    uint64_t word = bits_[at / 64 % kWords] << (64 - in_word);
    if (!wanted) word = ~word;
    const uint64_t ones = std::min<uint64_t>(static_cast<uint64_t>(std::countl_one(word)), in_word);
    length += ones;
    if (ones < in_word) break;
  }
  return std::min(length, limit);
}

void SequenceWindow::fill(uint64_t first, uint64_t last, bool value) {
  TL_CHECK(first <= last && last - first < kSequenceWindowMax);
  for (uint64_t at = first; at <= last;) {
    const uint64_t end = std::min(last, at | 63);
    const uint64_t width = end - at + 1;
    const uint64_t mask = (width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1) << (at % 64);
    uint64_t& word = bits_[at / 64 % kWords];
    word = value ? word | mask : word & ~mask;
    at = end + 1;
  }
}

void encode(Writer& w, const SequenceWindow& s) {
  w.u64(s.highest_);
  const uint64_t span = std::min(s.highest_, kSequenceWindowMax);
  std::array<uint16_t, SequenceWindow::kRunsMax> runs;
  size_t count = 0;
  bool wanted = true;
  for (uint64_t done = 0; done < span; wanted = !wanted) {
    const uint64_t length = s.run_below(s.highest_ - done, span - done, wanted);
    done += length;
    if (done == span && !wanted) break;  // the last unused run goes without saying
    if (count == SequenceWindow::kRunsMax) {
      w.u8(SequenceWindow::kBitmap);
      for (uint64_t word : s.bits_) w.u64(word);
      return;
    }
    runs[count++] = static_cast<uint16_t>(length);
  }
  w.u8(static_cast<uint8_t>(count));
  for (size_t i = 0; i < count; ++i) w.u16(runs[i]);
}

void decode(Reader& r, SequenceWindow& s) {
  s = SequenceWindow();
  s.highest_ = r.u64();
  const uint64_t span = std::min(s.highest_, kSequenceWindowMax);
  const uint8_t count = r.u8();
  if (count == SequenceWindow::kBitmap) {
    for (uint64_t& word : s.bits_) word = r.u64();
    if (!r.ok()) return;
    // Canonical: the newest is used, nothing stands outside the span, and runs would have been too many.
    uint64_t runs = 0;
    bool wanted = true;
    uint64_t done = 0;
    while (done < span) {
      const uint64_t length = s.run_below(s.highest_ - done, span - done, wanted);
      done += length;
      if (length == 0) return r.fail();
      if (done < span || wanted) ++runs;
      wanted = !wanted;
    }
    if (runs <= SequenceWindow::kRunsMax) return r.fail();
    if (span < kSequenceWindowMax) {
      SequenceWindow rest = s;
      rest.fill(s.highest_ - span + 1, s.highest_, false);
      for (uint64_t word : rest.bits_) {
        if (word != 0) return r.fail();
      }
    }
    return;
  }
  if (count > SequenceWindow::kRunsMax) return r.fail();
  uint64_t done = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t length = r.u16();
    if (length == 0 || length > span - done) return r.fail();
    if (i % 2 == 0) s.fill(s.highest_ - done - length + 1, s.highest_ - done, true);
    done += length;
  }
  // Runs end with a used one, and a signer without a used number has no record at all but an empty one.
  if (count % 2 == 0 && !(count == 0 && span == 0)) r.fail();
}

}  // namespace tieline
