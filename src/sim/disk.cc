#include "sim/disk.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::sim {
namespace {

// A write of `after` over `before` that a power loss cut: whole, not at all, or each byte from one of them up to a
// point.
Bytes torn_sector(const Bytes& before, const Bytes& after, bool torn, Rng& rng) {
  const uint64_t how = torn ? rng.below(4) : rng.below(2);
  if (how == 0) return before;
  if (how == 1) return after;
  Bytes mixed = before;
  mixed.resize(std::max(before.size(), after.size()));
  const size_t cut = after.empty() ? 0 : rng.below(after.size() + 1);
  if (how == 2) {
    std::copy_n(after.begin(), cut, mixed.begin());
  } else {  // a drive that lost power inside the sector leaves anything
    std::copy_n(after.begin(), cut, mixed.begin());
    for (size_t i = cut; i < std::min(mixed.size(), cut + 32); ++i) mixed[i] = static_cast<uint8_t>(rng.next());
  }
  return mixed;
}

}  // namespace

void Disk::enqueue(replica::LogAppend append) { queue_.push_back(std::move(append)); }

bool Disk::write_batch() {
  TL_CHECK(!writing_ && !queue_.empty());
  batch_syncs_ = false;
  batch_lsns_.clear();
  batch_sector_.reset();
  while (!queue_.empty()) {
    replica::LogAppend& append = queue_.front();
    if (segments_.empty() || segments_.back().data.size() >= segment_bytes_) segments_.emplace_back();
    Segment& segment = segments_.back();
    segment.data.insert(segment.data.end(), append.bytes.begin(), append.bytes.end());
    segment.last = std::max(segment.last, append.lsn);
    // Only the newest record of a batch goes to its sector: the other sector must stay whole until this one is synced.
    if (append.vote_sector) batch_sector_ = std::move(append.vote_sector);
    if (append.sync) {
      batch_syncs_ = true;
      batch_lsns_.push_back(append.lsn);
    }
    queue_.pop_front();
  }
  if (batch_sector_) batch_syncs_ = true;
  if (one_sync_) write_sector();
  bytes_max_ = std::max(bytes_max_, bytes());
  writing_ = batch_syncs_;
  return batch_syncs_;
}

void Disk::write_sector() {
  if (!batch_sector_) return;
  Sector& target = sectors_[next_sector_];
  TL_CHECK(!target.unsynced);
  target.before = std::move(target.data);
  target.data = std::move(*batch_sector_);
  target.unsynced = true;
  next_sector_ = 1 - next_sector_;
  batch_sector_.reset();
}

bool Disk::sync_done(std::vector<consensus::Lsn>& lsns) {
  TL_CHECK(writing_);
  for (Segment& segment : segments_) segment.synced = segment.data.size();
  for (Sector& sector : sectors_) {
    sector.unsynced = false;
    sector.before.clear();
  }
  if (batch_sector_) {
    write_sector();
    return false;
  }
  writing_ = false;
  fresh_ = false;
  lsns = std::move(batch_lsns_);
  batch_lsns_.clear();
  return true;
}

void Disk::trim(consensus::Lsn before) {
  // Whole files only, and never the one that is written to.
  size_t drop = 0;
  while (drop + 1 < segments_.size() && segments_[drop].last < before) ++drop;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(drop));
}

void Disk::crash(bool power, bool torn, Rng& rng) {
  queue_.clear();
  writing_ = false;
  batch_sector_.reset();
  if (fresh_) {  // a host that finds a folder whose making was cut short makes it anew
    segments_.clear();
    sectors_ = {};
    next_sector_ = 0;
  }
  if (power) {
    for (size_t s = 0; s < segments_.size(); ++s) {
      Segment& segment = segments_[s];
      const size_t unsynced = segment.data.size() - segment.synced;
      if (unsynced == 0) continue;
      const uint64_t how = torn ? rng.below(4) : rng.below(2);
      if (how == 0) {
        segment.data.resize(segment.synced);
      } else if (how == 2) {  // the file grew, the bytes came only up to a point
        segment.data.resize(segment.synced + rng.below(unsynced + 1));
      } else if (how == 3) {  // any of the sectors came; the length did
        for (size_t at = segment.synced; at < segment.data.size();) {
          const size_t end = std::min(segment.data.size(), (at / kSectorBytes + 1) * kSectorBytes);
          if (rng.chance(500'000))
            std::fill(segment.data.begin() + static_cast<ptrdiff_t>(at),
                      segment.data.begin() + static_cast<ptrdiff_t>(end), uint8_t{0});
          at = end;
        }
      }
      // Files are made in order and each is filled before the next: one that came short ends the log.
      if (how == 0 || how == 2) {
        segments_.resize(s + 1);
        break;
      }
    }
    for (size_t i = 0; i < sectors_.size(); ++i) {
      Sector& sector = sectors_[i];
      if (!sector.unsynced) continue;
      Bytes after = torn_sector(sector.before, sector.data, torn, rng);
      if (after != sector.data) next_sector_ = i;  // it did not become the newest: it is the one to write again
      sector.data = std::move(after);
    }
  }
  for (Segment& segment : segments_) segment.synced = segment.data.size();
  for (Sector& sector : sectors_) {
    sector.unsynced = false;
    sector.before.clear();
  }
}

bool Disk::flip_bit(Rng& rng) {
  const size_t total = bytes();
  if (total == 0) return false;
  size_t at = rng.below(total);
  const auto mask = static_cast<uint8_t>(1U << rng.below(8));
  // Half of the time in a vote sector, where it hurts most.
  if (rng.chance(500'000)) {
    Sector& sector = sectors_[rng.below(2)];
    if (!sector.data.empty()) {
      sector.data[rng.below(sector.data.size())] ^= mask;
      return true;
    }
  }
  for (Segment& segment : segments_) {
    if (at < segment.data.size()) {
      segment.data[at] ^= mask;
      return true;
    }
    at -= segment.data.size();
  }
  for (Sector& sector : sectors_) {
    if (at < sector.data.size()) {
      sector.data[at] ^= mask;
      return true;
    }
    at -= sector.data.size();
  }
  return false;
}

void Disk::wipe() {
  // A folder that is gone is not a first start: the node knows from its key file that it has been running.
  fresh_ = false;
  queue_.clear();
  writing_ = false;
  segments_.clear();
  sectors_ = {};
  next_sector_ = 0;
}

replica::DiskImage Disk::image() {
  TL_CHECK(!writing_ && queue_.empty());
  replica::DiskImage image;
  image.fresh = fresh_;
  if (fresh_) return image;
  if (!segments_.empty() || !sectors_[0].data.empty() || !sectors_[1].data.empty()) {
    for (const Sector& sector : sectors_) {
      image.vote_sectors.push_back(sector.data);
      image.vote_sectors.back().resize(kSectorBytes);  // never written: zeros
    }
  }
  for (const Segment& segment : segments_) image.segments.emplace_back(Blob::copy_of(segment.data));
  return image;
}

size_t Disk::bytes() const {
  size_t total = 0;
  for (const Segment& segment : segments_) total += segment.data.size();
  for (const Sector& sector : sectors_) total += sector.data.size();
  return total;
}

}  // namespace tieline::sim
