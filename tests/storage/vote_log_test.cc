// The vote log: what append() reported is there after any end of the process; rotation, trimming and restarts lose
// nothing; a disk that fails is reported once.
#include "storage/vote_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "../temporary_folder.h"
#include "replica/log_format.h"

namespace {
thread_local const std::function<void(int)>* on_sync = nullptr;  // of the test's thread; the log has another one
}
// Stands before the C library's, so that a test sees what is in the file whenever the log syncs it.
extern "C" int fdatasync(int fd) {
  if (on_sync != nullptr) (*on_sync)(fd);
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace tieline::storage {
namespace {

using replica::LogAppend;
using replica::Lsn;

constexpr size_t kSmallSegment = 64 * 1024;

VoteLogOptions small() { return VoteLogOptions{kSmallSegment}; }

// One record of `size` body bytes, whose last ones are zeros; with a vote sector when asked for.
LogAppend record(Lsn lsn, size_t size, bool with_sector = false) {
  replica::RecordWriter writer(lsn);
  writer.add(replica::RecordType::kMessage, [&](Writer& w) {
    for (size_t i = 0; i < size; ++i) w.u8(i < size / 2 ? static_cast<uint8_t>(lsn) : 0);
  });
  LogAppend out;
  out.lsn = lsn;
  out.bytes = writer.take();
  if (with_sector) {
    replica::VoteSector sector;
    sector.lsn = lsn;
    sector.vote.sequence = lsn;
    out.vote_sector = replica::encode_sector(sector);
  }
  return out;
}

Status append(VoteLog& log, LogAppend append) { return log.append(std::span(&append, 1)); }

std::unique_ptr<VoteLog> opened(const std::filesystem::path& folder, VoteLogOptions options = small()) {
  auto log = VoteLog::open(folder, options);
  EXPECT_TRUE(log.ok()) << log.error().why;
  return std::move(*log);
}
std::unique_ptr<VoteLog> started(const std::filesystem::path& folder, VoteLogOptions options = small()) {
  auto log = opened(folder, options);
  const Status status = log->start();
  EXPECT_TRUE(status.ok()) << status.error().why;
  return log;
}

replica::ParsedLog parsed(const std::filesystem::path& folder) {
  return replica::parse_log(opened(folder)->take_image().segments);
}
uint64_t newest_sector(const replica::DiskImage& image) {
  uint64_t newest = 0;
  for (const Bytes& sector : image.vote_sectors) newest = std::max(newest, replica::sector_newness(sector).value_or(0));
  return newest;
}
size_t files_with(const std::filesystem::path& folder, const std::string& extension) {
  size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) n += entry.path().extension() == extension;
  return n;
}

TEST(VoteLog, AFolderThatInitMadeIsFreshAndOneThatWasWipedIsNot) {
  TemporaryFolder folder;
  EXPECT_FALSE(opened(folder / "wiped")->take_image().fresh);
  ASSERT_TRUE(VoteLog::mark_never_voted(folder / "new").ok());
  EXPECT_TRUE(opened(folder / "new")->take_image().fresh);
}

TEST(VoteLog, TheFirstVoteEndsFreshnessAndRecordsAloneDoNot) {
  TemporaryFolder folder;
  ASSERT_TRUE(VoteLog::mark_never_voted(folder / "log").ok());
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 10)).ok());
  }
  EXPECT_TRUE(opened(folder / "log")->take_image().fresh);
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 10, true)).ok());
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "log" / kNeverVotedName));
  }
  EXPECT_FALSE(opened(folder / "log")->take_image().fresh);
  EXPECT_EQ(parsed(folder / "log").records.size(), 1u);
}

TEST(VoteLog, ACrashBetweenTheFirstVoteAndTheRemovalOfTheMarkIsNoFreshStart) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 10, true)).ok());
  }
  ASSERT_TRUE(VoteLog::mark_never_voted(folder / "log").ok());
  EXPECT_FALSE(opened(folder / "log")->take_image().fresh);
}

TEST(VoteLog, RecordsAreReadBackWholeThoughTheyEndInZeros) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    for (Lsn lsn = 1; lsn <= 20; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 100 * lsn)).ok());
  }
  const auto log = parsed(folder / "log");
  ASSERT_EQ(log.records.size(), 20u);
  EXPECT_EQ(log.last, 20u);
  EXPECT_FALSE(log.hole);
  EXPECT_EQ(log.records.back().body.size(), 2000u);
}

TEST(VoteLog, SeveralAppendsGoOutAsOneWithTheNewestVote) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    std::vector<LogAppend> batch;
    for (Lsn lsn = 1; lsn <= 100; ++lsn) batch.push_back(record(lsn, 50, lsn % 3 == 0));
    ASSERT_TRUE(log->append(batch).ok());
  }
  EXPECT_EQ(parsed(folder / "log").last, 100u);
  EXPECT_EQ(newest_sector(opened(folder / "log")->take_image()), 99u);
}

TEST(VoteLog, TheNewestVoteSectorIsNeverOverwritten) {
  TemporaryFolder folder;
  for (Lsn lsn = 1; lsn <= 9; ++lsn) {
    // Over restarts too: which of the two is newer must be found out again.
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(lsn, 10, true)).ok());
    const auto image = opened(folder / "log")->take_image();
    ASSERT_EQ(image.vote_sectors.size(), 2u);
    const auto first = replica::sector_newness(image.vote_sectors[0]);
    const auto second = replica::sector_newness(image.vote_sectors[1]);
    EXPECT_EQ(std::max(first, second), lsn);
    if (lsn > 1) {
      EXPECT_EQ(std::min(first, second), lsn - 1);
    }
  }
}

TEST(VoteLog, ASectorIsWrittenOnlyWhenTheRecordsThatItSpeaksOfAreOnDisk) {
  TemporaryFolder folder;
  auto log = started(folder / "log");
  for (Lsn lsn = 1; lsn <= 4; ++lsn) {
    std::vector<std::pair<Lsn, uint64_t>> seen;  // at each sync: the newest record, and the newest sector
    const std::function<void(int)> look = [&](int fd) {
      Bytes file(kSmallSegment);
      ASSERT_EQ(::pread(fd, file.data(), file.size(), 0), static_cast<ssize_t>(file.size()));
      replica::DiskImage image;
      for (size_t i = 0; i < 2; ++i) {
        const ByteView sector = ByteView(file).subspan(i * kLogPage, replica::kVoteSectorBytes);
        image.vote_sectors.emplace_back(sector.begin(), sector.end());
      }
      const auto records = replica::parse_log({Blob::copy_of(ByteView(file).subspan(kLogRecordsAt))});
      seen.emplace_back(records.last, newest_sector(image));
    };
    on_sync = &look;
    const Status done = append(*log, record(lsn, 100, true));
    on_sync = nullptr;
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(seen, (std::vector<std::pair<Lsn, uint64_t>>{{lsn, lsn - 1}, {lsn, lsn}}));
  }
}

TEST(VoteLog, RotationKeepsRecordsInOneSegmentEachAndCarriesTheVotesOver) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 100, true)).ok());
    ASSERT_TRUE(append(*log, record(2, 100, true)).ok());
    for (Lsn lsn = 3; lsn <= 40; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 10'000)).ok());
    EXPECT_GT(log->segments(), 5u);
  }
  const auto image = opened(folder / "log")->take_image();
  EXPECT_EQ(newest_sector(image), 2u);
  const auto log = replica::parse_log(image.segments);
  EXPECT_EQ(log.last, 40u);
  EXPECT_FALSE(log.hole);
}

TEST(VoteLog, ARecordLargerThanASegmentGetsASegmentOfItsSize) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 10)).ok());
    ASSERT_TRUE(append(*log, record(2, 5 * kSmallSegment)).ok());
    ASSERT_TRUE(append(*log, record(3, 10)).ok());
  }
  EXPECT_EQ(parsed(folder / "log").last, 3u);
}

TEST(VoteLog, OneBatchMaySpanSegments) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    std::vector<LogAppend> batch;
    for (Lsn lsn = 1; lsn <= 50; ++lsn) batch.push_back(record(lsn, 9'000, true));
    ASSERT_TRUE(log->append(batch).ok());
  }
  const auto image = opened(folder / "log")->take_image();
  EXPECT_EQ(newest_sector(image), 50u);
  EXPECT_EQ(replica::parse_log(image.segments).last, 50u);
}

TEST(VoteLog, TrimGivesBackOnlySegmentsThatAreWhollyBelow) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    for (Lsn lsn = 1; lsn <= 60; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 10'000, true)).ok());
    const size_t before = log->segments();
    ASSERT_TRUE(log->trim(1).ok());
    EXPECT_EQ(log->segments(), before);
    ASSERT_TRUE(log->trim(31).ok());
    EXPECT_LT(log->segments(), before);
    for (Lsn lsn = 61; lsn <= 120; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 10'000, true)).ok());
    ASSERT_TRUE(log->trim(121).ok());
    EXPECT_EQ(log->segments(), 1u);
    for (Lsn lsn = 121; lsn <= 130; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 10'000, true)).ok());
  }
  const auto image = opened(folder / "log")->take_image();
  EXPECT_EQ(newest_sector(image), 130u);
  const auto log = replica::parse_log(image.segments);
  EXPECT_EQ(log.last, 130u);
  EXPECT_FALSE(log.hole);
  EXPECT_LE(log.records.front().lsn, 121u);
}

TEST(VoteLog, TrimNeverTakesTheFirstRecordThatIsStillNeeded) {
  TemporaryFolder folder;
  auto log = started(folder / "log");
  for (Lsn lsn = 1; lsn <= 60; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 10'000, true)).ok());
  for (Lsn before = 1; before <= 60; ++before) {
    ASSERT_TRUE(log->trim(before).ok());
    ASSERT_LE(parsed(folder / "log").records.front().lsn, before);
  }
}

TEST(VoteLog, SegmentsOfEarlierRunsAreTrimmedOnceThisRunIsDurableElsewhere) {
  TemporaryFolder folder;
  for (Lsn run = 0; run < 4; ++run) {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(run + 1, 10, true)).ok());
  }
  auto log = started(folder / "log");
  EXPECT_EQ(log->segments(), 5u);
  ASSERT_TRUE(append(*log, record(5, 10, true)).ok());
  ASSERT_TRUE(log->trim(4).ok());
  EXPECT_EQ(log->segments(), 5u);
  ASSERT_TRUE(log->trim(5).ok());
  EXPECT_EQ(log->segments(), 1u);
}

TEST(VoteLog, ATornTailStaysWhereItIsAndTheNextRunGoesOn) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    for (Lsn lsn = 1; lsn <= 5; ++lsn) ASSERT_TRUE(append(*log, record(lsn, 100, true)).ok());
  }
  const auto segment = folder.path() / "log" / "00000001.seg";
  const size_t each = record(1, 100).bytes.size();
  {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(kLogRecordsAt + 4 * each + 30));
    for (size_t i = 30; i < each; ++i) file.put(0);  // the last record reached the disk in part
  }
  EXPECT_EQ(parsed(folder / "log").last, 4u);
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(5, 100, true)).ok());
  }
  const auto log = parsed(folder / "log");
  EXPECT_EQ(log.last, 5u);
  EXPECT_FALSE(log.hole);
}

TEST(VoteLog, SegmentsThatWereNotYetReadyAreForgottenAtTheNextStart) {
  TemporaryFolder folder;
  { auto log = started(folder / "log"); }
  { std::ofstream(folder.path() / "log" / "spare-77.tmp") << "half"; }
  {
    auto log = started(folder / "log");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "log" / "spare-77.tmp"));
  }
  EXPECT_EQ(files_with(folder / "log", ".seg"), 2u);
}

TEST(VoteLog, ASegmentCutShortIsReadAsWhatIsLeft) {
  TemporaryFolder folder;
  {
    auto log = started(folder / "log");
    ASSERT_TRUE(append(*log, record(1, 100, true)).ok());
  }
  std::filesystem::resize_file(folder.path() / "log" / "00000001.seg", 100);
  const auto image = opened(folder / "log")->take_image();
  ASSERT_EQ(image.segments.size(), 1u);
  EXPECT_TRUE(image.segments[0].empty());
  EXPECT_EQ(newest_sector(image), 0u);
  EXPECT_FALSE(image.fresh);
}

// Runs `body` in a process of its own, which may spoil its limits; 0 is success.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(VoteLog, ADiskThatCannotGrowIsReportedAsFullAndNothingIsLost) {
  TemporaryFolder folder;
  const int result = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = started(folder / "log");
    if (!append(*log, record(1, 1'000, true)).ok()) return 1;
    const rlimit limit{kSmallSegment, kSmallSegment};  // no file may grow beyond an ordinary segment
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const Status status = append(*log, record(2, 3 * kSmallSegment, true));
    if (status.ok()) return 3;
    return status.error().code == "disk_full" ? 0 : 4;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(parsed(folder / "log").last, 1u);
  EXPECT_EQ(newest_sector(opened(folder / "log")->take_image()), 1u);
}

TEST(VoteLog, AFullFileSystemIsReportedAndWhatWasDurableStays) {
  TemporaryFolder folder;
  const auto mount = folder / "small";
  std::filesystem::create_directory(mount);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=400k") != 0)
    GTEST_SKIP() << "may not mount a small file system";
  Lsn durable = 0;
  std::string code;
  {
    auto log = started(mount / "log");
    while (code.empty()) {
      const Status status = append(*log, record(durable + 1, 10'000, true));
      if (status.ok())
        ++durable;
      else
        code = status.error().code;
      ASSERT_LT(durable, 1'000u);
    }
  }
  EXPECT_EQ(code, "disk_full");
  EXPECT_GT(durable, 4u);
  EXPECT_EQ(parsed(mount / "log").last, durable);
  ASSERT_EQ(::umount(mount.c_str()), 0);
}

TEST(VoteLog, AReadOnlyFileSystemIsReported) {
  TemporaryFolder folder;
  const auto mount = folder / "small";
  std::filesystem::create_directory(mount);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "may not mount a small file system";
  { auto log = started(mount / "log"); }
  EXPECT_EQ(::mount("tmpfs", mount.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  {
    auto log = opened(mount / "log");
    const Status status = log->start();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, "read_only");
  }
  ASSERT_EQ(::umount(mount.c_str()), 0);
}

void use_after_failure(const std::filesystem::path& folder) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto log = started(folder);
  const rlimit limit{kSmallSegment, kSmallSegment};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  (void)append(*log, record(1, 3 * kSmallSegment, true)).ok();
  (void)append(*log, record(1, 1'000, true)).ok();
}

TEST(VoteLogDeathTest, AfterAFailureItCannotBeUsed) {
  TemporaryFolder folder;
  EXPECT_DEATH(use_after_failure(folder / "log"), "has failed before");
}

}  // namespace
}  // namespace tieline::storage
