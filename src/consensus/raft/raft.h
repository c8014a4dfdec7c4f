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

#include <array>
#include <deque>
#include <map>
#include <set>

#include "consensus/checkpoint_votes.h"
#include "consensus/engine.h"

namespace tieline::consensus {

inline constexpr int64_t kRaftWindow = 4;             // appended and not committed
inline constexpr int64_t kRaftHeartbeatsPerT0 = 4;    // of a leader
inline constexpr int64_t kRaftContactFactor = 2;      // time-outs in which a leader must hear a majority
inline constexpr int64_t kRaftStallFactor = 4;        // time-outs in which what it appended must be committed
inline constexpr uint32_t kRaftBackoffMax = 6;        // T0 x 2^min(c, 6)
inline constexpr size_t kRaftEarlyPerMemberMax = 64;  // messages of the next epoch kept until it starts
inline constexpr Height kRaftRecentBlocks = 16;       // committed blocks whose headers stay at hand
inline constexpr int64_t kRaftRenewPauseFactor = 16;  // x T0 between two renewals for one rejoining member

class Raft final : public Engine {
 public:
  Raft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier);
  void step(const Now& now, const Input& input, Effects& effects) override;
  EngineStatus status() const override;
  std::unique_ptr<Engine> clone() const override { return std::make_unique<Raft>(*this); }

 private:
  enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };
  struct BlockNode {
    Header header;
    BlockPtr body;
    bool judged = false;
    bool valid = false;
    bool committed = false;
  };
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
  void drop(ValidatorId from, const char* code) { out_->push_back(Drop{from, code}); }
  void trace(std::string event);
  void arm(TimerId id, std::optional<int64_t> deadline);
  void refresh_timers();
  int64_t t0_us() const { return static_cast<int64_t>(config_.params.timeout_ms) * kMicrosPerMilli; }
  int64_t timeout_us() const { return t0_us() << std::min(failures_, kRaftBackoffMax); }
  int64_t election_timeout_us() const;
  bool member() const { return committee_.position_of(config_.self).has_value(); }
  bool participates() const;  // may sign, vote or lead in this epoch
  bool leads() const { return role_ == Role::kLeader; }
  View term() const { return vote_.view; }
  std::vector<ValidatorId> others() const;
  std::vector<ValidatorId> ids_of(const SignerSet& signers) const;
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
  void want_body(const Hash& block, Height height, std::vector<ValidatorId> holders);
  void want_lost_body();

  // raft_commit.cc
  bool executed(const Hash& block) const;  // applied, or judged valid
  bool is_committed(const Hash& block) const;
  std::optional<std::vector<Hash>> path_from_tip(const Hash& block, Hash& missing) const;
  bool may_hang_on_tip(const Hash& block) const;
  void committed(const Hash& block, CommitProof proof);
  void emit_commit(const std::vector<Hash>& chain, CommitProof proof);
  void retry_pending_commit();
  void prune();
  void on_decided(ValidatorId from, const Decided& decided);
  void on(const Applied&);
  void on(const CaughtUp&);
  void on(const Installed&);
  void on(const CheckpointReached&);
  void on(const SubmissionRejected&) {}  // nobody lies where members only crash
  void on_checkpoint_vote(ValidatorId from, const CheckpointVote& vote);
  void enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                   std::optional<CommitProof> proof);
  const Committee* committee_at(Epoch epoch) const;

  // raft_rejoin.cc
  void send_rejoin_request();
  void on_rejoin_request(ValidatorId from, const RejoinRequest& request);
  void on_rejoin_reply(ValidatorId from, const RejoinReply& reply);
  void maybe_finish_rejoin();

  EngineConfig config_;
  const Signer* signer_;
  const Verifier* verifier_;
  Now now_;
  Effects* out_ = nullptr;  // of the current step

  // the committed chain
  Committee committee_;
  std::optional<Committee> previous_committee_;
  Hash tip_;
  Header tip_header_;
  std::optional<CommitProof> tip_proof_;
  Hash epoch_start_;
  Height epoch_base_ = 0;
  std::optional<Header> epoch_start_header_;
  std::optional<CommitProof> epoch_start_proof_;
  bool awaiting_epoch_ = false;  // the epoch's last block is committed; its execution is on the way
  CheckpointVotes checkpoints_;

  // blocks above the tip, and the last few below it
  std::map<Hash, BlockNode> blocks_;
  struct PendingCommit {
    Hash block;
    CommitProof proof;
  };
  std::optional<PendingCommit> pending_commit_;

  // durable: term (view), voted_for, pre_voted, last acknowledgement
  VoteRecord vote_;
  Lsn lsn_ = 0;             // of the last Persist
  bool body_lost_ = false;  // of the last acknowledgement, torn off in a crash

  // elections
  Role role_ = Role::kFollower;
  std::optional<ValidatorId> leader_;  // of this term
  int64_t heard_us_ = 0;               // from the leader; or since when the election timer runs
  uint64_t attempts_ = 0;              // draws of the election timer
  uint32_t failures_ = 0;              // c: elections without a commit
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
    std::map<size_t, Signature> acknowledgements;  // by position
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
  std::map<ValidatorId, std::deque<MessagePtr>> early_;

  struct Timer {
    uint64_t generation = 0;
    std::optional<int64_t> deadline;
  };
  std::array<Timer, static_cast<size_t>(TimerId::kCount)> timers_{};
  int64_t last_resend_us_ = 0;

  // rejoin
  std::map<ValidatorId, View> rejoin_replies_;
  struct Renewal {
    Hash nonce;
    size_t requests = 0;
    int64_t last_us = 0;
    int64_t replied_us = INT64_MIN / 2;
    bool done = false;
  };
  std::map<ValidatorId, Renewal> renewals_;
};

}  // namespace tieline::consensus
