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

// Two inputs in one place only cost time.
HashMemo::Entry& HashMemo::entry_of(const uint8_t* input, size_t size) {
  uint64_t sum = size;
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) sum = (sum ^ load_le<uint64_t>(input + at)) * kFactor;
  return entries_[((sum ^ sum >> 32) * kFactor) >> (64 - kIndexBits)];
}

}  // namespace tieline
