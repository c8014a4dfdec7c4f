#pragma once
// The disk under one validator's log: segment files and two vote sectors as byte images. What was written but not
// synced may be lost at a power loss, wholly, up to a point, or sector by sector; what was synced stays, unless a fault
// of the disk itself turns a bit. One writer: appends are queued and taken in batches; the records of a batch are
// synced, then its newest vote sector is written and synced, and only then the batch counts as durable and the next
// begins. So a sector that names a record proves that the record is durable, and at most one of the two sectors is ever
// in doubt. With `one_sync` records and sector are synced together: then a power loss may leave a sector without its
// records, which cannot be told from damage.

#include <array>
#include <deque>
#include <vector>

#include "base/rng.h"
#include "replica/replica.h"

namespace tieline::sim {

inline constexpr size_t kSectorBytes = 512;

class Disk {
 public:
  explicit Disk(size_t segment_bytes, bool one_sync = false) : segment_bytes_(segment_bytes), one_sync_(one_sync) {}

  void enqueue(replica::LogAppend append);
  bool busy() const { return writing_; }
  bool has_queue() const { return !queue_.empty(); }
  // Writes everything queued to the files (not durable yet). True if a sync is wanted; then busy() until sync_done().
  bool write_batch();
  // A sync succeeded. False if the batch needs another one; otherwise `lsns` are those to report, ascending.
  bool sync_done(std::vector<consensus::Lsn>& lsns);
  // The next process writes into a new file, behind whatever the last one left.
  void begin_segment() { segments_.emplace_back(); }
  void trim(consensus::Lsn before);

  // The process is gone. `power`: unsynced bytes are lost; with `torn` in parts, otherwise all of them.
  void crash(bool power, bool torn, Rng& rng);
  // Turns one bit of what lies on the disk; false if there is none.
  bool flip_bit(Rng& rng);
  void wipe();

  // What the next process reads. It must be taken when the disk is idle.
  replica::DiskImage image();
  size_t bytes() const;
  size_t bytes_max_seen() const { return bytes_max_; }

 private:
  struct Segment {
    Bytes data;
    size_t synced = 0;
    consensus::Lsn last = 0;
  };
  struct Sector {
    Bytes data;
    Bytes before;  // what it held before the write that is not synced yet
    bool unsynced = false;
  };
  void write_sector();
  size_t segment_bytes_;
  bool one_sync_;
  bool fresh_ = true;  // until something was durable for the first time: before that nothing can have left the node
  bool writing_ = false;
  bool batch_syncs_ = false;
  std::optional<Bytes> batch_sector_;  // still to be written
  std::deque<replica::LogAppend> queue_;
  std::vector<consensus::Lsn> batch_lsns_;
  std::vector<Segment> segments_;
  std::array<Sector, 2> sectors_;
  size_t next_sector_ = 0;
  size_t bytes_max_ = 0;
};

}  // namespace tieline::sim
