#include "replica/relay.h"

#include <algorithm>

#include "base/codec.h"
#include "consensus/trust_raft/candidates.h"
#include "crypto/hash.h"

namespace tieline::replica {

Hash relay_digest(const ChainId& chain, ValidatorId origin, const Hash& message) {
  Writer w;
  w.u16(origin);
  return tagged_hash("tieline/relay/1", {chain.view(), w.view(), message.view()});
}

Relay::Relay(const ConsensusParams& params, const ChainId& chain, ValidatorId self, const Signer* signer,
             const Verifier& verifier)
    : chain_(chain),
      self_(self),
      signer_(signer),
      verifier_(verifier),
      heartbeat_us_(int64_t{params.timeout_ms} * kMicrosPerMilli / consensus::kHeartbeatsPerT0) {
  if (signer != nullptr && params.proximity && params.proximity->relay) params_ = params.proximity;
}

// At the first call everybody holds a lease: nothing is known against anyone.
void Relay::renew(const Committee& committee, int64_t tip_ms) {
  if (!on()) return;
  const int64_t window = tip_ms / params_->lease_ms;
  const bool lease_ends = window_ && *window_ != window;
  const bool new_committee = committee_.size() == 0 || committee_.epoch() != committee.epoch();
  if (window_ && !lease_ends && !new_committee) return;
  if (lease_ends) {
    leased_.clear();
    for (const Member& m : committee.members()) leased_[m.id] = heard_.contains(m.id);
    heard_.clear();
  }
  window_ = window;
  committee_ = committee;
  std::vector<ValidatorId> ids;
  for (const Member& m : committee_.members()) {
    const auto lease = leased_.find(m.id);
    if (params_->position_of(m.id) && (lease == leased_.end() || lease->second)) ids.push_back(m.id);
  }
  neighbours_ = neighbours_of(*params_, self_, ids, committee_.count().f() + 1);
  order_ = nearest_first(*params_, self_, std::move(ids));
  // Positions in the committee are another thing now; a proposal of this epoch that came early is known only here.
  std::erase_if(pulls_, [&](const Pull& p) { return p.slot.epoch != committee_.epoch(); });
  if (!new_committee) return;
  for (Kept& kept : kept_) {
    kept.served = SignerSet();
    kept.due = false;
    const bool of_now = kept.slot.epoch == committee_.epoch() && kept.have.all_below(committee_.size());
    if (!of_now) kept.have = SignerSet();
    mark(kept.have, self_);
    mark(kept.have, kept.origin);
  }
}

Relay::Kept* Relay::find(const Hash& message) {
  for (Kept& kept : kept_)
    if (kept.message == message) return &kept;
  return nullptr;
}

Relay::Kept& Relay::keep(Kept kept) {
  if (kept_.size() >= kRelayKept) kept_.pop_front();
  if (kept.slot.epoch == committee_.epoch()) {
    mark(kept.have, self_);
    mark(kept.have, kept.origin);
  }
  std::erase_if(pulls_, [&](const Pull& p) { return p.message == kept.message; });
  return kept_.emplace_back(std::move(kept));
}

void Relay::mark(SignerSet& set, ValidatorId id) const {
  if (const auto position = committee_.position_of(id)) set.insert(*position);
}

bool Relay::reachable(ValidatorId id, const std::vector<ValidatorId>& connected) const {
  return std::find(order_.begin(), order_.end(), id) != order_.end() &&
         std::binary_search(connected.begin(), connected.end(), id);
}

RelayFrame Relay::frame_of(const Kept& kept) const {
  return {kept.origin, kept.slot.epoch == committee_.epoch() ? kept.have : SignerSet(), *kept.signature, kept.bytes};
}

// --- the leader -----------------------------------------------------------------------------------------------------

std::vector<ValidatorId> Relay::lead(const consensus::MessagePtr& message, const std::vector<ValidatorId>& to,
                                     const std::vector<ValidatorId>& connected, Context& context) {
  if (!on() || neighbours_.empty()) return to;
  const auto& propose = std::get<consensus::Propose>(message->payload);
  if (find(message->digest) != nullptr) {
    context.count("relay_fallbacks");
    direct_left_ = kDirectAfterFallback;
    return to;
  }
  Kept& kept = keep({message->digest,
                     propose.slot,
                     propose.header.digest(),
                     self_,
                     signer_->sign(relay_digest(chain_, self_, message->digest).view()),
                     message->bytes,
                     {},
                     {},
                     false,
                     false});
  if (direct_left_ > 0) {
    --direct_left_;
    return to;
  }
  std::vector<ValidatorId> near, told, direct;
  for (ValidatorId id : to) {
    if (id == self_) continue;
    if (!reachable(id, connected)) {
      direct.push_back(id);
    } else if (std::find(neighbours_.begin(), neighbours_.end(), id) != neighbours_.end()) {
      near.push_back(id);
    } else {
      told.push_back(id);
    }
  }
  for (ValidatorId id : near) mark(kept.have, id);
  context.send(near, encode_frame(frame_of(kept)), false);
  context.send(told, encode_frame(RelayHave{self_, kept.slot, kept.message, kept.have}), false);
  return direct;
}

// --- everybody ------------------------------------------------------------------------------------------------------

consensus::MessagePtr Relay::on_frame(ValidatorId from, const RelayFrame& frame,
                                      const Result<consensus::MessagePtr>& message, Context& context) {
  const auto refuse = [&](const char* code) {
    context.count(code);
    return nullptr;
  };
  if (!on() || !committee_.position_of(from)) return refuse("relay_not_a_member");
  if (!message.ok() || !std::holds_alternative<consensus::Propose>((*message)->payload))
    return refuse("relay_not_a_proposal");
  const auto origin = committee_.position_of(frame.origin);
  if (!origin || frame.origin == self_) return refuse("relay_not_a_member");
  const auto& propose = std::get<consensus::Propose>((*message)->payload);
  // The next epoch's first ones come before its start is known here; the engine keeps them until then.
  const Slot& slot = propose.slot;
  if (slot.epoch != committee_.epoch() && slot.epoch != committee_.epoch() + 1) return refuse("relay_other_epoch");
  const bool same_positions = slot.epoch == committee_.epoch();
  if (!frame.have.all_below(committee_.size()) && same_positions) return refuse("relay_have_malformed");

  Kept* kept = find((*message)->digest);
  const bool fresh = kept == nullptr;
  if (fresh) {
    Newest& newest = newest_[frame.origin];
    if (slot < newest.slot || (slot == newest.slot && newest.contents >= kRelayPerSlot)) return refuse("relay_old");
    const Hash digest = relay_digest(chain_, frame.origin, (*message)->digest);
    if (!verifier_.verify(committee_.at(*origin).key, digest.view(), frame.signature))
      return refuse("relay_bad_signature");
    if (slot > newest.slot) newest = {slot, 0};
    ++newest.contents;
    kept = &keep({(*message)->digest,
                  slot,
                  propose.header.digest(),
                  frame.origin,
                  frame.signature,
                  frame.message,
                  {},
                  {},
                  from == frame.origin,
                  false});
  }
  for (size_t position : frame.have.positions()) kept->have.insert(position);
  if (same_positions) mark(kept->have, from);
  context.send({from}, encode_frame(RelayHave{kept->origin, kept->slot, kept->message, kept->have}), false);
  return fresh ? *message : nullptr;
}

void Relay::on_have(ValidatorId from, const RelayHave& frame, Context& context) {
  if (!on() || !committee_.position_of(from) || !committee_.position_of(frame.origin))
    return context.count("relay_not_a_member");
  if (!frame.have.all_below(committee_.size())) return context.count("relay_have_malformed");
  if (frame.slot.epoch != committee_.epoch()) return context.count("relay_other_epoch");
  if (Kept* kept = find(frame.message)) {
    if (kept->slot.epoch != committee_.epoch()) return;
    for (size_t position : frame.have.positions()) kept->have.insert(position);
    mark(kept->have, from);
    return;
  }
  for (Pull& waiting : pulls_)
    if (waiting.message == frame.message) {
      mark(waiting.have, from);
      return;
    }
  if (from != frame.origin) return;
  if (const auto newest = newest_.find(from); newest != newest_.end() && frame.slot < newest->second.slot) return;
  if (pulls_.size() >= kPullsMax) pulls_.erase(pulls_.begin());
  pulls_.push_back(
      {frame.message, frame.slot, from, frame.have, {}, context.now.mono_us + kPullAfterHeartbeats * heartbeat_us_});
  mark(pulls_.back().asked, self_);
}

void Relay::on_pull(ValidatorId from, const RelayPull& frame, Context& context) {
  if (!on() || !committee_.position_of(from)) return context.count("relay_not_a_member");
  Kept* kept = find(frame.message);
  if (kept == nullptr || !kept->signature || kept->served.contains(*committee_.position_of(from)))
    return context.count("relay_pull_unknown");
  mark(kept->served, from);
  mark(kept->have, from);
  context.send({from}, encode_frame(frame_of(*kept)), false);
}

void Relay::came_directly(ValidatorId from, const consensus::Message& message) {
  if (!on() || find(message.digest) != nullptr) return;
  const auto& propose = std::get<consensus::Propose>(message.payload);
  const bool awaited =
      std::any_of(pulls_.begin(), pulls_.end(), [&](const Pull& p) { return p.message == message.digest; });
  if (!awaited) return;
  keep({message.digest, propose.slot, propose.header.digest(), from, {}, {}, {}, {}, false, false});
}

void Relay::accepted(const Hash& block) {
  for (Kept& kept : kept_)
    if (kept.block == block && kept.from_author && kept.slot.epoch == committee_.epoch()) kept.due = true;
}

// Of those known to have it, but for its author; among equally near ones the lower id.
bool Relay::is_nearest_holder(ValidatorId to, const Kept& kept) const {
  if (!params_->position_of(self_)) return false;
  const Position at = *params_->position_of(to);
  const auto key = [&](ValidatorId id) { return std::pair(square_distance(at, *params_->position_of(id)), id); };
  for (size_t position : kept.have.positions()) {
    if (position >= committee_.size()) continue;
    const ValidatorId id = committee_.at(position).id;
    if (id != self_ && id != kept.origin && params_->position_of(id) && key(id) < key(self_)) return false;
  }
  return true;
}

// --- time -----------------------------------------------------------------------------------------------------------

void Relay::pass_on(Kept& kept, const std::vector<ValidatorId>& connected, Context& context) {
  kept.due = kept.from_author = false;
  std::vector<ValidatorId> to;
  for (ValidatorId id : order_) {
    const auto position = committee_.position_of(id);
    if (position && !kept.have.contains(*position) && reachable(id, connected) && is_nearest_holder(id, kept))
      to.push_back(id);
  }
  for (ValidatorId id : to) mark(kept.have, id);
  context.count("relay_passed_on", to.size());
  context.send(std::move(to), encode_frame(frame_of(kept)), false);
}

// The leader first, then whoever is known to have it; then nobody more: the engine fetches what it misses.
void Relay::pull(Pull& pull, Context& context) {
  std::optional<ValidatorId> whom;
  const auto origin = committee_.position_of(pull.origin);
  if (origin && !pull.asked.contains(*origin)) whom = pull.origin;
  for (size_t position : pull.have.positions())
    if (!whom && position < committee_.size() && !pull.asked.contains(position)) whom = committee_.at(position).id;
  if (!whom) {
    pull.next_us = INT64_MAX;
    return;
  }
  mark(pull.asked, *whom);
  pull.next_us = context.now.mono_us + heartbeat_us_;
  context.count("relay_pulls");
  context.send({*whom}, encode_frame(RelayPull{pull.message}), false);
}

void Relay::pump(const std::vector<ValidatorId>& connected, Context& context) {
  if (!on()) return;
  for (Kept& kept : kept_)
    if (kept.due) pass_on(kept, connected, context);
  for (Pull& waiting : pulls_)
    if (waiting.next_us <= context.now.mono_us) pull(waiting, context);
  std::erase_if(pulls_, [](const Pull& p) { return p.next_us == INT64_MAX; });
}

std::optional<int64_t> Relay::deadline() const {
  std::optional<int64_t> at;
  for (const Pull& waiting : pulls_) at = earlier(at, waiting.next_us);
  return at;
}

}  // namespace tieline::replica
