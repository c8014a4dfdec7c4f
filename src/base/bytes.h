#pragma once
// Byte strings, fixed arrays of bytes and hex. A Blob is an immutable, shared, sliceable byte string: bytes are held
// once from the socket to the log, and whoever needs a part keeps a slice of the same buffer alive.

#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tieline {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView view_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// Integers at any address in a stated order of bytes: one load or store on the machines we know.
template <std::unsigned_integral U>
U reversed(U value) {
  if constexpr (sizeof(U) == 8) return static_cast<U>(__builtin_bswap64(value));
  if constexpr (sizeof(U) == 4) return static_cast<U>(__builtin_bswap32(value));
  if constexpr (sizeof(U) == 2) return static_cast<U>(__builtin_bswap16(value));
  return value;
}
template <std::unsigned_integral U>
U load_le(const uint8_t* at) {
  U value;
  std::memcpy(&value, at, sizeof(U));
  return std::endian::native == std::endian::little ? value : reversed(value);
}
template <std::unsigned_integral U>
U load_be(const uint8_t* at) {
  return reversed(load_le<U>(at));
}
template <std::unsigned_integral U>
void store_le(uint8_t* at, U value) {
  if constexpr (std::endian::native != std::endian::little) value = reversed(value);
  std::memcpy(at, &value, sizeof(U));
}

// N bytes with value semantics and a name: the Tag keeps a hash from being passed where a key is wanted.
template <size_t N, class Tag>
struct FixedBytes {
  static constexpr size_t kSize = N;
  std::array<uint8_t, N> bytes{};

  bool operator==(const FixedBytes& other) const { return std::memcmp(bytes.data(), other.bytes.data(), N) == 0; }
  std::strong_ordering operator<=>(const FixedBytes& other) const {  // of hashes the first word decides
    static_assert(N >= sizeof(uint64_t));
    const auto mine = load_be<uint64_t>(bytes.data()), its = load_be<uint64_t>(other.bytes.data());
    return mine != its ? mine <=> its : std::memcmp(bytes.data(), other.bytes.data(), N) <=> 0;
  }
  ByteView view() const { return bytes; }
  bool is_zero() const {
    for (uint8_t b : bytes)
      if (b != 0) return false;
    return true;
  }
};

using Hash = FixedBytes<32, struct HashTag>;  // SHA-256 (crypto/hash.h)

class Blob {
 public:
  Blob() = default;
  explicit Blob(Bytes bytes);
  static Blob copy_of(ByteView bytes);

  ByteView view() const { return {data_, size_}; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Blob slice(size_t offset, size_t length) const;  // shares the buffer; aborts when out of range
  bool operator==(const Blob& other) const {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data_, other.data_, size_) == 0);
  }

 private:
  std::shared_ptr<const Bytes> owner_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view hex);  // lower or upper case; nothing else
template <size_t N, class Tag>
std::optional<FixedBytes<N, Tag>> fixed_from_hex(std::string_view hex) {
  auto bytes = from_hex(hex);
  if (!bytes || bytes->size() != N) return std::nullopt;
  FixedBytes<N, Tag> out;
  std::memcpy(out.bytes.data(), bytes->data(), N);
  return out;
}
template <size_t N, class Tag>
std::string to_hex(const FixedBytes<N, Tag>& value) {
  return to_hex(value.view());
}

}  // namespace tieline

// The values are cryptographic hashes or keys: their first word is as good a bucket as any.
template <size_t N, class Tag>
struct std::hash<tieline::FixedBytes<N, Tag>> {
  size_t operator()(const tieline::FixedBytes<N, Tag>& value) const noexcept {
    static_assert(N >= sizeof(size_t));
    size_t word;
    std::memcpy(&word, value.bytes.data(), sizeof(word));
    return word;
  }
};
