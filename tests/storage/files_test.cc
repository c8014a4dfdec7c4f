// Files, folders and the lock on a data folder.
#include "storage/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../temporary_folder.h"
#include "storage/folder_lock.h"

namespace tieline::storage {
namespace {

TEST(Files, AMissingFileIsNamedInTheError) {
  TemporaryFolder folder;
  auto bytes = read_whole(folder / "absent");
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, "not_found");
  EXPECT_NE(bytes.error().why.find((folder / "absent").string()), std::string::npos);
}

TEST(Files, WhatTheSystemSaysBecomesAStableCode) {
  EXPECT_EQ(disk_error(ENOSPC, "writing", "/x").code, "disk_full");
  EXPECT_EQ(disk_error(EFBIG, "writing", "/x").code, "disk_full");
  EXPECT_EQ(disk_error(EROFS, "writing", "/x").code, "read_only");
  EXPECT_EQ(disk_error(EACCES, "writing", "/x").code, "read_only");
  EXPECT_EQ(disk_error(EIO, "writing", "/x").code, "disk_error");
}

TEST(Files, FoldersAreMadeWithTheirParents) {
  TemporaryFolder folder;
  ASSERT_TRUE(make_folder(folder.path() / "a" / "b" / "c").ok());
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a" / "b" / "c"));
  EXPECT_TRUE(make_folder(folder.path() / "a" / "b").ok());
}

TEST(FolderLock, ASecondProcessIsRefusedAndToldWhoHoldsIt) {
  TemporaryFolder folder;
  auto lock = FolderLock::take(folder / "data");
  ASSERT_TRUE(lock.ok()) << lock.error().why;
  const pid_t child = ::fork();
  if (child == 0) {
    auto second = FolderLock::take(folder / "data");
    const std::string holder = "process " + std::to_string(::getppid()) + ")";
    const bool refused =
        !second.ok() && second.error().code == "folder_in_use" && second.error().why.find(holder) != std::string::npos;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(FolderLock, ItEndsWithItsHolder) {
  TemporaryFolder folder;
  { ASSERT_TRUE(FolderLock::take(folder / "data").ok()); }
  EXPECT_TRUE(FolderLock::take(folder / "data").ok());
}

TEST(FolderLock, AFolderThatCannotBeWrittenSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  auto lock = FolderLock::take(folder / "data");
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code, "read_only");
}

}  // namespace
}  // namespace tieline::storage
