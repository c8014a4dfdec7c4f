#include "energy/state_tables.h"

#include <string_view>

namespace tieline::energy {
namespace {

constexpr std::array kTradeStateNames = {"none", "OPEN", "COMMITTED", "LAPSED", "DISPUTED", "SETTLED", "FINAL"};
constexpr std::array kTradeEventNames = {"offer", "counter", "endorse", "decline",   "cancel",
                                         "due",   "accept",  "ruling",  "correction"};
constexpr std::array kReadingStateNames = {"none", "RAW", "VALIDATED", "DISPUTED", "SETTLED", "CORRECTED", "FINAL"};
constexpr std::array kReadingEventNames = {"record",  "close",      "accept", "ruling",
                                           "resolve", "correction", "settle", "finish"};
static_assert(kTradeStateNames.size() == kTradeStates && kTradeEventNames.size() == kTradeEvents);
static_assert(kReadingStateNames.size() == kReadingStates && kReadingEventNames.size() == kReadingEvents);

std::string node(std::string_view name) { return name == "none" ? "[*]" : std::string(name); }

template <class Table>
std::string drawing(const Table& table) {
  std::string out = "```mermaid\nstateDiagram-v2\n";
  for (const auto& row : table) {
    out += "  " + node(name_of(row.from)) + " --> " + name_of(row.to) + ": " + name_of(row.event);
    if (*row.when != '\0') out += std::string(", ") + row.when;
    out += "\n";
  }
  return out + "```\n";
}

std::string becomes(const char* to, const char* when) {
  return *when == '\0' ? std::string(to) : std::string(to) + " (" + when + ")";
}

}  // namespace

const char* name_of(TradeState s) { return kTradeStateNames[static_cast<size_t>(s)]; }
const char* name_of(TradeEvent e) { return kTradeEventNames[static_cast<size_t>(e)]; }
const char* name_of(ReadingState s) { return kReadingStateNames[static_cast<size_t>(s)]; }
const char* name_of(ReadingEvent e) { return kReadingEventNames[static_cast<size_t>(e)]; }

std::string trade_table_markdown() {
  std::string out = "| trade | event | by | until | becomes | money |\n| - | - | - | - | - | - |\n";
  for (const TradeRow& row : kTradeTable) {
    out += std::string("| ") + name_of(row.from) + " | " + name_of(row.event) + " | " + row.by + " | " + row.until +
           " | " + becomes(name_of(row.to), row.when) + " | " + row.money + " |\n";
  }
  return out + "\n" + drawing(kTradeTable);
}

std::string reading_table_markdown() {
  std::string out = "| reading | event | by | until | becomes |\n| - | - | - | - | - |\n";
  for (const ReadingRow& row : kReadingTable) {
    out += std::string("| ") + name_of(row.from) + " | " + name_of(row.event) + " | " + row.by + " | " + row.until +
           " | " + becomes(name_of(row.to), row.when) + " |\n";
  }
  return out + "\n" + drawing(kReadingTable);
}

}  // namespace tieline::energy
