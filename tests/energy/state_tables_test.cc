// The code against ENERGY.md's tables: every event is tried in every state, and what the code does is what the rows
// say.

#include "energy/state_tables.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "energy/reading_state.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

const MarketTimes kTimes;

// A trade in the given state, by the shortest way there.
TradeRecord trade_in(TradeState state) {
  TradeRecord trade;
  if (state == TradeState::kNone) return trade;
  trade = offer(test_id(1), test_terms(), kTestOrgs, {1, 10, 10, false}, 0, kTestStart - 7'200'000, kTimes).trade;
  if (state == TradeState::kOpen) return trade;
  if (state == TradeState::kLapsed) return decline(trade, 2, kTestStart - 7'200'000).trade;
  for (ParticipantId who : {2, 3, 4}) {
    trade = endorse(trade, 1, {who, 10, 10, false}, kTestStart - 7'200'000, kTimes).trade;
  }
  if (state == TradeState::kCommitted) return trade;
  trade = due(trade, state == TradeState::kDisputed, trade.due_ms).trade;
  if (state == TradeState::kDisputed || state == TradeState::kSettled) return trade;
  return due(trade, false, trade.due_ms).trade;
}

// Everything the event can lead to: for each outcome the event is tried in its own way.
std::set<TradeState> outcomes(TradeState from, TradeEvent event) {
  const TradeRecord trade = trade_in(from);
  EXPECT_EQ(trade.state, from);
  std::set<TradeState> found;
  const auto note = [&](const TradeStep& step) {
    if (step.ok()) found.insert(step.trade.state);
  };
  const int64_t early = kTestStart - 7'200'000 + 1;
  const std::vector<ParticipantId> all = {1, 2, 3, 4};
  switch (event) {
    case TradeEvent::kOffer:  // refused for an id that exists: by the caller, which looks it up
      if (from == TradeState::kNone) {
        note(offer(test_id(1), test_terms(), kTestOrgs, {1, 0, 0, false}, 0, early, kTimes));
      }
      break;
    case TradeEvent::kCounter:
      note(counter(trade, test_terms(), {2, 10, 10, false}, 0, early, kTimes));
      break;
    case TradeEvent::kEndorse: {
      note(endorse(trade, 1, {2, 10, 10, false}, early, kTimes));
      TradeRecord nearly = trade;
      if (from == TradeState::kOpen) {
        for (ParticipantId who : {2, 3}) nearly = endorse(nearly, 1, {who, 10, 10, false}, early, kTimes).trade;
        note(endorse(nearly, 1, {4, 10, 10, false}, early, kTimes));
      }
      break;
    }
    case TradeEvent::kDecline:
      note(decline(trade, 3, early));
      break;
    case TradeEvent::kCancel:
      note(cancel(trade, all, early));
      break;
    case TradeEvent::kDue:
      note(due(trade, false, trade.due_ms));
      note(due(trade, true, trade.due_ms));
      break;
    case TradeEvent::kAccept:
    case TradeEvent::kRuling:
      note(resolve(trade, trade.due_ms - 1));
      break;
    case TradeEvent::kCorrection:
      note(correct(trade, trade.due_ms - 1));
      break;
  }
  return found;
}

TEST(StateTables, TheTradeCodeDoesWhatTheRowsSayAndNothingElse) {
  std::map<std::pair<TradeState, TradeEvent>, std::set<TradeState>> rows;
  for (const TradeRow& row : kTradeTable) rows[{row.from, row.event}].insert(row.to);
  for (size_t s = 0; s < kTradeStates; ++s) {
    for (size_t e = 0; e < kTradeEvents; ++e) {
      const auto from = static_cast<TradeState>(s);
      const auto event = static_cast<TradeEvent>(e);
      EXPECT_EQ(outcomes(from, event), (rows[{from, event}])) << name_of(from) << " " << name_of(event);
    }
  }
}

constexpr int64_t kEnd = kTestStart;

ReadingRecord reading_in(ReadingState state) {
  ReadingRecord r = record_raw({}, kEnd, 500, Quality::kEstimated, kEnd, kTimes).reading;
  if (state == ReadingState::kNone) return {};
  if (state == ReadingState::kRaw) return r;
  r = close_reading(r, state == ReadingState::kDisputed, kEnd + kTimes.close_ms, kTimes).reading;
  if (state == ReadingState::kDisputed || state == ReadingState::kValidated) return r;
  r = settle_reading(r, kEnd + kTimes.settle_ms, kTimes).reading;
  if (state == ReadingState::kSettled) return r;
  return state == ReadingState::kCorrected ? replaced(r) : finish_reading(r, kEnd + kTimes.final_ms, kTimes).reading;
}

std::set<ReadingState> outcomes(ReadingState from, ReadingEvent event) {
  const ReadingRecord r = reading_in(from);
  EXPECT_EQ(r.state, from);
  std::set<ReadingState> found;
  const auto note = [&](const ReadingStep& step) {
    if (step.ok()) found.insert(step.reading.state);
  };
  switch (event) {
    case ReadingEvent::kRecord:
      note(record_raw(r, kEnd, 1, Quality::kMeasured, kEnd, kTimes));
      break;
    case ReadingEvent::kClose:
      note(close_reading(r, false, kEnd + kTimes.close_ms, kTimes));
      note(close_reading(r, true, kEnd + kTimes.close_ms, kTimes));
      note(close_missing(r, kEnd, 1, true, kEnd + kTimes.close_ms, kTimes));
      break;
    case ReadingEvent::kAccept:
      note(accept_reading(r, true, kEnd + kTimes.close_ms, kTimes));
      break;
    case ReadingEvent::kRuling:
      note(rule_on_reading(r, 1, kEnd + kTimes.close_ms, kTimes));
      break;
    case ReadingEvent::kResolve:
      note(resolve_reading(r, 1, kEnd + kTimes.resolve_ms, kTimes));
      break;
    case ReadingEvent::kCorrection: {
      const ReadingStep step =
          correct_reading(r, {r.version, 1, Quality::kMeasured, false}, kEnd + kTimes.close_ms, kTimes);
      if (!step.ok()) break;
      EXPECT_EQ(step.reading.state, from) << "the new version takes the old one's state";
      found.insert(replaced(r).state);
      break;
    }
    case ReadingEvent::kSettle:
      note(settle_reading(r, kEnd + kTimes.settle_ms, kTimes));
      break;
    case ReadingEvent::kFinish:
      note(finish_reading(r, kEnd + kTimes.final_ms, kTimes));
      break;
  }
  return found;
}

TEST(StateTables, TheReadingCodeDoesWhatTheRowsSayAndNothingElse) {
  std::map<std::pair<ReadingState, ReadingEvent>, std::set<ReadingState>> rows;
  for (const ReadingRow& row : kReadingTable) rows[{row.from, row.event}].insert(row.to);
  for (size_t s = 0; s < kReadingStates; ++s) {
    for (size_t e = 0; e < kReadingEvents; ++e) {
      const auto from = static_cast<ReadingState>(s);
      const auto event = static_cast<ReadingEvent>(e);
      EXPECT_EQ(outcomes(from, event), (rows[{from, event}])) << name_of(from) << " " << name_of(event);
    }
  }
}

// The text with what stands between `<!-- name -->` and the next `<!-- end -->` replaced.
std::string with_section(const std::string& text, const std::string& name, const std::string& table) {
  const std::string begin = "<!-- " + name + " -->\n";
  const auto at = text.find(begin);
  const auto end = text.find("<!-- end -->", at);
  if (at == std::string::npos || end == std::string::npos) return "docs/market.md has no section " + name;
  return text.substr(0, at + begin.size()) + table + text.substr(end);
}

// TIELINE_REWRITE=1 writes the tables into the document instead.
TEST(StateTables, TheDocumentShowsThem) {
  const std::string path = std::string(TIELINE_SOURCE_DIR) + "/docs/market.md";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string wanted = with_section(text.str(), "trade", trade_table_markdown());
  wanted = with_section(wanted, "reading", reading_table_markdown());
  if (std::getenv("TIELINE_REWRITE") != nullptr) std::ofstream(path) << wanted;
  EXPECT_EQ(text.str(), wanted);
}

}  // namespace
}  // namespace tieline::energy
