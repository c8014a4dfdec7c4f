#pragma once
// What every engine here keeps, whatever its votes are: the committed chain and the blocks above it, the durable
// record, timers, messages of the next epoch, and what it owes a member that rejoins. Nothing in it decides what may be
// voted for or what is committed: that stands in the engines (kernel/, pbft/, raft/), each by its own document. A
// Commit leaves through advance(), a record through write_record().

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "consensus/checkpoint_votes.h"
#include "consensus/engine.h"

namespace tieline::consensus {

inline constexpr size_t kEarlyPerMemberMax = 64;  // messages of the next epoch kept until it starts
inline constexpr size_t kEarlyBytesPerMemberMax = 2 * kNewViewBytesMax;
inline constexpr size_t kEarlyMeansBehind = 4;  // so many of them show that the end of this epoch was missed
inline constexpr uint32_t kBackoffMax = 6;      // T0 x 2^min(c, 6)
inline constexpr Height kRecentBlocks = 16;     // committed blocks whose headers and certificates stay at hand

class ChainedEngine : public Engine {
 protected:
  struct BlockNode {
    Header header;
    BlockPtr body;
    bool judged = false;
    bool valid = false;
    bool committed = false;
  };
  struct PendingCommit {
    Hash block;
    CommitProof proof;
  };
  struct Timer {
    uint64_t generation = 0;
    std::optional<int64_t> deadline;
  };
  struct HandOver {  // of this member's view, for one that rejoins
    Hash nonce;
    size_t requests = 0;
    int64_t last_us = 0;
    int64_t replied_us = INT64_MIN / 2;
    bool done = false;
    uint32_t times = 0;  // how often one was made for this member in this epoch
  };

  ChainedEngine(EngineConfig config, ChainState chain, const Signer& signer, const Verifier& verifier);
  ChainedEngine(const ChainedEngine&) = default;
  // The record that the log gave back, or that of a member that must rejoin.
  void recover_record(const Recovered& recovered);
  // Blocks above the tip that the log holds; without that of the last vote, its body is lost.
  void recover_blocks(std::vector<Header> uncommitted);

  // --- what the engine does with it
  virtual void enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                           std::optional<CommitProof> proof) = 0;
  virtual void committed(Hash block, CommitProof proof) = 0;
  // What a committed block that cannot be would prove, for Broken.
  virtual const char* too_many_faulty() const { return "more than f validators are faulty"; }

  // --- durable records, messages, timers
  // With `high` as the record's certificate, unless the record is ahead of the chain.
  Lsn write_record(const Justify& high, std::optional<Hash> body, std::vector<MessagePtr> messages);
  // A record of an epoch that the chain has left holds no vote of this one. False: it is no such record.
  bool renew_record();
  void send(std::vector<ValidatorId> to, MessagePtr message, Lsn after);
  void drop(ValidatorId from, const char* code) { out_->push_back(Drop{from, code}); }
  void trace(std::string event);
  void arm(TimerId id, std::optional<int64_t> deadline);
  bool takes(const TimerFired& fired);  // false: it was armed anew or disarmed meanwhile
  int64_t t0_us() const { return static_cast<int64_t>(config_.params.timeout_ms) * kMicrosPerMilli; }
  int64_t timeout_us() const { return t0_us() << std::min(failures_, kBackoffMax); }

  // --- the committee
  std::optional<size_t> position_of(ValidatorId id) const { return committee_.position_of(id); }
  bool participates() const;  // may sign anything in this epoch
  bool signed_by(ValidatorId id, const Hash& digest, const Signature& signature) const;
  bool voted_by(ValidatorId id, const Hash& digest, const VoteSignature& vote) const;
  std::vector<ValidatorId> ids_of(const SignerSet& signers) const;  // of others
  std::vector<ValidatorId> others() const;
  const Committee* committee_at(Epoch epoch) const;  // this one's or the one before

  // --- blocks
  const Header* header_of(const Hash& block) const;
  bool executed(const Hash& block) const;  // applied, or judged valid
  bool is_committed(const Hash& block) const;
  bool is_full(const BlockNode& node) const;
  // Only the digest is known: the replica fetches the whole block, and its parents if need be.
  void want_body(const Hash& block, Height height, std::vector<ValidatorId> holders);
  // The body of the last vote was torn off in a crash: whoever has it may give it back.
  void want_lost_body();
  enum class Took { kNothing, kKnown, kBody, kJudged };
  Took take(const Judged& judged);
  // Digests above the tip down to `block`, parents first. None: a header is missing, or `block` is not above the tip.
  std::optional<std::vector<Hash>> path_from_tip(const Hash& block, Hash& missing) const;
  // False: the block can no longer be committed here, and the replica holds it no more.
  bool may_hang_on_tip(const Hash& block) const;

  // --- commits
  // The path to `block`, which `proof` commits with all its ancestors, once all of it is here and judged. None: what is
  // missing has been asked for, and the commit waits for it; or it can never be.
  std::optional<std::vector<Hash>> path_to_commit(const Hash& block, const CommitProof& proof);
  void retry_pending_commit();
  void advance(Commit commit, CommitProof proof);
  void prune_blocks();
  Height oldest_recent() const;
  // The chain that was caught up to, from this tip on, if its proof is of `rule`; its blocks stand in blocks_ then.
  std::optional<std::vector<Hash>> chain_of(const CaughtUp& caught, CommitRule rule);
  void install(const Installed& installed);  // enters its epoch too
  void on(const Applied& applied);

  // --- epochs
  void begin_epoch(Committee committee, const Hash& start, const Header& start_header,
                   std::optional<CommitProof> proof);
  // A message of another epoch never meets this epoch's committee. One of the next epoch waits until that epoch starts.
  bool check_epoch(ValidatorId from, Epoch epoch, const MessagePtr& message);
  size_t keep_early(ValidatorId from, const MessagePtr& message);  // how many of its are kept now
  std::vector<Received> take_early();

  // --- checkpoints
  void on(const CheckpointReached& reached);
  CheckpointVotes::Rules checkpoint_rules(const Committee& committee) const;
  void on_checkpoint_vote(ValidatorId from, const CheckpointVote& vote);
  virtual void note_checkpoint(ValidatorId from, CheckpointVotes::Added added);

  // --- rejoin
  RejoinRequest rejoin_request() const;
  // Its signature holds, and the last answer is not too recent: an answer costs a sync.
  bool may_answer(ValidatorId from, const RejoinRequest& request);
  void sign(RejoinReply& reply) const;
  // One planned hand-over a member an epoch (again only after `pause_us`), so that a higher view commits something. On
  // the second request: by then the others have answered with the view that is now in use.
  HandOver* hand_over_due(ValidatorId from, const RejoinRequest& request, int64_t pause_us);
  void made(HandOver& hand_over);
  bool answers_me(ValidatorId from, const RejoinReply& reply);

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
  Slot tip_slot_;  // where the certificate that committed the tip stands; pbft: the highest one
  std::optional<CommitProof> tip_proof_;
  Hash epoch_start_;
  Height epoch_base_ = 0;
  int64_t epoch_start_ms_ = 0;
  std::optional<Header> epoch_start_header_;
  std::optional<CommitProof> epoch_start_proof_;
  bool awaiting_epoch_ = false;  // the epoch's last block is committed; its execution is on the way
  CheckpointVotes checkpoints_;

  // blocks above the tip, and the last few below it
  std::map<Hash, BlockNode> blocks_;
  std::optional<PendingCommit> pending_commit_;

  // durable state (what the next Persist writes)
  VoteRecord vote_;
  Lsn lsn_ = 0;             // of the last Persist
  Slot persisted_high_;     // whose certificate is in the log already
  bool body_lost_ = false;  // of last_vote, in a crash: it stands, but may not be said again before the body is back

  uint32_t failures_ = 0;  // c: views or elections in a row without a commit
  std::map<ValidatorId, std::deque<MessagePtr>> early_;
  std::array<Timer, static_cast<size_t>(TimerId::kCount)> timers_{};
  std::map<ValidatorId, HandOver> hand_overs_;
};

}  // namespace tieline::consensus
