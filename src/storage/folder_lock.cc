#include "storage/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace tieline::storage {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  if (auto made = make_folder(folder); !made) return made.error();
  const auto path = folder / "LOCK";
  auto fd = open_file(path, O_RDWR | O_CREAT);
  if (!fd) return fd.error();
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return disk_error(errno, "locking", path);
    char holder[32] = {};
    ssize_t n = ::pread(fd->get(), holder, sizeof(holder) - 1, 0);
    std::string pid = n > 0 ? std::string(holder, static_cast<size_t>(n)) : "unknown";
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return Error{"folder_in_use", "folder " + folder.string() + " is in use by another tieline (process " + pid +
                                      "); two on one folder would vote twice. Stop that one first"};
  }
  // Only a hint for the message above, so a disk that refuses it (full) does not keep the lock from being taken.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd->get(), 0) != 0) return disk_error(errno, "writing", path);
  if (auto written = write_at(fd->get(), view_of(pid), 0, path); !written && written.error().code != "disk_full")
    return written.error();
  return FolderLock(std::move(*fd));
}

}  // namespace tieline::storage
