#pragma once
// What a store throws when the disk fails under it. Reads and writes of a store have no other way to say so
// (ledger/store.h has values only, because in memory nothing can fail); nobody but the owner of a thread catches it:
// the node stops with the message, the offline tools print it.
//
// Codes: corrupt_store (a file does not hold what was written; the message names it), disk_full, disk_error.

#include <stdexcept>
#include <string>

#include "base/result.h"

namespace tieline::storage {

class StoreError : public std::runtime_error {
 public:
  explicit StoreError(Error error) : std::runtime_error(error.code + ": " + error.why), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace tieline::storage
