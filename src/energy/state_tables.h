#pragma once
// The life of a trade and of a reading as data: ENERGY.md's two state tables, row by row. The code that changes states
// (energy/trade.h, energy/reading_state.h) does not read them; a test tries every event in every state and holds the
// code to the rows, and docs/market.md shows what markdown() writes, which a test compares.

#include <array>
#include <cstdint>
#include <string>

namespace tieline::energy {

enum class TradeState : uint8_t { kNone, kOpen, kCommitted, kLapsed, kDisputed, kSettled, kFinal };
inline constexpr size_t kTradeStates = 7;
enum class TradeEvent : uint8_t { kOffer, kCounter, kEndorse, kDecline, kCancel, kDue, kAccept, kRuling, kCorrection };
inline constexpr size_t kTradeEvents = 9;

struct TradeRow {
  TradeState from;
  TradeEvent event;
  const char* by;
  const char* until;
  TradeState to;
  const char* when;  // which of several outcomes; empty: always
  const char* money;
};

inline constexpr std::array kTradeTable = {
    TradeRow{TradeState::kNone, TradeEvent::kOffer, "any party", "gate (start - 15 min)", TradeState::kOpen, "",
             "sender's margin locked (buyer: payment too)"},
    TradeRow{TradeState::kOpen, TradeEvent::kCounter, "another party, round < R", "round (15 min), gate",
             TradeState::kOpen, "", "old locks freed, the sender's taken"},
    TradeRow{TradeState::kOpen, TradeEvent::kEndorse, "a party not yet in", "round, gate", TradeState::kOpen, "",
             "its lock"},
    TradeRow{TradeState::kOpen, TradeEvent::kEndorse, "a party not yet in", "round, gate", TradeState::kCommitted,
             "the last", "its lock; capacity reserved, or refused"},
    TradeRow{TradeState::kOpen, TradeEvent::kDecline, "a party", "round, gate", TradeState::kLapsed, "", "all freed"},
    TradeRow{TradeState::kOpen, TradeEvent::kDue, "ledger", "at round, gate", TradeState::kLapsed, "", "all freed"},
    TradeRow{TradeState::kCommitted, TradeEvent::kCancel, "all four", "gate", TradeState::kLapsed, "",
             "locks and reservation freed"},
    TradeRow{TradeState::kCommitted, TradeEvent::kDue, "ledger", "at settle (72 h)", TradeState::kSettled, "",
             "legs, imbalance; 7/8 of unused margin back"},
    TradeRow{TradeState::kCommitted, TradeEvent::kDue, "ledger", "at settle (72 h)", TradeState::kDisputed,
             "a reading is disputed", "none"},
    TradeRow{TradeState::kDisputed, TradeEvent::kAccept, "neighbour", "7 d", TradeState::kSettled, "", "as above"},
    TradeRow{TradeState::kDisputed, TradeEvent::kRuling, "regulator", "7 d", TradeState::kSettled, "", "as above"},
    TradeRow{TradeState::kDisputed, TradeEvent::kDue, "ledger", "at 7 d", TradeState::kSettled, "", "as above"},
    TradeRow{TradeState::kSettled, TradeEvent::kCorrection, "ledger", "final", TradeState::kSettled, "",
             "version + 1; new statement minus old"},
    TradeRow{TradeState::kSettled, TradeEvent::kDue, "ledger", "at final (60 d)", TradeState::kFinal, "",
             "the rest back"},
};

enum class ReadingState : uint8_t { kNone, kRaw, kValidated, kDisputed, kSettled, kCorrected, kFinal };
inline constexpr size_t kReadingStates = 7;
enum class ReadingEvent : uint8_t { kRecord, kClose, kAccept, kRuling, kResolve, kCorrection, kSettle, kFinish };
inline constexpr size_t kReadingEvents = 8;

struct ReadingRow {
  ReadingState from;
  ReadingEvent event;
  const char* by;
  const char* until;
  ReadingState to;
  const char* when;
};

inline constexpr std::array kReadingTable = {
    ReadingRow{ReadingState::kNone, ReadingEvent::kRecord, "meter or gateway", "submit (24 h)", ReadingState::kRaw,
               "or refused"},
    ReadingRow{ReadingState::kNone, ReadingEvent::kClose, "ledger", "at close (48 h)", ReadingState::kValidated,
               "substituted"},
    ReadingRow{ReadingState::kRaw, ReadingEvent::kClose, "ledger", "at close (48 h)", ReadingState::kValidated,
               "checks agree"},
    ReadingRow{ReadingState::kRaw, ReadingEvent::kClose, "ledger", "at close (48 h)", ReadingState::kDisputed,
               "checks differ"},
    ReadingRow{ReadingState::kDisputed, ReadingEvent::kAccept, "neighbour", "7 d", ReadingState::kValidated, ""},
    ReadingRow{ReadingState::kDisputed, ReadingEvent::kRuling, "regulator", "7 d", ReadingState::kValidated, ""},
    ReadingRow{ReadingState::kDisputed, ReadingEvent::kResolve, "ledger", "at 7 d", ReadingState::kValidated, ""},
    ReadingRow{ReadingState::kValidated, ReadingEvent::kSettle, "ledger", "at settle (72 h)", ReadingState::kSettled,
               ""},
    ReadingRow{ReadingState::kValidated, ReadingEvent::kCorrection, "meter (+ co-signer)", "final (60 d)",
               ReadingState::kCorrected, "version n+1 takes its state after the checks, or is refused"},
    ReadingRow{ReadingState::kSettled, ReadingEvent::kCorrection, "meter (+ co-signer)", "final (60 d)",
               ReadingState::kCorrected, "version n+1 takes its state after the checks, or is refused"},
    ReadingRow{ReadingState::kSettled, ReadingEvent::kFinish, "ledger", "at final (60 d)", ReadingState::kFinal, ""},
};

const char* name_of(TradeState state);
const char* name_of(TradeEvent event);
const char* name_of(ReadingState state);
const char* name_of(ReadingEvent event);

// The tables for docs/market.md, each with its drawing (a Mermaid state diagram).
std::string trade_table_markdown();
std::string reading_table_markdown();

}  // namespace tieline::energy
