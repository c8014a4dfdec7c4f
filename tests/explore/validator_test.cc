// One validator of an exploration as a value: its fingerprint tells apart what behaves differently and nothing else,
// and a crash takes back exactly what was not durable.

#include "explore/validator.h"

#include <gtest/gtest.h>

namespace tieline::explore {
namespace {

using namespace consensus;  // NOLINT

constexpr auto kProgressTimer = static_cast<uint32_t>(TimerId::kProgress);

struct Network4 {
  explicit Network4(Bounds bounds = {}) : world(bounds) {
    catch_broken_invariants();
    for (Seat seat = 0; seat < kValidators; ++seat) {
      Advanced started = first_start(world, seat);
      sent.insert(sent.end(), started.sent.begin(), started.sent.end());
      validators.push_back(std::move(started.next));
    }
  }
  // The first message to `to` whose text starts so.
  std::optional<EnvelopeId> message(Seat to, const std::string& text, std::optional<Seat> from = {}) const {
    for (const Delivery d : sent) {
      const Envelope& e = world.envelope(envelope_of(d));
      if (seat_of(d) == to && describe(world, *e.message).starts_with(text) && (!from || e.from == *from))
        return envelope_of(d);
    }
    return std::nullopt;
  }
  Advanced deliver(Seat to, EnvelopeId envelope) { return take(to, {EventKind::kDeliver, envelope}); }
  Advanced take(Seat seat, const Event& event) {
    Advanced out = advance(world, validators[seat], event, nullptr);
    EXPECT_EQ(out.violation, "");
    sent.insert(sent.end(), out.sent.begin(), out.sent.end());
    validators[seat] = out.next;
    return out;
  }
  Hash print(const Validator& v) const { return fingerprint(world, v); }

  World world;
  std::vector<Validator> validators;
  std::vector<Delivery> sent;
};

TEST(Fingerprint, IsEqualForACopyAndDiffersForEveryValidator) {
  Network4 net;
  EXPECT_EQ(net.print(net.validators[0]), net.print(Validator(net.validators[0])));
  for (Seat a = 0; a < kValidators; ++a)
    for (Seat b = 0; b < a; ++b) EXPECT_NE(net.print(net.validators[a]), net.print(net.validators[b]));
}

TEST(Fingerprint, DiffersAfterWhateverChangesWhatComesNext) {
  Network4 net;
  const EnvelopeId proposal = *net.message(1, "PROPOSE");
  std::set<Hash> seen;
  const auto fresh = [&](const char* what) { EXPECT_TRUE(seen.insert(net.print(net.validators[1])).second) << what; };
  fresh("the start");
  net.deliver(1, proposal);
  fresh("a vote");
  net.deliver(2, *net.message(2, "PROPOSE"));
  net.deliver(1, *net.message(1, "CONFIRM", Seat{2}));
  fresh("a certificate and a commit");
  net.take(1, {EventKind::kTimer, kProgressTimer});
  fresh("a time-out");
  net.take(2, {EventKind::kTimer, kProgressTimer});
  net.deliver(1, *net.message(1, "VIEW-CHANGE", Seat{2}));
  fresh("another's VIEW-CHANGE");
}

TEST(Fingerprint, IsTheSameWhateverTheOrderOfConfirmsBeforeTheyAreEnough) {
  Network4 net;
  const Validator before = net.validators[1];
  for (Seat seat = 1; seat < kValidators; ++seat) net.deliver(seat, *net.message(seat, "PROPOSE"));
  const EnvelopeId from2 = *net.message(1, "CONFIRM", Seat{2}), from3 = *net.message(1, "CONFIRM", Seat{3});
  const auto after = [&](const std::vector<EnvelopeId>& order) {
    Validator v = before;  // it has not seen the proposal yet
    for (const EnvelopeId id : order) v = advance(net.world, v, {EventKind::kDeliver, id}, nullptr).next;
    return net.print(v);
  };
  EXPECT_EQ(after({from2, from3}), after({from3, from2}));
  EXPECT_EQ(after({from2, from2}), after({from2}));
  EXPECT_NE(after({from2}), after({from3}));
}

// Two histories of one validator that end in different numbers of records, requests and timer generations.
TEST(Fingerprint, LeavesOutNumbersThatOnlyNameThings) {
  Network4 net;
  const EnvelopeId proposal = *net.message(2, "PROPOSE");
  const Validator voted = net.deliver(2, proposal).next;
  // Sent again, it only makes the validator say its CONFIRM again.
  const Advanced again = advance(net.world, voted, {EventKind::kDeliver, proposal}, nullptr);
  EXPECT_EQ(again.persists, 0u);
  EXPECT_EQ(net.print(again.next), net.print(voted));
  // The resend timer fires and is armed anew: another generation, the same behaviour.
  const auto resend = static_cast<uint32_t>(TimerId::kResend);
  ASSERT_TRUE(voted.timers[resend].has_value());
  const Advanced fired = advance(net.world, voted, {EventKind::kTimer, resend}, nullptr);
  EXPECT_NE(fired.next.timers[resend], voted.timers[resend]);
  EXPECT_EQ(net.print(fired.next), net.print(voted));
}

TEST(Crash, BeforeTheRecordTheVoteNeverWasAndAfterItItStands) {
  Bounds bounds;
  bounds.crashes = 1;
  Network4 net(bounds);
  const EnvelopeId proposal = *net.message(1, "PROPOSE");
  const Validator before = net.validators[1];
  const Advanced voted = advance(net.world, before, {EventKind::kDeliver, proposal}, nullptr);
  ASSERT_EQ(voted.persists, 1u);
  ASSERT_EQ(voted.sent.size(), kValidators - 1) << "a CONFIRM to the three others";

  const Advanced lost = advance(net.world, before, {EventKind::kDeliver, proposal, 1}, nullptr);
  EXPECT_TRUE(lost.sent.empty()) << "what waits for a record that was lost never left";
  EXPECT_FALSE(lost.next.disk.record.has_value());
  EXPECT_TRUE(lost.next.votes.empty());
  EXPECT_EQ(lost.next.lives, 1u);

  const Advanced kept = advance(net.world, voted.next, {EventKind::kCrash}, nullptr);
  ASSERT_TRUE(kept.next.disk.record && kept.next.disk.record->last_vote);
  EXPECT_EQ(kept.next.votes, voted.next.votes);
  EXPECT_EQ(kept.next.engine->status().view, 0u);
}

TEST(Crash, ATornRecordKeepsTheVoteAndNothingThatItNames) {
  Bounds bounds;
  bounds.crashes = 1;
  bounds.torn = true;
  Network4 net(bounds);
  Event event{EventKind::kDeliver, *net.message(1, "PROPOSE"), 1, true};
  const Advanced torn = advance(net.world, net.validators[1], event, nullptr);
  ASSERT_TRUE(torn.next.disk.record && torn.next.disk.record->last_vote);
  EXPECT_EQ(Event::unpacked(event.packed()).torn, true);
  // Its body is fetched again from the others, and only then is the vote said.
  EXPECT_TRUE(torn.next.held.contains(torn.next.disk.record->last_vote->block));
  EXPECT_EQ(torn.next.votes.size(), 1u);
}

TEST(Event, IsTheSameAfterPacking) {
  for (const Event e : {Event{EventKind::kCrash, 0, 0, false}, Event{EventKind::kDeliver, 0xffffff, 7, true},
                        Event{EventKind::kCatchUp, 12, 3, false}}) {
    const Event back = Event::unpacked(e.packed());
    EXPECT_EQ(back.kind, e.kind);
    EXPECT_EQ(back.argument, e.argument);
    EXPECT_EQ(back.cut, e.cut);
    EXPECT_EQ(back.torn, e.torn);
  }
}

}  // namespace
}  // namespace tieline::explore
