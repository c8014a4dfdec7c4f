#pragma once
// The parts of a replica and how they work together. The .cc files by what they do:
//   replica_open.cc    what the disk and the store say at the start
//   replica_step.cc    inputs of the host, and the loop that lets the parts go on until nothing moves
//   replica_engine.cc  the engine's effects, carried out in order: the driver
//   replica_chain.cc   committed blocks: store, outcomes, checkpoints, installed snapshots
//   replica_peers.cc   frames of peers
//   replica_clients.cc transactions: in at the door, out with an outcome

#include <array>
#include <deque>
#include <set>

#include "crypto/verified_cache.h"
#include "replica/builder.h"
#include "replica/catch_up.h"
#include "replica/chain_meta.h"
#include "replica/checkpoints.h"
#include "replica/gate.h"
#include "replica/history.h"
#include "replica/journal.h"
#include "replica/judge_desk.h"
#include "replica/relay.h"
#include "replica/replica_internal.h"
#include "replica/spread.h"
#include "replica/submission.h"

namespace tieline::replica {

inline constexpr size_t kCertificatesSeenMax = 64;      // of blocks, for committee links
inline constexpr size_t kNudgeScanMax = 4'096;          // pool entries looked at in one nudge
inline constexpr int64_t kPassLaterMaxUs = 60'000'000;  // a transaction that is early waits this long

inline constexpr size_t kDeferredMax = 1'024;  // refusals that wait until the history is whole

// A transaction that is refused with this code now may be executable a few blocks later.
bool may_pass_later(uint16_t code);

class ReplicaImpl final : public Replica {
 public:
  ReplicaImpl(Config config, const Store& store, const Verifier& verifier, const Signer* sealer);
  Status open(const DiskImage& disk, const EngineFactory& make);

  void step(const Now& now, Input input, Effects& effects) override;
  std::optional<int64_t> next_deadline() const override;
  ReplicaStatus status() const override;
  const Ledger& ledger() const override { return ledger_; }
  StateView committed_state() const override { return tree_->committed_view(); }
  Result<Receipt> receipt(const TxId& id) const override;

 private:
  // replica_open.cc
  Status read_store();
  void replay(const RecoveredLog& log);
  consensus::ChainState chain_state() const;
  consensus::VoteRecord first_vote() const;

  // replica_step.cc
  void on(const Start&);
  void on(const PeerUp& input);
  void on(const PeerDown& input);
  void on(const PeerFrame& input);
  void on(const ClientSubmit& input);
  void on(const ClientGone& input);
  void on(const Verified& input);
  void on(const LogDurable& input);
  void on(const StoreApplied& input);
  void on(const StoreFlushed& input);
  void on(const Wake&);
  void settle();
  void run_timers();
  void send_status(std::vector<ValidatorId> to);
  void ask_for_link();

  // replica_engine.cc
  void feed(consensus::Input input) { inbox_.push_back(std::move(input)); }
  void run_engine();
  void release();  // what the gate lets through
  void carry_out(consensus::Persist& effect);
  void carry_out(consensus::Send& effect);
  void carry_out(consensus::ArmTimer& effect);
  void carry_out(consensus::WantBlock& effect);
  void carry_out(consensus::Judge& effect);
  void carry_out(consensus::Commit& effect);
  void carry_out(consensus::Behind& effect);
  void carry_out(consensus::StableCheckpoint& effect);
  void carry_out(consensus::Drop& effect);
  void carry_out(consensus::Trace& effect);
  void carry_out(consensus::Broken& effect);
  void send_out(const consensus::Send& send);
  void die(std::string why);
  void feed_pending();
  std::optional<int64_t> oldest_pending();

  // replica_chain.cc
  void commit(const consensus::Commit& commit);
  bool commit_block(const Hash& digest, const CommitProof& proof, Lsn logged_commit);
  void end_epoch(const BlockNode& node, const CommitProof& proof, StoreBatch& batch);
  void note_certificate(const Certificate& certificate);
  void install(SnapshotFetch::Fetched fetched);
  BlockPtr load_committed(Height height) const;

  // replica_peers.cc
  void accuse(std::optional<RejectedSubmission> proof);
  void on_message(ValidatorId from, const Result<consensus::MessagePtr>& message);
  void on_frame(ValidatorId from, const TransactionsRequest& frame);
  void on_frame(ValidatorId from, const TransactionsAnswer& frame);
  void on_frame(ValidatorId from, const BlockRequest& frame);
  void on_frame(ValidatorId from, const BlockAnswer& frame);
  void on_frame(ValidatorId from, const BlocksRequest& frame);
  void on_frame(ValidatorId from, const BlocksAnswer& frame);
  void on_frame(ValidatorId from, const SnapshotRequest& frame);
  void on_frame(ValidatorId from, const SnapshotOffer& frame);
  void on_frame(ValidatorId from, const ChunkRequest& frame);
  void on_frame(ValidatorId from, const Chunk& frame);
  void on_frame(ValidatorId from, const StatusFrame& frame);
  void share_checkpoint(ValidatorId peer, const StatusFrame& status);
  void on_frame(ValidatorId from, const HistoryRequest& frame);
  void on_frame(ValidatorId from, const RelayHave& frame);
  void on_frame(ValidatorId from, const RelayPull& frame);
  void on_frame(ValidatorId from, const HistoryAnswer& frame);
  bool take_link(const HistoryAnswer& frame);

  // replica_clients.cc
  // `parsed`: by parse_transaction.
  void take_transaction(const Blob& bytes, const TxPtr& parsed, std::optional<Origin> origin, const StateView& state);
  void refuse(const TxId& id, uint16_t code, const std::vector<Origin>& origins);
  bool is_behind() const;  // or cannot know that it is not
  bool answer_committed(const TxId& id, const std::vector<Origin>& origins);
  void refuse_unless_committed(const TxId& id, uint16_t code, std::vector<Origin> origins);
  void look_again();  // at what could not be answered while the history was not whole
  void settle_outcomes(const Block& block, const std::vector<TxResult>& results);
  void nudge();

  const Config config_;
  const Store& store_;
  const VerifiedCache verifier_;
  Ledger ledger_;
  Context context_;
  bool dead_ = false;

  Pool pool_;
  VerifyQueue verify_;
  const Signer* sealer_;  // null: batches go unsealed
  Spread spread_;
  Relay relay_;
  Submissions submissions_;
  Checkpoints checkpoints_;
  History history_;
  std::optional<BlockTree> tree_;  // these four once the store is read
  std::optional<Builder> builder_;
  std::optional<JudgeDesk> desk_;
  std::optional<CatchUp> catch_up_;
  std::optional<Journal> journal_;
  Gate gate_;
  std::optional<Lsn> first_write_;  // what a start writes to the log first, while it is not durable

  std::unique_ptr<consensus::Engine> engine_;
  std::deque<consensus::Input> inbox_;
  consensus::Effects engine_effects_;  // of the step that is being carried out; kept for its room
  struct Timer {
    uint64_t generation = 0;
    std::optional<int64_t> deadline_us;
  };
  std::array<Timer, static_cast<size_t>(consensus::TimerId::kCount)> timers_{};
  std::optional<int64_t> pending_fed_;
  struct PendingChecked {
    TxId id;
    Hash tip;
  };
  std::optional<PendingChecked> pending_checked_;

  std::map<ValidatorId, Height> checkpoint_told_;  // the stable checkpoint whose votes a peer was sent again

  Committee committee_;  // of the tip's child
  EpochStart epoch_start_;
  std::optional<CommitProof> tip_proof_;
  std::map<Hash, Certificate> certificates_seen_;
  std::deque<Hash> certificates_order_;
  std::optional<CommitteeLink> offered_link_;  // came with a run of blocks that ends an epoch

  struct Deferred {
    TxId id;
    uint16_t code = 0;
    std::vector<Origin> origins;
  };
  std::deque<Deferred> deferred_;
  size_t link_turn_ = 0;

  std::vector<ValidatorId> peers_;  // connected, ascending
  Effects at_start_;                // of the recovery: carried out first
  int64_t next_status_us_ = 0;
  int64_t next_nudge_us_ = 0;
  bool started_ = false;
};

}  // namespace tieline::replica
