#pragma once
// The few calls on files and folders that durability rests on, with plain messages. A Fd closes itself.
//
// Codes: disk_full, read_only, disk_error, not_found; every message names the path and what the system said.

#include <filesystem>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tieline::storage {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// The error for `errno_value` when `doing` ("writing") failed on `path`.
Error disk_error(int errno_value, std::string_view doing, const std::filesystem::path& path);

Result<Fd> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);
Status write_at(int fd, ByteView bytes, uint64_t offset, const std::filesystem::path& path);
Status sync_data(int fd, const std::filesystem::path& path);  // fdatasync
Status sync_folder(const std::filesystem::path& folder);      // names in it survive power loss
Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);  // same folder
Status remove_durably(const std::filesystem::path& path);  // no error when it is not there
Result<Bytes> read_whole(const std::filesystem::path& path);

// Makes the folder (0700) and its parents if they are missing, durably.
Status make_folder(const std::filesystem::path& folder);

}  // namespace tieline::storage
