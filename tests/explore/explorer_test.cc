// Small explorations: nothing is found, and what was reached shows that something could have been. Where more
// validators lie than may, a fork is found, by its shortest history.

#include "explore/explorer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tieline::explore {
namespace {

// The sanitizers are some twenty times slower; the code is the same.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kStates = 6'000;
constexpr bool kWhole = false;
#else
constexpr uint64_t kStates = 80'000;
constexpr bool kWhole = true;
#endif

Report search(Bounds bounds) {
  catch_broken_invariants();
  return explore(bounds);
}

std::string all_lines(const Report& r) {
  std::string out = r.violation + "\n";
  for (const std::string& line : r.history) out += line + "\n";
  return out;
}

Report clean(Bounds bounds, const std::vector<Reached>& expected) {
  bounds.states = kStates;
  const Report r = search(bounds);
  EXPECT_EQ(r.violation, "") << all_lines(r);
  if (!kWhole) return r;
  for (const Reached what : expected)
    EXPECT_GT(r.reached[static_cast<size_t>(what)], 0u) << reached_name(what) << " was never reached";
  return r;
}

// More than f: in one slot of one view they fork.
Bounds two_liars() {
  Bounds bounds;
  bounds.traitors = 3;
  bounds.lies = 4;
  bounds.views = bounds.slots = 1;
  return bounds;
}

TEST(Explorer, TheSameBoundsGiveTheSameCounts) {
  Bounds bounds;
  bounds.traitors = 1;
  bounds.states = 5'000;
  const Report a = search(bounds), b = search(bounds);
  EXPECT_EQ(a.by_level, b.by_level);
  EXPECT_EQ(a.transitions, b.transitions);
  EXPECT_EQ(a.validator_states, b.validator_states);
  EXPECT_EQ(a.reached, b.reached);
}

// Elections: a liar votes for everybody in every term, leads on any quorum of votes it is given, and two blocks a slot.
TEST(Explorer, ElectionsOfTrustRaftLeadToNoForkWithOneLiarAndCrashes) {
  Bounds bounds;
  bounds.elects = true;
  bounds.network = Network::kInOrder;
  bounds.slots = 2;
  bounds.traitors = 1;
  clean(bounds, {Reached::kNewView});
  bounds.traitors = 2;
  clean(bounds, {Reached::kNewView});
  bounds.traitors = 0;
  bounds.crashes = 1;
  clean(bounds, {Reached::kNewView});
}

TEST(Explorer, WhatIsExhaustedIsExhaustedWhateverTheBoundOnStates) {
  Bounds bounds;  // nobody lies, nobody waits in vain: only the order of messages in one view of one slot
  bounds.views = bounds.slots = 1;
  const Report r = search(bounds);
  EXPECT_TRUE(r.exhausted);
  EXPECT_EQ(r.violation, "");
  EXPECT_EQ(r.height_max, 1u);
  bounds.states = r.states + 1;
  EXPECT_EQ(search(bounds).by_level, r.by_level);
  EXPECT_EQ(search(bounds).transitions, r.transitions);
}

TEST(Explorer, InAnyOrderNothingIsFound) {
  for (const bool fast : {true, false}) {
    Bounds bounds;
    bounds.fast_path = fast;
    clean(bounds, {Reached::kVote, fast ? Reached::kFastCommit : Reached::kVote, Reached::kTimeout, Reached::kJoined,
                   Reached::kNewView, Reached::kReproposal, Reached::kVoteForReproposal});
  }
}

TEST(Explorer, WithALyingLeaderNothingIsFound) {
  for (const Seat traitor : {Seat{0}, Seat{1}, Seat{2}}) {
    for (const bool fast : {true, false}) {
      Bounds bounds;
      bounds.traitors = static_cast<uint8_t>(1u << traitor);
      bounds.fast_path = fast;
      clean(bounds, {Reached::kVote, Reached::kTimeout, Reached::kNewView});
    }
  }
}

TEST(Explorer, WithCrashesAndTornRecordsNothingIsFound) {
  Bounds bounds;
  bounds.crashes = 1;
  bounds.torn = true;
  clean(bounds, {Reached::kVote, Reached::kFastCommit, Reached::kTimeout, Reached::kRestart, Reached::kTornRestart,
                 Reached::kCaughtUp});
}

TEST(Explorer, WithSlowAnswersNothingIsFound) {
  Bounds bounds;
  bounds.slow_answers = true;
  bounds.traitors = 1;
  clean(bounds, {Reached::kVote, Reached::kTimeout, Reached::kEquivocation});
}

TEST(Explorer, AfterOneCommitNothingIsFound) {
  for (const bool fast : {true, false}) {
    for (const uint32_t traitors : {0u, 2u}) {
      Bounds bounds;
      bounds.start = Start::kOneCommit;
      bounds.fast_path = fast;
      bounds.slots = fast ? 1 : 2;
      bounds.traitors = static_cast<uint8_t>(traitors);
      clean(bounds, {Reached::kTimeout, Reached::kJoined});
    }
  }
}

TEST(Explorer, WithPlannedMovesNothingIsFound) {
  Bounds bounds;
  bounds.tenure_slots = 1;
  bounds.fast_path = false;
  bounds.network = Network::kInOrder;
  clean(bounds, {Reached::kVote, Reached::kPlanned, Reached::kNewView});
}

TEST(Explorer, InTheOrderSentItReachesTwoViewsAndBothCommits) {
  for (const bool fast : {true, false}) {
    Bounds bounds;
    bounds.network = Network::kInOrder;
    bounds.fast_path = fast;
    const Report r =
        clean(bounds, {fast ? Reached::kFastCommit : Reached::kTwoChainCommit, Reached::kNewView, Reached::kCaughtUp});
    if (!kWhole) continue;
    EXPECT_GE(r.height_max, 2u);
    EXPECT_GE(r.view_max, 1u);
    EXPECT_GE(r.steps_max, 40u);
  }
}

// The states that were searched, and those that they become when the validators that are alike change places, are
// exactly those that are found without symmetry: no more, no fewer.
TEST(Explorer, WithSymmetryTheSameStatesAreReachedInASixthAndInHalfOfThem) {
  struct Case {
    uint8_t traitors, alike;
    uint64_t at_least_times;  // in tenths
  };
  for (const auto& [traitors, alike, tenths] : {Case{0, 14, 55}, Case{1, 14, 55}, Case{2, 12, 19}}) {
    Bounds bounds;
    bounds.views = bounds.slots = 1;
    bounds.traitors = traitors;
    if (!kWhole) bounds.levels = 6;
    const Report with = search(bounds);
    bounds.symmetry = false;
    const Report without = search(bounds);
    EXPECT_EQ(with.alike, alike);
    EXPECT_EQ(without.alike, 0);
    EXPECT_EQ(with.violation + without.violation, "");
    EXPECT_EQ(with.stands_for, without.states) << "traitors " << int{traitors};
    EXPECT_EQ(without.stands_for, without.states);
    EXPECT_EQ(with.validator_states, without.validator_states);
    EXPECT_EQ(with.levels_complete, without.levels_complete);
    EXPECT_EQ(with.uneven_states, 0u);
    if (kWhole) {
      EXPECT_LE(with.states * tenths, without.states * 10);
    }
  }
}

// Through a change of view, as far as nobody chooses among more votes than it takes.
TEST(Explorer, WithSymmetryTheSameStatesAreReachedThroughAViewChange) {
  Bounds bounds;
  bounds.fast_path = false;
  bounds.traitors = 1;
  bounds.levels = kWhole ? 6 : 4;
  const Report with = search(bounds);
  bounds.symmetry = false;
  const Report without = search(bounds);
  EXPECT_EQ(with.alike, 12) << "seats 2 and 3";
  EXPECT_EQ(with.stands_for, without.states);
  EXPECT_LE(with.states * 17, without.states * 10);
  EXPECT_EQ(with.uneven_states, 0u);
}

// Where more votes are there than it takes, those of the members that stand first are taken. There the exchanged states
// are followed too, and nothing is lost.
TEST(Explorer, WhereMembersAreNotTreatedAlikeNothingIsLost) {
  if (!kWhole) GTEST_SKIP() << "too deep for the sanitizers";
  Bounds bounds;
  bounds.crashes = 1;
  bounds.slots = 1;
  bounds.timeouts = 2;
  bounds.levels = 5;
  const Report with = search(bounds);
  bounds.symmetry = false;
  const Report without = search(bounds);
  EXPECT_GT(with.uneven_states, 0u) << "nothing was uneven: this test shows nothing";
  EXPECT_GE(with.stands_for, without.states);
  EXPECT_EQ(with.validator_states, without.validator_states);
  EXPECT_LT(with.states, without.states);
}

TEST(Explorer, NobodyIsAlikeWhoLeadsOrLiesOrIsDrawnOrHasHeardMore) {
  const auto alike = [](auto change) {
    Bounds bounds;
    change(bounds);
    bounds.levels = 0;
    return search(bounds).alike;
  };
  EXPECT_EQ(alike([](Bounds&) {}), 12);
  EXPECT_EQ(alike([](Bounds& b) { b.traitors = 4; }), 0) << "one alone is like nobody";
  EXPECT_EQ(alike([](Bounds& b) { b.views = 3; }), 0);
  EXPECT_EQ(alike([](Bounds& b) { b.elects = true, b.fast_path = false; }), 0);
  EXPECT_EQ(alike([](Bounds& b) { b.start = Start::kOneCommit; }), 0);
  EXPECT_EQ(alike([](Bounds& b) { b.network = Network::kInOrder; }), 0);
}

TEST(Explorer, TwoLiarsForkWithAndWithoutSymmetryInTheSameNumberOfSteps) {
  Bounds bounds = two_liars();
  const Report with = search(bounds);
  bounds.symmetry = false;
  const Report without = search(bounds);
  EXPECT_EQ(with.alike, 12);
  EXPECT_TRUE(with.violation.starts_with("FORK at height 1")) << with.violation;
  EXPECT_TRUE(without.violation.starts_with("FORK at height 1")) << without.violation;
  EXPECT_EQ(with.history.size(), without.history.size()) << all_lines(with) << all_lines(without);
  EXPECT_EQ(with.levels_complete, without.levels_complete);
  EXPECT_LT(with.states, without.states);
}

TEST(Explorer, TwoLiarsOfFourForkAndTheShortestHistoryIsTold) {
  const Report r = search(two_liars());
  EXPECT_TRUE(r.violation.starts_with("FORK at height 1")) << r.violation;
  const auto count = [&](const std::string& what) {
    return std::count_if(r.history.begin(), r.history.end(),
                         [&](const std::string& line) { return line.find(what) != std::string::npos; });
  };
  // Two proposals and two CONFIRMs said, two each received: no history is shorter.
  EXPECT_EQ(count("(Byzantine) says PROPOSE"), 2) << all_lines(r);
  EXPECT_EQ(count("(Byzantine) says CONFIRM"), 2) << all_lines(r);
  EXPECT_EQ(count(" receives "), 4) << all_lines(r);
  EXPECT_EQ(count("commits block"), 2) << all_lines(r);
}

TEST(Explorer, InTheOrderSentTwoLiarsForkToo) {
  Bounds bounds = two_liars();
  bounds.network = Network::kInOrder;
  const Report r = search(bounds);
  EXPECT_TRUE(r.violation.starts_with("FORK at height 1")) << r.violation;
  EXPECT_EQ(r.levels_complete, 3u) << "the fourth lie makes the fork";
}

TEST(Explorer, MergedStatesBehaveAlike) {
  Bounds bounds;
  bounds.audit = true;
  bounds.crashes = 1;
  bounds.torn = true;
  bounds.traitors = 2;
  bounds.states = kWhole ? 3'000 : 300;
  const Report r = search(bounds);
  EXPECT_EQ(r.violation, "");
  EXPECT_GT(r.audited, 0u);
}

TEST(Explorer, BoundsThatMakeNoSenseAreRefused) {
  EXPECT_TRUE(check_bounds(Bounds{}).ok());
  const auto code = [](auto change) {
    Bounds bounds;
    change(bounds);
    const Status s = check_bounds(bounds);
    return s.ok() ? std::string() : s.error().code;
  };
  EXPECT_EQ(code([](Bounds& b) { b.views = 0; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.views = kViewsMax + 1; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.slots = 0; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.lies = kChoicesMax + 1; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.traitors = 15; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.states = 0; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.start = Start::kOneCommit, b.traitors = 8; }), "bad_bounds");
  EXPECT_EQ(code([](Bounds& b) { b.levels = kLevelsMax + 1; }), "bad_bounds");
}

}  // namespace
}  // namespace tieline::explore
