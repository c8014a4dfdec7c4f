#pragma once
// A leader's blocks on their way through neighbours (paper 004, eq. 3 and "the leader node first broadcasts .. to all
// neighbouring nodes within Q1, each node then relays it to the peer with the closest distance"; docs/trust-raft.md,
// "Relay"). Only where genesis says so. The leader sends its PROPOSE, signed, to its neighbours and tells the others
// that there is one. A neighbour whose engine took it hands it to each peer that is not known to have it and to which
// no other holder is nearer: positions are the same for all, so each is served by one, two hops from the author. The
// engine sees a PROPOSE of its author as if it had come over the author's own link.
//
// Nothing depends on a relay. A PROPOSE that the engine sends again goes to everybody directly, and so do the next
// ones; who was told of one and does not get it within two heartbeats asks the leader, then those that are known to
// have it.
//
// Leases: who was not heard from between two boundaries of lease_ms in block time is no neighbour until the next one,
// and is served by the leader itself. Everything here is soft state: a restart forgets it.
//
// Counted codes: relay_not_a_proposal, relay_not_a_member, relay_other_epoch, relay_old, relay_bad_signature,
// relay_have_malformed, relay_pull_unknown, relay_pulls, relay_fallbacks, relay_passed_on.

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "consensus/messages.h"
#include "crypto/scheme.h"
#include "model/genesis.h"
#include "replica/context.h"
#include "replica/frames.h"

namespace tieline::replica {

inline constexpr size_t kRelayKept = 16;              // proposals, to pass on and to answer pulls with
inline constexpr size_t kRelayPerSlot = 2;            // different ones of a slot: the second is evidence
inline constexpr size_t kPullsMax = 4;                // proposals that are waited for
inline constexpr uint32_t kDirectAfterFallback = 64;  // proposals after one that had to be sent again
inline constexpr int64_t kPullAfterHeartbeats = 2;

// What the author of a relayed PROPOSE signs: tag "tieline/relay/1", chain, u16 origin, digest of the message.
Hash relay_digest(const ChainId& chain, ValidatorId origin, const Hash& message);

class Relay {
 public:
  // A heartbeat is T0 / 3 (consensus/trust_raft). `signer` and `verifier` must outlive it; without a signer, or with a
  // genesis that has no relay, it is off.
  Relay(const ConsensusParams& params, const ChainId& chain, ValidatorId self, const Signer* signer,
        const Verifier& verifier);
  bool on() const { return params_.has_value(); }

  // The committee of the tip's child, and the block time there: leases and neighbours change at boundaries only.
  void renew(const Committee& committee, int64_t tip_ms);
  void heard(ValidatorId from) {
    if (on()) heard_[from] = true;
  }

  // This validator's own PROPOSE is to leave for `to`: frames go out, and whoever comes back gets it directly.
  std::vector<ValidatorId> lead(const consensus::MessagePtr& message, const std::vector<ValidatorId>& to,
                                const std::vector<ValidatorId>& connected, Context& context);
  // The PROPOSE that the engine shall see, as said by frame.origin; null: nothing new, or nothing good.
  consensus::MessagePtr on_frame(ValidatorId from, const RelayFrame& frame,
                                 const Result<consensus::MessagePtr>& message, Context& context);
  void on_have(ValidatorId from, const RelayHave& frame, Context& context);
  void on_pull(ValidatorId from, const RelayPull& frame, Context& context);
  void came_directly(ValidatorId from, const consensus::Message& message);  // a PROPOSE over its author's link
  void accepted(const Hash& block);  // the engine asks to judge it: it may be passed on

  void pump(const std::vector<ValidatorId>& connected, Context& context);
  std::optional<int64_t> deadline() const;
  const std::vector<ValidatorId>& neighbours() const { return neighbours_; }

 private:
  struct Kept {
    Hash message;
    Slot slot;
    Hash block;
    ValidatorId origin = 0;
    std::optional<Signature> signature;  // none: it came directly
    Blob bytes;
    SignerSet have;            // known to have it, or handed it by this validator
    SignerSet served;          // a pull is answered once
    bool from_author = false;  // who left those that this validator is nearest to for it to serve
    bool due = false;          // the engine took it: it is passed on with the next pump
  };
  struct Pull {
    Hash message;
    Slot slot;
    ValidatorId origin = 0;
    SignerSet have;
    SignerSet asked;
    int64_t next_us = 0;
  };
  struct Newest {
    Slot slot;
    size_t contents = 0;
  };
  Kept* find(const Hash& message);
  Kept& keep(Kept kept);
  void mark(SignerSet& set, ValidatorId id) const;
  bool reachable(ValidatorId id, const std::vector<ValidatorId>& connected) const;
  bool is_nearest_holder(ValidatorId to, const Kept& kept) const;
  RelayFrame frame_of(const Kept& kept) const;
  void pass_on(Kept& kept, const std::vector<ValidatorId>& connected, Context& context);
  void pull(Pull& pull, Context& context);

  std::optional<ProximityParams> params_;
  const ChainId chain_;
  const ValidatorId self_;
  const Signer* signer_;
  const Verifier& verifier_;
  const int64_t heartbeat_us_;

  Committee committee_;
  std::optional<int64_t> window_;        // block time / lease_ms
  std::map<ValidatorId, bool> heard_;    // since the last boundary
  std::map<ValidatorId, bool> leased_;   // at the last boundary
  std::vector<ValidatorId> neighbours_;  // of this validator, the nearest first
  std::vector<ValidatorId> order_;       // all others that stand somewhere, the nearest first
  std::deque<Kept> kept_;
  std::vector<Pull> pulls_;
  std::map<ValidatorId, Newest> newest_;  // of each origin
  uint32_t direct_left_ = 0;
};

}  // namespace tieline::replica
