#pragma once
// CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes at a step, by the CPU's instruction where it has one, and
// the masking that LevelDB uses so that the checksum of bytes which hold checksums themselves stays a good one. Against
// accidents only, never against a forger.

#include "base/bytes.h"

namespace tieline::replica {

// `before` is the CRC of what precedes `bytes`; 0 at the start.
uint32_t crc32c(ByteView bytes, uint32_t before = 0);
uint32_t crc32c_by_tables(ByteView bytes, uint32_t before = 0);  // the same on any CPU

inline uint32_t mask_crc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

}  // namespace tieline::replica
