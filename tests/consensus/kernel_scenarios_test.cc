// Golden scenarios: tests/consensus/golden/*.txt. Prose, then command lines, `----`, and exactly what the engines
// traced and said. `kernel_scenarios_test --rewrite` writes the outputs anew; the diff is for reviewers.
//
//   cluster [engine=cbft] [n=4] [fast=on|off] [epoch=BLOCKS] [tenure=SLOTS]   a new cluster, started
//   submit COUNT          transactions, to everybody
//   run MS                that much virtual time
//   lead VIEW             says who leads the view of the current epoch
//   crash I | restart I | wipe I | isolate I | join I
//   drop TYPE to I        messages of the type to that member are lost from now on; `drop off` ends it
//   equivocate            the leader of view 0 sends one proposal to half of the others and another one to the rest
//   status

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/codec.h"
#include "cluster.h"

namespace tieline::testing {
namespace {

bool rewrite = false;

class Scenario {
 public:
  std::string run(const std::vector<std::string>& commands) {
    std::string out;
    for (const std::string& line : commands) {
      std::istringstream words(line);
      std::string command;
      words >> command;
      execute(command, words, out);
      if (!c_) continue;
      for (const std::string& each : c_->log) out += each + "\n";
      c_->log.clear();
      for (const std::string& each : c_->violations) out += "VIOLATION " + each + "\n";
    }
    return out.empty() ? "nothing\n" : out;
  }

 private:
  void execute(const std::string& command, std::istringstream& words, std::string& out) {
    std::string word;
    if (command == "cluster") {
      ClusterOptions o;
      o.trace = true;
      while (words >> word) {
        const std::string key = word.substr(0, word.find('=')), value = word.substr(word.find('=') + 1);
        if (key == "engine") o.params.engine = *engine_from_name(value);
        if (key == "n") o.n = std::stoul(value);
        if (key == "fast") o.params.fast_path = value == "on";
        if (key == "epoch") o.params.epoch_blocks = static_cast<uint32_t>(std::stoul(value));
        if (key == "tenure") o.params.tenure_slots = static_cast<uint32_t>(std::stoul(value));
      }
      c_ = std::make_unique<Cluster>(o);
      c_->log_messages = true;
      c_->start();
      c_->log.clear();
      return;
    }
    ASSERT_TRUE(c_) << "no cluster yet: " << command;
    size_t i = 0;
    if (command == "submit") {
      words >> i;
      c_->submit(i);
    } else if (command == "run") {
      words >> i;
      c_->run_for(static_cast<int64_t>(i) * 1'000);
    } else if (command == "lead") {
      words >> i;
      const Epoch epoch = c_->node(0).up ? c_->node(0).engine->status().epoch : 0;
      out += "view " + std::to_string(i) + " is led by " + std::to_string(c_->leader_index(epoch, i)) + "\n";
    } else if (command == "crash") {
      words >> i;
      c_->crash(i);
    } else if (command == "restart") {
      words >> i;
      c_->restart(i);
    } else if (command == "wipe") {
      words >> i;
      c_->wipe(i);
    } else if (command == "isolate") {
      words >> i;
      c_->isolate(i);
    } else if (command == "join") {
      words >> i;
      c_->join(i);
    } else if (command == "drop") {
      std::string type, to;
      words >> type >> to >> i;
      c_->filter = nullptr;
      if (type != "off")
        c_->filter = [type, i](const Node&, const Node& node, const Message& m) {
          return node.index == i && type == message_name(m) ? Fate::kDrop : Fate::kDeliver;
        };
    } else if (command == "equivocate") {
      equivocate();
    } else if (command == "status") {
      for (size_t k = 0; k < c_->nodes(); ++k) {
        const Node& n = c_->node(k);
        if (!n.up) {
          out += std::to_string(k) + ": down\n";
          continue;
        }
        const EngineStatus s = n.engine->status();
        out += std::to_string(k) + ": epoch " + std::to_string(s.epoch) + " view " + std::to_string(s.view) +
               (s.view_changing ? " changing" : "") + (s.rejoining ? " rejoining" : "") + " height " +
               std::to_string(n.height()) + "\n";
      }
    } else {
      FAIL() << "unknown command: " << command;
    }
  }

  void equivocate() {
    const size_t leader = c_->leader_index(0, 0);
    c_->crash(leader);
    c_->node(leader).byzantine = true;
    const TestSigner signer(c_->node(leader).id);
    size_t k = 0;
    for (size_t to = 0; to < c_->nodes(); ++to) {
      if (to == leader) continue;
      const BlockPtr block = c_->build(c_->genesis(), 0, false, 1, {}, k++ % 2 ? "heads" : "tails");
      c_->node(to).held.insert(block->digest);
      Propose p;
      p.slot = Slot{0, 0, 0};
      p.header = block->header;
      p.justify = Justify{std::nullopt, Slot{0, 0, -1}, c_->genesis(), 0};
      const Hash digest = confirm_digest(c_->chain_id(), p.slot, block->header.height, block->digest);
      p.signature = signer.sign(digest.view());
      c_->inject(to, c_->node(leader).id, make_message(std::move(p)));
    }
  }

  std::unique_ptr<Cluster> c_;
};

void run_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  Scenario scenario;
  std::vector<std::string> commands;
  std::string line, all, expected, actual_all;
  bool output = false;
  const auto finish = [&] {
    if (commands.empty()) return;
    const std::string actual = scenario.run(commands);
    actual_all += actual + "\n";
    if (!rewrite) {
      EXPECT_EQ(actual, expected) << path.filename() << ": " << commands.front() << " ...";
    }
    commands.clear();
    expected.clear();
  };
  while (std::getline(in, line)) {
    if (output && line.empty()) {
      finish();
      output = false;
      continue;
    }
    if (output) {
      expected += line + "\n";
      continue;
    }
    actual_all += line + "\n";
    if (line == "----") {
      output = true;
    } else if (!line.empty() && line[0] != '#') {
      commands.push_back(line);
    }
  }
  if (output) finish();
  if (!rewrite) return;
  while (actual_all.size() > 1 && actual_all.ends_with("\n\n")) actual_all.pop_back();
  std::ofstream(path) << actual_all;
}

TEST(Scenarios, RunExactlyAsWritten) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(TIELINE_GOLDEN_DIR))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  EXPECT_GE(files.size(), 7u);
  for (const auto& file : files) run_file(file);
}

}  // namespace
}  // namespace tieline::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) tieline::testing::rewrite |= std::string(argv[i]) == "--rewrite";
  return RUN_ALL_TESTS();
}
