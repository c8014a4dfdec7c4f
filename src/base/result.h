#pragma once
// Errors are values. A Result<T> holds either a T or an Error; an Error has a stable machine-readable code
// (lower_snake, part of the public surface: logs, HTTP problem details and metrics use it) and a sentence for a person.

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tieline {

struct Error {
  std::string code;  // stable, e.g. "bad_signature"
  std::string why;   // what was wrong, where, what to do
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    TL_CHECK_MSG(ok(), ok() ? "" : error().why.c_str());
    return std::get<0>(state_);
  }
  const T& value() const& {
    TL_CHECK_MSG(ok(), ok() ? "" : error().why.c_str());
    return std::get<0>(state_);
  }
  T&& value() && {
    TL_CHECK_MSG(ok(), ok() ? "" : error().why.c_str());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tieline
