// Commands as a user runs them, in this process: what is on standard output, and how they end.

#include <gtest/gtest.h>

#include <fstream>

#include "../model/receipt_fixture.h"
#include "../temporary_folder.h"
#include "audit_chain.h"
#include "cli/output.h"
#include "command_line.h"
#include "storage/rocks_store.h"

namespace tieline::cli {
namespace {

class CommandsTest : public ::testing::Test, protected testing::ReceiptWriter {
 protected:
  CommandsTest() {
    write("genesis.json", genesis_to_json(genesis_));
    const Bytes receipt = encoded(fast_receipt());
    write("good.receipt", {receipt.begin(), receipt.end()});
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(CommandsTest, VerifySaysInWordsWhatIsProven) {
  const Ran ran = tieline({"verify", at("good.receipt"), "--genesis", at("genesis.json"), "--json"});
  EXPECT_EQ(ran.status, kExitDone) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("VALID"), std::string::npos);
  EXPECT_NE(ran.out.find("validator-0, validator-1 and validator-2"), std::string::npos) << ran.out;
  const Json json = ran.last();
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["height"], 9);
  EXPECT_EQ(json["quorum"], 3);
  EXPECT_EQ(json["signers"].size(), 3u);
  EXPECT_EQ(json["txid"].get<std::string>().size(), 64u);
}

TEST_F(CommandsTest, VerifyOfADamagedReceiptEndsWithOne) {
  Bytes receipt = encoded(fast_receipt());
  receipt[receipt.size() / 2] ^= 1;
  write("bad.receipt", {receipt.begin(), receipt.end()});
  const Ran ran = tieline({"verify", at("bad.receipt"), "--genesis", at("genesis.json"), "--json"});
  EXPECT_EQ(ran.status, kExitNo);
  EXPECT_EQ(ran.last()["valid"], false);
  EXPECT_EQ(tieline({"verify", at("genesis.json"), "--genesis", at("genesis.json")}).status, kExitNo);
}

TEST_F(CommandsTest, WrongUseEndsWithTwoAndIsJsonWhenAskedFor) {
  const Ran missing = tieline({"verify", at("no such file"), "--genesis", at("genesis.json"), "--json"});
  EXPECT_EQ(missing.status, kExitUsage);
  EXPECT_EQ(missing.last()["error"]["code"], "file_unreadable");
  EXPECT_EQ(tieline({"verify"}).status, kExitUsage);
  EXPECT_EQ(tieline({"unheard-of"}).status, kExitUsage);
  EXPECT_EQ(tieline({"status"}).status, kExitUsage);
  EXPECT_EQ(tieline({"status", "--net", "a", "--node", "http://127.0.0.1:1"}).status, kExitUsage);
  EXPECT_EQ(tieline({"receipt", "abc", "--net", folder_.path().string(), "-o", "x"}).status, kExitUsage);
  EXPECT_EQ(tieline({"import", "x.csv", "--net", folder_.path().string(), "--as", "nobody"}).status, kExitUsage);
  EXPECT_EQ(tieline({"import", "x.csv", "--net", folder_.path().string(), "--as", "household", "--batch", "0"}).status,
            kExitUsage);
  EXPECT_EQ(
      tieline({"import", "x.csv", "--net", folder_.path().string(), "--as", "household", "--batch", "1025"}).status,
      kExitUsage);
  for (const char* engine : {"paxos", "cbft_as_printed"}) {
    EXPECT_EQ(tieline({"bench", "--engine", engine}).status, kExitUsage);
    EXPECT_EQ(tieline({"chaos", "--engine", engine}).status, kExitUsage);
  }
  EXPECT_EQ(tieline({"bench", "--unsigned"}).status, kExitUsage);
}

TEST_F(CommandsTest, ANetworkThatIsNotThereEndsWithThree) {
  const Ran ran = tieline({"status", "--node", "http://127.0.0.1:1", "--json"});
  EXPECT_EQ(ran.status, kExitUnreachable) << ran.out << ran.err;
  EXPECT_TRUE(ran.last().contains("error"));
}

TEST_F(CommandsTest, HelpHasAnExampleAtEveryLevel) {
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{{"status"},
                                                                              {"import"},
                                                                              {"submit"},
                                                                              {"query"},
                                                                              {"query", "readings"},
                                                                              {"query", "tx"},
                                                                              {"query", "block"},
                                                                              {"query", "participants"},
                                                                              {"query", "participant"},
                                                                              {"query", "validators"},
                                                                              {"receipt"},
                                                                              {"verify"},
                                                                              {"audit"},
                                                                              {"bench"},
                                                                              {"chaos"}}) {
    words.push_back("--help");
    const Ran ran = tieline(words);
    EXPECT_EQ(ran.status, kExitDone);
    EXPECT_NE(ran.out.find("Example"), std::string::npos) << words.front();
  }
}

// A validator's folder as a node leaves it, with a chain signed by the test's keys.
class AuditCommandTest : public CommandsTest {
 protected:
  AuditCommandTest() {
    chain_.fill();
    write("config.toml",
          "genesis = \"genesis.json\"\nname = \"validator-0\"\ndata = \"data\"\n[keys]\nconsensus = \"c.key\"\nbls = "
          "\"b.key\"\n"
          "tls = \"t.key\"\ncertificate = \"t.crt\"\n");
    auto store = storage::RocksStore::open(folder_ / "data" / "store");
    TL_CHECK_MSG(store.ok(), store.ok() ? "" : store.error().why.c_str());
    StoreBatch batch;
    for (Column column : {Column::kState, Column::kBlocks, Column::kTxs, Column::kReadings, Column::kMeta}) {
      chain_.store.scan(column, {}, {}, false, [&](ByteView key, ByteView value) {
        batch.push_back({column, Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
        return true;
      });
    }
    (*store)->apply(batch);
    TL_CHECK((*store)->flush().ok());
  }
  testing::ProvenChain chain_;
};

TEST_F(AuditCommandTest, AFlippedBitInAFileOfTheStoreIsNamed) {
  size_t damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "data" / "store")) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(40);
    const char byte = static_cast<char>(file.get());
    file.seekp(40);
    file.put(static_cast<char>(byte ^ 16));
    file.close();
    const Ran ran = tieline({"audit", folder_.path().string(), "--json"});
    EXPECT_EQ(ran.status, kExitNo) << ran.out << ran.err;
    EXPECT_EQ(ran.last()["finding"]["code"], "corrupt_store");
    EXPECT_NE(ran.last()["finding"]["why"].get<std::string>().find(entry.path().filename().string()), std::string::npos)
        << ran.out;
    std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary).seekp(40).put(byte);
    ++damaged;
  }
  EXPECT_GT(damaged, 0u);
}

}  // namespace
}  // namespace tieline::cli
