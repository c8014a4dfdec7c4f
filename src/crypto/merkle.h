#pragma once
// Merkle trees as in RFC 6962 section 2.1 (and RFC 9162): a leaf is SHA-256(0x00 || data), an inner node is
// SHA-256(0x01 || left || right), and the left subtree holds the largest power of two smaller than the count. The
// prefixes keep a node from passing as a leaf; an odd node is lifted, never doubled, so no two lists share a root.
// The root does not commit to the count: whoever verifies a path must know the count from a signed source.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace tieline {

Hash merkle_leaf(ByteView data);

Hash merkle_root(std::span<const Hash> leaf_hashes);  // of no leaves: SHA-256 of the empty string

// The siblings from the leaf up to the root. `index` must be below the number of leaves.
std::vector<Hash> merkle_path(std::span<const Hash> leaf_hashes, size_t index);

// Is `leaf` (a leaf hash) number `index` of `count` leaves under `root`? A path that is longer or shorter than that
// position demands is refused. Never reads past its arguments, whatever they say.
bool merkle_verify(const Hash& root, const Hash& leaf, uint64_t index, uint64_t count, std::span<const Hash> path);

}  // namespace tieline
