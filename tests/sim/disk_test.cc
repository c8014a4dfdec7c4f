// The simulated disk forgets what a real one may forget, and nothing else.

#include "sim/disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

namespace tieline::sim {
namespace {

constexpr int kTries = 200;

replica::LogAppend append(consensus::Lsn lsn, size_t size, bool with_sector) {
  replica::LogAppend a;
  a.lsn = lsn;
  a.bytes.assign(size, static_cast<uint8_t>(lsn));
  if (with_sector) a.vote_sector = Bytes(kSectorBytes, static_cast<uint8_t>(lsn));
  return a;
}
void sync(Disk& disk) {
  std::vector<consensus::Lsn> lsns;
  while (!disk.sync_done(lsns)) continue;
}
Bytes log_of(Disk& disk) {
  Bytes all;
  for (const Blob& segment : disk.image().segments) all.insert(all.end(), segment.view().begin(), segment.view().end());
  return all;
}

TEST(Disk, KeepsWhatWasSyncedThroughEveryPowerLoss) {
  for (int i = 0; i < kTries; ++i) {
    Rng rng(static_cast<uint64_t>(i));
    Disk disk(100, i % 2 == 0);
    for (consensus::Lsn lsn = 1; lsn <= 5; ++lsn) {
      disk.enqueue(append(lsn, 70, true));
      ASSERT_TRUE(disk.write_batch());
      sync(disk);
    }
    disk.enqueue(append(6, 3'000, true));
    ASSERT_TRUE(disk.write_batch());
    disk.crash(true, true, rng);
    const Bytes log = log_of(disk);
    ASSERT_GE(log.size(), 350u);
    for (size_t at = 0; at < 350; ++at) ASSERT_EQ(log[at], at / 70 + 1);
    // The newest synced sector is whole, whatever became of the write over the other one.
    const auto sectors = disk.image().vote_sectors;
    ASSERT_EQ(sectors.size(), 2u);
    const Bytes newest(kSectorBytes, 5);
    EXPECT_TRUE(sectors[0] == newest || sectors[1] == newest);
  }
}

TEST(Disk, LosesUnsyncedBytesInManyWays) {
  bool whole = false, gone = false, part = false;
  for (int i = 0; i < kTries; ++i) {
    Rng rng(static_cast<uint64_t>(i));
    Disk disk(100'000);
    disk.enqueue(append(1, 10, true));
    ASSERT_TRUE(disk.write_batch());
    sync(disk);
    disk.enqueue(append(2, 5'000, false));
    ASSERT_TRUE(disk.write_batch());
    disk.crash(true, true, rng);
    const Bytes log = log_of(disk);
    const size_t kept = static_cast<size_t>(std::count(log.begin(), log.end(), uint8_t{2}));
    whole |= kept == 5'000;
    gone |= kept == 0;
    part |= kept > 0 && kept < 5'000;
  }
  EXPECT_TRUE(whole && gone && part);
}

TEST(Disk, WritesTheSectorOnlyAfterItsRecordsAreSynced) {
  for (int i = 0; i < kTries; ++i) {
    Rng rng(static_cast<uint64_t>(i));
    Disk disk(100'000);
    for (consensus::Lsn lsn = 1; lsn <= 3; ++lsn) {
      disk.enqueue(append(lsn, 600, true));
      ASSERT_TRUE(disk.write_batch());
      if (lsn < 3) sync(disk);
    }
    std::vector<consensus::Lsn> lsns;
    if (i % 2 == 0) {
      ASSERT_FALSE(disk.sync_done(lsns));
    }  // the records, not yet the sector
    disk.crash(true, true, rng);
    const auto sectors = disk.image().vote_sectors;
    const Bytes third(kSectorBytes, 3);
    const bool sector_there = sectors[0] == third || sectors[1] == third;
    const Bytes log = log_of(disk);
    if (sector_there) {
      EXPECT_EQ(std::count(log.begin(), log.end(), uint8_t{3}), 600);
    }
  }
}

TEST(Disk, KeepsEverythingWrittenWhenOnlyTheProcessDies) {
  Rng rng(1);
  Disk disk(100'000);
  disk.enqueue(append(1, 10, true));
  ASSERT_TRUE(disk.write_batch());
  sync(disk);
  disk.enqueue(append(2, 5'000, false));
  ASSERT_TRUE(disk.write_batch());
  disk.enqueue(append(3, 10, false));  // still in the process's queue: lost with it
  disk.crash(false, true, rng);
  EXPECT_EQ(log_of(disk).size(), 5'010u);
}

TEST(Disk, IsFreshUntilSomethingWasDurable) {
  Rng rng(1);
  Disk disk(100'000);
  EXPECT_TRUE(disk.image().fresh);
  disk.enqueue(append(1, 10, true));
  ASSERT_TRUE(disk.write_batch());
  disk.crash(true, true, rng);
  EXPECT_TRUE(disk.image().fresh);
  EXPECT_TRUE(disk.image().segments.empty());
  disk.enqueue(append(1, 10, true));
  ASSERT_TRUE(disk.write_batch());
  sync(disk);
  disk.crash(true, true, rng);
  EXPECT_FALSE(disk.image().fresh);
}

TEST(Disk, IsNotFreshAfterItWasWiped) {
  Rng rng(1);
  Disk disk(100'000);
  disk.wipe();
  EXPECT_FALSE(disk.image().fresh);
  EXPECT_TRUE(disk.image().vote_sectors.empty());
  EXPECT_TRUE(disk.image().segments.empty());
}

TEST(Disk, TrimsWholeSegmentsBelowAndNeverTheLast) {
  Disk disk(50);
  for (consensus::Lsn lsn = 1; lsn <= 4; ++lsn) {
    disk.enqueue(append(lsn, 60, false));
    ASSERT_TRUE(disk.write_batch());
    sync(disk);
  }
  disk.trim(3);
  EXPECT_EQ(log_of(disk).front(), 3);
  disk.trim(100);
  EXPECT_EQ(log_of(disk), Bytes(60, 4));
}

TEST(Disk, FlipsExactlyOneBit) {
  for (int i = 0; i < kTries; ++i) {
    Rng rng(static_cast<uint64_t>(i));
    Disk disk(100'000);
    disk.enqueue(append(1, 300, true));
    ASSERT_TRUE(disk.write_batch());
    sync(disk);
    const auto before = disk.image();
    ASSERT_TRUE(disk.flip_bit(rng));
    const auto after = disk.image();
    int bits = 0;
    for (size_t s = 0; s < before.segments.size(); ++s)
      for (size_t at = 0; at < before.segments[s].size(); ++at)
        bits += std::popcount(static_cast<unsigned>(before.segments[s].view()[at] ^ after.segments[s].view()[at]));
    for (size_t s = 0; s < 2; ++s)
      for (size_t at = 0; at < kSectorBytes; ++at)
        bits += std::popcount(static_cast<unsigned>(before.vote_sectors[s][at] ^ after.vote_sectors[s][at]));
    EXPECT_EQ(bits, 1);
  }
}

}  // namespace
}  // namespace tieline::sim
