#pragma once
// The wire encoding: Borsh (https://borsh.io) — fixed-width little-endian integers, u32 length before every sequence
// and string, u8 0/1 before an optional, u8 index before a variant. It is canonical: a value has exactly one encoding,
// and a Reader accepts nothing else (booleans and optionals other than 0/1, short input and left-over bytes are
// errors), so that signed bytes, hashes and receipts have no second spelling. See docs/formats/encoding.md and
// docs/adr/0001.
//
// A type takes part by `void encode(Writer&, const T&)` and `void decode(Reader&, T&)`, found by argument lookup.
// A Reader never throws: after the first error every further read yields zero values and `ok()` stays false.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tieline {

class Writer {
 public:
  Writer() = default;
  explicit Writer(size_t reserve) { out_.reserve(reserve); }
  template <std::unsigned_integral U>
  void put(U value) {
    store_le(room(sizeof(U)), value);
  }
  void u8(uint8_t v) { *room(1) = v; }
  void u16(uint16_t v) { put(v); }
  void u32(uint32_t v) { put(v); }
  void u64(uint64_t v) { put(v); }
  void i64(int64_t v) { put(static_cast<uint64_t>(v)); }
  void boolean(bool v) { u8(v ? 1 : 0); }
  void raw(ByteView bytes) {
    if (bytes.empty()) return;
    if (bytes.size() <= kSmall) {
      std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    } else {
      out_.resize(size_);
      out_.insert(out_.end(), bytes.begin(), bytes.end());
      size_ = out_.size();
    }
  }
  void bytes(ByteView value) {  // u32 length, then the bytes
    TL_CHECK(value.size() <= UINT32_MAX);
    u32(static_cast<uint32_t>(value.size()));
    raw(value);
  }
  void string(std::string_view text) { bytes(view_of(text)); }
  size_t size() const { return size_; }
  ByteView view() const { return {out_.data(), size_}; }
  Bytes take() {
    out_.resize(size_);
    size_ = 0;
    return std::exchange(out_, {});
  }

 private:
  // Small values come in great numbers and a vector's own insertion costs more than they do: they are written into
  // bytes that stand ready behind the end.
  static constexpr size_t kSmall = 256;
  uint8_t* room(size_t n) {
    if (n > out_.size() - size_)
      out_.resize(n > out_.capacity() - size_ ? size_ + kSmall : std::min(size_ + kSmall, out_.capacity()));
    uint8_t* at = out_.data() + size_;
    size_ += n;
    return at;
  }

  Bytes out_;  // of which the first size_ bytes are written
  size_t size_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView input) : begin_(input.data()), at_(input.data()), end_(input.data() + input.size()) {}
  template <std::unsigned_integral U>
  U get() {
    if (!need(sizeof(U))) return 0;
    const U value = load_le<U>(at_);
    at_ += sizeof(U);
    return value;
  }
  uint8_t u8() { return get<uint8_t>(); }
  uint16_t u16() { return get<uint16_t>(); }
  uint32_t u32() { return get<uint32_t>(); }
  uint64_t u64() { return get<uint64_t>(); }
  int64_t i64() { return static_cast<int64_t>(get<uint64_t>()); }
  bool boolean() {
    uint8_t v = u8();
    if (v > 1) fail();
    return v == 1;
  }
  ByteView raw(size_t n) {
    if (!need(n)) return {};
    ByteView out{at_, n};
    at_ += n;
    return out;
  }
  ByteView bytes(size_t max) {  // u32 length, at most `max`
    size_t n = u32();
    if (n > max) {
      fail();
      return {};
    }
    return raw(n);
  }
  std::string string(size_t max) {
    ByteView b = bytes(max);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  // A count of elements of at least `min_size` bytes each: a count that the rest of the input cannot hold is an error
  // before anything is allocated.
  size_t count(size_t max, size_t min_size) {
    size_t n = u32();
    if (n > max || (min_size > 0 && n > left() / min_size)) {
      fail();
      return 0;
    }
    return n;
  }
  void fail() {
    ok_ = false;
    at_ = end_;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && at_ == end_; }  // everything read, nothing left over
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

 private:
  bool need(size_t n) {
    if (ok_ && n <= left()) return true;
    fail();
    return false;
  }
  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

inline void encode(Writer& w, uint8_t v) { w.u8(v); }
inline void encode(Writer& w, uint16_t v) { w.u16(v); }
inline void encode(Writer& w, uint32_t v) { w.u32(v); }
inline void encode(Writer& w, uint64_t v) { w.u64(v); }
inline void encode(Writer& w, int64_t v) { w.i64(v); }
inline void encode(Writer& w, bool v) { w.boolean(v); }
inline void decode(Reader& r, uint8_t& v) { v = r.u8(); }
inline void decode(Reader& r, uint16_t& v) { v = r.u16(); }
inline void decode(Reader& r, uint32_t& v) { v = r.u32(); }
inline void decode(Reader& r, uint64_t& v) { v = r.u64(); }
inline void decode(Reader& r, int64_t& v) { v = r.i64(); }
inline void decode(Reader& r, bool& v) { v = r.boolean(); }
template <size_t N, class Tag>
void encode(Writer& w, const FixedBytes<N, Tag>& v) {
  w.raw(v.bytes);
}
template <size_t N, class Tag>
void decode(Reader& r, FixedBytes<N, Tag>& v) {
  ByteView b = r.raw(N);
  if (b.size() == N) std::memcpy(v.bytes.data(), b.data(), N);
}
template <class T>
void encode(Writer& w, const std::optional<T>& v) {
  w.boolean(v.has_value());
  if (v) encode(w, *v);
}
template <class T>
void decode(Reader& r, std::optional<T>& v) {
  v.reset();
  if (r.boolean()) decode(r, v.emplace());
}
// Sequences carry their bound at the place of use: every bound has a name.
template <class T>
void encode_list(Writer& w, const std::vector<T>& list) {
  TL_CHECK(list.size() <= UINT32_MAX);
  w.u32(static_cast<uint32_t>(list.size()));
  for (const T& item : list) encode(w, item);
}
template <class T>
void decode_list(Reader& r, std::vector<T>& list, size_t max, size_t min_item_size = 1) {
  size_t n = r.count(max, min_item_size);
  list.clear();
  list.reserve(n);
  for (size_t i = 0; i < n && r.ok(); ++i) decode(r, list.emplace_back());
}

template <class T>
Bytes encoded(const T& value) {
  Writer w;
  encode(w, value);
  return w.take();
}
template <class T>
Result<T> decoded(ByteView input, const char* what) {
  Reader r(input);
  T value;
  decode(r, value);
  if (!r.ok()) return Error{"malformed", std::string("malformed ") + what + ": the bytes end early or break a bound"};
  if (!r.done()) return Error{"malformed", std::string("malformed ") + what + ": bytes are left over at its end"};
  return value;
}

}  // namespace tieline
