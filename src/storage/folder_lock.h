#pragma once
// One process a data folder: two validators with one vote log would vote twice. The lock (flock on FOLDER/LOCK) ends
// with the process, however it ends.
//
// Errors: folder_in_use (names the process that holds it), and those of storage/files.h.

#include <filesystem>

#include "storage/files.h"

namespace tieline::storage {

class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder);  // makes the folder if it is missing

 private:
  explicit FolderLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace tieline::storage
