#pragma once
// The log that a validator's word rests on (docs/formats/log.md): what it voted, and the bodies and messages it voted
// on, are on disk before anything leaves. One batch costs one fdatasync for its records, and one for the 512 bytes of
// the vote sector that follows them.
//
//   FOLDER/00000001.seg, 00000002.seg, ...   segments, written whole with zeros before use, so that a sync moves data
//   only
//       bytes [0, 4096) and [4096, 8192)     the two vote sectors; the newest segment's count
//       from 8192                            records (replica/log_format.h), then zeros
//   FOLDER/NEVER-VOTED                       put there by `tieline init`, gone once a first vote is on disk: without it
//   an
//                                            empty folder has been wiped, and its validator must rejoin
//   FOLDER/*.tmp                             segments being prepared; worth nothing after a crash
//
// A record never spans two segments. Each start begins a new segment and never touches the old ones, so a torn tail
// stays where it was. A new segment holds both vote sectors and is synced before its name makes it the newest. The
// newest vote sector is never overwritten: a torn write leaves it whole. Records are written before the vote sector
// that speaks of them.
//
// Threads: all calls on one thread; a thread of its own prepares segments ahead of need.
// Errors: disk_full, read_only, disk_error (storage/files.h). After the first error of append() or trim() nothing may
// be called: what is on disk is no longer known, and trying again could report lost data as durable.

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "replica/replica.h"
#include "storage/files.h"

namespace tieline::storage {

inline constexpr size_t kLogPage = 4096;
inline constexpr size_t kLogRecordsAt = 2 * kLogPage;
inline constexpr size_t kLogSegmentBytes = 32 * 1024 * 1024;
inline constexpr size_t kLogSparesMax = 2;            // prepared and waiting
inline constexpr size_t kLogZeroChunk = 1024 * 1024;  // prepared in pieces, so that votes need not wait behind it
inline constexpr char kNeverVotedName[] = "NEVER-VOTED";

struct VoteLogOptions {
  size_t segment_bytes = kLogSegmentBytes;
};

class VoteLog {
 public:
  // Says that the validator of this folder has never voted. Makes the folder.
  static Status mark_never_voted(const std::filesystem::path& folder);

  // Reads everything; makes the folder if it is missing and otherwise changes nothing.
  static Result<std::unique_ptr<VoteLog>> open(const std::filesystem::path& folder, VoteLogOptions options = {});
  ~VoteLog();
  VoteLog(const VoteLog&) = delete;
  VoteLog& operator=(const VoteLog&) = delete;

  replica::DiskImage take_image() { return std::move(image_); }  // what was there at open()

  Status start();  // begins the first segment of this run; before the first append
  // In order, as one: the records of all, a sync if any of them asks for it, then the newest vote sector and its sync.
  Status append(std::span<const replica::LogAppend> appends);
  // Gives back the segments that hold only records below `before`.
  Status trim(replica::Lsn before);

  size_t segments() const { return old_.size() + (current_.file.open() ? 1 : 0); }

 private:
  struct Segment {
    uint64_t number = 0;
    size_t bytes = 0;           // the file's size
    replica::Lsn last_lsn = 0;  // of this run's segments
    bool earlier_run = false;   // then only: below first_lsn_
    Fd file;
  };
  struct Spare {
    std::filesystem::path path;
    size_t bytes = 0;
    Fd file;
  };

  VoteLog(std::filesystem::path folder, VoteLogOptions options);
  std::filesystem::path segment_path(uint64_t number) const;
  Status read_image();
  Status rotate(size_t bytes_needed);
  Status write_records(std::span<const replica::LogAppend> appends);
  Result<Spare> prepare(const std::filesystem::path& recycled, size_t bytes);
  Result<Spare> take_spare(size_t bytes);
  void prepare_ahead();  // the thread

  const std::filesystem::path folder_;
  const VoteLogOptions options_;
  replica::DiskImage image_;
  bool never_voted_mark_ = false;
  bool fresh_ = false;
  Bytes sectors_[2];         // as in the newest segment
  size_t newest_ = 1;        // index of the newest sector
  std::deque<Segment> old_;  // oldest first
  Segment current_;
  size_t at_ = 0;                          // where the next record goes in current_
  std::optional<replica::Lsn> first_lsn_;  // of this run
  bool unsynced_ = false;
  bool failed_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool stop_ = false;
  uint64_t next_temporary_ = 1;
  std::vector<Spare> spares_;
  std::vector<std::filesystem::path> recycled_;  // *.tmp with old contents
  bool preparing_failed_ = false;                // the next rotation will meet the error itself
  std::thread preparer_;
};

}  // namespace tieline::storage
