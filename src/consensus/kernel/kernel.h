#pragma once
// The safety kernel under cbft and trust_raft (front_end.h says what differs): votes, certificates, both commit rules,
// Select, view changes with ACKs, epoch ends, rejoin. docs/consensus.md states every rule with its reason; the .cc
// files follow its sections:
//   kernel.cc         construction, dispatch, durable records, timers
//   kernel_vote.cc    PROPOSE, CONFIRM, certificates
//   kernel_lead.cc    what the leader does
//   kernel_commit.cc  commit rules, catch-up, epochs, checkpoints
//   kernel_view.cc    VIEW-CHANGE, ACK, NEW-VIEW
//   kernel_elect.cc   elections, where leaders are elected
//   kernel_evidence.cc  what goes into blocks besides transactions
//   kernel_rejoin.cc  a validator whose durable state is damaged or gone
//   kernel_fingerprint.cc  what makes two kernels the same, for the explorer

#include <deque>
#include <map>
#include <set>

#include "consensus/chained_engine.h"
#include "consensus/evidence_desk.h"
#include "consensus/explorable.h"
#include "consensus/kernel/confirm_pool.h"
#include "consensus/kernel/front_end.h"
#include "consensus/kernel/select.h"
#include "consensus/measuring.h"
#include "consensus/trust_raft/request_filter.h"

namespace tieline::consensus {

inline constexpr View kViewsPerMemberMax = 4;        // VIEW-CHANGEs kept of one member
inline constexpr size_t kNewViewsKept = 16;          // NEW-VIEWs kept besides those that known last votes refer to
inline constexpr size_t kLeadersKept = 64;           // views whose leader is remembered
inline constexpr size_t kEmptyBlocksMax = 2;         // to commit what is pending while idle
inline constexpr int64_t kSlotsKept = 64;            // below the newest certificate, for late CONFIRMs
inline constexpr size_t kFaultsPending = 32;         // proofs of equivocation waiting to get into a block
inline constexpr int64_t kHandOverPauseFactor = 16;  // x T0 x 2^min(times, 6) between two hand-overs for one member
inline constexpr uint32_t kRejoinRequestsPerDoubling = 8;  // then they come half as often, down to 1/64

class Kernel final : public ChainedEngine, public Explorable {
 public:
  Kernel(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier);
  void step(const Now& now, const Input& input, Effects& effects) override;
  EngineStatus status() const override;
  std::unique_ptr<Engine> clone() const override { return std::make_unique<Kernel>(*this); }
  void fingerprint(Writer& w) const override;

 private:
  using ChainedEngine::on;
  struct ViewChangeEntry {
    MessagePtr message;
    bool acked = false;  // checked whole, its body and NEW-VIEW held: counts as this node's ACK
  };

  // kernel.cc
  void on(const Started&);
  void on(const Received&);
  void on(const TimerFired&);
  void on(const Pending&);
  Lsn persist(std::optional<Hash> body, std::vector<MessagePtr> messages) {
    return write_record(high_, body, std::move(messages));
  }
  void refresh_timers();
  void resend();
  void recall();
  void resume();
  int64_t patience_us() const;          // how long this member waits in its view
  bool may_leave_view() const;          // holds all that a VIEW-CHANGE of its would speak of
  ValidatorId leader(View view) const;  // kNobody: not known here
  bool is_leader() const { return leader(vote_.view) == config_.self; }
  bool active() const { return participates() && !vote_.view_changing; }
  VoteSignature sign_vote(const Hash& digest) const;

  // kernel_vote.cc
  void on_propose(ValidatorId from, const MessagePtr& message);
  void on_confirm(ValidatorId from, const Confirm& confirm);
  void on(const Judged&);
  bool justified(ValidatorId from, const Propose& p, const Hash& block);
  void try_vote(const Slot& slot);
  void regain_last_vote();
  void try_votes();
  void add_confirm(ValidatorId signer, const Slot& slot, Height height, const Hash& block, const VoteSignature& vote,
                   bool checked = true);
  bool sides_verify(const Equivocation& candidate);
  void distrust(ValidatorId id, const char* code);
  void settle(const Slot& slot, const Hash& block);
  void note_equivocation(const Equivocation& proof);
  void on_certificate(const Certificate& certificate);
  Status check_certificate(const Certificate& certificate) const;
  void raise_high(const Justify& justify);
  bool tenure_reached(const Header& header, const Slot& slot);
  MessagePtr own_confirm() const;
  std::vector<ValidatorId> voters() const;  // whom votes go to; empty: all

  // kernel_lead.cc
  void maybe_propose();
  void withdraw();
  void on(const BlockBuilt&);
  void propose(const BlockPtr& block, const Slot& slot, const Justify& justify);
  std::optional<Slot> next_slot() const;

  // kernel_evidence.cc
  Evidence collect_evidence(const Header& parent, const Hash& parent_block, const Slot& slot);
  void collect_timeouts(Evidence& out, const std::vector<Evidence>& ancestors, View view) const;
  void evidence_committed(const Evidence& evidence);
  std::optional<VoteSignature> lone_vote(const Certificate& certificate, size_t position) const;
  void measure();
  void note_bad_header(ValidatorId signer, const Propose& propose);
  void note_bad_transaction(const Hash& block, const BadTransaction& bad);
  void send_late(std::vector<ValidatorId> to, std::vector<LateConfirm> votes);
  void on_late(ValidatorId from, const LateConfirms& late);
  void on_probe(ValidatorId from, const Probe& probe);
  void on_measured(ValidatorId from, const Measured& measured);
  void on(const SubmissionRejected&);

  // kernel_commit.cc
  void check_commit_rules(const Certificate& certificate);
  void committed(Hash block, CommitProof proof) override;
  void emit_commit(const std::vector<Hash>& chain, CommitProof proof);
  void prune();
  void on(const CaughtUp&);
  void on(const Installed&);
  void on_decided(ValidatorId from, const Decided& decided);
  void on_heartbeat(ValidatorId from, const Heartbeat& heartbeat);
  void on_checkpoint(ValidatorId from, const CheckpointCert& certificate);
  void note_checkpoint(ValidatorId from, CheckpointVotes::Added added) override;
  void enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                   std::optional<CommitProof> proof) override;
  void reset_epoch_state();

  // kernel_view.cc
  void start_view_change(ViewChangeKind kind, View target, bool own_time_out = false);
  void say_view_change(ViewChangeKind kind);
  void repeat_grant();
  void enter_view(View view, const char* by);
  bool view_proven() const;
  void check_tenure();
  void on_view_change(ValidatorId from, const MessagePtr& message);
  void on_ack(ValidatorId from, const ViewChangeAck& ack);
  void on_new_view(ValidatorId from, const MessagePtr& message);
  bool check_view_change(ValidatorId from, const Message& message);
  Status check_new_view(const Message& message) const;
  void keep_new_view(const MessagePtr& message);
  bool new_view_needed(const Hash& digest) const;
  const NewView* kept_new_view(const Hash& digest) const;
  bool ackable(const ViewChange& vc);
  void try_acks();
  void send_ack(const Message& view_change);
  void maybe_join();
  void maybe_new_view();
  void announce(NewView nv);
  SignerSet members_changing_from(View view) const;
  void note_quorum_changing();
  void send_new_view_of_vote(Lsn after);
  static std::vector<Summary> summaries_of(const std::vector<const ViewChange*>& set);
  void answer_lower_view(ValidatorId from, View view);

  // kernel_elect.cc
  struct Waits {
    View view = 0;
    int64_t timeout_us = 0;
    ValidatorId led_by = kNobody;
    int64_t patience_us = 0;
    int64_t stand_delay_us = 0;
  };
  const Waits& waits() const;
  bool is_request(const ViewChange& vc) const { return vc.leader == vc.signer; }
  bool may_vote_for(ValidatorId candidate, View term) const;
  std::optional<ValidatorId> best_request(View term) const;
  bool seen_before(const Message& view_change) const;
  void note_failed_leader();
  void vote_for_candidate(ValidatorId candidate);
  void maybe_grant();
  void maybe_elected();
  Status check_grants(const NewView& nv) const;
  static ValidatorId elected_by(const NewView& nv);
  void learn_leader();
  void ask_who_leads(ValidatorId claims);
  void answer_heartbeat(ValidatorId from, const Heartbeat& heartbeat);
  void hear_leader(ValidatorId from);
  void tell_commit();

  // kernel_rejoin.cc
  void on_rejoin_request(ValidatorId from, const RejoinRequest& request);
  void on_rejoin_reply(ValidatorId from, const MessagePtr& message);
  void send_rejoin_request();
  void maybe_finish_rejoin();
  bool proves_view(const RejoinReply& reply) const;

  // kernel_fingerprint.cc: every field below is either written there or named there with the reason why not
  // (tests/consensus/fingerprint_fields_test.py).
  void write_chain(Writer& w) const;
  void write_votes(Writer& w) const;
  void write_view(Writer& w) const;
  void write_rejoin(Writer& w) const;

  const FrontEnd* front_;
  mutable std::map<View, ValidatorId> leaders_;  // of this epoch: a draw costs f+1 hashes, and every step asks
  std::map<Hash, Certificate> certificates_of_;  // of recent blocks, the one with the most signers

  // votes
  Justify high_;  // highQC
  struct Recalled {
    MessagePtr new_view, own_proposal, own_view_change;
  };
  std::optional<Recalled> recalled_;      // what the log gave back, until the chain is in the vote's epoch
  std::optional<Justify> recorded_high_;  // of a record that is of a later epoch than the chain has reached
  MessagePtr own_proposal_;
  MessagePtr own_view_change_;
  ConfirmPool confirms_;
  std::set<ValidatorId> distrusted_;  // sent a bad share in this epoch: theirs are checked alone from then on
  std::map<Slot, MessagePtr> proposals_;
  std::map<Slot, Certificate> quorum_certificates_;
  std::set<ValidatorId> equivocators_;  // proven in this epoch
  std::vector<Equivocation> faults_;    // to put into a block
  EvidenceDesk desk_;                   // and what else goes there
  Measuring measuring_;

  // the view
  int64_t view_entered_us_ = 0;
  bool view_committed_ = false;           // a slot of this view has committed
  MessagePtr new_view_;                   // of this view, if it was entered by one
  std::optional<int64_t> view_start_ms_;  // block time from which the view's tenure counts, once known
  std::map<ValidatorId, std::map<View, ViewChangeEntry>> view_changes_;
  // By view, subject and signer; kept by the leader of that view, also a little before it gets there itself.
  std::map<View, std::map<ValidatorId, std::map<ValidatorId, ViewChangeAck>>> acks_;
  std::deque<MessagePtr> new_views_;
  std::optional<int64_t> quorum_changing_us_;  // since when n-f are known to change to this view or beyond

  // elections
  int64_t changing_us_ = 0;           // since when it is changing to this view
  int64_t heard_us_ = 0;              // from the leader of this view
  int64_t asked_us_ = INT64_MIN / 2;  // who leads
  size_t asks_ = 0;
  std::map<ValidatorId, View> failed_in_;  // the last term that a member was elected for and that had to be left
  RequestFilter requests_;                 // of this term, verified
  Height told_ = 0;                        // the highest commit the others have the certificates of
  mutable std::optional<Waits> waits_;

  // leading
  uint64_t ticket_ = 0;
  std::optional<WantBlock> wanted_;

  // liveness
  std::optional<int64_t> oldest_us_;
  int64_t full_commit_us_ = 0;
  int64_t certified_us_ = 0;  // when highQC last rose in this view
  int64_t last_resend_us_ = 0;
  int64_t last_heartbeat_us_ = 0;

  // rejoin
  std::map<ValidatorId, RejoinReply> rejoin_replies_;
  uint32_t rejoin_requests_ = 0;  // how many were sent
};

}  // namespace tieline::consensus
