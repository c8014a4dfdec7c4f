// Histories that are linearizable, and those that are not: each rule by itself.

#include "sim/client_history.h"

#include <gtest/gtest.h>

namespace tieline::sim {
namespace {

using Position = ClientHistory::Position;

TEST(ClientHistory, AppendsThatOverlapMayStandInAnyOrder) {
  ClientHistory history;
  const auto a = history.begun(), b = history.begun();
  EXPECT_FALSE(history.appended(b, {3, 1}));
  EXPECT_FALSE(history.appended(a, {3, 0}));
}

TEST(ClientHistory, AnAppendStandsBehindWhatWasOverBeforeItBegan) {
  ClientHistory history;
  EXPECT_FALSE(history.appended(history.begun(), {3, 1}));
  const auto later = history.begun();
  EXPECT_FALSE(history.appended(later, {3, 2}));
  EXPECT_TRUE(history.appended(later, {3, 1})) << "the same place";
  EXPECT_TRUE(history.appended(later, {3, 0}));
  EXPECT_TRUE(history.appended(later, {2, 7}));
}

TEST(ClientHistory, OnlyTheHighestThatIsOverCounts) {
  ClientHistory history;
  const auto begun = history.begun();
  EXPECT_FALSE(history.appended(begun, {5, 0}));
  EXPECT_FALSE(history.appended(begun, {2, 0}));
  EXPECT_TRUE(history.appended(history.begun(), {4, 0})) << "the lower one that was over last must not hide the other";
}

TEST(ClientHistory, WhatIsSubmittedAfterAReadStandsBehindAllOfItsHeight) {
  ClientHistory history;
  EXPECT_FALSE(history.read(history.begun(), 4, std::nullopt, std::nullopt));
  EXPECT_TRUE(history.appended(history.begun(), {4, 1'000}));
  EXPECT_FALSE(history.appended(Position{4, UINT32_MAX}, {5, 0}));
}

TEST(ClientHistory, AReadKnowsWhatWasOverBeforeIt) {
  ClientHistory history;
  const Position at{6, 2};
  EXPECT_FALSE(history.appended(history.begun(), at));
  EXPECT_TRUE(history.read(history.begun(), 5, std::nullopt, std::nullopt)) << "too old";
  EXPECT_FALSE(history.read({6, 2}, 6, at, at));
  EXPECT_TRUE(history.read({6, 2}, 6, at, std::nullopt)) << "lost";
  EXPECT_TRUE(history.read({6, 2}, 6, at, Position{6, 1})) << "moved";
  EXPECT_TRUE(history.read({6, 2}, 6, std::nullopt, Position{7, 0})) << "from the future";
}

}  // namespace
}  // namespace tieline::sim
