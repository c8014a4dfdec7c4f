#pragma once
// What must hold in every schedule, checked after every event, incrementally. The checkers see only what leaves correct
// validators (frames, commits, outcomes) and never decide anything themselves. The first finding ends the schedule.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/ledger.h"
#include "model/block.h"
#include "model/evidence.h"
#include "replica/replica.h"
#include "sim/event.h"
#include "sim/faults.h"
#include "sim/market_books.h"

namespace tieline::sim {

enum class Failure : uint8_t {
  kNone,
  kFork,           // two blocks committed at one height
  kDoubleVote,     // of one correct validator for one slot or term; two leaders of one view
  kCommitOrder,    // a validator's commits skip, repeat, or do not extend each other
  kLostAck,        // an acknowledged transaction is not where it was acknowledged
  kInvalid,        // a transaction recorded that never should be, or twice
  kWrongEvidence,  // evidence against a correct validator
  kState,          // equal heights, different states
  kInvariant,      // a TL_CHECK of the code under test
  kUnbounded,      // queues or pools above their bounds
  kOrder,          // a client's history is not linearizable
  kMarket,         // money is not conserved, or something of the market does not come to its end
  kReceipt,        // no correct validator gives a receipt, or one gives a receipt that does not verify
  kFatal,          // a validator stopped itself without cause
  kStuck           // healed, but no progress in time
};
inline constexpr size_t kFailures = static_cast<size_t>(Failure::kStuck) + 1;
const char* failure_name(Failure failure);

struct Finding {
  Failure failure = Failure::kNone;
  int64_t time_us = 0;
  std::string what;
};

// How much evidence of each kind stands in the committed blocks.
struct EvidenceCounts {
  uint64_t certificates = 0, timeouts = 0, equivocations = 0, late = 0, reports = 0, invalid = 0, rejected = 0;
};

class Checkers {
 public:
  // `traitors`: bit a Byzantine validator, against which evidence may be found. `verifier` outlives the checkers.
  Checkers(const Ledger& ledger, const Verifier& verifier, Mask traitors)
      : chain_(ledger.chain()),
        committee_(ledger.first_committee()),
        rule_(ledger.genesis().consensus.commit_rule()),
        verifier_(&verifier),
        traitors_(traitors) {
    if (ledger.genesis().market) books_.emplace(ledger.genesis());
    chain_of_blocks_.push_back({ledger.genesis_header().digest(), {}});
  }

  // A frame that a correct validator sends.
  void frame_left(ValidatorId from, const SharedFrame& frame);
  void committed(ValidatorId at, const replica::BlockCommitted& effect);
  // A process started, and stands at this block (which it must have committed before, or been given by a snapshot).
  void standing(ValidatorId at, Height height, const Hash& digest);
  void installed_snapshot(ValidatorId at, Height height) { last_committed_[at] = height; }
  void started(ValidatorId at, Height height) { last_committed_[at] = height; }
  // A client holds f+1 equal answers.
  void acknowledged(const TxId& id, Height height, uint16_t code);
  // Checks acknowledgements whose height is committed by now. `all`: and those above are lost.
  void settle_acknowledged(bool all);
  void must_not_be_recorded(const TxId& id) { forbidden_.emplace(id, true); }
  void report(Failure failure, std::string what);

  void set_time(int64_t time_us) { time_us_ = time_us; }
  const std::optional<Finding>& finding() const { return finding_; }
  Height height() const { return chain_of_blocks_.size() - 1; }
  const Hash& digest_at(Height height) const { return chain_of_blocks_[height].digest; }
  struct Place {
    Height height = 0;
    uint32_t index = 0;
    uint16_t code = 0;
  };
  std::optional<Place> place_of(const TxId& id) const;
  bool epoch_ended() const { return epoch_ended_; }
  const MarketBooks* books() const { return books_ ? &*books_ : nullptr; }
  const EvidenceCounts& evidence() const { return evidence_; }
  bool two_chain_seen() const { return two_chain_seen_; }
  bool new_view_seen() const { return new_view_seen_; }
  bool timeout_seen() const { return timeout_seen_; }
  bool reproposal_seen() const { return reproposal_seen_; }

 private:
  struct Vote {
    Slot slot;
    ValidatorId signer = 0;
    auto operator<=>(const Vote&) const = default;
  };
  struct Committed {
    Hash digest;
    Hash parent;
  };
  void vote(const char* kind, ValidatorId signer, const Slot& slot, Height height, const Hash& block);
  void term_frame_left(ValidatorId from, bool request, ByteView body);
  void term_vote(ValidatorId signer, View term, ValidatorId candidate);
  void election_vote(const consensus::ViewChange& vote);
  void check_evidence(const Block& block);

  bool signed_it(const LateConfirm& late) const;

  ChainId chain_;
  Committee committee_;  // of epoch 0: a validator's keys stay the same
  CommitRule rule_;
  const Verifier* verifier_;
  Mask traitors_;
  int64_t time_us_ = 0;
  std::optional<Finding> finding_;
  std::vector<Committed> chain_of_blocks_;    // by height; 0 is genesis
  std::unordered_map<TxId, Place> places_;    // lookups only
  std::unordered_map<TxId, bool> forbidden_;  // lookups only
  struct Acknowledged {
    TxId id;
    Height height = 0;
    uint16_t code = 0;
  };
  std::vector<Acknowledged> to_check_;
  std::map<Vote, std::pair<Height, Hash>> votes_, commit_votes_;    // CONFIRM or PREPARE; COMMIT
  std::map<std::pair<ValidatorId, View>, ValidatorId> term_votes_;  // raft: for whom
  std::set<std::pair<View, ValidatorId>> candidacies_;              // raft: who asked for votes because of a time-out
  std::map<std::tuple<ValidatorId, Epoch, View>, ValidatorId> election_votes_;
  std::map<std::pair<Epoch, View>, ValidatorId> leaders_;  // who proposed first in each view
  std::unordered_map<Hash, Slot> proposed_;                // lookups only: where each block was first proposed
  std::map<ValidatorId, Height> last_committed_;
  bool epoch_ended_ = false;
  EvidenceCounts evidence_;
  std::optional<MarketBooks> books_;
  bool two_chain_seen_ = false;
  bool new_view_seen_ = false;
  bool timeout_seen_ = false;
  bool reproposal_seen_ = false;
};

}  // namespace tieline::sim
