#include "cli/import_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>

#include "crypto/hash.h"

namespace tieline::cli {
namespace {

constexpr size_t kCheckHex = 8;
constexpr size_t kJournalBytesMax = size_t{1} << 30;

std::string head_line(const ImportJournal::Identity& identity) {
  return "tieline-import 1 " + to_hex(identity.chain) + " " + to_hex(identity.file) + " " + identity.participant;
}

std::string check_of(const std::string& line) { return to_hex(sha256(view_of(line))).substr(0, kCheckHex); }

std::string line_of(const ImportRecord& r) {
  std::string line = std::to_string(r.first_row) + " " + std::to_string(r.rows) + " " + std::to_string(r.sequence) +
                     " " + std::to_string(r.timestamp_ms) + " " + std::to_string(r.expiry_height);
  return line + " " + check_of(line) + "\n";
}

bool read_record(const std::string& line, ImportRecord& r) {
  const size_t last = line.rfind(' ');
  if (last == std::string::npos || line.substr(last + 1) != check_of(line.substr(0, last))) return false;
  std::istringstream in(line.substr(0, last));
  in >> r.first_row >> r.rows >> r.sequence >> r.timestamp_ms >> r.expiry_height;
  return !in.fail() && r.rows > 0;
}

Error system_error(const char* code, const std::filesystem::path& path, const char* doing) {
  return {code, std::string(doing) + " " + path.string() + ": " + std::strerror(errno)};
}

Status write_all(int fd, const std::string& text, const std::filesystem::path& path) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("journal_unwritable", path, "cannot write");
    done += static_cast<size_t>(n);
  }
  if (::fdatasync(fd) != 0) return system_error("journal_unwritable", path, "cannot sync");
  return {};
}

Status sync_parent(const std::filesystem::path& path) {
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return system_error("journal_unwritable", path, "cannot open the folder of");
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) return system_error("journal_unwritable", path, "cannot sync the folder of");
  return {};
}

Result<std::string> read_all(int fd, const std::filesystem::path& path) {
  std::string text;
  char buffer[65'536];
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("journal_unreadable", path, "cannot read");
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    if (text.size() > kJournalBytesMax) return Error{"journal_unreadable", path.string() + " is too large"};
  }
}

}  // namespace

std::filesystem::path ImportJournal::path_for(const std::filesystem::path& network, const Identity& identity) {
  const std::string name = to_hex(sha256({identity.file.view(), view_of(identity.participant)}));
  return network / "imports" / (name + ".journal");
}

Result<ImportJournal> ImportJournal::open(const std::filesystem::path& path, const Identity& identity) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return Error{"journal_unwritable", "cannot make " + path.parent_path().string() + ": " + error.message()};
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("journal_unwritable", path, "cannot open");
  ImportJournal journal(fd, path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Error{"journal_unwritable", "another import of the same file as '" + identity.participant + "' is running"};
  }
  auto text = read_all(fd, path);
  if (!text) return text.error();

  const std::string head = head_line(identity);
  size_t kept = 0;  // bytes up to which lines are whole
  for (size_t at = 0; at < text->size();) {
    const size_t end = text->find('\n', at);
    const bool last = end == std::string::npos || end + 1 == text->size();
    const std::string line = text->substr(at, end == std::string::npos ? std::string::npos : end - at);
    ImportRecord record;
    if (at == 0) {
      if (end == std::string::npos && head.starts_with(line)) break;  // torn while it was being made
      if (line != head) {
        return Error{"journal_foreign", path.string() + " belongs to another chain, file or participant"};
      }
    } else if (end != std::string::npos && read_record(line, record)) {
      journal.records_.push_back(record);
      journal.highest_sequence_ = std::max(journal.highest_sequence_, record.sequence);
    } else if (last) {
      break;
    } else {
      return Error{"journal_damaged",
                   path.string() + " is damaged at byte " + std::to_string(at) +
                       "; what it signed is unknown. Keep it, and look with `tieline query readings` "
                       "what is recorded before importing the rest"};
    }
    at = kept = end + 1;
  }
  journal.was_empty_ = journal.records_.empty();
  if (kept < text->size() && ::ftruncate(fd, static_cast<off_t>(kept)) != 0) {
    return system_error("journal_unwritable", path, "cannot cut the torn end of");
  }
  if (::lseek(fd, 0, SEEK_END) < 0) return system_error("journal_unreadable", path, "cannot seek in");
  if (kept == 0) {
    if (auto status = write_all(fd, head + "\n", path); !status) return status.error();
    if (auto status = sync_parent(path); !status) return status.error();
  }
  return journal;
}

ImportJournal::ImportJournal(ImportJournal&& other) noexcept
    : fd_(other.fd_),
      path_(std::move(other.path_)),
      records_(std::move(other.records_)),
      highest_sequence_(other.highest_sequence_),
      was_empty_(other.was_empty_) {
  other.fd_ = -1;
}

ImportJournal::~ImportJournal() {
  if (fd_ >= 0) ::close(fd_);  // the lock goes with it
}

std::vector<ImportRecord> ImportJournal::active() const {
  std::map<uint64_t, ImportRecord> by_row;
  for (const ImportRecord& record : records_) {
    auto it = by_row.lower_bound(record.first_row);
    if (it != by_row.begin() && std::prev(it)->first + std::prev(it)->second.rows > record.first_row) --it;
    while (it != by_row.end() && it->first < record.first_row + record.rows) it = by_row.erase(it);
    by_row.emplace(record.first_row, record);
  }
  std::vector<ImportRecord> out;
  for (const auto& [row, record] : by_row) out.push_back(record);
  return out;
}

Status ImportJournal::append(const std::vector<ImportRecord>& records) {
  std::string text;
  for (const ImportRecord& record : records) text += line_of(record);
  if (auto status = write_all(fd_, text, path_); !status) return status;
  for (const ImportRecord& record : records) {
    records_.push_back(record);
    highest_sequence_ = std::max(highest_sequence_, record.sequence);
  }
  return {};
}

}  // namespace tieline::cli
