#include "replica/crc32c.h"

#include <array>

namespace tieline::replica {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78U;  // reflected
constexpr size_t kSlices = 8;

using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (size_t slice = 1; slice < kSlices; ++slice)
    for (size_t i = 0; i < 256; ++i)
      tables[slice][i] = (tables[slice - 1][i] >> 8) ^ tables[0][tables[slice - 1][i] & 0xff];
  return tables;
}

constexpr Tables kTables = make_tables();

uint32_t by_tables(uint32_t crc, const uint8_t* at, size_t left) {
  for (; left >= kSlices; at += kSlices, left -= kSlices) {
    const uint32_t low = load_le<uint32_t>(at) ^ crc;
    const uint32_t high = load_le<uint32_t>(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// The CPU's own instruction for this polynomial.
__attribute__((target("sse4.2"))) uint32_t by_instruction(uint32_t crc, const uint8_t* at, size_t left) {
  uint64_t wide = crc;
  for (; left >= sizeof(uint64_t); at += sizeof(uint64_t), left -= sizeof(uint64_t))
    wide = __builtin_ia32_crc32di(wide, load_le<uint64_t>(at));
  crc = static_cast<uint32_t>(wide);
  for (; left > 0; ++at, --left) crc = __builtin_ia32_crc32qi(crc, *at);
  return crc;
}
#endif

}  // namespace

uint32_t crc32c_by_tables(ByteView bytes, uint32_t before) { return ~by_tables(~before, bytes.data(), bytes.size()); }

uint32_t crc32c(ByteView bytes, uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~by_instruction(~before, bytes.data(), bytes.size());
#endif
  return crc32c_by_tables(bytes, before);
}

}  // namespace tieline::replica
