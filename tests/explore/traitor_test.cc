// What the Byzantine validator can say: all that a correct one might accept, and nothing under another's signature.

#include "explore/traitor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "explore/validator.h"

namespace tieline::explore {
namespace {

using namespace consensus;  // NOLINT

struct Stage {
  explicit Stage(uint8_t traitors) : world(bounds_with(traitors)) { catch_broken_invariants(); }
  static Bounds bounds_with(uint8_t traitors) {
    Bounds bounds;
    bounds.traitors = traitors;
    return bounds;
  }
  std::vector<EnvelopeId> could(Seat seat, const std::vector<EnvelopeId>& heard) {
    return Traitor(world, seat).could_say(heard);
  }
  template <class M>
  std::vector<EnvelopeId> only(const std::vector<EnvelopeId>& list) const {
    std::vector<EnvelopeId> out;
    for (const EnvelopeId id : list)
      if (std::holds_alternative<M>(world.envelope(id).message->payload)) out.push_back(id);
    return out;
  }
  template <class M>
  const M& as(EnvelopeId id) const {
    return std::get<M>(world.envelope(id).message->payload);
  }
  // A VIEW-CHANGE of this seat to view 1, as its engine says it.
  EnvelopeId view_change(Seat seat) {
    const Advanced started = first_start(world, seat);
    const Advanced left =
        advance(world, started.next, {EventKind::kTimer, static_cast<uint32_t>(TimerId::kProgress)}, nullptr);
    for (const Delivery d : left.sent)
      if (std::holds_alternative<ViewChange>(world.envelope(envelope_of(d)).message->payload)) return envelope_of(d);
    ADD_FAILURE() << "no VIEW-CHANGE";
    return 0;
  }
  World world;
};

TEST(Traitor, LeadingItProposesOneContentAndThenAnotherForTheSameSlot) {
  Stage s(1);
  const auto first = s.only<Propose>(s.could(0, {}));
  ASSERT_EQ(first.size(), 1u);
  const auto second = s.only<Propose>(s.could(0, first));
  ASSERT_EQ(second.size(), 1u) << "what it has said is not said again";
  const auto &a = s.as<Propose>(first[0]), &b = s.as<Propose>(second[0]);
  EXPECT_EQ(a.slot, b.slot);
  EXPECT_NE(a.header.digest(), b.header.digest());
  for (const EnvelopeId id : {first[0], second[0]}) {
    const Advanced out = advance(s.world, first_start(s.world, 2).next, {EventKind::kDeliver, id}, nullptr);
    EXPECT_NE(out.reached & 1u << static_cast<uint32_t>(Reached::kVote), 0u) << "a correct one votes for either";
  }
}

TEST(Traitor, NotLeadingItProposesNothing) {
  Stage s(4);
  EXPECT_TRUE(s.only<Propose>(s.could(2, {})).empty());
  EXPECT_FALSE(s.only<ViewChange>(s.could(2, {})).empty());
}

TEST(Traitor, ConfirmsEitherContentItHasHeardOf) {
  Stage s(1);
  std::vector<EnvelopeId> heard = s.only<Propose>(s.could(0, {}));
  const auto second = s.only<Propose>(s.could(0, heard));
  heard.push_back(second[0]);
  EXPECT_EQ(s.only<Confirm>(s.could(0, heard)).size(), 2u);
}

TEST(Traitor, MakesANewViewOfExactlyEnoughViewChangesAndItIsAccepted) {
  Stage s(2);  // the leader of view 1
  std::vector<EnvelopeId> heard{s.view_change(0), s.view_change(2)};
  EXPECT_TRUE(s.only<NewView>(s.could(1, heard)).empty()) << "two are not n-f";
  heard.push_back(s.view_change(3));
  std::sort(heard.begin(), heard.end());
  const auto made = s.only<NewView>(s.could(1, heard));
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(s.as<NewView>(made[0]).entries.size(), 3u);
  const Advanced out = advance(s.world, first_start(s.world, 2).next, {EventKind::kDeliver, made[0]}, nullptr);
  EXPECT_EQ(out.next.engine_view, 1u);
  EXPECT_EQ(out.reached & 1u << static_cast<uint32_t>(Reached::kRefused), 0u);
}

TEST(Traitor, AcknowledgesForACorrectLeaderWhatItNeverChecked) {
  Stage s(1);
  const EnvelopeId vc = s.view_change(2);
  const auto acks = s.only<ViewChangeAck>(s.could(0, {vc}));
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(s.as<ViewChangeAck>(acks[0]).view_change, s.world.envelope(vc).message->digest);
}

TEST(Traitor, NeverSignsForAnother) {
  Stage s(1);
  std::vector<EnvelopeId> heard{s.view_change(2), s.view_change(3)};
  std::sort(heard.begin(), heard.end());
  for (int round = 0; round < 3; ++round) {
    const auto words = s.could(0, heard);
    ASSERT_FALSE(words.empty());
    for (const EnvelopeId id : words) {
      EXPECT_EQ(s.world.envelope(id).from, 0);
      const Payload& payload = s.world.envelope(id).message->payload;
      if (const auto* c = std::get_if<Confirm>(&payload)) {
        EXPECT_EQ(c->signer, s.world.id(0));
      }
      if (const auto* vc = std::get_if<ViewChange>(&payload)) {
        EXPECT_EQ(vc->signer, s.world.id(0));
      }
      if (const auto* ack = std::get_if<ViewChangeAck>(&payload)) {
        EXPECT_EQ(ack->signer, s.world.id(0));
      }
    }
    heard.insert(heard.end(), words.begin(), words.end());
    std::sort(heard.begin(), heard.end());
  }
}

}  // namespace
}  // namespace tieline::explore
