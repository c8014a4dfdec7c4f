#include "crypto/hash_memo.h"

namespace tieline {
namespace {

constexpr uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
constexpr int kIndexBits = std::countr_zero(kHashMemoEntries);
static_assert(std::has_single_bit(kHashMemoEntries));

constinit thread_local std::unique_ptr<HashMemo> memo_of_thread;

}  // namespace

void remember_hashes() {
  if (!memo_of_thread) memo_of_thread = std::make_unique<HashMemo>();
}

HashMemo* hash_memo() { return memo_of_thread.get(); }

// Two inputs in one place only cost time. Four lanes, because one multiplication waits for the one before it.
HashMemo::Entry& HashMemo::entry_of(const uint8_t* input, size_t size) {
  constexpr size_t kWord = sizeof(uint64_t);
  static_assert(kPadding == 4 * kWord);
  uint64_t a = size, b = 1, c = 2, d = 3;
  for (size_t at = 0; at < size; at += kPadding) {
    a = (a ^ load_le<uint64_t>(input + at)) * kFactor;
    b = (b ^ load_le<uint64_t>(input + at + kWord)) * kFactor;
    c = (c ^ load_le<uint64_t>(input + at + 2 * kWord)) * kFactor;
    d = (d ^ load_le<uint64_t>(input + at + 3 * kWord)) * kFactor;
  }
  const uint64_t sum =
      (a ^ a >> 32) + std::rotl(b ^ b >> 32, 16) + std::rotl(c ^ c >> 32, 32) + std::rotl(d ^ d >> 32, 48);
  return entries_[(sum * kFactor) >> (64 - kIndexBits)];
}

}  // namespace tieline
