#include "storage/vote_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "replica/log_format.h"

namespace tieline::storage {
namespace {

constexpr size_t kSegmentNameDigits = 8;
constexpr size_t kWriteVectorMax = 64;  // pieces in one pwritev
constexpr char kSegmentSuffix[] = ".seg";
constexpr char kTemporarySuffix[] = ".tmp";

std::optional<uint64_t> segment_number(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  if (path.extension() != kSegmentSuffix || stem.size() < kSegmentNameDigits) return std::nullopt;
  uint64_t number = 0;
  auto [end, code] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (code != std::errc() || end != stem.data() + stem.size() || number == 0) return std::nullopt;
  return number;
}

uint32_t u32_at(ByteView bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;  // little-endian, as every machine this is built for
}

// Where the records end: never inside one, even if its last bytes are zeros. Beyond the last whole record everything up
// to the last byte that is not zero is kept, so that whoever reads it can tell a torn record from none.
size_t records_end(ByteView records) {
  size_t whole = 0;
  while (records.size() - whole >= replica::kRecordHeaderBytes) {
    const size_t length = u32_at(records, whole);
    if (length == 0 || length > records.size() - whole - replica::kRecordPrefixBytes) break;
    whole += replica::kRecordPrefixBytes + length;
  }
  size_t last = records.size();
  while (last > whole && records[last - 1] == 0) --last;
  return last;
}

Status write_all(int fd, std::vector<iovec> pieces, uint64_t offset, const std::filesystem::path& path) {
  size_t first = 0;
  while (first < pieces.size()) {
    const int count = static_cast<int>(std::min(pieces.size() - first, kWriteVectorMax));
    ssize_t n = ::pwritev(fd, pieces.data() + first, count, static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) continue;
      return disk_error(errno, "writing", path);
    }
    offset += static_cast<uint64_t>(n);
    size_t left = static_cast<size_t>(n);
    while (first < pieces.size() && left >= pieces[first].iov_len) left -= pieces[first++].iov_len;
    if (left > 0) {
      pieces[first].iov_base = static_cast<uint8_t*>(pieces[first].iov_base) + left;
      pieces[first].iov_len -= left;
    }
  }
  return {};
}

}  // namespace

VoteLog::VoteLog(std::filesystem::path folder, VoteLogOptions options)
    : folder_(std::move(folder)), options_(std::move(options)) {}

VoteLog::~VoteLog() {
  if (!preparer_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  preparer_.join();
}

std::filesystem::path VoteLog::segment_path(uint64_t number) const {
  char name[32];
  std::snprintf(name, sizeof(name), "%08llu%s", static_cast<unsigned long long>(number), kSegmentSuffix);
  return folder_ / name;
}

Status VoteLog::mark_never_voted(const std::filesystem::path& folder) {
  if (auto made = make_folder(folder); !made) return made;
  auto fd = open_file(folder / kNeverVotedName, O_WRONLY | O_CREAT);
  if (!fd) return fd.error();
  return sync_folder(folder);
}

Result<std::unique_ptr<VoteLog>> VoteLog::open(const std::filesystem::path& folder, VoteLogOptions options) {
  static_assert(replica::kVoteSectorBytes <= kLogPage);
  TL_CHECK(options.segment_bytes > kLogRecordsAt);
  if (auto made = make_folder(folder); !made) return made.error();
  std::unique_ptr<VoteLog> log(new VoteLog(folder, std::move(options)));
  if (auto read = log->read_image(); !read) return read.error();
  return log;
}

Status VoteLog::read_image() {
  std::error_code code;
  std::vector<std::pair<uint64_t, std::filesystem::path>> found;
  std::filesystem::directory_iterator entries(folder_, code);
  if (code) return disk_error(code.value(), "reading folder", folder_);
  for (const auto& entry : entries) {
    if (entry.path().filename() == kNeverVotedName) never_voted_mark_ = true;
    if (auto number = segment_number(entry.path())) found.emplace_back(*number, entry.path());
  }
  std::sort(found.begin(), found.end());
  for (const auto& [number, path] : found) {
    auto bytes = read_whole(path);
    if (!bytes) return bytes.error();
    Segment segment;
    segment.number = number;
    segment.bytes = bytes->size();
    segment.earlier_run = true;
    if (bytes->size() > kLogRecordsAt) {
      const Blob whole(std::move(*bytes));
      const size_t end = records_end(whole.view().subspan(kLogRecordsAt));
      // A copy, so that 32 MiB of zeros are not held for a few records.
      image_.segments.push_back(Blob::copy_of(whole.view().subspan(kLogRecordsAt, end)));
      for (size_t i = 0; i < 2; ++i) {
        const ByteView sector = whole.view().subspan(i * kLogPage, replica::kVoteSectorBytes);
        sectors_[i].assign(sector.begin(), sector.end());
      }
    } else {
      image_.segments.emplace_back();  // cut short by something: the reader finds the gap
      for (Bytes& sector : sectors_) sector.assign(replica::kVoteSectorBytes, 0);
    }
    old_.push_back(std::move(segment));
  }
  std::optional<uint64_t> newest[2];
  if (!found.empty()) {
    for (size_t i = 0; i < 2; ++i) {
      newest[i] = replica::sector_newness(sectors_[i]);
      image_.vote_sectors.push_back(sectors_[i]);
    }
  } else {
    for (Bytes& sector : sectors_) sector.assign(replica::kVoteSectorBytes, 0);
  }
  newest_ = newest[0] && (!newest[1] || *newest[0] > *newest[1]) ? 0 : 1;
  // The mark alone does not count: a crash may have come between the first vote and its removal.
  fresh_ = never_voted_mark_ && !newest[0] && !newest[1];
  image_.fresh = fresh_;
  return {};
}

Status VoteLog::start() {
  TL_CHECK(!current_.file.open());
  std::error_code code;
  std::filesystem::directory_iterator entries(folder_, code);
  if (code) return disk_error(code.value(), "reading folder", folder_);
  for (const auto& entry : entries)
    if (entry.path().extension() == kTemporarySuffix)
      if (auto removed = remove_durably(entry.path()); !removed) return removed;
  // A killed process may leave what was written but not synced. It has been read as fact, so it becomes fact now.
  for (const Segment& segment : old_) {
    const auto path = segment_path(segment.number);
    auto file = open_file(path, O_RDONLY);
    if (!file) return file.error();
    if (auto synced = sync_data(file->get(), path); !synced) return synced;
  }
  if (fresh_) {
    // A first start that ended before its first vote: what it wrote holds no promise, and lsns begin anew.
    for (; !old_.empty(); old_.pop_front())
      if (auto removed = remove_durably(segment_path(old_.front().number)); !removed) return removed;
  } else if (never_voted_mark_) {
    if (auto removed = remove_durably(folder_ / kNeverVotedName); !removed) return removed;
    never_voted_mark_ = false;
  }
  if (auto rotated = rotate(0); !rotated) return rotated;
  preparer_ = std::thread([this] { prepare_ahead(); });
  return {};
}

// A file of zeros at its full size, synced. `recycled`: an old segment whose blocks are used again.
Result<VoteLog::Spare> VoteLog::prepare(const std::filesystem::path& recycled, size_t bytes) {
  Spare out;
  out.bytes = bytes;
  out.path = recycled;
  if (recycled.empty()) {
    std::lock_guard lock(mutex_);
    out.path = folder_ / ("spare-" + std::to_string(next_temporary_++) + kTemporarySuffix);
  }
  auto file = open_file(out.path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  out.file = std::move(*file);
  // Asks for the room at once: a full disk shows here and not in the middle of a vote.
  if (int code = ::posix_fallocate(out.file.get(), 0, static_cast<off_t>(bytes)); code != 0) {
    Error error = disk_error(code, "making room for", out.path);
    ::unlink(out.path.c_str());  // give back what was taken; the error above is what counts
    return error;
  }
  static const Bytes zeros(kLogZeroChunk, 0);
  for (size_t at = 0; at < bytes; at += zeros.size()) {
    const ByteView chunk = ByteView(zeros).first(std::min(zeros.size(), bytes - at));
    if (auto written = write_at(out.file.get(), chunk, at, out.path); !written) return written.error();
    if (auto synced = sync_data(out.file.get(), out.path); !synced) return synced.error();
  }
  return out;
}

Result<VoteLog::Spare> VoteLog::take_spare(size_t bytes) {
  std::filesystem::path recycled;
  {
    std::lock_guard lock(mutex_);
    for (auto it = spares_.begin(); it != spares_.end(); ++it) {
      if (it->bytes < bytes) continue;
      Spare out = std::move(*it);
      spares_.erase(it);
      wake_.notify_all();
      return out;
    }
    if (!recycled_.empty()) {
      recycled = recycled_.back();
      recycled_.pop_back();
    }
  }
  return prepare(recycled, bytes);
}

void VoteLog::prepare_ahead() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || (!preparing_failed_ && spares_.size() < kLogSparesMax); });
    if (stop_) return;
    std::filesystem::path recycled;
    if (!recycled_.empty()) {
      recycled = recycled_.back();
      recycled_.pop_back();
    }
    lock.unlock();
    auto spare = prepare(recycled, options_.segment_bytes);
    lock.lock();
    if (spare)
      spares_.push_back(std::move(*spare));
    else
      preparing_failed_ = true;
  }
}

Status VoteLog::rotate(size_t bytes_needed) {
  auto spare = take_spare(std::max(options_.segment_bytes, kLogRecordsAt + bytes_needed));
  if (!spare) return spare.error();
  for (size_t i = 0; i < 2; ++i)
    if (auto written = write_at(spare->file.get(), sectors_[i], i * kLogPage, spare->path); !written) return written;
  if (::fsync(spare->file.get()) != 0) return disk_error(errno, "syncing", spare->path);

  uint64_t number = 1;
  if (!old_.empty()) number = old_.back().number + 1;
  if (current_.file.open()) {
    number = current_.number + 1;
    current_.file.reset();
    old_.push_back(std::move(current_));
  }
  if (auto renamed = rename_durably(spare->path, segment_path(number)); !renamed) return renamed;
  current_ = Segment();
  current_.number = number;
  current_.bytes = spare->bytes;
  current_.file = std::move(spare->file);
  at_ = kLogRecordsAt;
  return {};
}

Status VoteLog::write_records(std::span<const replica::LogAppend> appends) {
  const auto path = segment_path(current_.number);
  std::vector<iovec> pieces;
  size_t begin = at_;
  auto write_out = [&]() -> Status {
    auto written = write_all(current_.file.get(), std::move(pieces), begin, path);
    pieces.clear();
    return written;
  };
  for (const replica::LogAppend& append : appends) {
    if (append.bytes.empty()) continue;
    pieces.push_back({const_cast<uint8_t*>(append.bytes.data()), append.bytes.size()});
    at_ += append.bytes.size();
    current_.last_lsn = append.lsn;
    unsynced_ = true;
  }
  return write_out();
}

Status VoteLog::append(std::span<const replica::LogAppend> appends) {
  TL_CHECK_MSG(current_.file.open() && !failed_, "the log is not open, or has failed before");
  failed_ = true;  // until this call has come to its end
  const Bytes* sector = nullptr;
  bool sync = false;
  size_t next = 0;
  while (next < appends.size()) {
    // As many as fit into this segment.
    size_t room = current_.bytes - at_;
    size_t end = next;
    for (; end < appends.size() && appends[end].bytes.size() <= room; ++end) room -= appends[end].bytes.size();
    if (end == next) {
      if (unsynced_)
        if (auto synced = sync_data(current_.file.get(), segment_path(current_.number)); !synced) return synced;
      unsynced_ = false;
      if (auto rotated = rotate(appends[next].bytes.size()); !rotated) return rotated;
      continue;
    }
    if (auto written = write_records(appends.subspan(next, end - next)); !written) return written;
    for (; next < end; ++next) {
      if (!first_lsn_) first_lsn_ = appends[next].lsn;
      if (appends[next].vote_sector) sector = &*appends[next].vote_sector;
      sync = sync || appends[next].sync;
    }
  }
  // Records first, then the sector that speaks of them: a whole sector proves that its records were on disk (ADR 0005).
  const auto path = segment_path(current_.number);
  if (sync && unsynced_) {
    if (auto synced = sync_data(current_.file.get(), path); !synced) return synced;
    unsynced_ = false;
  }
  if (sector != nullptr) {
    TL_CHECK_MSG(sync, "a vote sector must be synced: the next one goes over the other");
    TL_CHECK(sector->size() == replica::kVoteSectorBytes);
    newest_ = 1 - newest_;
    sectors_[newest_] = *sector;
    if (auto written = write_at(current_.file.get(), *sector, newest_ * kLogPage, path); !written) return written;
    if (auto synced = sync_data(current_.file.get(), path); !synced) return synced;
  }
  if (sector != nullptr && never_voted_mark_) {
    if (auto removed = remove_durably(folder_ / kNeverVotedName); !removed) return removed;
    never_voted_mark_ = false;
  }
  failed_ = false;
  return {};
}

Status VoteLog::trim(replica::Lsn before) {
  TL_CHECK_MSG(!failed_, "the log has failed before");
  std::vector<std::filesystem::path> freed;
  while (!old_.empty()) {
    const Segment& oldest = old_.front();
    const bool below = oldest.earlier_run ? first_lsn_ && *first_lsn_ <= before : oldest.last_lsn < before;
    if (!below) break;
    freed.push_back(segment_path(oldest.number));
    old_.pop_front();
  }
  if (freed.empty()) return {};
  for (const auto& path : freed) {
    bool keep;
    std::filesystem::path temporary;
    {
      std::lock_guard lock(mutex_);
      keep = !preparing_failed_ && recycled_.size() + spares_.size() < kLogSparesMax;
      temporary = folder_ / ("used-" + std::to_string(next_temporary_++) + kTemporarySuffix);
    }
    std::error_code code;
    const bool same_size = std::filesystem::file_size(path, code) == options_.segment_bytes && !code;
    // Durably: zeros must never turn up under the old name.
    auto moved = keep && same_size ? rename_durably(path, temporary) : remove_durably(path);
    if (!moved) return moved;
    if (keep && same_size) {
      std::lock_guard lock(mutex_);
      recycled_.push_back(temporary);
    }
  }
  std::lock_guard lock(mutex_);
  wake_.notify_all();
  return {};
}

}  // namespace tieline::storage
