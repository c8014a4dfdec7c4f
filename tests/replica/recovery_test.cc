// The log and what recovery makes of it: every cut and every flipped bit leads to the same vote, a newer one, or a
// validator that knows it must rejoin. Never to an older vote that is taken for the last.

#include "replica/recovery.h"

#include "replica/block_tree.h"
#include "replica/crc32c.h"
#include "replica/journal.h"
#include "world.h"

namespace tieline::replica::testing {
namespace {

using consensus::LastVote;
using consensus::MessagePtr;
using consensus::Persist;
using consensus::VoteRecord;

Certificate certificate(const Slot& slot, const Hash& block, Height height) {
  Certificate c;
  c.slot = slot;
  c.block = block;
  c.height = height;
  for (size_t i = 0; i < 3; ++i) c.signers.insert(i);
  c.signatures.resize(3);
  return c;
}

// A log written by the journal: votes with bodies and certificates, a view change, a NEW-VIEW, an own proposal.
struct Recorded {
  struct State {
    Bytes log;
    std::vector<Bytes> sectors;
  };
  std::vector<State> states;      // after each append
  std::vector<VoteRecord> votes;  // the newest vote after each append

  TestChain chain{world_genesis()};
  Journal journal{1};
  State now{{}, {Bytes(kVoteSectorBytes, 0), Bytes(kVoteSectorBytes, 0)}};
  size_t next_sector = 0;
  VoteRecord vote;
  std::vector<std::unique_ptr<BlockNode>> nodes;

  void take(const LogAppend& append) {
    now.log.insert(now.log.end(), append.bytes.begin(), append.bytes.end());
    if (append.vote_sector) {
      now.sectors[next_sector] = *append.vote_sector;
      next_sector = 1 - next_sector;
    }
    states.push_back(now);
    votes.push_back(vote);
  }
  BlockNode* block(uint64_t sequence) {
    const BlockDraft d = chain.next({make_tx(chain.ledger.genesis(), 1, sequence, 4)});
    auto e = chain.ledger.execute(d, chain.tip, chain.view());
    EXPECT_TRUE(e.ok());
    auto b = std::make_shared<Block>(TestChain::block_of(d, *e));
    EXPECT_FALSE(chain.commit(d).empty());
    auto node = std::make_unique<BlockNode>();
    node->block = b;
    node->execution = std::make_shared<Execution>(*e);
    nodes.push_back(std::move(node));
    return nodes.back().get();
  }
  void persist(BlockNode* node, std::optional<Certificate> high, std::vector<MessagePtr> messages) {
    Persist p;
    p.lsn = ++vote.sequence;
    p.record = vote;
    std::vector<BlockNode*> path;
    if (node) {
      p.body = node->block->digest;
      path.push_back(node);
    }
    p.high_qc = std::move(high);
    p.messages = std::move(messages);
    take(journal.persist(p, path));
  }

  Recorded() {
    vote.high_block = chain.tip.digest();
    take(journal.begin(vote, false));
    BlockNode* a = block(1);
    vote.last_vote = LastVote{Slot{0, 0, 0}, a->block->digest, 1, {}, {}};
    persist(a, {}, {});
    BlockNode* b = block(2);
    const Slot s0{0, 0, 0};
    vote.high_slot = s0;
    vote.high_block = a->block->digest;
    vote.high_height = 1;
    vote.last_vote = LastVote{Slot{0, 0, 1}, b->block->digest, 2, {}, {}};
    persist(b, certificate(s0, a->block->digest, 1), {});
    take(journal.commit(*a, CommitProof{}));
    // It leaves for view 1.
    consensus::ViewChange change;
    change.view = 1;
    vote.view = 1;
    vote.view_changing = true;
    persist(nullptr, {}, {consensus::make_message(change)});
    // It leads view 1: NEW-VIEW and own proposal.
    consensus::NewView nv;
    nv.view = 1;
    const MessagePtr new_view = consensus::make_message(nv);
    vote.view_changing = false;
    vote.last_vote = LastVote{Slot{0, 1, 0}, b->block->digest, 2, {}, new_view->digest};
    consensus::Propose propose;
    propose.slot = Slot{0, 1, 0};
    propose.header = b->block->header;
    persist(b, {}, {new_view, consensus::make_message(propose)});
    BlockNode* c = block(3);
    const Slot s10{0, 1, 0};
    vote.high_slot = s10;
    vote.high_block = b->block->digest;
    vote.high_height = 2;
    vote.last_vote = LastVote{Slot{0, 1, 1}, c->block->digest, 3, {}, {}};
    persist(c, certificate(s10, b->block->digest, 2), {});
  }
};

DiskImage image_of(const std::vector<Bytes>& segments, const std::vector<Bytes>& sectors) {
  DiskImage disk;
  disk.fresh = false;
  disk.vote_sectors = sectors;
  for (const Bytes& s : segments) disk.segments.push_back(Blob::copy_of(s));
  return disk;
}
DiskImage image_of(const Recorded::State& s) { return image_of({s.log}, s.sectors); }

const Recorded& recorded() {
  static const Recorded r;
  return r;
}

TEST(Recovery, EveryStateOfTheLogGivesBackItsNewestVoteAndAllItDependsOn) {
  const Recorded& r = recorded();
  for (size_t i = 0; i < r.states.size(); ++i) {
    const RecoveredLog log = recover_log(image_of(r.states[i]), 0);
    ASSERT_EQ(log.damage, nullptr) << i;
    ASSERT_EQ(log.torn, nullptr) << i << ": " << log.torn;
    ASSERT_TRUE(log.engine.vote.has_value());
    EXPECT_EQ(*log.engine.vote, r.votes[i]) << i;
    EXPECT_EQ(log.engine.high_qc.has_value(), !r.votes[i].high_slot.is_epoch_start());
    EXPECT_EQ(log.engine.own_view_change != nullptr, r.votes[i].view == 1 && r.votes[i].view_changing);
    const bool first_of_view = r.votes[i].last_vote && r.votes[i].last_vote->new_view;
    EXPECT_EQ(log.engine.new_view != nullptr, first_of_view);
    EXPECT_EQ(log.engine.own_proposal != nullptr, first_of_view);
  }
}

TEST(Recovery, AFirstStartHasNoVoteAndAnEmptyFolderIsDamage) {
  DiskImage disk;
  const RecoveredLog first = recover_log(disk, 0);
  EXPECT_FALSE(first.engine.vote.has_value());
  EXPECT_FALSE(first.engine.damaged);
  EXPECT_FALSE(first.begin_anew);
  disk.fresh = false;
  const RecoveredLog wiped = recover_log(disk, 0);
  EXPECT_TRUE(wiped.engine.damaged);
  EXPECT_TRUE(wiped.begin_anew);
}

TEST(Recovery, ALogCutAnywhereIsTheSameVoteOrDamage) {
  const Recorded& r = recorded();
  const auto& last = r.states.back();
  for (size_t n = 0; n < last.log.size(); ++n) {
    const Bytes cut(last.log.begin(), last.log.begin() + static_cast<std::ptrdiff_t>(n));
    const RecoveredLog log = recover_log(image_of({cut}, last.sectors), 0);
    if (!log.engine.damaged) {
      ASSERT_EQ(*log.engine.vote, r.votes.back()) << n;
    }
  }
}

TEST(Recovery, AnyFlippedBitOfTheLogIsTheSameVoteOrDamage) {
  const Recorded& r = recorded();
  const auto& last = r.states.back();
  Bytes log = last.log;
  for (size_t bit = 0; bit < log.size() * 8; ++bit) {
    log[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    const RecoveredLog found = recover_log(image_of({log}, last.sectors), 0);
    log[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    if (!found.engine.damaged) {
      ASSERT_EQ(*found.engine.vote, r.votes.back()) << bit;
    }
  }
}

TEST(Recovery, AnyFlippedBitOfASectorIsTheSameVoteOrDamage) {
  const Recorded& r = recorded();
  for (const size_t state : {r.states.size() - 1, r.states.size() - 2}) {
    for (size_t which = 0; which < 2; ++which) {
      for (size_t bit = 0; bit < kVoteSectorBytes * 8; ++bit) {
        auto sectors = r.states[state].sectors;
        sectors[which][bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
        const RecoveredLog found = recover_log(image_of({r.states[state].log}, sectors), 0);
        ASSERT_TRUE(found.engine.damaged || *found.engine.vote == r.votes[state]);
        ASSERT_FALSE(found.engine.damaged) << "one sector is enough, bit " << bit;
      }
    }
  }
}

TEST(Recovery, BothSectorsBadIsDamageHoweverWholeTheLogIs) {
  auto sectors = recorded().states.back().sectors;
  for (Bytes& s : sectors) s[20] ^= 1;
  const RecoveredLog found = recover_log(image_of({recorded().states.back().log}, sectors), 0);
  EXPECT_TRUE(found.engine.damaged);
  EXPECT_STREQ(found.damage, "log_sectors_bad");
}

// A power loss in the middle of append i: records cut anywhere, sectors as before, torn, or as after.
TEST(Recovery, ATornAppendNeverLosesTheVoteBeforeIt) {
  const Recorded& r = recorded();
  for (size_t i = 1; i < r.states.size(); ++i) {
    const auto& before = r.states[i - 1];
    const auto& after = r.states[i];
    for (size_t n = before.log.size(); n <= after.log.size(); ++n) {
      for (const bool zeros : {false, true}) {
        Bytes cut(after.log.begin(), after.log.begin() + static_cast<std::ptrdiff_t>(n));
        if (zeros) cut.resize(after.log.size() + 100, 0);
        // The sector that comes after the records: nothing may be lost and nobody has to rejoin.
        const RecoveredLog old = recover_log(image_of({cut}, before.sectors), 0);
        ASSERT_FALSE(old.engine.damaged) << i << " cut at " << n << ": " << old.damage;
        ASSERT_TRUE(*old.engine.vote == r.votes[i - 1] || *old.engine.vote == r.votes[i]);
        // The sector that came before its records: then it cannot be told what was lost.
        const RecoveredLog fresh = recover_log(image_of({cut}, after.sectors), 0);
        ASSERT_TRUE(fresh.engine.damaged || *fresh.engine.vote == r.votes[i]) << i << " cut at " << n;
        // A torn sector counts for nothing.
        auto torn = after.sectors;
        for (size_t s = 0; s < 2; ++s)
          if (before.sectors[s] != after.sectors[s])
            std::copy_n(before.sectors[s].begin(), kVoteSectorBytes / 2, torn[s].begin());
        const RecoveredLog half = recover_log(image_of({cut}, torn), 0);
        ASSERT_TRUE(half.engine.damaged || *half.engine.vote == r.votes[i - 1] || *half.engine.vote == r.votes[i]);
      }
    }
  }
}

TEST(Recovery, ATornTailIsForgottenByTheNextSegmentThatFollowsOnIt) {
  const Recorded& r = recorded();
  const auto& state = r.states.back();
  Bytes torn = state.log;
  torn.insert(torn.end(), {9, 9, 9, 9, 9, 9, 9, 9, 9, 9});
  const RecoveredLog first = recover_log(image_of({torn}, state.sectors), 0);
  ASSERT_FALSE(first.engine.damaged);
  Journal again(first.next);
  again.recovered(first);
  Persist p;
  p.record = *first.engine.vote;
  p.record.sequence += 1;
  const LogAppend append = again.persist(p, {});
  const RecoveredLog second = recover_log(image_of({torn, append.bytes}, {state.sectors[0], *append.vote_sector}), 0);
  ASSERT_EQ(second.damage, nullptr) << second.damage;
  EXPECT_EQ(*second.engine.vote, p.record);
}

struct WithHole {
  const Recorded& r = recorded();
  std::vector<Bytes> segments;
  WithHole() {
    const size_t cut = r.states[2].log.size(), end = r.states[4].log.size();
    const auto& log = r.states.back().log;
    segments.emplace_back(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(cut));
    segments.emplace_back(log.begin() + static_cast<std::ptrdiff_t>(end), log.end());
  }
};

TEST(Recovery, WhileBothSectorsAreWholeAHoleCostsNoVoteAndTheLogBeginsAnew) {
  const WithHole w;
  const RecoveredLog found = recover_log(image_of(w.segments, w.r.states.back().sectors), 0);
  EXPECT_FALSE(found.engine.damaged);
  EXPECT_STREQ(found.torn, "log_hole");
  EXPECT_TRUE(found.begin_anew);
  EXPECT_EQ(*found.engine.vote, w.r.votes.back());
}

// Power fails before a batch that spans two segments is synced: its first records are lost, its last are there. No
// sector names them, so they never left. Counted as sent, the last vote could rest on a body that nobody has
// (simulator, n=6, seed 2291).
TEST(Recovery, BehindAHoleAVoteThatNoSectorNamesWasNeverSent) {
  const WithHole w;
  const RecoveredLog whole = recover_log(image_of({w.segments[0]}, w.r.states[2].sectors), 0);
  const RecoveredLog found = recover_log(image_of(w.segments, w.r.states[2].sectors), 0);
  ASSERT_NE(w.r.votes[2], w.r.votes.back());
  EXPECT_FALSE(found.engine.damaged);
  EXPECT_EQ(*found.engine.vote, w.r.votes[2]);
  EXPECT_EQ(found.engine.high_qc, whole.engine.high_qc);
  EXPECT_STREQ(found.torn, "log_tail_unsynced");
  EXPECT_TRUE(found.begin_anew);
  for (size_t which = 0; which < 2; ++which) {  // the damaged one may have named it
    auto sectors = w.r.states[2].sectors;
    sectors[which][100] ^= 1;
    EXPECT_STREQ(recover_log(image_of(w.segments, sectors), 0).damage, "log_hole");
  }
}

// Killed between the two syncs of a vote: the log has it, no sector does. Were the log lost after the restart, the
// sectors, both whole, would vouch for the vote before it (simulator, n=7, seed 1060444: two proposals for one slot).
TEST(Recovery, AVoteThatNoSectorNamesIsWrittenToOneBeforeAllElse) {
  const Recorded& r = recorded();
  for (size_t i = 1; i < r.states.size(); ++i) {
    const RecoveredLog behind = recover_log(image_of({r.states[i].log}, r.states[i - 1].sectors), 0);
    EXPECT_FALSE(behind.engine.damaged);
    EXPECT_EQ(*behind.engine.vote, r.votes[i]);
    EXPECT_EQ(behind.sector_behind, r.votes[i] != r.votes[i - 1]);
    EXPECT_FALSE(recover_log(image_of({r.states[i].log}, r.states[i].sectors), 0).sector_behind);
  }
}

TEST(Recovery, AHoleThatALostSectorMayHavePointedIntoIsDamage) {
  const WithHole w;
  for (size_t which = 0; which < 2; ++which) {
    auto sectors = w.r.states.back().sectors;
    sectors[which][100] ^= 1;
    const RecoveredLog found = recover_log(image_of(w.segments, sectors), 0);
    EXPECT_TRUE(found.engine.damaged);
    EXPECT_STREQ(found.damage, "log_hole");
  }
}

TEST(Recovery, WhatFollowsAGapInsideASegmentIsNotRead) {
  const WithHole w;
  Bytes joined = w.segments[0];
  joined.insert(joined.end(), w.segments[1].begin(), w.segments[1].end());
  EXPECT_EQ(parse_log({Blob::copy_of(joined)}).last, parse_log({Blob::copy_of(w.segments[0])}).last);
}

TEST(Recovery, ALogBehindItsOnlyWholeSectorIsDamage) {
  const Recorded& r = recorded();
  const Bytes& log = r.states.back().log;
  const Bytes cut(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(r.states[1].log.size()));
  auto sectors = r.states.back().sectors;
  const RecoveredLog sure = recover_log(image_of({cut}, sectors), 0);
  EXPECT_STREQ(sure.torn, "log_behind_sector");
  EXPECT_EQ(*sure.engine.vote, r.votes.back());
  sectors[0][100] ^= 1;
  EXPECT_STREQ(recover_log(image_of({cut}, sectors), 0).damage, "log_behind_sector");
}

TEST(Recovery, AMissingCertificateBodyOrMessageIsNamed) {
  const Recorded& r = recorded();
  // Each append a segment of its own; the one that holds what is needed is gone, and a reset hides the hole.
  const auto without = [&](size_t state, size_t gone, RecordType type) {
    std::vector<Bytes> segments;
    const ParsedLog log = parse_log({Blob::copy_of(r.states[state].log)});
    RecordWriter w(1);
    for (const LogRecord& record : log.records)
      if (record.type != type || gone-- != 0) w.add(record.type, [&](Writer& out) { out.raw(record.body.view()); });
    const Lsn last = w.next() - 1;
    auto sectors = std::vector<Bytes>(2, encode_sector({last, r.votes[state]}));
    return recover_log(image_of({w.take()}, sectors), 0);
  };
  EXPECT_STREQ(without(2, 0, RecordType::kCertificate).torn, "log_certificate_missing");
  EXPECT_STREQ(without(2, 1, RecordType::kBody).torn, "log_body_missing");
  EXPECT_STREQ(without(4, 0, RecordType::kMessage).torn, "log_view_change_missing");
  EXPECT_STREQ(without(5, 1, RecordType::kMessage).torn, "log_new_view_missing");
  EXPECT_EQ(without(5, 9, RecordType::kMessage).torn, nullptr);
}

TEST(Recovery, ADamagedLogBeginsAnewAndStaysARejoinUntilItIsOver) {
  const Recorded& r = recorded();
  auto sectors = r.states.back().sectors;
  for (Bytes& s : sectors) s[20] ^= 1;
  const Bytes log(r.states.back().log.begin(), r.states.back().log.begin() + 700);
  const RecoveredLog damaged = recover_log(image_of({log}, sectors), 0);
  ASSERT_TRUE(damaged.begin_anew);
  Journal journal(damaged.next);
  journal.recovered(damaged);
  VoteRecord vote = damaged.engine.vote.value_or(VoteRecord{});
  vote.rejoining = true;
  const LogAppend begin = journal.begin(vote, true);
  // Every cut of that first record is still damage; whole, it is a rejoin.
  for (size_t n = 0; n <= begin.bytes.size(); ++n) {
    const Bytes cut(begin.bytes.begin(), begin.bytes.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_TRUE(recover_log(image_of({log, cut}, sectors), 0).engine.damaged);
    EXPECT_TRUE(recover_log(image_of({log, cut}, {sectors[0], *begin.vote_sector}), 0).engine.damaged);
  }
  Persist p;
  p.record = vote;
  p.record.rejoining = false;
  p.record.last_vote.reset();
  p.record.high_slot = Slot{0, 0, -1};
  const LogAppend done = journal.persist(p, {});
  Bytes segment = begin.bytes;
  segment.insert(segment.end(), done.bytes.begin(), done.bytes.end());
  const RecoveredLog over = recover_log(image_of({log, segment}, {*done.vote_sector, *begin.vote_sector}), 0);
  EXPECT_FALSE(over.engine.damaged) << over.damage;
  EXPECT_EQ(*over.engine.vote, p.record);
}

TEST(Recovery, CommitRecordsAboveTheStoreComeBackWithTheirBodies) {
  const Recorded& r = recorded();
  const RecoveredLog all = recover_log(image_of(r.states.back()), 0);
  ASSERT_EQ(all.commits.size(), 1u);
  EXPECT_EQ(all.commits[0].record.height, 1u);
  EXPECT_EQ(all.bodies.size(), 3u);
  const RecoveredLog above = recover_log(image_of(r.states.back()), 1);
  EXPECT_TRUE(above.commits.empty());
  EXPECT_EQ(recover_log(image_of(r.states.back()), 3).bodies.size(), 1u);
}

TEST(Recovery, ALogIsTrimmedOnlyBelowWhatTheVoteAndTheStoreNeed) {
  Recorded r;
  Effects effects;
  r.journal.flushed(1, std::nullopt, effects);
  EXPECT_TRUE(effects.empty()) << "the newest vote is on its way: a crash now leaves the one before";
  r.journal.durable(parse_log({Blob::copy_of(r.states.back().log)}).last);
  r.journal.flushed(1, std::nullopt, effects);
  Lsn before = 0;
  for (const Effect& e : effects)
    if (const auto* trim = std::get_if<LogTrim>(&e)) before = trim->before;
  ASSERT_GT(before, 0u);
  // What is left of the log, as if each append were a segment of its own.
  std::vector<Bytes> segments;
  for (size_t i = 0; i < r.states.size(); ++i) {
    const size_t from = i == 0 ? 0 : r.states[i - 1].log.size();
    Bytes part(r.states[i].log.begin() + static_cast<std::ptrdiff_t>(from), r.states[i].log.end());
    if (parse_log({Blob::copy_of(part)}).last >= before) segments.push_back(part);
  }
  EXPECT_LT(segments.size(), r.states.size());
  const RecoveredLog log = recover_log(image_of(segments, r.states.back().sectors), 2);
  EXPECT_EQ(log.damage, nullptr) << log.damage;
  EXPECT_EQ(*log.engine.vote, r.votes.back());
}

TEST(Recovery, AVoteThatStandsStillIsWrittenAgainSoThatTheLogCanShrink) {
  Recorded r;
  Effects effects;
  for (Height h = 4; h < 4 + kRelogAfterRecords; ++h) {
    BlockNode node = *r.nodes[0];
    node.logged = 0;
    auto copy = std::make_shared<Block>(*node.block);
    copy->header.height = h;
    node.block = copy;
    (void)r.journal.commit(node, CommitProof{});
  }
  r.journal.flushed(3 + kRelogAfterRecords, std::nullopt, effects);
  ASSERT_EQ(effects.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<LogAppend>(effects[0]));
  const LogAppend again = std::get<LogAppend>(effects[0]);
  EXPECT_TRUE(again.sync);
  const RecoveredLog log = recover_log(image_of({again.bytes}, {*again.vote_sector, Bytes(kVoteSectorBytes)}), 10);
  EXPECT_EQ(log.damage, nullptr) << log.damage;
  EXPECT_EQ(*log.engine.vote, r.vote);
  effects.clear();
  r.journal.flushed(3 + kRelogAfterRecords, std::nullopt, effects);
  EXPECT_TRUE(effects.empty()) << "the copies are on their way";
  r.journal.durable(again.lsn);
  r.journal.flushed(3 + kRelogAfterRecords, std::nullopt, effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<LogTrim>(effects[0]).before, parse_log({Blob::copy_of(again.bytes)}).records.front().lsn);
}

TEST(Recovery, TheChecksumIsTheKnownOne) {
  EXPECT_EQ(crc32c(view_of("123456789")), 0xe3069283U);
  const Bytes zeros(32, 0);
  EXPECT_EQ(crc32c(zeros), 0x8a9136aaU);
  const std::string_view text = "the quick brown fox jumps over the lazy dog";
  for (size_t n = 0; n <= text.size(); ++n)
    EXPECT_EQ(crc32c(view_of(text.substr(n)), crc32c(view_of(text.substr(0, n)))), crc32c(view_of(text)));
  for (size_t n = 0; n <= text.size(); ++n)
    EXPECT_EQ(crc32c(view_of(text.substr(n)), static_cast<uint32_t>(n)),
              crc32c_by_tables(view_of(text.substr(n)), static_cast<uint32_t>(n)));
}

}  // namespace
}  // namespace tieline::replica::testing
