#pragma once
// The Byzantine validator: no engine, but everything it could say. From what was sent to it (and its own words, and the
// bodies it may invent) it makes every message of its own that a correct validator might accept: PROPOSEs of either of
// two contents, CONFIRMs for any block and slot, VIEW-CHANGEs with any highQC and last vote it can show, ACKs for
// anything, NEW-VIEWs from any n-f VIEW-CHANGEs. Silence is saying none of them. It signs with its own key; of several
// traitors each knows what the others know, and has their signatures when it needs them.

#include <map>

#include "explore/world.h"

namespace tieline::explore {

class Traitor {
 public:
  Traitor(World& world, Seat seat) : world_(world), seat_(seat) {}
  // `heard`: envelopes, its own too. Returns those that it has not said yet, in a fixed order.
  std::vector<EnvelopeId> could_say(const std::vector<EnvelopeId>& heard);

 private:
  struct Heard;
  std::optional<Seat> ally_but(ValidatorId id) const;  // a traitor that is not this one
  Heard digest(const std::vector<EnvelopeId>& heard) const;
  void proposals(const Heard& heard);
  void confirms(const Heard& heard);
  void view_changes(const Heard& heard);
  void acks(const Heard& heard);
  std::vector<MessagePtr> new_views(const Heard& heard, View view);
  void propose(const Heard& heard, const Slot& slot, const BlockPtr& block, const consensus::Justify& justify,
               const MessagePtr& new_view);
  void contents(const Heard& heard, const Slot& slot, const Hash& parent, const consensus::Justify& justify,
                const MessagePtr& new_view);
  void say(consensus::Payload payload) { said_.push_back(consensus::make_message(std::move(payload))); }
  Signature sign(const Hash& digest) const { return world_.signer(seat_).sign(digest.view()); }
  bool elects() const { return world_.bounds().elects; }
  ValidatorId self() const { return world_.id(seat_); }

  World& world_;
  Seat seat_;
  std::vector<MessagePtr> said_;
};

}  // namespace tieline::explore
