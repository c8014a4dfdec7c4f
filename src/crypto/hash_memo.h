#pragma once
// Remembered SHA-256 hashes of short inputs, for who runs many validators in one thread (the simulator): they hash the
// same headers, votes and Merkle nodes one after the other, each for itself. An entry holds its whole input and is used
// only for exactly that, so a hash is the same with and without. A node does not use it: for one validator most inputs
// are new.

#include <memory>

#include "base/bytes.h"

namespace tieline {

inline constexpr size_t kHashMemoBytesMax = 288;  // the longest header fits
inline constexpr size_t kHashMemoEntries = 4096;  // 1.3 MB

class HashMemo {
 public:
  struct Entry {
    size_t size = 0;  // 0: nothing is remembered here
    Hash hash;
    std::array<uint8_t, kHashMemoBytesMax> input;
  };
  HashMemo() : entries_(std::make_unique<Entry[]>(kHashMemoEntries)) {}
  // Where the hash of this input stands, or belongs. `input` is followed by kPadding bytes, all zero.
  static constexpr size_t kPadding = 32;
  Entry& entry_of(const uint8_t* input, size_t size);

 private:
  std::unique_ptr<Entry[]> entries_;
};

// From now on the calling thread remembers.
void remember_hashes();

// The calling thread's; none: it does not remember.
HashMemo* hash_memo();

}  // namespace tieline
