#pragma once
// What the readers of files have in common: text as it may be shown, whole numbers, an interval's rules, and intervals
// that overlap within a file.

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/transaction.h"

namespace tieline::cli {

inline constexpr size_t kShownBytesMax = 40;

// What was found, short, cut between characters and without control characters, so that a message cannot garble a
// terminal.
std::string shown(std::string_view text);

std::optional<int64_t> whole_number(std::string_view text);

// Of an interval's start and length, as the ledger wants them. Errors: the sentence alone; `code` is the caller's.
std::optional<std::string> start_fault(int64_t start_s);
std::optional<std::string> length_fault(int64_t seconds);

// Intervals already seen of one meter and OBIS code.
class SeenIntervals {
 public:
  // The line of a reading that this one overlaps; 0: none, and it is taken in.
  uint64_t take(const Reading& reading, uint64_t line);

 private:
  struct End {
    int64_t end;
    uint64_t line;
  };
  std::map<std::pair<MeterId, Obis>, std::map<int64_t, End>> seen_;
};

}  // namespace tieline::cli
