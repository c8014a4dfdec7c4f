#pragma once
// Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014, chapters 3, 4.2, 6.2 to 6.4, 9.6) over the chain: the
// baseline that survives crashes and nothing worse. docs/raft.md states every rule with its reason; the files follow
// its sections:
//   raft.cc           construction, dispatch, durable records, timers
//   raft_elect.cc     pre-vote, votes, terms, check quorum
//   raft_append.cc    what the leader appends and what followers acknowledge
//   raft_commit.cc    commit, catch-up, epochs
//   raft_rejoin.cc    a validator whose durable state is damaged or gone
//   checkpoint_votes  checkpoints
//
// A term is a view. The log is the chain of blocks; where a member's log ends is the slot (epoch, term, index) of its
// last acknowledgement or of the certificate that committed its tip, whichever is higher.

#include <map>
#include <set>

#include "consensus/chained_engine.h"

namespace tieline::consensus {

inline constexpr int64_t kRaftWindow = 4;             // appended and not committed
inline constexpr int64_t kRaftHeartbeatsPerT0 = 4;    // of a leader
inline constexpr int64_t kRaftContactFactor = 2;      // time-outs in which a leader must hear a majority
inline constexpr int64_t kRaftStallFactor = 4;        // time-outs in which what it appended must be committed
inline constexpr int64_t kRaftRenewPauseFactor = 16;  // x T0 between two renewals for one rejoining member

class Raft final : public ChainedEngine {
 public:
  Raft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier);
  void step(const Now& now, const Input& input, Effects& effects) override;
  EngineStatus status() const override;
  std::unique_ptr<Engine> clone() const override { return std::make_unique<Raft>(*this); }

 private:
  using ChainedEngine::on;
  enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };
  struct LogEnd {
    Slot slot;
    Hash block;
  };

  // raft.cc
  void on(const Started&);
  void on(const Received&);
  void on(const TimerFired&);
  void on(const Pending&) {}  // a leader is suspected by its silence only
  Lsn persist(std::optional<Hash> body);
  void send(std::vector<ValidatorId> to, Payload payload, Lsn after);
  void refresh_timers();
  int64_t election_timeout_us() const;
  bool member() const { return committee_.position_of(config_.self).has_value(); }
  bool leads() const { return role_ == Role::kLeader; }
  View term() const { return vote_.view; }
  bool is_quorum_of(const std::set<ValidatorId>& ids) const;
  bool epoch_is_mine(ValidatorId from, Epoch epoch, const MessagePtr& message);

  // raft_elect.cc
  Slot position() const;                  // where this member's log ends, as it tells others
  std::optional<LogEnd> log_end() const;  // what it would lead with; none: it may not stand
  void start_pre_vote(bool planned);
  void start_election(bool planned);
  void lead();
  void follow(View term, std::optional<ValidatorId> leader);
  bool hear_leader(ValidatorId from, Epoch epoch, View term);
  void on_request_vote(ValidatorId from, const RequestVote& request);
  void on_term_reply(ValidatorId from, const TermReply& reply);
  void on_heartbeat(ValidatorId from, const Heartbeat& heartbeat);
  void reply(ValidatorId to, TermReplyKind kind, bool granted, View asked, Lsn after);
  void on_election_timer();
  void on_leader_timer();
  void say_heartbeat();

  // raft_append.cc
  void maybe_append();
  void withdraw();
  void on(const BlockBuilt&);
  void append(const BlockPtr& block);
  void on_append(ValidatorId from, const MessagePtr& message);
  void acknowledge(const Slot& slot);
  void acknowledge_all();
  CommitVote own_acknowledgement() const;
  void on_acknowledgement(ValidatorId from, const CommitVote& vote);
  void on(const Judged&);

  // raft_commit.cc
  const char* too_many_faulty() const override { return "a validator did worse than crash"; }
  void committed(Hash block, CommitProof proof) override;
  void emit_commit(const std::vector<Hash>& chain, CommitProof proof);
  void prune();
  void on_decided(ValidatorId from, const Decided& decided);
  void on(const CaughtUp&);
  void on(const Installed&);
  void on(const SubmissionRejected&) {}  // nobody lies where members only crash
  void enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                   std::optional<CommitProof> proof) override;

  // raft_rejoin.cc
  void send_rejoin_request();
  void on_rejoin_request(ValidatorId from, const RejoinRequest& request);
  void on_rejoin_reply(ValidatorId from, const RejoinReply& reply);
  void maybe_finish_rejoin();

  // elections
  Role role_ = Role::kFollower;
  std::optional<ValidatorId> leader_;  // of this term
  int64_t heard_us_ = 0;               // from the leader; or since when the election timer runs
  uint64_t attempts_ = 0;              // draws of the election timer
  View asked_ = 0;                     // the term pre-votes were asked for
  bool planned_ = false;
  std::set<ValidatorId> pre_votes_;
  std::set<ValidatorId> votes_;
  bool led_ = false;  // led this term: once it has stepped down it never leads it again

  // leading
  std::map<ValidatorId, int64_t> contact_us_;  // when each member was last heard, in this term
  struct Appended {
    MessagePtr message;
    Hash block;
    Height height = 0;
    int64_t since_us = 0;
    VoteSet acknowledgements;
  };
  std::map<int64_t, Appended> in_flight_;  // by index
  std::map<ValidatorId, int64_t> resent_us_;
  int64_t next_index_ = 0;
  Hash head_;  // the last block appended in this term
  bool head_ends_epoch_ = false;
  bool first_ = false;  // nothing appended in this term yet: the first entry is due even if empty
  uint64_t ticket_ = 0;
  std::optional<WantBlock> wanted_;
  int64_t last_heartbeat_us_ = 0;

  // following
  std::map<Slot, MessagePtr> appends_;  // of the current term, not acknowledged yet

  int64_t last_resend_us_ = 0;

  // rejoin
  std::map<ValidatorId, View> rejoin_replies_;
};

}  // namespace tieline::consensus
