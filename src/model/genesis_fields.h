#pragma once
// Reading objects of genesis.json: each key once, every error with the path of the field, what was found and what is
// allowed. Only for the files model/genesis_*json.cc.

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "model/genesis.h"

namespace tieline::genesis_file {

using Json = nlohmann::ordered_json;

inline std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  constexpr size_t kShownMax = 100;
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return text;
}

// One object of the file. Each key is asked for once; what was never asked for is unknown. The first error stays.
class Fields {
 public:
  Fields(const Json& object, std::string path, std::optional<Error>& error)
      : object_(object), path_(std::move(path)), error_(error) {
    if (!object_.is_object()) fail(path_.empty() ? "the file" : path_, shown(object_), "an object { }");
  }

  bool has(const char* key) {
    known_.insert(key);
    return object_.is_object() && object_.contains(key);
  }
  const Json* find(const char* key) {
    known_.insert(key);
    if (error_) return nullptr;
    const auto at = object_.find(key);
    if (at == object_.end()) {
      fail(path_of(key), "missing", "every key must be there");
      return nullptr;
    }
    return &*at;
  }

  template <class U>
  void number(const char* key, U& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    constexpr uint64_t kMax = static_cast<uint64_t>(std::numeric_limits<U>::max());
    if (!value->is_number_unsigned() || value->template get<uint64_t>() > kMax) {
      return fail(path_of(key), shown(*value), "a whole number from 0 to " + std::to_string(kMax));
    }
    out = static_cast<U>(value->template get<uint64_t>());
  }
  void boolean(const char* key, bool& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail(path_of(key), shown(*value), "true or false");
    out = value->get<bool>();
  }
  void text(const char* key, std::string& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(path_of(key), shown(*value), "a string");
    out = value->get<std::string>();
  }
  void hex(const char* key, Bytes& out, size_t size) {
    std::string digits;
    text(key, digits);
    if (error_) return;
    const auto bytes = from_hex(digits);
    // Lower case only, so that a file has one spelling of a key to search for.
    if (!bytes || bytes->size() != size || to_hex(*bytes) != digits) {
      return fail(path_of(key), '"' + digits.substr(0, 200) + '"', std::to_string(2 * size) + " lower-case hex digits");
    }
    out = *bytes;
  }
  template <size_t N, class Tag>
  void hex(const char* key, FixedBytes<N, Tag>& out) {
    Bytes bytes;
    hex(key, bytes, N);
    if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  }
  template <class T, class FromName>
  void name(const char* key, T& out, FromName from_name, const char* allowed) {
    std::string word;
    text(key, word);
    if (error_) return;
    const std::optional<T> value = from_name(word);
    if (!value) return fail(path_of(key), '"' + word + '"', allowed);
    out = *value;
  }
  const Json* list(const char* key) {
    const Json* value = find(key);
    if (value != nullptr && !value->is_array()) {
      fail(path_of(key), shown(*value), "a list [ ]");
      return nullptr;
    }
    return value;
  }
  void done() {
    if (error_) return;
    for (const auto& item : object_.items()) {
      if (!known_.contains(item.key())) {
        std::string keys;
        for (const std::string& key : known_) keys += (keys.empty() ? "" : ", ") + key;
        return fail(path_of(item.key()), "an unknown key", keys);
      }
    }
  }
  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  void fail(const std::string& path, const std::string& found, const std::string& allowed) {
    if (!error_) error_ = Error{"genesis_invalid", path + " is " + found + "; allowed: " + allowed};
  }

 private:
  const Json& object_;
  std::string path_;
  std::optional<Error>& error_;
  std::set<std::string> known_;
};

// The market's part, in model/genesis_market_json.cc.
void read_market(Fields& f, const Genesis& g, MarketGenesis& m, std::optional<Error>& error);
Json market_to_json(const Genesis& g);
// The private points', in model/genesis_private_json.cc.
void read_private(Fields& f, const Genesis& g, PrivateGenesis& p, std::optional<Error>& error);
Json private_to_json(const Genesis& g);

}  // namespace tieline::genesis_file
