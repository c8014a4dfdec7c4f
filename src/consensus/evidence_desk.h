#pragma once
// Evidence on its way into blocks, apart from equivocations: late CONFIRMs of members that a certificate in a block
// left out, the newest vectors of measures, proofs of invalid blocks and rejected submissions. Every piece in it has
// been verified. What a block has carried is forgotten; what is lost in a crash the others still have.
//
// Nothing here decides anything about agreement.

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consensus/engine.h"

namespace tieline::consensus {

inline constexpr size_t kLatePerMemberMax = 64;  // late CONFIRMs kept of a member; a flooder loses its own
inline constexpr size_t kProofsPending = 8;      // of either kind of bad transaction
inline constexpr size_t kTimeoutsShownMax = 64;  // views of this epoch whose failure a block has shown; the newest

class EvidenceDesk {
 public:
  EvidenceDesk(ValidatorId self, uint64_t window) : self_(self), window_(window) {}

  void voted(LateConfirm vote);  // this member's own vote, in case a certificate leaves it out

  // What a committed block carried: with the votes that are known here besides those in its certificates (`known` gives
  // the signature of the member at a position on what the certificate certifies, or none).
  using KnownVote = std::function<std::optional<VoteSignature>(const Certificate&, size_t)>;
  void committed(const Evidence& evidence, const Committee& committee, const Committee* previous,
                 const KnownVote& known);
  // Own votes that newly counted certificates lack: to be said again, to all.
  std::vector<LateConfirm> take_own_late();
  // Own votes that certificates in blocks still lack: for a new leader.
  std::vector<LateConfirm> own_late() const;

  bool wants(const LateConfirm& vote, const Committee& committee) const;  // worth a check of its signature
  void add(const LateConfirm& vote);
  bool wants(const MeasureReport& report) const;
  void add(const MeasureReport& report);
  void add(const InvalidBlock& proof);
  void add(const RejectedSubmission& proof);
  // A committed block of this epoch shows that so many timed out towards `view`.
  bool timeout_shown(View view) const { return timeouts_shown_.contains(view); }

  // Adds what a block above these uncommitted ancestors may carry of epochs from `oldest`. `turn` decides whose come
  // first where not all fit.
  void collect(Evidence& out, const std::vector<Evidence>& ancestors, const Committee& committee, Epoch oldest,
               uint64_t turn) const;
  void new_epoch(Epoch epoch);  // what is older than the epoch before is forgotten

 private:
  struct Counted {  // a slot whose certificate in a block is without some members
    Height height = 0;
    Hash block;
    SignerSet signers;
  };
  void forget_beyond_window();

  ValidatorId self_;
  uint64_t window_;  // slots
  std::map<Slot, LateConfirm> own_votes_;
  std::vector<Slot> own_missing_;  // newly found
  std::map<Slot, Counted> counted_;
  std::map<ValidatorId, std::map<Slot, LateConfirm>> late_;
  std::map<ValidatorId, MeasureReport> reports_;  // of this epoch, newest
  std::map<ValidatorId, uint32_t> reported_;      // the newest window a block has carried
  std::set<View> timeouts_shown_;                 // of this epoch
  std::vector<InvalidBlock> invalid_;
  std::vector<RejectedSubmission> rejected_;
};

}  // namespace tieline::consensus
