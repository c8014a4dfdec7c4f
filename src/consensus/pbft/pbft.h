#pragma once
// PBFT (Castro and Liskov, TOCS 2002) on a chain of blocks: pre-prepare, prepare, commit, a primary by round robin,
// checkpoints, view changes with the sets P and Q. The baseline that cbft is compared with, run by the same replica,
// ledger and log. docs/pbft.md states every rule with its reason and where it differs from the paper. PROPOSE is the
// PRE-PREPARE, and its signature the primary's PREPARE. The .cc files follow the document:
//   pbft.cc         construction, dispatch, durable records, timers
//   pbft_vote.cc    pre-prepare, prepare, commit votes and their certificates
//   pbft_lead.cc    what the primary does
//   pbft_commit.cc  commits, catch-up, epochs, checkpoints
//   pbft_view.cc    VIEW-CHANGE and NEW-VIEW
//   pbft_rejoin.cc  a validator whose durable state is damaged or gone

#include <map>

#include "consensus/chained_engine.h"
#include "consensus/kernel/confirm_pool.h"
#include "consensus/pbft/new_view.h"
#include "standing/leader.h"

namespace tieline::consensus::pbft {

inline constexpr size_t kViewsPerMemberMax = 4;      // VIEW-CHANGEs kept of one member
inline constexpr int64_t kSlotsKept = 64;            // below the newest certificate, for late votes
inline constexpr size_t kFaultsPending = 32;         // proofs of equivocation waiting to get into a block
inline constexpr int64_t kHandOverPauseFactor = 16;  // x T0 between two hand-overs for one rejoining member
inline constexpr Height kUncommittedMax = 16;        // prepared blocks that wait for their COMMITs

using standing::primary_of;

class Pbft final : public ChainedEngine {
 public:
  Pbft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier);
  void step(const Now& now, const Input& input, Effects& effects) override;
  EngineStatus status() const override;
  std::unique_ptr<Engine> clone() const override { return std::make_unique<Pbft>(*this); }

 private:
  using ChainedEngine::on;

  // pbft.cc
  void on(const Started&);
  void on(const Received&);
  void on(const TimerFired&);
  void on(const Pending& p) { oldest_us_ = p.oldest_us; }
  void receive(ValidatorId from, const MessagePtr& message, const Propose&) { on_pre_prepare(from, message); }
  void receive(ValidatorId from, const MessagePtr&, const PrepareVote& m) { on_prepare(from, m); }
  void receive(ValidatorId from, const MessagePtr&, const CommitVote& m) { on_commit_vote(from, m); }
  void receive(ValidatorId from, const MessagePtr& message, const ViewChange&) { on_view_change(from, message); }
  void receive(ValidatorId from, const MessagePtr& message, const NewView&) { on_new_view(from, message); }
  void receive(ValidatorId from, const MessagePtr&, const CheckpointVote& m) { on_checkpoint_vote(from, m); }
  void receive(ValidatorId from, const MessagePtr&, const Heartbeat& m) { on_heartbeat(from, m); }
  void receive(ValidatorId from, const MessagePtr&, const Decided& m) { on_decided(from, m); }
  void receive(ValidatorId from, const MessagePtr&, const RejoinRequest& m) { on_rejoin_request(from, m); }
  void receive(ValidatorId from, const MessagePtr&, const RejoinReply& m) { on_rejoin_reply(from, m); }
  template <class Other>
  void receive(ValidatorId from, const MessagePtr&, const Other&) {
    drop(from, "message_of_another_engine");
  }
  Lsn persist(std::optional<Hash> body, std::vector<MessagePtr> messages) {
    return write_record(high_, body, std::move(messages));
  }
  void refresh_timers();
  void resend();
  void recall();
  void resume();
  bool active() const { return participates() && !vote_.view_changing; }
  // Holds the certificate that a VIEW-CHANGE of its must speak of.
  bool may_leave_view() const { return high_.certificate || high_.slot.is_epoch_start(); }
  ValidatorId primary(View view) const { return primary_of(committee_, view); }
  bool is_primary() const { return primary(vote_.view) == config_.self; }

  // pbft_vote.cc
  void on_pre_prepare(ValidatorId from, const MessagePtr& message);
  bool justified(ValidatorId from, const Propose& p, const Hash& block);
  void on_prepare(ValidatorId from, const PrepareVote& vote);
  void on_commit_vote(ValidatorId from, const CommitVote& vote);
  void on(const Judged&);
  void try_prepare(const Slot& slot);
  void try_prepares();
  void try_commits();
  void add_prepare(ValidatorId signer, const Slot& slot, Height height, const Hash& block, const VoteSignature& vote);
  void note_equivocation(const Equivocation& proof);
  void on_prepared(const Certificate& certificate);
  void on_committed(const Certificate& certificate);
  bool prepared(const Certificate& certificate) const;
  void raise_high(const Justify& justify);
  MessagePtr own_prepare() const;
  MessagePtr own_commit(const Slot& slot, Height height, const Hash& block) const;
  void answer_late_vote(ValidatorId from, ValidatorId signer, const Slot& slot);

  // pbft_lead.cc
  void maybe_propose();
  void withdraw();
  void on(const BlockBuilt&);
  void pre_prepare(const BlockPtr& block, const Slot& slot, const Justify& justify);
  std::optional<Slot> next_slot() const;
  Justify justify_of(const NewView& nv) const;
  Evidence collect_evidence(const Header& parent, const Slot& slot) const;

  // pbft_commit.cc
  void committed(Hash block, CommitProof proof) override;
  void committed_again(const CommitProof& proof);
  void emit_commit(const std::vector<Hash>& chain, CommitProof proof);
  void prune();
  void on(const CaughtUp&);
  void on(const Installed&);
  void on(const SubmissionRejected&) {}  // its blocks carry certificates, time-outs and equivocations only
  void on_decided(ValidatorId from, const Decided& decided);
  void on_heartbeat(ValidatorId from, const Heartbeat& heartbeat);
  void enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                   std::optional<CommitProof> proof) override;
  void reset_epoch_state();

  // pbft_view.cc
  void start_view_change(ViewChangeKind kind, View target);
  void enter_view(View view, const char* by);
  bool view_proven() const { return !vote_.view_changing || quorum_changing_us_.has_value(); }
  void on_view_change(ValidatorId from, const MessagePtr& message);
  void on_new_view(ValidatorId from, const MessagePtr& message);
  const char* wrong_in(const Message& message) const;
  Status check_new_view(const Message& message) const;
  void maybe_join();
  void maybe_new_view();
  void note_quorum_changing();
  void answer_lower_view(ValidatorId from, View view);

  // pbft_rejoin.cc
  void on_rejoin_request(ValidatorId from, const RejoinRequest& request);
  void on_rejoin_reply(ValidatorId from, const RejoinReply& reply);
  void send_rejoin_request();
  void maybe_finish_rejoin();
  bool proves_view(const RejoinReply& reply) const;

  std::map<Hash, Certificate> commits_of_;  // of recent blocks: COMMITs, the certificate with the most signers

  // votes
  Justify high_;  // P: the highest certificate, of PREPAREs or (which says more) of COMMITs
  struct Recalled {
    MessagePtr own_proposal, own_view_change;
  };
  std::optional<Recalled> recalled_;      // what the log gave back, until the chain is in the vote's epoch
  std::optional<Justify> recorded_high_;  // of a record that is of a later epoch than the chain has reached
  MessagePtr own_proposal_;
  MessagePtr own_view_change_;
  ConfirmPool prepares_, commits_;
  std::map<Slot, MessagePtr> proposals_;
  std::map<Slot, Certificate> prepared_;  // slots that a quorum prepared
  std::optional<Slot> committed_to_;      // this member's last COMMIT in this view
  std::vector<Equivocation> faults_;      // to put into a block

  // the view
  int64_t view_entered_us_ = 0;
  bool view_committed_ = false;  // a slot of this view has committed
  MessagePtr new_view_;          // of this view, if it was entered by one
  std::map<ValidatorId, std::map<View, MessagePtr>> view_changes_;
  std::optional<int64_t> quorum_changing_us_;  // since when n-f are known to change to this view or beyond

  // leading
  uint64_t ticket_ = 0;
  std::optional<WantBlock> wanted_;

  // liveness
  std::optional<int64_t> oldest_us_;
  int64_t full_commit_us_ = 0;
  int64_t last_resend_us_ = 0;
  int64_t last_heartbeat_us_ = 0;
  std::map<ValidatorId, int64_t> late_answered_us_;  // when a member was last told of a commit it seems to miss

  // rejoin
  std::map<ValidatorId, RejoinReply> rejoin_replies_;
};

}  // namespace tieline::consensus::pbft
