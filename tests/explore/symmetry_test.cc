// Validators that are alike change places: messages with them exchanged are what the others would have said, and what
// would make the exchange contradict itself is left alone.

#include "explore/symmetry.h"

#include <gtest/gtest.h>

namespace tieline::explore {
namespace {

using namespace consensus;  // NOLINT

constexpr Permutation kSame{0, 1, 2, 3}, kSwap{0, 1, 3, 2};

struct Stage {
  Stage() : world(Bounds{}) { catch_broken_invariants(); }
  // What the seat sends when it starts and its timer fires.
  std::vector<MessagePtr> said(Seat seat) {
    std::vector<MessagePtr> out;
    const Advanced started = first_start(world, seat);
    const Advanced left =
        advance(world, started.next, {EventKind::kTimer, static_cast<uint32_t>(TimerId::kProgress)}, nullptr);
    for (const auto* list : {&started.sent, &left.sent})
      for (const Delivery d : *list) {
        const MessagePtr message = world.envelope(envelope_of(d)).message;
        if (out.empty() || out.back() != message) out.push_back(message);
      }
    return out;
  }
  World world;
};

TEST(Renamed, ToNobodyElseIsTheSameMessage) {
  Stage s;
  Renamed same(s.world, kSame);
  for (Seat seat = 0; seat < kValidators; ++seat) {
    const auto said = s.said(seat);
    ASSERT_FALSE(said.empty());
    for (const MessagePtr& message : said) {
      ASSERT_NE(same.of(message), nullptr) << describe(s.world, *message);
      EXPECT_EQ(same.of(message)->digest, message->digest) << describe(s.world, *message);
    }
  }
}

TEST(Renamed, IsWhatTheOtherWouldHaveSaidItself) {
  Stage s;
  Renamed swap(s.world, kSwap);
  const auto of2 = s.said(2), of3 = s.said(3);
  ASSERT_EQ(of2.size(), of3.size());
  for (size_t i = 0; i < of2.size(); ++i) {
    EXPECT_NE(of2[i]->digest, of3[i]->digest);
    EXPECT_EQ(swap.of(of2[i])->digest, of3[i]->digest) << describe(s.world, *of2[i]);
    EXPECT_EQ(swap.of(of3[i])->digest, of2[i]->digest);
  }
}

TEST(Renamed, NamesAMessageItHasNeverSeenForNobody) {
  Stage s;
  Renamed swap(s.world, kSwap);
  ViewChangeAck ack;
  ack.signer = s.world.id(2);
  ack.subject = s.world.id(3);
  ack.view = 1;
  ack.view_change = s.world.genesis_digest();
  EXPECT_EQ(swap.of(make_message(ack)), nullptr);
}

const std::vector<std::vector<size_t>> kTwo{{0, 1}, {1, 0}};

TEST(Orbits, AreTakenUpBothWays) {
  Orbits orbits(kTwo);
  EXPECT_FALSE(orbits.decided(7));
  EXPECT_TRUE(orbits.take_up({7, 9}));
  EXPECT_EQ(orbits.image(1, 7), 9u);
  EXPECT_EQ(orbits.image(1, 9), 7u);
  EXPECT_EQ(orbits.image(0, 9), 9u);
  EXPECT_TRUE(orbits.take_up({4, 4})) << "one that becomes itself";
  EXPECT_EQ(orbits.image(1, 4), 4u);
}

TEST(Orbits, WhatContradictsIsRefusedAndChangesNothing) {
  Orbits orbits(kTwo);
  ASSERT_TRUE(orbits.take_up({7, 9}));
  EXPECT_FALSE(orbits.take_up({8, 9}));
  EXPECT_FALSE(orbits.decided(8));
  orbits.leave_alone(8);
  EXPECT_TRUE(orbits.alone(8));
  EXPECT_FALSE(orbits.take_up({8, 10})) << "what is alone stays so";
  EXPECT_EQ(orbits.image(1, 8), Orbits::kNone);
  EXPECT_EQ(orbits.image(1, 7), 9u);
}

}  // namespace
}  // namespace tieline::explore
