#include "node/key_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/bytes.h"
#include "storage/files.h"

namespace tieline::node {
namespace {

std::string said(int errno_value) { return std::generic_category().message(errno_value); }

void wipe(std::span<uint8_t> bytes) {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

std::string octal(unsigned mode) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04o", mode);
  return text;
}

}  // namespace

const char* key_kind_name(KeyKind kind) { return kind == KeyKind::kEd25519 ? "ed25519" : "bls"; }

KeySeed::KeySeed(KeySeed&& other) noexcept : bytes(other.bytes) { wipe(other.bytes); }
KeySeed& KeySeed::operator=(KeySeed&& other) noexcept {
  if (this != &other) {
    bytes = other.bytes;
    wipe(other.bytes);
  }
  return *this;
}
KeySeed::~KeySeed() { wipe(bytes); }

Result<KeySeed> read_key_file(const std::filesystem::path& file, KeyKind kind) {
  auto fd = storage::open_file(file, O_RDONLY);
  if (!fd) return Error{"key_unreadable", fd.error().why};
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return Error{"key_unreadable", file.string() + ": " + said(errno)};
  if (!S_ISREG(info.st_mode)) return Error{"key_unreadable", file.string() + " is not a file"};
  const unsigned mode = info.st_mode & 07777;
  if ((mode & 077) != 0)
    return Error{"key_exposed", file.string() + " has rights " + octal(mode) +
                                    ": others than its owner can reach this key; allowed is 0600: chmod 600 " +
                                    file.string()};
  const std::string form = std::string("one line: ") + key_kind_name(kind) + " and 64 hex digits";
  if (static_cast<size_t>(info.st_size) > kKeyFileBytesMax)
    return Error{"key_malformed", file.string() + " is too long; allowed is " + form};
  Bytes content(static_cast<size_t>(info.st_size));
  const ssize_t n = ::pread(fd->get(), content.data(), content.size(), 0);
  if (n < 0) return Error{"key_unreadable", file.string() + ": " + said(errno)};
  std::string_view text(reinterpret_cast<const char*>(content.data()), static_cast<size_t>(n));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const std::string prefix = std::string(key_kind_name(kind)) + " ";
  std::optional<Bytes> seed;
  if (text.starts_with(prefix)) seed = from_hex(text.substr(prefix.size()));
  wipe(content);
  if (!seed || seed->size() != kKeySeedBytes)
    return Error{"key_malformed", file.string() + " is no " + key_kind_name(kind) + " key; allowed is " + form};
  KeySeed out;
  std::copy(seed->begin(), seed->end(), out.bytes.begin());
  wipe(*seed);
  return out;
}

Status write_key_file(const std::filesystem::path& file, KeyKind kind, std::span<const uint8_t, kKeySeedBytes> seed) {
  auto fd = storage::open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return Error{errno == EEXIST ? "key_exists" : "key_unwritable", fd.error().why};
  std::string text = std::string(key_kind_name(kind)) + " " + to_hex(ByteView(seed)) + "\n";
  auto written = storage::write_at(fd->get(), view_of(text), 0, file);
  ::explicit_bzero(text.data(), text.size());
  if (!written) return Error{"key_unwritable", written.error().why};
  if (::fsync(fd->get()) != 0) return Error{"key_unwritable", file.string() + ": " + said(errno)};
  return {};
}

}  // namespace tieline::node
