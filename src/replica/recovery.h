#pragma once
// What a validator remembers after a crash, from the bytes that the host found on disk. The rule: the newest vote that
// stands anywhere wins, and it is never traded for an older one, since a damaged record cannot be told from a torn one.
// The one exception is sure: a vote that no sector names while all sectors are whole has never left, and where the log
// lost part of what it speaks of it counts for nothing.
// Only when nobody can tell which vote was the last (no vote, no whole sector, or a hole that a lost sector may have
// pointed into) must the validator rejoin. A vote whose body or certificate was torn off by a power cut stands; the
// engine gets them from the others (docs/adr/0004, docs/formats/log.md has the cases).

#include <string>
#include <vector>

#include "replica/log_format.h"
#include "replica/replica.h"

namespace tieline::replica {

struct RecoveredBody {
  BlockPtr block;
  Lsn lsn = 0;
};
struct RecoveredCommit {
  CommitRecord record;
  Lsn lsn = 0;
};

struct RecoveredLog {
  consensus::Recovered engine;            // all but `uncommitted`, which depends on the committed chain
  std::vector<RecoveredBody> bodies;      // of heights >= `applied`, in the order of the log
  std::vector<RecoveredCommit> commits;   // of heights > `applied`, in the order of the log
  std::vector<Certificate> certificates;  // in the order of the log: an epoch's last block needs its own for a link
  Lsn next = 1;                           // the first lsn to write
  bool begin_anew = false;                // the first append must be a kReset and hold the vote
  bool sector_behind = false;             // no sector names the newest vote: one must before anything is built on it
  const char* damage = nullptr;           // why it must rejoin: a stable code
  const char* torn = nullptr;             // what is missing otherwise: a stable code
};

// `applied` is the height that the store stands at.
RecoveredLog recover_log(const DiskImage& disk, Height applied);

}  // namespace tieline::replica
