#include "consensus/messages.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "consensus/said_once.h"
#include "fixtures.h"

namespace tieline::consensus {
namespace {

using tieline::testing::first_positions;
using tieline::testing::hash_of;
using tieline::testing::header_of;
using tieline::testing::TestCommittee;

const ChainId kChain = hash_of("chain");

Signature signature_of(uint8_t fill) {
  Signature s;
  s.bytes.fill(fill);
  return s;
}

Certificate certificate() {
  static const TestCommittee t(4);
  return t.certify(kChain, {0, 1, 2}, 5, hash_of("block"), first_positions(3));
}

Justify epoch_start() { return {std::nullopt, Slot{0, 0, -1}, hash_of("genesis"), 0}; }
Justify certified() {
  const Certificate c = certificate();
  return {c, c.slot, c.block, c.height};
}

CheckpointCert checkpoint() {
  return {0,
          128,
          hash_of("block"),
          hash_of("state"),
          first_positions(3),
          {signature_of(1), signature_of(2), signature_of(3)}};
}

ViewChange view_change(ValidatorId signer) {
  ViewChange m;
  m.signer = signer;
  m.epoch = 0;
  m.view = 2;
  m.leader = 11;
  m.kind = ViewChangeKind::kPlanned;
  m.checkpoint = checkpoint();
  m.high_qc = certified();
  m.last_vote = LastVote{{0, 1, 3}, hash_of("voted"), 6, signature_of(9), hash_of("new view")};
  m.timeout_signature = signature_of(7);
  m.signature = signature_of(8);
  return m;
}

NewView new_view() {
  NewView m;
  m.epoch = 0;
  m.view = 2;
  for (ValidatorId id = 10; id <= 12; ++id) {
    ViewChange vc = view_change(id);
    if (id == 11) vc.checkpoint.reset(), vc.last_vote.reset(), vc.high_qc = epoch_start();
    m.entries.push_back({make_message(vc), {{10, signature_of(3)}, {13, signature_of(4)}}});
  }
  m.checkpoint = checkpoint();
  m.justify_slot = {0, 1, 2};
  m.justify_block = hash_of("block");
  m.repropose = hash_of("voted");
  m.signature = signature_of(5);
  return m;
}

Propose propose(bool with_new_view) {
  Propose m;
  m.slot = {0, 2, 0};
  m.header = header_of(kChain, hash_of("parent"), 6);
  m.txs = {hash_of("tx1"), hash_of("tx2")};
  m.evidence = encoded(Evidence());
  m.justify = with_new_view ? certified() : epoch_start();
  if (with_new_view) m.new_view = make_message(new_view());
  m.signature = signature_of(6);
  return m;
}

RejoinReply rejoin_reply() {
  return {12,
          hash_of("nonce"),
          0,
          3,
          {make_message(view_change(10)), make_message(new_view())},
          certificate(),
          signature_of(2)};
}

std::vector<Payload> one_of_each() {
  return {propose(true),
          Confirm{11, {0, 1, 2}, 5, hash_of("block"), signature_of(1)},
          view_change(10),
          ViewChangeAck{10, 0, 2, 12, hash_of("vc"), signature_of(1)},
          new_view(),
          CheckpointVote{10, 0, 128, hash_of("block"), hash_of("state"), signature_of(1)},
          Heartbeat{0, 2, 77},
          Decided{header_of(kChain, hash_of("parent"), 5), {{}, certificate(), std::nullopt}},
          RejoinRequest{12, hash_of("nonce"), 0, signature_of(1)},
          rejoin_reply(),
          PrepareVote{11, {0, 1, 2}, 5, hash_of("block"), signature_of(1)},
          CommitVote{11, {0, 1, 2}, 5, hash_of("block"), signature_of(1)},
          RequestVote{3, 2, 9, true, false, {2, 8, 4}},
          TermReply{2, 9, TermReplyKind::kPreVote, true, 9, 12, {2, 8, 3}, 41},
          LateConfirms{{{11, {0, 1, 2}, 5, hash_of("block"), signature_of(1)}}},
          Probe{0x1122334455667788, true},
          Measured{{11, 3, 16, {1, kNotMeasured}, {2, kNotMeasured}, signature_of(1)}},
          StableCertificate{checkpoint()}};
}

Bytes bytes_of(const MessagePtr& m) { return {m->bytes.view().begin(), m->bytes.view().end()}; }

std::optional<Bytes> again(const Bytes& bytes) {
  auto m = decode_message(Blob(bytes));
  if (!m.ok()) return std::nullopt;
  return bytes_of(make_message((*m)->payload));
}

std::string code_of(const Bytes& bytes) {
  auto m = decode_message(Blob(bytes));
  return m.ok() ? "ok" : m.error().code;
}

TEST(Messages, TypeIsTheFirstByteInTheOrderOfTheVariant) {
  const char* names[] = {"PROPOSE",         "CONFIRM",   "VIEW-CHANGE",  "VIEW-CHANGE-ACK", "NEW-VIEW",
                         "CHECKPOINT-VOTE", "HEARTBEAT", "DECIDED",      "REJOIN-REQUEST",  "REJOIN-REPLY",
                         "PREPARE",         "COMMIT",    "REQUEST-VOTE", "TERM-REPLY",      "LATE-CONFIRM",
                         "PROBE",           "MEASURED",  "CHECKPOINT"};
  uint8_t type = 1;
  for (const Payload& payload : one_of_each()) {
    const MessagePtr m = make_message(payload);
    EXPECT_EQ(m->bytes.data()[0], type);
    EXPECT_STREQ(message_name(*m), names[type - 1]);
    ++type;
  }
}

TEST(Messages, EachHasOneEncoding) {
  for (const Payload& payload : one_of_each()) {
    const MessagePtr m = make_message(payload);
    SCOPED_TRACE(message_name(*m));
    tieline::testing::expect_canonical_bytes(bytes_of(m), again);
  }
  tieline::testing::expect_canonical_bytes(bytes_of(make_message(propose(false))), again);
}

TEST(Messages, GarbageIsRefusedAndHarmless) {
  uint64_t seed = 100;
  for (const Payload& payload : one_of_each()) {
    tieline::testing::expect_garbage_is_harmless(bytes_of(make_message(payload)), again, ++seed, 1000);
  }
}

TEST(Messages, DigestIsOverTheBytesAndSurvivesDecoding) {
  for (const Payload& payload : one_of_each()) {
    const MessagePtr m = make_message(payload);
    EXPECT_EQ(m->digest, tagged_hash("tieline/msg/1", {m->bytes.view()}));
    auto back = decode_message(m->bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ((*back)->digest, m->digest);
  }
}

TEST(Messages, OfUnknownTypeEmptyOrTooLargeAreRefusedByName) {
  EXPECT_EQ(code_of({}), "malformed");
  constexpr int kAboveTheLast = static_cast<int>(std::variant_size_v<Payload>) + 1;
  for (int type : {0, kAboveTheLast, 255}) EXPECT_EQ(code_of({static_cast<uint8_t>(type)}), "unknown_type");
  EXPECT_EQ(code_of(Bytes(kMessageBytesMax + 1, 2)), "oversized");
}

TEST(Messages, MessagesInsideShareTheOuterBuffer) {
  const Blob blob = make_message(propose(true))->bytes;
  auto m = decode_message(blob);
  ASSERT_TRUE(m.ok());
  const auto within = [&](const Blob& part) {
    return part.data() >= blob.data() && part.data() + part.size() <= blob.data() + blob.size();
  };
  const MessagePtr& inner = std::get<Propose>((*m)->payload).new_view;
  ASSERT_NE(inner, nullptr);
  EXPECT_TRUE(within(inner->bytes));
  EXPECT_EQ(inner->digest, make_message(new_view())->digest);
}

// What is signed and acknowledged is the VIEW-CHANGE as its signer sent it.
TEST(Messages, ANewViewGivesBackItsViewChangesByteForByte) {
  const NewView sent = new_view();
  auto m = decode_message(make_message(sent)->bytes);
  ASSERT_TRUE(m.ok());
  const auto& got = std::get<NewView>((*m)->payload).entries;
  ASSERT_EQ(got.size(), sent.entries.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].view_change->bytes, sent.entries[i].view_change->bytes);
    EXPECT_EQ(got[i].view_change->digest, sent.entries[i].view_change->digest);
  }
}

TEST(Messages, OnlyTheRightTypesMayStandInside) {
  Propose p = propose(true);
  p.new_view = make_message(view_change(10));
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed") << "a PROPOSE holds a NEW-VIEW";
  p.new_view = make_message(propose(false));
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed") << "nothing nests in itself";
  RejoinReply r = rejoin_reply();
  r.view_changes[0] = make_message(Heartbeat{});
  EXPECT_EQ(code_of(bytes_of(make_message(r))), "malformed");
  r.view_changes[0] = make_message(rejoin_reply());
  EXPECT_EQ(code_of(bytes_of(make_message(r))), "malformed");
}

TEST(Messages, EntriesAndAcksStandInAscendingSignerOnce) {
  NewView v = new_view();
  std::swap(v.entries[0], v.entries[1]);
  EXPECT_EQ(code_of(bytes_of(make_message(v))), "malformed");
  v = new_view();
  v.entries[1] = v.entries[0];
  EXPECT_EQ(code_of(bytes_of(make_message(v))), "malformed");
  v = new_view();
  std::swap(v.entries[0].acks[0], v.entries[0].acks[1]);
  EXPECT_EQ(code_of(bytes_of(make_message(v))), "malformed");
  v = new_view();
  v.entries[0].acks[1] = v.entries[0].acks[0];
  EXPECT_EQ(code_of(bytes_of(make_message(v))), "malformed");
}

TEST(Messages, AJustifyWithoutACertificateIsTheStartOfAnEpoch) {
  Propose p = propose(false);
  p.justify.slot = {0, 0, 3};
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed");
  p.justify.slot = {7, 0, -1};
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "ok");
}

TEST(Messages, AJustifyIsItsCertificate) {
  Propose p = propose(true);
  p.justify.height = 999;
  p.justify.block = hash_of("a lie");
  auto m = decode_message(make_message(p)->bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(std::get<Propose>((*m)->payload).justify, certified());
}

TEST(Messages, BoundsAreEnforced) {
  Propose p = propose(false);
  p.txs.assign(kBlockTxMax, hash_of("tx"));
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "ok");
  p.txs.push_back(hash_of("tx"));
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed");
  p = propose(false);
  p.evidence.assign(kEvidenceBytesMax + 1, 0);
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed");
  ViewChange vc = view_change(10);
  vc.kind = static_cast<ViewChangeKind>(4);
  EXPECT_EQ(code_of(bytes_of(make_message(vc))), "malformed");
  vc.kind = static_cast<ViewChangeKind>(0);
  EXPECT_EQ(code_of(bytes_of(make_message(vc))), "malformed");
}

// A NEW-VIEW whose entries each hold a checkpoint and a certificate of `signers` members, of one vote each by another
// quorum or each of a vote of its own, and `acks` acknowledgements.
NewView large_new_view(size_t entries, size_t signers, size_t acks, bool same_votes = false) {
  Certificate qc = certificate();
  qc.signers = first_positions(signers);
  qc.signatures.assign(signers, signature_of(1));
  CheckpointCert stable = checkpoint();
  stable.signers = qc.signers;
  stable.signatures = qc.signatures;
  NewView v = new_view();
  v.entries.clear();
  for (size_t i = 0; i < entries; ++i) {
    ViewChange vc = view_change(static_cast<ValidatorId>(i));
    if (!same_votes) {
      qc.height = stable.height = 200 + i;
    } else {
      qc.signers = {};
      for (size_t k = 0; k < signers; ++k) qc.signers.insert((i + k) % entries);
    }
    vc.checkpoint = stable;
    vc.high_qc = {qc, qc.slot, qc.block, qc.height};
    NewView::Entry entry{make_message(vc), {}};
    for (size_t k = 0; k < acks; ++k) entry.acks.push_back({static_cast<ValidatorId>(k), signature_of(2)});
    v.entries.push_back(std::move(entry));
  }
  v.checkpoint = stable;
  return v;
}

TEST(Messages, TheLargestCommitteesNewViewFitsItsBoundAndALongerOneIsRefused) {
  constexpr Quorum kLargest{kCommitteeMax};
  Propose p = propose(true);
  p.new_view = make_message(large_new_view(kLargest.view_change(), kLargest.quorum(), kLargest.correct()));
  EXPECT_LE(p.new_view->bytes.size(), kNewViewBytesMax);
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "ok");

  p.new_view = make_message(large_new_view(kCommitteeMax, kCommitteeMax, kCommitteeMax));
  ASSERT_GT(p.new_view->bytes.size(), kNewViewBytesMax);
  ASSERT_EQ(code_of(bytes_of(p.new_view)), "ok") << "nothing but its length is wrong with it";
  EXPECT_EQ(code_of(bytes_of(make_message(p))), "malformed");
}

TEST(Messages, ANewViewSaysAVoteOnce) {
  constexpr Quorum kFifty{50};
  const NewView v = large_new_view(50, kFifty.quorum(), 0, true);
  const size_t said = 50 * Signature::kSize;
  constexpr size_t kOfEach = 512;  // who says it, the last vote, the signatures
  EXPECT_LT(make_message(v)->bytes.size(), 2 * said + v.entries.size() * kOfEach);
  const NewView differ = large_new_view(50, kFifty.quorum(), 0);
  EXPECT_GT(make_message(differ)->bytes.size(), v.entries.size() * said);
}

// Certificates of one vote by different quorums share their signatures; one with another signature stands alone.
TEST(Messages, ATableSaysAVoteOnceWithAllItsSignatures) {
  static const TestCommittee t(4);
  const auto of = [](std::vector<ValidatorId> signers) {
    Certificate c = t.certify(kChain, {0, 1, 2}, 5, hash_of("block"), {});
    for (const ValidatorId id : signers) {
      c.signers.insert(id);
      c.signatures.push_back(signature_of(static_cast<uint8_t>(id)));
    }
    return c;
  };
  SaidOnce<Certificate> said;
  Certificate other = of({0, 1, 3});
  other.signatures[1] = signature_of(77);
  Certificate aggregate = of({});
  aggregate.signers = first_positions(3);
  aggregate.aggregate.emplace().bytes.fill(5);
  Certificate more = aggregate;
  more.signers.insert(3);
  const std::vector<Certificate> all = {of({0, 1, 2}), of({1, 2, 3}), other, of({0, 2, 3}), aggregate, more};
  const std::vector<uint16_t> numbers = {0, 0, 1, 0, 2, 3};
  std::vector<SaidOnce<Certificate>::Ref> refs;
  for (const Certificate& c : all) refs.push_back(said.add(c));
  Writer w;
  said.encode(w);
  Reader r(w.view());
  SaidOnce<Certificate> read;
  read.decode(r, 4);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(refs[i].number, numbers[i]);
    EXPECT_EQ(read.get(r, refs[i]), all[i]);
  }
  EXPECT_TRUE(r.done());

  Reader fewer(w.view());
  SaidOnce<Certificate>().decode(fewer, 3);
  EXPECT_FALSE(fewer.ok()) << "more than the bound";
  Reader none(w.view());
  read.get(none, {4, first_positions(3)});
  EXPECT_FALSE(none.ok()) << "no such number";
  Reader missing(w.view());
  read.get(missing, {1, first_positions(3)});
  EXPECT_FALSE(missing.ok()) << "a signer without a signature";
  Reader part(w.view());
  read.get(part, {2, first_positions(2)});
  EXPECT_FALSE(part.ok()) << "an aggregate cannot be taken apart";
}

// One message, one spelling: a table in another order, or with what nobody names, says the same and is malformed.
TEST(Messages, TheTableOfANewViewHasOneSpelling) {
  const NewView v = new_view();
  const Bytes good = bytes_of(make_message(v));
  CheckpointCert other = checkpoint();
  other.height = 256;
  const Bytes nobody_names = encoded(other);
  const size_t table_at = 1 + 8 + 8;
  ASSERT_EQ(good[table_at], 1);
  Bytes unused = good;
  unused[table_at] = 2;
  unused.insert(unused.begin() + table_at + 4 + static_cast<long>(encoded(checkpoint()).size()), nobody_names.begin(),
                nobody_names.end());
  EXPECT_EQ(code_of(good), "ok");
  EXPECT_EQ(code_of(unused), "malformed");
}

TEST(Digests, OutOfTheBytesAreThoseOfTheFields) {
  const auto same = [](const auto& payload, const Hash& digest) {
    const MessagePtr message = make_message(payload);
    EXPECT_EQ(signed_digest(kChain, *message), digest);
    EXPECT_EQ(signed_digest(kChain, **decode_message(message->bytes)), digest);
  };
  const ViewChange vc = view_change(3);
  same(vc, view_change_digest(kChain, vc));
  const ViewChangeAck ack{1, 0, 2, 3, hash_of("view change"), signature_of(5)};
  same(ack, ack_digest(kChain, ack));
  const NewView nv = new_view();
  same(nv, new_view_digest(kChain, nv));
  const RejoinRequest request{2, hash_of("nonce"), 1, signature_of(6)};
  same(request, rejoin_request_digest(kChain, request));
  RejoinReply reply;
  reply.signer = 2;
  reply.nonce = hash_of("nonce");
  reply.view_changes.push_back(make_message(vc));
  reply.certificate = certificate();
  reply.signature = signature_of(7);
  same(reply, rejoin_reply_digest(kChain, reply));
}

TEST(Digests, CoverEverythingButTheSignatureAndNeverEachOther) {
  const ViewChange vc = view_change(10);
  const Hash digest = view_change_digest(kChain, vc);
  ViewChange other = vc;
  other.signature = signature_of(99);
  EXPECT_EQ(view_change_digest(kChain, other), digest);
  const auto differs = [&](auto change) {
    ViewChange o = vc;
    change(o);
    EXPECT_NE(view_change_digest(kChain, o), digest);
  };
  EXPECT_NE(view_change_digest(hash_of("other chain"), vc), digest);
  differs([](ViewChange& o) { ++o.signer; });
  differs([](ViewChange& o) { ++o.epoch; });
  differs([](ViewChange& o) { ++o.view; });
  differs([](ViewChange& o) { ++o.leader; });
  differs([](ViewChange& o) { o.kind = ViewChangeKind::kJoined; });
  differs([](ViewChange& o) { o.checkpoint.reset(); });
  differs([](ViewChange& o) { o.high_qc = epoch_start(); });
  differs([](ViewChange& o) { o.last_vote.reset(); });
  differs([](ViewChange& o) { o.timeout_signature = signature_of(0); });

  const RejoinRequest request{12, hash_of("nonce"), 0, signature_of(1)};
  RejoinRequest later = request;
  later.epoch = 1;
  EXPECT_NE(rejoin_request_digest(kChain, request), rejoin_request_digest(kChain, later));
  RejoinReply reply = rejoin_reply();
  const Hash reply_digest = rejoin_reply_digest(kChain, reply);
  reply.view = 4;
  EXPECT_NE(rejoin_reply_digest(kChain, reply), reply_digest);
  NewView nv = new_view();
  const Hash nv_digest = new_view_digest(kChain, nv);
  nv.signature = signature_of(0);
  EXPECT_EQ(new_view_digest(kChain, nv), nv_digest);
  nv.entries.pop_back();
  EXPECT_NE(new_view_digest(kChain, nv), nv_digest);
  ViewChangeAck ack{10, 0, 2, 12, hash_of("vc"), signature_of(1)};
  const Hash ack_was = ack_digest(kChain, ack);
  ack.subject = 13;
  EXPECT_NE(ack_digest(kChain, ack), ack_was);
}

}  // namespace
}  // namespace tieline::consensus
