#pragma once
// Which sequence numbers a signer has used. Numbers start at 1; each is used once. Within the window they may come in
// any order, so that pipelined and retried submissions neither collide nor replay. Source: ENERGY.md ("A record").

#include <array>
#include <cstdint>

#include "base/codec.h"

namespace tieline {

inline constexpr uint64_t kSequenceWindowMax = 1'024;

enum class SequenceVerdict : uint8_t { kFresh, kDuplicate, kTooOld, kTooFar };

class SequenceWindow {
 public:
  uint64_t highest() const { return highest_; }
  // `window` is the genesis parameter, at most kSequenceWindowMax. Fresh: highest - window < s <= highest + window, not
  // used, and not 0.
  SequenceVerdict judge(uint64_t sequence, uint64_t window) const;
  void use(uint64_t sequence);  // must be fresh
  bool operator==(const SequenceWindow&) const = default;

  // u64 highest, then the numbers from there downwards as alternating runs, used first, without a last unused run:
  // u8 n <= kRunsMax and n x u16; with more runs than that, u8 255 and the 1,024 bits as 16 x u64.
  friend void encode(Writer& w, const SequenceWindow& s);
  friend void decode(Reader& r, SequenceWindow& s);  // accepts exactly what encode writes

 private:
  static constexpr size_t kWords = kSequenceWindowMax / 64;
  static constexpr size_t kRunsMax = 32;
  static constexpr uint8_t kBitmap = 255;

  bool used(uint64_t sequence) const { return (bits_[sequence / 64 % kWords] >> (sequence % 64) & 1) != 0; }
  uint64_t run_below(uint64_t sequence, uint64_t limit,
                     bool used) const;                  // length of the run from `sequence` downwards
  void fill(uint64_t first, uint64_t last, bool used);  // both included

  uint64_t highest_ = 0;
  std::array<uint64_t, kWords> bits_{};  // a ring: number s at bit s mod 1,024; outside (highest - 1024, highest] all 0
};

}  // namespace tieline
