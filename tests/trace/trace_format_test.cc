// The records and the file around them: what is written is read back the same, and nothing else is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../model/fixtures.h"
#include "base/rng.h"
#include "trace/check.h"
#include "trace/text.h"

namespace tieline::trace {
namespace {

using namespace consensus;  // NOLINT: inputs and effects of every kind
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using tieline::testing::first_positions;
using tieline::testing::hash_of;
using tieline::testing::header_of;
using tieline::testing::TestCommittee;

const ChainId kChain = hash_of("chain");

const TestCommittee& committee() {
  static const TestCommittee c(4);
  return c;
}
Header header() { return header_of(kChain, hash_of("parent"), 7); }
Certificate certificate() { return committee().certify(kChain, {0, 1, 2}, header(), first_positions(3)); }
CommitProof proof() {
  return {{header()}, certificate(), CommitProof::Second{header_of(kChain, header().digest(), 8), certificate()}};
}
MessagePtr message(View view = 3) { return make_message(Heartbeat{1, view, 9}); }
TxPtr transaction(uint64_t sequence) {
  TransactionDraft d;
  d.chain = kChain;
  d.signatories = {1};
  d.sequence = sequence;
  d.actions = {{ActionType::kData, Bytes(40, 7)}};
  const Signer* key = committee().keys.data();
  return *Transaction::parse(Blob(build_transaction(d, std::span(&key, 1))));
}
BlockPtr block() {
  static const BlockPtr made = [] {
    auto out = std::make_shared<Block>();
    out->evidence = {1, 2, 3};
    out->txs = {transaction(1), transaction(2)};
    out->header = header();
    out->header.tx_count = 2;
    out->header.tx_root = tx_root(out->txs);
    out->header.evidence_root = sha256(out->evidence);
    out->digest = out->header.digest();
    return out;
  }();
  return made;
}
VoteRecord vote_record() {
  VoteRecord r;
  r.sequence = 5;
  r.view = 2;
  r.view_changing = true;
  r.last_vote = LastVote{{0, 1, 3}, hash_of("voted"), 6, {}, hash_of("new view")};
  r.high_slot = {0, 1, 2};
  r.high_block = hash_of("high");
  return r;
}
CheckpointCert checkpoint() {
  CheckpointCert c;
  c.height = 128;
  c.signers = first_positions(3);
  c.signatures.resize(3);
  return c;
}

std::vector<Input> all_inputs() {
  return {Started{},
          Received{11, message()},
          TimerFired{TimerId::kResend, 4},
          BlockBuilt{3, block()},
          Judged{block()->digest, true, "", block()},
          Judged{hash_of("x"), false, "no good", nullptr, BadTransaction{Bytes{7}, 0, {}}},
          Applied{header(), header().digest(), committee().committee},
          Applied{header(), header().digest(), std::nullopt},
          Pending{-5},
          Pending{},
          CaughtUp{{header()}, proof()},
          Installed{header(), header().digest(), committee().committee, hash_of("start"), 3, 1'000, proof()},
          CheckpointReached{128, hash_of("c"), hash_of("root")},
          SubmissionRejected{{11, 3, 2, hash_of("ids"), {}, {Bytes{1, 2}, 1, {hash_of("sibling")}}}}};
}
Effects all_effects() {
  WantBlock want{2, hash_of("p"), header(), 1, true, true, {}};
  want.evidence.certificates = {certificate()};
  return {Persist{5, vote_record(), hash_of("body"), certificate(), {message(), message(4)}},
          Persist{},
          Send{{10, 12}, message(), 5},
          ArmTimer{TimerId::kProgress, 2, 77},
          ArmTimer{TimerId::kHeartbeat, 3, std::nullopt},
          want,
          Judge{header(), header().digest(), {hash_of("a")}, {4, 5}, false, true, {10}},
          Commit{{header().digest()}, {header()}, proof(), 9},
          Behind{8, 1, {10, 11}},
          StableCheckpoint{checkpoint()},
          Drop{12, "some_code"},
          Trace{"an event"},
          Broken{"why"}};
}

std::vector<Bytes> all_records() {
  Begin begin;
  begin.chain = kChain;
  begin.self = 11;
  begin.key = committee().keys[1].public_key();
  begin.started_ms = -1;
  begin.host = true;
  begin.program = "test";
  Construction construction;
  construction.config.chain = kChain;
  construction.config.params.fast_path = false;
  construction.config.params.jail_epochs = 77;
  construction.config.self = 11;
  construction.config.rejoin_nonce = hash_of("nonce");
  construction.chain = {header(), header().digest(), proof(), committee().committee, hash_of("start"), 3,
                        1'000,    checkpoint(),      proof()};
  construction.recovered = {vote_record(), true, certificate(), message(1), message(2), message(5), {header()}};
  construction.made = {{{1, 2}, {}}};
  std::vector<Bytes> out = {
      encode_record(begin), encode_record(construction),
      encode_record(Construction{{}, {header(), {}, {}, committee().committee, {}, 0, 0, {}, {}}, {}, {}})};
  uint64_t number = 0;
  for (const Input& input : all_inputs())
    out.push_back(encode_step(++number, {5, 6}, input, {{{9}, {}}}, all_effects()));
  out.push_back(encode_record(Appended{3, 4}));
  out.push_back(encode_record(Appended{3, std::nullopt}));
  out.push_back(encode_record(Durable{9}));
  out.push_back(encode_record(Left{{10, 13}, hash_of("m")}));
  out.push_back(encode_record(UnderWay{4, {1, 2}, Received{10, message()}, "broken"}));
  out.push_back(encode_record(End{"stopped"}));
  return out;
}

TEST(TraceFormat, EveryRecordInputAndEffectIsReadBackTheSame) {
  EXPECT_EQ(all_effects().back().index() + 1, std::variant_size_v<Effect>);
  EXPECT_EQ(all_inputs().back().index() + 1, std::variant_size_v<Input>);
  for (const Bytes& bytes : all_records()) {
    auto record = decode_record(bytes);
    ASSERT_TRUE(record.ok()) << static_cast<int>(bytes[0]) << " " << record.error().why;
    EXPECT_EQ(encode_record(*record), bytes);
  }
  const auto step = std::get<Step>(*decode_record(all_records()[3 + 3]));
  const auto& built = std::get<BlockBuilt>(step.input);
  EXPECT_EQ(built.block->digest, block()->digest);
  EXPECT_EQ(built.block->txs[1]->id(), transaction(2)->id());
  EXPECT_STREQ(std::get<Drop>(step.effects[10]).code, "some_code");
}

TEST(TraceFormat, EveryInputAndEffectHasALineOfText) {
  std::set<std::string> lines;
  for (const Input& input : all_inputs()) lines.insert(text_of(input));
  EXPECT_EQ(lines.size(), all_inputs().size());
  lines.clear();
  for (const Effect& effect : all_effects()) lines.insert(text_of(effect));
  EXPECT_EQ(lines.size(), all_effects().size());
  for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(TraceFormat, MutatedAndCutRecordsAreRefusedOrMeanWhatTheirBytesSay) {
  Rng rng(4711);
  size_t refused = 0, taken = 0;
  for (const Bytes& whole : all_records()) {
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 200)
      EXPECT_FALSE(decode_record(ByteView(whole).first(size)).ok()) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode_record(longer).ok());
    for (int i = 0; i < 300; ++i) {
      Bytes bytes = whole;
      for (uint64_t n = 1 + rng.below(3); n > 0; --n) bytes[rng.below(bytes.size())] = static_cast<uint8_t>(rng.next());
      auto record = decode_record(bytes);
      if (!record.ok()) {
        ++refused;
        continue;
      }
      ++taken;
      EXPECT_EQ(encode_record(*record), bytes);
    }
  }
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(taken, 1'000u);
}

TEST(TraceFormat, WhatIsNoTraceIsNotTaken) {
  const auto error_of = [](const Bytes& file) {
    FrameReader frames(read_from(file));
    NetworkFacts facts;
    const RealVerifier verifier;
    auto summary = check_trace(frames, facts, verifier, "a file");
    return summary.ok() ? (summary->finding ? summary->finding->code : "nothing") : summary.error().code;
  };
  EXPECT_EQ(error_of({}), "not_a_trace");
  EXPECT_EQ(error_of(Bytes(100, 0)), "not_a_trace");
  const auto file_with = [](const std::vector<Bytes>& records) {
    Bytes out;
    FrameWriter frames;
    frames.begin(out);
    for (const Bytes& r : records) frames.add(r, out);
    return out;
  };
  EXPECT_EQ(error_of(file_with({})), "not_a_trace");
  EXPECT_EQ(error_of(file_with({encode_record(End{"x"})})), "not_a_trace");
  Begin other;
  other.version = kTraceVersion + 1;
  EXPECT_EQ(error_of(file_with({encode_record(other)})), "unknown_version");
  EXPECT_EQ(error_of(file_with({all_records()[0], {99}})), "trace_malformed");
  EXPECT_EQ(error_of(file_with({all_records()[0], all_records()[0]})), "order");
  EXPECT_EQ(error_of(file_with({all_records()[0], encode_record(End{"x"}), encode_record(Durable{})})), "order");
  EXPECT_EQ(error_of(file_with({all_records()[0], all_records()[3]})), "order");  // a step before the construction
}

TEST(TraceFormat, TheReaderSaysWhereItStands) {
  Bytes file;
  FrameWriter writer;
  writer.begin(file);
  std::vector<size_t> at;
  for (const Bytes& r : all_records()) {
    at.push_back(file.size());
    writer.add(r, file);
  }
  FrameReader reader(read_from(file));
  for (size_t i = 0; i < at.size(); ++i) {
    auto record = reader.next();
    ASSERT_TRUE(record.ok() && *record);
    EXPECT_EQ(**record, all_records()[i]);
    EXPECT_EQ(reader.offset(), at[i]);
    EXPECT_EQ(reader.records(), i + 1);
  }
  EXPECT_FALSE(*reader.next());
  EXPECT_FALSE(reader.torn());
}

}  // namespace
}  // namespace tieline::trace
