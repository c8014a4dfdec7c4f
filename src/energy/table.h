#pragma once
// A table of the market's records that lives in the state: a record is read when it is first asked for, changed in
// place, and written once when the block is done. Between begin() and commit() every record is kept as it was before
// its first change, so that roll_back() undoes a transaction. Without a source the table is all there is (tests, and
// whoever computes with a market of its own). What is read costs what is touched, never the size of the table.
//
// References stay valid until the record is erased or rolled back.

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"

namespace tieline::energy {

// Records by name (docs/formats/state.md) as they stood before the block.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual std::optional<Bytes> read(ByteView name) const = 0;
};

// A record that the block leaves behind: its name and its bytes, none: it is gone.
using RecordWrites = std::vector<std::pair<Bytes, std::optional<Bytes>>>;

// A name: a word and ids, big-endian, so that a scan of the names of one kind is in the order of ids.
class RecordName {
 public:
  explicit RecordName(std::string_view word) : bytes_(word.begin(), word.end()) {}
  template <std::unsigned_integral U>
  RecordName& id(U value) {
    for (size_t i = sizeof(U); i-- > 0;) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  RecordName& id(ByteView raw) {
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    return *this;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

template <class K, class V>
class Table {
 public:
  using Name = Bytes (*)(const K&);
  Table() = default;  // never written
  explicit Table(Name name) : name_(name) {}

  void attach(const RecordSource& source) {
    TL_CHECK(name_ != nullptr && entries_.empty());
    source_ = &source;
  }

  const V* find(const K& key) const {
    const Entry* e = load(key);
    return e != nullptr && e->value ? &*e->value : nullptr;
  }
  bool contains(const K& key) const { return find(key) != nullptr; }
  const V& at(const K& key) const {
    const V* value = find(key);
    TL_CHECK(value != nullptr);
    return *value;
  }
  // To change it; made if it is not there.
  V& operator[](const K& key) {
    Entry& e = to_change(key);
    return e.value ? *e.value : e.value.emplace();
  }
  size_t erase(const K& key) {
    if (!contains(key)) return 0;
    to_change(key).value.reset();
    if (source_ == nullptr) entries_.erase(key);
    return 1;
  }

  void begin_changes() {
    TL_CHECK(!recording_);
    recording_ = true;
    ++generation_;
  }
  void commit() {
    recording_ = false;
    undo_.clear();
  }
  void roll_back() {
    while (!undo_.empty()) {
      Undo& u = undo_.back();
      if (source_ == nullptr && !u.value) {
        entries_.erase(u.key);
      } else {
        Entry& e = entries_[u.key];
        e.value = std::move(u.value);
        e.changed = u.changed;
        e.existed = u.existed;
      }
      undo_.pop_back();
    }
    recording_ = false;
  }

  void add_writes(RecordWrites& out) const {
    for (const auto& [key, e] : entries_) {
      if (!e.changed || (!e.value && !e.existed)) continue;
      out.emplace_back(name_(key), e.value ? std::optional<Bytes>(encoded(*e.value)) : std::nullopt);
    }
  }

 private:
  struct Entry {
    std::optional<V> value;
    bool changed = false;
    bool existed = false;   // the source has it
    uint64_t saved_by = 0;  // the transaction for which its value before stands in undo_
  };

 public:
  // Over the records in memory: with a source, those that were touched.
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = std::pair<const K&, const V&>;
    using pointer = void;
    using reference = value_type;
    using iterator_category = std::input_iterator_tag;
    value_type operator*() const { return {at_->first, *at_->second.value}; }
    Iterator& operator++() {
      ++at_;
      skip();
      return *this;
    }
    bool operator==(const Iterator& o) const { return at_ == o.at_; }

   private:
    friend class Table;
    using Inner = typename std::map<K, Entry>::const_iterator;
    Iterator(Inner at, Inner end) : at_(at), end_(end) { skip(); }
    void skip() {
      while (at_ != end_ && !at_->second.value) ++at_;
    }
    Inner at_;
    Inner end_;
  };
  Iterator begin() const { return {entries_.begin(), entries_.end()}; }
  Iterator end() const { return {entries_.end(), entries_.end()}; }
  bool empty() const { return begin() == end(); }
  size_t size() const {
    size_t count = 0;
    for (auto at = begin(); at != end(); ++at) ++count;
    return count;
  }
  bool operator==(const Table& o) const {
    auto a = begin();
    auto b = o.begin();
    for (; a != end() && b != o.end(); ++a, ++b) {
      if ((*a).first != (*b).first || !((*a).second == (*b).second)) return false;
    }
    return a == end() && b == o.end();
  }

 private:
  struct Undo {
    K key;
    std::optional<V> value;
    bool changed = false;
    bool existed = false;
  };

  const Entry* load(const K& key) const {
    if (const auto at = entries_.find(key); at != entries_.end()) return &at->second;
    if (source_ == nullptr) return nullptr;
    Entry& e = entries_[key];
    if (const std::optional<Bytes> raw = source_->read(name_(key))) {
      Reader r(*raw);
      decode(r, e.value.emplace());
      TL_CHECK_MSG(r.done(), "damaged state record: market");
      e.existed = true;
    }
    return &e;
  }
  Entry& to_change(const K& key) {
    load(key);
    Entry& e = entries_[key];
    if (recording_ && e.saved_by != generation_) {
      undo_.push_back({key, e.value, e.changed, e.existed});
      e.saved_by = generation_;
    }
    e.changed = true;
    return e;
  }

  Name name_ = nullptr;
  const RecordSource* source_ = nullptr;
  mutable std::map<K, Entry> entries_;  // a read puts what it found here
  std::vector<Undo> undo_;
  bool recording_ = false;
  uint64_t generation_ = 0;
};

}  // namespace tieline::energy
