#pragma once
// The fixed surroundings of an exploration: four validators in one epoch, keys, the blocks that may be proposed, and
// the messages that were ever sent, each under a small number. A seat is the view that a validator leads first, so that
// "seat 0" is the leader of view 0 whatever its id. The clock stands still (docs/explorer.md says why that is enough).

#include <map>
#include <vector>

#include "base/time.h"
#include "consensus/messages.h"
#include "crypto/sim_scheme.h"
#include "explore/bounds.h"
#include "explore/flat_map.h"
#include "model/genesis.h"

namespace tieline::explore {

using consensus::Message;
using consensus::MessagePtr;

using Seat = uint8_t;

// Who built a block and when: correct leaders never build the same one twice, the traitor chooses between two.
struct Label {
  View view = 0;
  Seat seat = 0;
  uint32_t lives = 0;
  uint32_t choice = 0;
};

// A message and the peer it comes from (a NEW-VIEW may be handed on by others than its signer).
struct Envelope {
  Seat from = 0;
  MessagePtr message;
};
using EnvelopeId = uint32_t;
inline constexpr uint32_t kSeatBits = 2;
// An envelope on its way to one seat.
using Delivery = uint32_t;
inline constexpr Delivery delivery(EnvelopeId envelope, Seat to) { return envelope << kSeatBits | to; }
inline constexpr EnvelopeId envelope_of(Delivery d) { return d >> kSeatBits; }
inline constexpr Seat seat_of(Delivery d) { return d & ((1u << kSeatBits) - 1); }

class World {
 public:
  explicit World(const Bounds& bounds);

  const Bounds& bounds() const { return bounds_; }
  const ChainId& chain() const { return genesis_.chain; }
  const ConsensusParams& params() const { return params_; }
  const Committee& committee() const { return committee_; }
  const Verifier& verifier() const { return keys_; }
  const Signer& signer(Seat seat) const { return signers_[seat]; }
  Now now() const { return {kMonoUs, kWallMs}; }

  ValidatorId id(Seat seat) const { return ids_[seat]; }
  Seat seat(ValidatorId id) const;
  Seat leader(View view) const { return static_cast<Seat>(view % kValidators); }
  bool correct(Seat seat) const { return (bounds_.traitors >> seat & 1) == 0; }

  const Header& genesis() const { return genesis_; }
  const Hash& genesis_digest() const { return genesis_digest_; }
  // The block with this label above `parent`; the same arguments give the same block.
  BlockPtr build(const Hash& parent, const Label& label);
  const BlockPtr& body(const Hash& digest) const { return blocks_[number_of(digest)].block; }
  View view_of(const Hash& digest) const { return blocks_[number_of(digest)].label.view; }  // it was built in
  const Block& block(const Hash& digest) const { return *blocks_[number_of(digest)].block; }
  uint32_t number_of(const Hash& digest) const;  // 0: genesis
  const Block& block(uint32_t number) const { return *blocks_[number].block; }
  bool knows(const Hash& digest) const { return numbers_.contains(digest); }
  std::string block_name(const Hash& digest) const;

  EnvelopeId envelope(Seat from, const MessagePtr& message);
  const Envelope& envelope(EnvelopeId id) const { return envelopes_[id]; }
  MessagePtr message(const Hash& digest) const;  // null: nobody has sent it by itself
  size_t envelopes() const { return envelopes_.size(); }

 private:
  static constexpr int64_t kMonoUs = 1'000'000;
  static constexpr int64_t kWallMs = 1'700'000'000'000;
  static constexpr ValidatorId kFirstId = 10;  // ids are no positions: whoever mixes them up fails
  struct Known {
    BlockPtr block;
    Label label;
  };
  Bounds bounds_;
  SimKeys keys_;
  ConsensusParams params_;
  Committee committee_;
  std::vector<ValidatorId> ids_;    // by seat
  std::vector<SimSigner> signers_;  // by seat
  Header genesis_;
  Hash genesis_digest_;
  std::vector<Known> blocks_;
  std::map<Hash, uint32_t> numbers_;
  std::vector<Envelope> envelopes_;
  std::map<std::pair<Seat, Hash>, EnvelopeId> envelope_ids_;
};

std::string describe(const World& world, const Slot& slot);
std::string describe(const World& world, const Message& message);

}  // namespace tieline::explore
