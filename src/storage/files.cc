#include "storage/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tieline::storage {

void Fd::reset(int fd) {
  // Everything that must last was synced before: a failed close says nothing that anyone could act on.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error disk_error(int errno_value, std::string_view doing, const std::filesystem::path& path) {
  const char* code = "disk_error";
  const char* hint = "";
  if (errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG) {
    code = "disk_full";
    hint = "; make room and start again";
  } else if (errno_value == EROFS || errno_value == EACCES || errno_value == EPERM) {
    code = "read_only";
    hint = "; this user must be able to write there";
  } else if (errno_value == ENOENT) {
    code = "not_found";
  }
  return Error{code,
               std::string(doing) + " " + path.string() + ": " + std::generic_category().message(errno_value) + hint};
}

Result<Fd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  int fd;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return disk_error(errno, "opening", path);
  return Fd(fd);
}

Status write_at(int fd, ByteView bytes, uint64_t offset, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) continue;
      return disk_error(errno, "writing", path);
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Status sync_data(int fd, const std::filesystem::path& path) {
  // Not tried again, whatever it says: after a failure the kernel may have dropped the pages and forgotten the error.
  if (::fdatasync(fd) != 0) return disk_error(errno, "syncing", path);
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  auto fd = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!fd) return fd.error();
  if (::fsync(fd->get()) != 0) return disk_error(errno, "syncing folder", folder);
  return {};
}

Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return disk_error(errno, "renaming to " + to.string(), from);
  return sync_folder(to.parent_path());
}

Status remove_durably(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return disk_error(errno, "removing", path);
  }
  return sync_folder(path.parent_path());
}

Result<Bytes> read_whole(const std::filesystem::path& path) {
  auto fd = open_file(path, O_RDONLY);
  if (!fd) return fd.error();
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return disk_error(errno, "reading", path);
  Bytes out(static_cast<size_t>(info.st_size));
  size_t at = 0;
  while (at < out.size()) {
    ssize_t n = ::pread(fd->get(), out.data() + at, out.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return disk_error(errno, "reading", path);
    if (n == 0) break;  // it became shorter: what is there is what there is
    at += static_cast<size_t>(n);
  }
  out.resize(at);
  return out;
}

Status make_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return {};
  const auto parent = std::filesystem::absolute(folder).parent_path();
  if (parent != folder) {
    if (auto made = make_folder(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return disk_error(errno, "making folder", folder);
  return sync_folder(parent);
}

}  // namespace tieline::storage
