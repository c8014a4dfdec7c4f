#pragma once
// What every trace must keep to, checked from the records alone: no engine is run. What a validator signed, when it
// left, what was committed, over all its starts; and over all validators that no two commit different blocks.
//
// Codes (each a rule; docs/formats/trace.md): order, committee, view_back, lsn, forgotten_vote, double_vote,
// vote_not_durable, sent_before_durable, sent_unasked, commit_order, commit_proof, commit_before_durable, body, timer,
// clock, fork.

#include <deque>
#include <map>

#include "trace/records.h"

namespace tieline::trace {

inline constexpr size_t kGenerationsKept = 64;  // armed deadlines a timer
inline constexpr size_t kInPartsKept = 64;      // proposals that may still leave for somebody; a relay keeps fewer

// What is known of a network after the traces checked so far.
struct NetworkFacts {
  struct Committed {
    Hash block;
    std::string by;  // the trace that says so
  };
  std::map<Height, Committed> committed;
  std::map<Epoch, Committee> committees;
  struct Validator {
    std::map<std::pair<VotePhase, Slot>, Hash> votes;
    std::optional<consensus::VoteRecord> durable;  // the newest that the host had on disk
  };
  std::map<ValidatorId, Validator> validators;
};

// One start of one validator. Starts of a validator are to be checked in the order they were made in.
class Rules {
 public:
  // `name` is the trace's, for messages.
  Rules(NetworkFacts& network, const Begin& begin, const Verifier& verifier, std::string name);

  Status on(const Construction& construction);
  Status on(const Step& step);
  Status on(const Appended& appended);
  Status on(const Durable& durable);
  Status on(const Left& left);

  Height height() const { return tip_height_; }
  uint64_t votes() const { return votes_; }
  uint64_t commits() const { return commits_; }

 private:
  Status input(const consensus::Input& input, const Now& now);
  Status effect(const consensus::Effect& effect);
  Status on(const consensus::Persist& e);
  Status on(const consensus::Send& e);
  Status on(const consensus::ArmTimer& e);
  Status on(const consensus::Commit& e);
  Status on(const consensus::Received& i);
  Status on(const consensus::TimerFired& i, const Now& now);
  Status on(const consensus::Applied& i);
  Status on(const consensus::Installed& i);
  Status vote(VotePhase phase, const Slot& slot, const Hash& block, Lsn after, const Hash& message);
  Status know(const Committee& committee);
  Status agree(Height height, const Hash& block);
  Status proven(const CommitProof& proof, const Hash& block, Epoch epoch);

  NetworkFacts& network_;
  NetworkFacts::Validator& mine_;
  const Begin begin_;
  const Verifier& verifier_;
  const std::string name_;

  bool constructed_ = false;
  ConsensusParams params_;
  std::optional<Now> now_;
  uint64_t steps_ = 0;

  // votes and their durability
  std::optional<consensus::VoteRecord> record_;  // of the last Persist, or recovered
  Lsn lsn_ = 0;
  struct DurableVote {
    Hash block;
    Lsn lsn = 0;
  };
  std::map<Slot, DurableVote> persisted_votes_;
  std::map<Lsn, consensus::VoteRecord> waiting_;  // Persists that are not durable yet
  struct PendingAppend {
    Lsn log = 0;
    Lsn vote = 0;
  };
  std::deque<PendingAppend> appended_;
  Lsn log_ = 0;      // of the last append
  Lsn durable_ = 0;  // the engine's lsn
  struct Due {
    Hash message;
    std::vector<ValidatorId> to;  // empty: all
    Lsn after = 0;
    bool in_parts = false;  // a PROPOSE where genesis has a relay: not all get it from its author, and some later
  };
  std::deque<Due> to_leave_;        // in order
  std::deque<Hash> left_in_parts_;  // the newest such messages that have begun to leave
  std::deque<Due> to_come_back_;
  std::map<Hash, bool> came_back_;  // own votes, by message

  // the chain
  Hash tip_;
  Height tip_height_ = 0;
  struct Expected {
    Hash block;
    Height height = 0;
    Lsn after = 0;
  };
  std::deque<Expected> to_apply_;

  struct TimerSeen {
    uint64_t generation = 0;
    std::map<uint64_t, std::optional<int64_t>> deadlines;
  };
  std::map<consensus::TimerId, TimerSeen> timers_;

  uint64_t votes_ = 0;
  uint64_t commits_ = 0;
};

}  // namespace tieline::trace
