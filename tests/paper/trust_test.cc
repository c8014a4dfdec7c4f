// The trust process of the experiments is the ledger's, and the experiments say what follows from it.

#include <gtest/gtest.h>

#include "paper/experiments.h"
#include "paper/trust_world.h"

namespace tieline::paper {
namespace {

using Shown = TrustWorld::Shown;

TEST(TrustWorld, ATableComesFromTheStateTwoEpochsBefore) {
  TrustWorld world(std::vector<uint32_t>(5, kGenesisTrust));
  std::vector<Shown> shown(5, Shown{100, 0, false});
  shown[0].proven = true;  // in epoch 0
  world.end_epoch(shown);
  EXPECT_EQ(world.trust(0), 0u);
  EXPECT_EQ(world.table().epoch(), 1u);
  EXPECT_EQ(world.table().at(0).weight, 10u) << "epoch 1 stood already";
  shown[0].proven = false;
  world.end_epoch(shown);
  EXPECT_EQ(world.table().epoch(), 2u);
  EXPECT_EQ(world.table().at(0).weight, 0u);
  EXPECT_EQ(world.table().at(1).trust, standing::next_trust(kGenesisTrust, kTrustOne));
}

TEST(TrustWorld, TheTrustedStandElseTheRegularElseAll) {
  const auto standing = [](const std::vector<uint32_t>& trusts) { return eligible(TrustWorld(trusts).table()); };
  EXPECT_EQ(standing({kTrustOne, kJoinerTrust, 1, 0, kGenesisTrust}), (std::vector<size_t>{0, 4}));
  EXPECT_EQ(standing({1, kJoinerTrust, 1, 0, kJoinerTrust}), (std::vector<size_t>{1, 4}));
  EXPECT_EQ(standing({1, 1, 1, 0}), (std::vector<size_t>{0, 1, 2, 3}));
}

const Told kNobody = [](const std::string&) {};

std::string cell(const Part& part, const std::string& row, size_t column) {
  for (const Table& table : part.section.tables)
    for (const auto& cells : table.rows)
      if (cells[0] == row) return cells[column];
  return "no row " + row;
}

TEST(MaliciousLeader, IsWhatTheLawLetsThrough) {
  const Part part = malicious_leader({true, 2}, kNobody);
  EXPECT_EQ(cell(part, "a newcomer (trust 0.6) that equivocates at once", 2), "0.0000 %");
  EXPECT_EQ(cell(part, "equivocates from the first vote", 3), "0.0000 %") << "elected though known";
  const double always = std::stod(cell(part, "votes well, fails whenever it leads", 2).substr(1));
  EXPECT_NEAR(always, 40, 3) << "its share of the seats";
  EXPECT_NEAR(std::stod(cell(part, "equivocates after 10,000 good votes", 4)), 40, 3) << "a sleeper to the end";
  EXPECT_EQ(part.rows[0].holds, "partly");
  EXPECT_EQ(malicious_leader({true, 1}, kNobody).csv[0].text, part.csv[0].text) << "on another number of threads";
}

TEST(Reclassing, AfterEveryBlockIsSoonerAndLessSteady) {
  const Part part = reclassing({true, 2}, kNobody);
  const auto number = [&](const std::string& row, size_t column) { return std::stod(cell(part, row, column)); };
  const std::string changes = "tables that differ from the one before, per 1,000 blocks";
  EXPECT_GT(number(changes, 1), 10 * number(changes, 2));
  const std::string out = "blocks until an equivocator has no weight";
  EXPECT_EQ(number(out, 1), 1);
  EXPECT_EQ(number(out, 2), 200) << "proven in the first block of an epoch: the rest of it, and one more";
  EXPECT_EQ(reclassing({true, 1}, kNobody).csv[0].text, part.csv[0].text);
}

TEST(MaliciousShare, FallsOffACliffAtAThirdOfTheWeight) {
  const Part part = malicious_share({true, 2}, true, true, kNobody);
  const std::string together_16 = cell(part, "16 (32 %)", 2), together_18 = cell(part, "18 (36 %)", 2);
  EXPECT_EQ(together_16, "safe, goes on");
  EXPECT_EQ(together_18.substr(0, 6), "!forks");
  EXPECT_EQ(cell(part, "16 (32 %)", 1), "safe, goes on");
  EXPECT_EQ(cell(part, "17 (34 %)", 1), "!safe, stops") << "silent";
  EXPECT_EQ(cell(part, "20 (40 %)", 3), "safe, goes on") << "each for itself";
  EXPECT_EQ(cell(part, "20 (40 %)", 4), "safe, goes on") << "forgers that vote honestly";
  EXPECT_EQ(cell(part, "20 (40 %)", 5), "safe, goes on") << "known";
  ASSERT_EQ(part.rows.size(), 3u);
  EXPECT_EQ(part.rows[2].holds, "not measured");

  ASSERT_GE(part.section.tables[1].rows.size(), 4u);
  const auto simulated = [&](size_t row) { return part.section.tables[1].rows[row].back(); };
  EXPECT_EQ(simulated(0), "safe, goes on") << "cbft, 3 of 10 silent";
  EXPECT_EQ(simulated(1), "safe, stops") << "4 of 10";
  EXPECT_EQ(simulated(2), "safe, goes on") << "3 of 10 equivocate";
  EXPECT_NE(simulated(3), "safe, goes on") << "4 of 10: past the bound it stops or forks";
}

TEST(Formulas, ConflictsAreNoneAfterConsensus) {
  const Part part = formulas({true, 2}, kNobody);
  ASSERT_EQ(part.rows.size(), 3u);
  EXPECT_EQ(part.rows[1].holds, "no") << part.rows[1].ours;
  EXPECT_EQ(part.rows[2].holds, "yes") << part.rows[2].ours;
  EXPECT_EQ(part.rows[1].ours.substr(0, 12), "0 conflicts ");
}

}  // namespace
}  // namespace tieline::paper
