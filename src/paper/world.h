#pragma once
// The measuring world: unmodified replicas (replica/replica.h) on hosts that charge for their work. Every validator has
// one processor for its engine, one for clients' signatures, one disk and one network card; each serves one thing after
// the other, at the price of paper/costs.h. Links are the simulator's (latency tables, sessions), clients keep a fixed
// number of transactions under way and believe f+1 equal answers. One thread, virtual time, a pure function of the
// options: the same numbers on every machine.
//
// Nothing crashes here but by a conduct (paper/conduct.h): the random world that looks for mistakes is sim/world.h;
// this one measures.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/genesis.h"
#include "paper/conduct.h"
#include "paper/costs.h"
#include "sim/distribution.h"
#include "standing/credit_log.h"

namespace tieline::paper {

inline constexpr size_t kWorldValidatorsMax = 100;

struct WorldOptions {
  EngineKind engine = EngineKind::kCbft;
  LeaderPolicy policy = LeaderPolicy::kStrict;
  size_t validators = 4;
  uint64_t seed = 0;
  Costs costs = stored_costs();
  sim::LatencyModel latency = sim::LatencyModel::kLocal;
  int64_t link_bits_per_s = 1'000'000'000;
  int64_t loss_ppm = 0;  // of frames on every link, each sent again after a retransmission time-out
  uint32_t block_tx = 20;
  size_t payload_bytes = 256;
  size_t in_flight = 80;  // four blocks: with fewer pbft waits for clients, with more nothing gains
  bool fast_path = true;  // cbft
  uint32_t timeout_ms = 500;
  uint32_t tenure_slots = 10;      // blocks until the lead moves on: by a planned view change, or
  uint32_t epoch_blocks = 0;       // of an epoch; 0: none ends
  bool tenure_by_epoch = false;    // by an epoch of so many blocks (pbft moves its primary no other way)
  Height blocks = 200;             // the run ends when a quorum of correct validators has committed this height
  int64_t limit_us = 600'000'000;  // or here
  std::optional<ValidatorId> bad;  // says nothing as primary in bad_percent of its tenures, else behaves
  uint32_t bad_percent = 0;
  std::set<ValidatorId> silent;   // never says anything
  std::vector<Conduct> conducts;  // at most f of them not honest at a time
  CreditParams credit;
  std::set<ValidatorId> coalition;           // equivocate together (paper/coalition.h)
  std::optional<ProximityParams> proximity;  // trust_raft only
  Height count_from = 0, count_to = 0;       // agreement messages of these heights are counted apart
  // Who takes part, and their market; the world fills in the keys. Null: clients that send what means nothing.
  const Genesis* ledger = nullptr;
};

struct Count {
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

struct Measured {
  Height height = 0;     // committed by a quorum of correct validators
  bool reached = false;  // options.blocks
  bool fork = false;
  std::string what;  // of a fork, or of a validator that stopped itself
  uint64_t stopped = 0;
  uint64_t valid_transactions = 0;
  int64_t first_proposal_us = 0;
  std::optional<ValidatorId> first_proposer;
  int64_t last_commit_us = 0;
  std::vector<int64_t> consensus_us;  // eq. 2 of paper 000, a block: q-th correct commit - first PROPOSE of the block
  std::vector<int64_t> leader_us;     // a block: commit at its proposer - the same
  std::vector<int64_t> everyone_us;   // a block: last commit of the correct validators - the same
  std::vector<int64_t> client_us;     // a transaction: from its submission to the (f+1)-th equal answer
  std::map<std::string, Count> sent;  // by kind of frame, over all links
  std::map<ValidatorId, Count> sent_by;
  std::map<std::string, uint64_t> counted;  // by the correct validators, under their stable codes
  std::map<std::string, Count> agreement;   // of heights count_from..count_to
  uint64_t bad_tenures = 0;                 // in which the bad validator said nothing
  View view = 0;                            // the highest one in which something was committed or proposed
  uint64_t failed_views = 0;                // that f+1 correct validators timed out on
  uint64_t planned_views = 0;               // that ended because their tenure did
  std::vector<std::vector<standing::CreditEntry>> credit;  // of each ended epoch, by validator
  uint64_t events = 0;

  // Eq. 1 of paper 000, in thousandths of a transaction a second.
  int64_t milli_tps() const;
};

Measured measure(const WorldOptions& options);

}  // namespace tieline::paper
