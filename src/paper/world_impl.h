#pragma once
// The inside of the measuring world: world.cc hosts the replicas, world_clients.cc the clients, world_count.cc says
// what is measured.

#include "ledger/state_tree.h"
#include "paper/coalition.h"
#include "paper/host.h"
#include "paper/world.h"
#include "sim/event_queue.h"
#include "sim/network.h"

namespace tieline::paper {

inline constexpr int64_t kGenesisTimeMs = 1'700'000'000'000;
inline constexpr int64_t kClockAheadMs = 1'000;  // of genesis, when a world begins

class World {
 public:
  explicit World(const WorldOptions& options);
  Measured run();

  // A script instead of the clients' load (world_script.cc): what it sends, and what became of it when f+1 validators
  // say the same. Times out after limit_us of simulated time.
  void open();
  Result<std::vector<replica::TxOutcome>> deliver(std::vector<Blob> transactions, std::vector<int64_t>& took_us);
  const Genesis& genesis() const { return genesis_; }
  SimSigner client(size_t i) const { return keys_.signer(options_.validators + i); }
  StateView state() const { return hosts_.front()->replica->committed_state(); }
  // Of the first validator's state, computed from nothing, and the height that left it.
  std::pair<Hash, Height> state_root() const {
    return {state_root_of(hosts_.front()->store), hosts_.front()->stored_height};
  }
  int64_t now_ms() const;
  Measured measured() const { return result_; }
  // The order that the ledger gives them in the next block.
  std::vector<Blob> lawful_order(const std::vector<Blob>& transactions) const;
  // What another validator says of a block of these, in this order, on top of what it has committed.
  Status judge_block_of(const std::vector<Blob>& transactions) const;
  Result<Receipt> receipt(const TxId& id) const { return hosts_.back()->replica->receipt(id); }
  const SimKeys& keys() const { return keys_; }

 private:
  enum class Kind : uint8_t { kInput, kDone, kWake, kSync, kStore, kFlush, kVerified, kAnswer, kRetry, kCut, kMend };
  struct Event {
    Kind kind{};
    ValidatorId at = 0;
    uint64_t value = 0;  // of a frame: the session it came in
    replica::Input input = replica::Wake{};
    replica::TxOutcome outcome = {};
  };
  struct ClientTx {
    TxId id;
    Blob bytes;
    size_t client = 0;
    int64_t submitted_us = 0;
    bool done = false;
    struct Answer {
      Height height = 0;
      uint16_t code = 0;
      bool committed = true;
      std::set<ValidatorId> from = {};
    };
    std::vector<Answer> answers = {};
  };
  struct OfBlock {
    Hash digest;  // the one that is committed
    struct Proposed {
      int64_t at_us = 0;
      ValidatorId by = 0;
    };
    std::map<Hash, Proposed> proposed;  // when it was first sent, and by whom
    size_t commits = 0;                 // of correct validators
  };

  // world.cc
  Genesis make_genesis() const;
  void start();
  void handle(Event event);
  void arrive(Host& h, replica::Input input);
  void serve(Host& h);
  int64_t cost_of_input(Host& h, const replica::Input& input);
  int64_t cost_of_effects(Host& h);
  int64_t cost_of_block(Host& h, const Blob& frame);
  void done(Host& h);
  void carry_out(Host& h, replica::Effect& effect);
  void schedule_wake(Host& h);
  void begin_write(Host& h);
  void send(Host& h, const replica::SendFrame& effect);
  void transmit(Host& h, const std::vector<ValidatorId>& to, const Blob& frame, bool bulk, const consensus::Message* m);
  void stop(Host& h, const std::string& why);

  void carry_lies(const std::vector<Coalition::Lie>& lies);

  // world_conduct.cc
  void start_conducts();
  const Conduct* conduct_of(ValidatorId id) const;
  void cut(ValidatorId id);
  void mend(ValidatorId id);
  bool reaches(const Event& event) const;
  bool misconduct(const Host& h, const replica::SendFrame& effect, const consensus::MessagePtr& message);
  void count_timeout(ValidatorId from, const consensus::Message& m);
  void record_credit(const replica::BlockCommitted& effect);

  // world_clients.cc
  void submit(size_t slot);
  void ask(uint64_t number, ValidatorId validator);
  void answer(const replica::TxOutcome& outcome, ValidatorId from);
  void retry(uint64_t number);

  // world_script.cc
  void answered(ClientTx& tx, const replica::TxOutcome& outcome);

  // world_count.cc
  bool misbehaves(const consensus::Message& m);
  void count(const consensus::Message* m, const Blob& frame, size_t receivers);
  void proposed(const consensus::Message* m, ValidatorId by);
  void committed(const Host& h, const replica::BlockCommitted& effect);
  bool counts_as_correct(ValidatorId id) const;

  int64_t now() const { return queue_.now_us(); }
  void push(int64_t time_us, Event event) { queue_.push(time_us, std::move(event)); }

  WorldOptions options_;
  SimKeys keys_;
  Genesis genesis_;
  ChainId chain_;
  sim::Network network_;
  Rng client_rng_;
  sim::EventQueue<Event> queue_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::optional<Coalition> coalition_;
  std::map<ValidatorId, Coalition> equivocators_;
  std::set<ValidatorId> away_;
  std::map<std::pair<Epoch, View>, std::set<ValidatorId>> timed_out_;  // correct ones, by the view they go to
  std::set<std::pair<Epoch, View>> moved_on_;
  size_t correct_ = 0;
  size_t enough_ = 0;  // correct commits that make a block count: the quorum
  std::vector<ClientTx> txs_;
  std::vector<uint64_t> sequences_;                  // by client
  std::map<uint64_t, replica::TxOutcome> outcomes_;  // of the script's wave, by number
  std::map<uint64_t, int64_t> took_us_;
  std::map<Height, OfBlock> blocks_;
  std::set<std::pair<Epoch, View>> bad_tenures_;
  Measured result_;
};

}  // namespace tieline::paper
