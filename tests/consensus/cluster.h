#pragma once
// Engines only, in virtual time: n of them, a world of made-up blocks, and for each a fake replica that carries out
// effects. Everything is deterministic: one seed, one run. Tests shape the network by `filter`, the disks by hold and
// release, the processes by crash, restart, wipe and twins.
//
// Checked in every run, whatever the test is about: no two correct members commit different blocks at a height, nobody
// correct votes for two blocks in one slot (or, in raft, for two candidates in one term), every commit's proof
// verifies, every Persist names a body that is held.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/engine.h"
#include "test_scheme.h"

namespace tieline::testing {

using namespace consensus;  // NOLINT: the subject of every test here

inline constexpr ValidatorId kFirstId = 10;  // ids are no positions: whoever mixes them up fails

struct ClusterOptions {
  size_t n = 4;
  ConsensusParams params = default_params();
  bool trace = false;
  int64_t latency_us = 1'000;
  size_t txs_per_block = 4;
  std::function<uint32_t(Epoch, size_t)> trust{};  // of the member at that position; otherwise all are trusted alike

  static ConsensusParams default_params() {
    ConsensusParams p;
    p.policy = LeaderPolicy::kStrict;  // with equal credits: the order of the draws
    p.epoch_ms = 0;
    p.epoch_blocks = 1'000'000;
    p.checkpoint_blocks = 16;
    return p;
  }
};

// What the fake replica knows of a block besides its bytes.
struct BlockInfo {
  BlockPtr block;
  size_t txs = 0;  // numbered transactions in the chain up to here
  Height epoch_base = 0;
  int64_t epoch_start_ms = 0;
  bool invalid = false;
};

struct Disk {
  std::optional<VoteRecord> record;
  std::optional<Certificate> high_qc;
  std::map<Hash, MessagePtr> messages;
  std::set<Hash> bodies;
  std::optional<CheckpointCert> stable;
};

struct Committed {
  Hash block;
  CommitProof proof;  // of this block
};

class Cluster;

// One process: an engine and what a replica would hold. Two Nodes with one id are twins: a Byzantine member.
struct Node {
  size_t index = 0;
  ValidatorId id = 0;
  bool byzantine = false;
  bool up = true;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<TestSigner> signer;
  Disk disk;
  std::vector<Committed> chain;  // from height 1
  std::set<Hash> held;           // bodies in memory
  bool hold_disk = false;        // Persists are not durable until released
  std::deque<Persist> unsynced;
  std::deque<Send> waiting;
  Lsn durable = 0;
  std::deque<Input> inbox;
  std::map<Hash, Judge> judging;
  std::optional<WantBlock> want;
  std::optional<int64_t> pending_told;
  bool pending_known = false;
  bool catching_up = false;
  int64_t drift_ms = 0;
  struct Timer {
    uint64_t generation = 0;
    std::optional<int64_t> deadline;
  };
  std::array<Timer, static_cast<size_t>(TimerId::kCount)> timers{};
  std::vector<std::string> drops;  // codes
  std::vector<std::string> broken;
  std::vector<CheckpointCert> stable;
  bool running = false;

  Height height() const { return chain.size(); }
  size_t dropped(std::string_view code) const;
};

enum class Fate { kDeliver, kDrop };

class Cluster {
 public:
  explicit Cluster(ClusterOptions options);
  ~Cluster();

  // --- the world ---
  Now now() const { return {now_us_, wall_start_ms_ + now_us_ / kMicrosPerMilli}; }
  Committee committee(Epoch epoch) const;
  ValidatorId leader(Epoch epoch, View view) const;
  size_t leader_index(Epoch epoch, View view) const { return leader(epoch, view) - kFirstId; }
  bool elects() const { return options_.params.engine == EngineKind::kTrustRaft; }
  const ChainId& chain_id() const { return chain_; }
  const Verifier& verifier() const { return verifier_; }
  const ClusterOptions& options() const { return options_; }
  const BlockInfo& info(const Hash& block) const { return world_.at(block); }
  const BlockInfo* find(const Hash& block) const;
  Hash genesis() const { return genesis_.digest(); }
  // A block above `parent`, known to the world; `label` makes it differ from others there.
  BlockPtr build(const Hash& parent, Epoch epoch, bool is_void, size_t txs, const Evidence& evidence,
                 const std::string& label);
  void mark_invalid(const Hash& block) { world_.at(block).invalid = true; }

  // --- processes ---
  Node& node(size_t index) { return *nodes_.at(index); }
  const Node& node(size_t index) const { return *nodes_.at(index); }
  size_t nodes() const { return nodes_.size(); }
  void start();  // all of them
  void start_one(size_t index);
  void crash(size_t index, bool torn = false);          // what was not synced is lost
  void restart(size_t index, size_t lose_applied = 0);  // the last blocks are no longer applied
  void wipe(size_t index);     // restart with an empty disk that is known to be damaged; the chain is fetched again
  size_t add_twin(size_t of);  // a second process with the same key; both are Byzantine from now on
  void hold_disk(size_t index) { node(index).hold_disk = true; }
  void sync(size_t index);  // what is held becomes durable and leaves

  // --- the network ---
  std::function<Fate(const Node& from, const Node& to, const Message&)> filter;
  std::function<int64_t()> latency;                               // of one message; otherwise the option
  std::function<void(const Node& from, const Message&)> on_send;  // everything a process lets out
  std::function<void(const Node& leader, Evidence&)> twist;       // what a lying leader makes of its evidence
  void isolate(size_t index) { isolated_.insert(index); }
  void join(size_t index) { isolated_.erase(index); }
  void heal();
  bool connected(const Node& a, const Node& b) const;
  void inject(size_t to, ValidatorId from, MessagePtr message);  // as if it had come from that peer

  // --- running ---
  void submit(size_t txs);
  void input(size_t index, Input input);  // straight into the engine
  bool step();                            // the next event; false: nothing will ever happen
  void run_for(int64_t us);
  bool run_until(const std::function<bool()>& done, int64_t us_max);
  bool run_until_height(Height height, int64_t us_max = 60'000'000);  // all correct processes that are up
  bool run_until_committed(int64_t us_max = 60'000'000);              // all that was submitted, likewise
  size_t submitted() const { return submitted_us_.size(); }
  size_t committed_txs(const Node& n) const;

  std::vector<std::string> log;  // Trace effects and messages, when tracing
  bool log_messages = false;
  std::vector<std::string> violations;
  size_t events = 0;

 private:
  struct Event {
    enum class Kind { kMessage, kCatchUp } kind = Kind::kMessage;
    size_t to = 0;
    ValidatorId from = 0;
    MessagePtr message;
  };
  void boot(Node& n, ChainState chain, Recovered recovered);
  void feed(Node& n, Input input);
  void pump(Node& n);
  void carry_out(Node& n, Effect& effect);
  void commit(Node& n, const Commit& commit);
  void release(Node& n);
  void leave(Node& n, const Send& send);
  void make_durable(Node& n, const Persist& p);
  void answer_want(Node& n);
  void judge_all(Node& n);
  bool valid(const Block& block) const;
  bool fetchable(const Node& n, const Hash& block) const;
  bool hangs_on_tip(const Node& n, const Hash& block) const;
  void tell_pending(Node& n);
  void catch_up(Node& n);
  CommitProof proof_at(const Node& n, Height height) const;
  Hash tip(const Node& n) const { return n.chain.empty() ? genesis() : n.chain.back().block; }
  ChainState chain_state(const Node& n) const;
  void violation(std::string what) { violations.push_back(std::move(what)); }

  ClusterOptions options_;
  ChainId chain_;
  TestVerifier verifier_;
  Header genesis_;
  std::map<Hash, BlockInfo> world_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<int64_t> submitted_us_;
  int64_t now_us_ = 1'000'000;
  int64_t wall_start_ms_ = 1'700'000'000'000;
  std::map<std::pair<int64_t, uint64_t>, Event> queue_;
  uint64_t sequence_ = 0;
  std::map<std::pair<size_t, size_t>, int64_t> link_free_us_;  // frames of a link arrive in order
  std::set<size_t> isolated_;
  std::map<Height, Hash> agreed_;
  std::map<std::pair<size_t, Slot>, Hash> votes_, commit_votes_;
  std::map<std::pair<size_t, View>, ValidatorId> term_votes_;  // raft
  std::map<std::tuple<size_t, Epoch, View>, ValidatorId> election_votes_;
  uint64_t nonce_ = 0;
};

Hash label_hash(const std::string& label);
std::string describe(const Slot& slot);
std::string describe(const Message& message);

}  // namespace tieline::testing
