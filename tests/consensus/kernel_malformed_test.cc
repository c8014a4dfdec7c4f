// What a peer can send that is not right: dropped, counted under a stable code, and nothing else happens.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

struct Case {
  const char* name;
  const char* code;
  std::function<MessagePtr(Lone&)> make;
  std::function<ValidatorId(Lone&)> from = [](Lone& t) { return t.other(1); };
};

template <class M>
MessagePtr changed(const MessagePtr& m, const std::function<void(M&)>& change) {
  M copy = std::get<M>(m->payload);
  change(copy);
  return make_message(copy);
}

MessagePtr good_view_change(Lone& t) { return t.view_change_of(t.other(1), 1, t.start()); }
MessagePtr good_proposal(Lone& t) { return t.proposal({0, 0, 0}, t.block(t.c.genesis()), t.start()); }
ValidatorId from_leader(Lone& t) { return t.leader; }

std::vector<Case> cases() {
  std::vector<Case> out;
  out.push_back({"a stranger", "not_a_member", [](Lone& t) { return good_view_change(t); },
                 [](Lone&) { return ValidatorId{999}; }});
  out.push_back({"a CONFIRM with another's signature", "confirm_bad_signature", [](Lone& t) {
                   const auto m = t.confirm_message(t.other(1), {0, 0, 0}, t.c.genesis(), 1);
                   return changed<Confirm>(m, [&](Confirm& c) { c.signer = t.other(2); });
                 }});
  out.push_back({"a CONFIRM of a stranger", "confirm_bad_signature", [](Lone& t) {
                   return t.confirm_message(999, {0, 0, 0}, t.c.genesis(), 1);
                 }});
  out.push_back({"a CONFIRM of another chain", "confirm_bad_signature", [](Lone& t) {
                   const Hash d = confirm_digest(t.c.genesis(), {0, 0, 0}, 1, t.c.genesis());
                   return make_message(Confirm{t.other(1), {0, 0, 0}, 1, t.c.genesis(), Lone::sign(t.other(1), d)});
                 }});
  out.push_back({"a CONFIRM at index -1", "confirm_malformed", [](Lone& t) {
                   return t.confirm_message(t.other(1), {0, 0, -1}, t.c.genesis(), 1);
                 }});
  out.push_back({"a PROPOSE with a bad signature", "propose_bad_signature",
                 [](Lone& t) {
                   return changed<Propose>(good_proposal(t),
                                           [](Propose& p) { std::get<Signature>(p.signature).bytes[3] ^= 1; });
                 },
                 from_leader});
  out.push_back(
      {"a PROPOSE of another chain", "propose_wrong_chain",
       [](Lone& t) { return changed<Propose>(good_proposal(t), [&](Propose& p) { p.header.chain = t.c.genesis(); }); },
       from_leader});
  out.push_back({"a PROPOSE whose header is of another epoch", "propose_wrong_chain",
                 [](Lone& t) { return changed<Propose>(good_proposal(t), [](Propose& p) { p.header.epoch = 1; }); },
                 from_leader});
  out.push_back({"a PROPOSE with a NEW-VIEW where none belongs", "propose_with_new_view",
                 [](Lone& t) {
                   std::vector<MessagePtr> v;
                   for (ValidatorId id : {t.leader, t.other(1), t.other(2)})
                     v.push_back(t.view_change_of(id, 1, t.start()));
                   return t.proposal({0, 0, 0}, t.block(t.c.genesis()), t.start(), t.new_view_of(1, v, t.start()));
                 },
                 from_leader});
  out.push_back({"a PROPOSE with the NEW-VIEW of another view", "propose_bad_new_view",
                 [](Lone& t) {
                   std::vector<MessagePtr> v;
                   for (ValidatorId id : {t.leader, t.other(1), t.other(2)})
                     v.push_back(t.view_change_of(id, 2, t.start()));
                   return t.proposal({0, 1, 0}, t.block(t.c.genesis()), t.start(), t.new_view_of(2, v, t.start()));
                 },
                 [](Lone& t) { return t.c.leader(0, 1); }});
  out.push_back({"a VIEW-CHANGE with the wrong L", "view_change_wrong_leader", [](Lone& t) {
                   return changed<ViewChange>(good_view_change(t), [&](ViewChange& v) { v.leader = t.leader; });
                 }});
  out.push_back({"a VIEW-CHANGE to view 0", "view_change_wrong_leader",
                 [](Lone& t) { return t.view_change_of(t.other(1), 0, t.start()); }});
  out.push_back({"a VIEW-CHANGE with a bad signature", "view_change_bad_signature", [](Lone& t) {
                   return changed<ViewChange>(good_view_change(t), [](ViewChange& v) { v.signature.bytes[0] ^= 1; });
                 }});
  out.push_back({"a VIEW-CHANGE whose time-out is not signed", "view_change_bad_signature", [](Lone& t) {
                   ViewChange v = std::get<ViewChange>(good_view_change(t)->payload);
                   v.timeout_signature = Signature{};
                   v.signature = Lone::sign(v.signer, view_change_digest(t.c.chain_id(), v));
                   return make_message(v);
                 }});
  out.push_back({"a VIEW-CHANGE with another start of the epoch", "view_change_wrong_start", [](Lone& t) {
                   Justify j = t.start();
                   j.block = t.c.chain_id();
                   return t.view_change_of(t.other(1), 1, j);
                 }});
  out.push_back({"a VIEW-CHANGE with a certificate below quorum", "view_change_bad_certificate", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return t.view_change_of(t.other(1), 1, t.justify(t.certificate({0, 0, 0}, a, 2)));
                 }});
  out.push_back({"a VIEW-CHANGE with a certificate of its own view", "view_change_wrong_slot", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return t.view_change_of(t.other(1), 1, t.justify(t.certificate({0, 1, 0}, a, 3)));
                 }});
  out.push_back({"a VIEW-CHANGE with a vote in its own view", "view_change_wrong_slot", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 1, 0}, a, a->digest));
                 }});
  out.push_back(
      {"a VIEW-CHANGE with a vote below its certificate", "view_change_wrong_slot", [](Lone& t) {
         const BlockPtr a = t.block(t.c.genesis());
         return t.view_change_of(t.other(1), 1, t.justify(t.certificate({0, 0, 0}, a, 3)), t.last_vote({0, 0, 0}, a));
       }});
  out.push_back({"a VIEW-CHANGE with a vote that its primary never signed", "view_change_bad_vote", [](Lone& t) {
                   LastVote v = t.last_vote({0, 0, 0}, t.block(t.c.genesis()));
                   std::get<Signature>(v.primary_signature).bytes[9] ^= 1;
                   return t.view_change_of(t.other(1), 1, t.start(), v);
                 }});
  out.push_back({"a VIEW-CHANGE with a NEW-VIEW where none belongs", "view_change_wrong_new_view", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 0, 0}, a, a->digest));
                 }});
  out.push_back({"a VIEW-CHANGE without the NEW-VIEW of its vote", "view_change_wrong_new_view", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return t.view_change_of(t.other(1), 2, t.start(), t.last_vote({0, 1, 0}, a));
                 }});
  out.push_back({"a VIEW-CHANGE with a checkpoint nobody signed", "view_change_bad_checkpoint", [](Lone& t) {
                   ViewChange v = std::get<ViewChange>(good_view_change(t)->payload);
                   v.checkpoint = CheckpointCert{0, 16, t.c.genesis(), t.c.genesis(), {}, {}};
                   return t.signed_view_change(v);
                 }});
  out.push_back({"an ACK with a bad signature", "ack_bad_signature", [](Lone& t) {
                   return make_message(ViewChangeAck{t.other(1), 0, 2, t.other(2), t.c.genesis(), {}});
                 }});
  out.push_back({"an ACK of an own VIEW-CHANGE", "ack_of_own", [](Lone& t) {
                   ViewChangeAck a{t.other(1), 0, 2, t.other(1), t.c.genesis(), {}};
                   a.signature = Lone::sign(a.signer, ack_digest(t.c.chain_id(), a));
                   return make_message(a);
                 }});
  out.push_back({"a checkpoint vote with a bad signature", "checkpoint_bad_signature", [](Lone& t) {
                   return make_message(CheckpointVote{t.other(1), 0, 16, t.c.genesis(), t.c.genesis(), {}});
                 }});
  out.push_back({"a DECIDED that proves nothing", "decided_bad_proof", [](Lone& t) {
                   const BlockPtr a = t.block(t.c.genesis());
                   return make_message(Decided{a->header, CommitProof{{}, t.certificate({0, 0, 0}, a, 2), {}}});
                 }});
  out.push_back({"a rejoin request with a bad signature", "rejoin_bad_signature", [](Lone& t) {
                   return make_message(RejoinRequest{t.other(1), t.c.genesis(), 0, {}});
                 }});
  return out;
}

TEST(Malformed, IsDroppedUnderItsCodeAndChangesNothing) {
  for (const Case& each : cases()) {
    Lone t;
    const MessagePtr message = each.make(t);
    t.c.inject(t.me, each.from(t), message);
    EXPECT_EQ(t.node().drops, std::vector<std::string>{each.code}) << each.name;
    EXPECT_EQ(t.status().view, 0u) << each.name;
    EXPECT_EQ(t.status().high_slot, (Slot{0, 0, -1})) << each.name;
    EXPECT_EQ(t.node().height(), 0u) << each.name;
    EXPECT_EQ(t.confirms(), 0u) << each.name;
    EXPECT_EQ(t.sent_count<ViewChangeAck>(), 0u) << each.name;
    // And nothing is lost: the leader's good proposal is still voted for.
    t.c.inject(t.me, t.leader, good_proposal(t));
    EXPECT_EQ(t.confirms(), 1u) << each.name;
  }
}

TEST(Malformed, EveryDropNamesThePeerOfTheLink) {
  Lone t;
  Effects effects;
  t.node().engine->step(t.c.now(), Received{t.other(2), t.confirm_message(999, {0, 0, 0}, t.c.genesis(), 1)}, effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<Drop>(effects[0]).from, t.other(2));
}

TEST(Malformed, ABadCaughtUpProofIsDropped) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  CaughtUp up{{a->header}, CommitProof{{}, t.certificate({0, 0, 0}, a, 2), {}}};
  t.c.input(t.me, up);
  EXPECT_EQ(t.node().dropped("catch_up_bad_proof"), 1u);
  EXPECT_EQ(t.node().height(), 0u);
}

TEST(Malformed, NoMessageAndNoHeadersAreHarmless) {
  Lone t;
  t.c.input(t.me, Received{t.other(1), nullptr});
  t.c.input(t.me, CaughtUp{});
  t.c.input(t.me, Judged{t.c.chain_id(), true, {}, nullptr});
  t.c.input(t.me, BlockBuilt{0, nullptr});
  EXPECT_EQ(t.node().dropped("not_a_member"), 1u);
}

}  // namespace
}  // namespace tieline::testing
