#include "explore/renamed.h"

#include <algorithm>

namespace tieline::explore {

using namespace consensus;  // NOLINT: whose messages they are

MessagePtr Renamed::of(const MessagePtr& message) {
  const auto found = known_.find(message->digest);
  if (found != known_.end()) return found->second;
  Payload payload = message->payload;
  const bool done = std::visit([&](auto& m) { return rename(m); }, payload);
  const MessagePtr after = done ? make_message(std::move(payload)) : nullptr;
  known_.emplace(message->digest, after);
  return after;
}

// The digest of another message: one that came by itself, or inside one renamed before.
bool Renamed::rename(Hash& message) {
  const auto found = known_.find(message);
  const MessagePtr before = found == known_.end() ? world_.message(message) : nullptr;
  const MessagePtr after = before ? of(before) : found == known_.end() ? nullptr : found->second;
  if (after) message = after->digest;
  return after != nullptr;
}

bool Renamed::rename(Certificate& c) {
  if (c.aggregate) return false;  // this world's certificates are lists
  const Hash digest = confirm_digest(world_.chain(), c.slot, c.height, c.block);
  SignerSet signers;
  for (const size_t position : c.signers.positions())
    signers.insert(*world_.committee().position_of(id(world_.committee().at(position).id)));
  c.signers = signers;
  c.signatures.clear();
  for (const size_t position : signers.positions())
    c.signatures.push_back(sign(world_.committee().at(position).id, digest));
  return true;
}

bool Renamed::rename(Justify& justify) { return !justify.certificate || rename(*justify.certificate); }

// Its primary changes places with nobody, and signs the same.
bool Renamed::rename(Propose& m) {
  if (m.new_view) m.new_view = of(m.new_view);
  return rename(m.justify) && (m.new_view != nullptr || m.slot.view == 0 || m.slot.index > 0);
}

bool Renamed::rename(Confirm& m) {
  m.signer = id(m.signer);
  m.signature = sign(m.signer, confirm_digest(world_.chain(), m.slot, m.height, m.block));
  return true;
}

bool Renamed::rename(ViewChange& m) {
  if (m.checkpoint || !rename(m.high_qc)) return false;
  if (m.last_vote && m.last_vote->new_view && !rename(*m.last_vote->new_view)) return false;
  m.signer = id(m.signer);
  m.leader = id(m.leader);
  m.timeout_signature = sign(m.signer, timeout_digest(world_.chain(), m.kind, m.epoch, m.view));
  m.signature = sign(m.signer, view_change_digest(world_.chain(), m));
  return true;
}

bool Renamed::rename(ViewChangeAck& m) {
  if (!rename(m.view_change)) return false;
  m.signer = id(m.signer);
  m.subject = id(m.subject);
  m.signature = sign(m.signer, ack_digest(world_.chain(), m));
  return true;
}

bool Renamed::rename(NewView& m) {
  if (m.checkpoint) return false;
  const auto signer_of = [](const NewView::Entry& e) { return std::get<ViewChange>(e.view_change->payload).signer; };
  for (NewView::Entry& entry : m.entries) {
    entry.view_change = of(entry.view_change);
    if (!entry.view_change) return false;
    for (NewView::Ack& ack : entry.acks) {
      ack.signer = id(ack.signer);
      const ViewChangeAck said{ack.signer, m.epoch, m.view, signer_of(entry), entry.view_change->digest, {}};
      ack.signature = sign(ack.signer, ack_digest(world_.chain(), said));
    }
    std::sort(entry.acks.begin(), entry.acks.end(), [](const auto& a, const auto& b) { return a.signer < b.signer; });
  }
  std::sort(m.entries.begin(), m.entries.end(),
            [&](const auto& a, const auto& b) { return signer_of(a) < signer_of(b); });
  m.signature = sign(id(world_.id(world_.leader(m.view))), new_view_digest(world_.chain(), m));
  return true;
}

bool Renamed::rename(Decided& m) {
  return rename(m.proof.certificate) && (!m.proof.second || rename(m.proof.second->certificate));
}

}  // namespace tieline::explore
