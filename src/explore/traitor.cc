#include "explore/traitor.h"

#include <algorithm>
#include <functional>
#include <set>

#include "consensus/kernel/select.h"

namespace tieline::explore {

using namespace consensus;  // NOLINT: whose words it speaks

// What can be read out of the messages.
struct Traitor::Heard {
  struct Proposal {
    Header header;
    VoteSignature primary_signature;
    std::optional<Hash> new_view;
  };
  std::map<std::pair<Slot, Hash>, Proposal> proposals;
  std::map<std::tuple<Slot, Hash, Height>, std::map<ValidatorId, VoteSignature>> votes;
  std::map<std::pair<Slot, Hash>, Certificate> certificates;
  std::map<View, std::map<Hash, MessagePtr>> view_changes;  // by digest
  std::map<Hash, std::map<ValidatorId, Signature>> acks;    // of a VIEW-CHANGE
  std::set<Hash> messages;                                  // its own, said already
};

Traitor::Heard Traitor::digest(const std::vector<EnvelopeId>& heard) const {
  Heard out;
  const auto certificate = [&](const std::optional<Certificate>& c) {
    if (c) out.certificates.try_emplace({c->slot, c->block}, *c);
  };
  for (const EnvelopeId id : heard) {
    const Envelope& envelope = world_.envelope(id);
    if (envelope.from == seat_) out.messages.insert(envelope.message->digest);
    const Payload& payload = envelope.message->payload;
    if (const auto* p = std::get_if<Propose>(&payload)) {
      const Hash block = p->header.digest();
      out.proposals.try_emplace(
          {p->slot, block},
          Heard::Proposal{p->header, p->signature, p->new_view ? std::optional(p->new_view->digest) : std::nullopt});
      out.votes[{p->slot, block, p->header.height}][world_.id(envelope.from)] = p->signature;
      certificate(p->justify.certificate);
    } else if (const auto* c = std::get_if<Confirm>(&payload)) {
      out.votes[{c->slot, c->block, c->height}][c->signer] = c->signature;
    } else if (const auto* vc = std::get_if<ViewChange>(&payload)) {
      out.view_changes[vc->view].emplace(envelope.message->digest, envelope.message);
      certificate(vc->high_qc.certificate);
    } else if (const auto* ack = std::get_if<ViewChangeAck>(&payload)) {
      out.acks[ack->view_change][ack->signer] = ack->signature;
    }
  }
  // Of the quorums that a slot and block may have, one: the members that stand first.
  for (auto& [content, votes] : out.votes) {
    const auto& [slot, block, height] = content;
    for (Seat seat = 0; seat < kValidators; ++seat)
      if (!world_.correct(seat))
        votes[world_.id(seat)] = world_.signer(seat).sign(confirm_digest(world_.chain(), slot, height, block).view());
    if (votes.size() < world_.committee().count().quorum()) continue;
    Certificate c{slot, height, block, {}, {}};
    std::map<size_t, VoteSignature> by_position;
    for (const auto& [id, signature] : votes) by_position[*world_.committee().position_of(id)] = signature;
    for (const auto& [position, signature] : by_position) {
      if (c.signatures.size() == world_.committee().count().quorum()) break;
      c.signers.insert(position);
      c.signatures.push_back(std::get<Signature>(signature));  // this world's certificates are lists
    }
    out.certificates.try_emplace({slot, block}, c);
  }
  return out;
}

std::optional<Seat> Traitor::ally_but(ValidatorId id) const {
  for (Seat seat = 0; seat < kValidators; ++seat)
    if (!world_.correct(seat) && world_.id(seat) != id) return seat;
  return std::nullopt;
}

std::vector<EnvelopeId> Traitor::could_say(const std::vector<EnvelopeId>& heard) {
  said_.clear();
  const Heard known = digest(heard);
  proposals(known);
  confirms(known);
  view_changes(known);
  acks(known);
  std::vector<EnvelopeId> out;
  for (const MessagePtr& message : said_)
    if (!known.messages.contains(message->digest)) out.push_back(world_.envelope(seat_, message));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void Traitor::propose(const Heard&, const Slot& slot, const BlockPtr& block, const Justify& justify,
                      const MessagePtr& new_view) {
  Propose p;
  p.slot = slot;
  p.header = block->header;
  p.justify = justify;
  p.new_view = new_view;
  p.signature = sign(confirm_digest(world_.chain(), slot, block->header.height, block->digest));
  say(std::move(p));
}

// The two contents are alike but for their hashes, so the second comes only after the first.
void Traitor::contents(const Heard& heard, const Slot& slot, const Hash& parent, const Justify& justify,
                       const MessagePtr& new_view) {
  const BlockPtr first = world_.build(parent, Label{slot.view, seat_, 0, 1});
  propose(heard, slot, first, justify, new_view);
  if (!heard.proposals.contains({slot, first->digest})) return;
  propose(heard, slot, world_.build(parent, Label{slot.view, seat_, 0, 2}), justify, new_view);
}

void Traitor::proposals(const Heard& heard) {
  for (View view = 0; view < world_.bounds().views; ++view) {
    if (world_.leader(view) != seat_ && !(elects() && view > 0)) continue;
    const Justify start{std::nullopt, Slot{0, 0, -1}, world_.genesis_digest(), 0};
    if (view == 0) contents(heard, Slot{0, 0, 0}, world_.genesis_digest(), start, nullptr);
    for (const auto& [at, c] : heard.certificates) {
      const Slot next{0, view, at.first.index + 1};
      if (at.first.view == view && next.index < world_.bounds().slots)
        contents(heard, next, c.block, Justify{c, c.slot, c.block, c.height}, nullptr);
    }
    if (view == 0) continue;
    for (const MessagePtr& message : new_views(heard, view)) {
      said_.push_back(message);
      const auto& nv = std::get<NewView>(message->payload);
      Justify j = start;
      for (const auto& entry : nv.entries) {
        const auto& vc = std::get<ViewChange>(entry.view_change->payload);
        if (vc.high_qc.slot == nv.justify_slot && vc.high_qc.block == nv.justify_block) j = vc.high_qc;
      }
      if (nv.repropose)
        propose(heard, Slot{0, view, 0}, world_.body(*nv.repropose), j, message);
      else
        contents(heard, Slot{0, view, 0}, nv.justify_block, j, message);
    }
  }
}

void Traitor::confirms(const Heard& heard) {
  for (const auto& [at, proposal] : heard.proposals)
    say(Confirm{self(), at.first, proposal.header.height, at.second,
                sign(confirm_digest(world_.chain(), at.first, proposal.header.height, at.second))});
}

void Traitor::view_changes(const Heard& heard) {
  for (View view = 1; view < world_.bounds().views; ++view) {
    std::vector<Justify> highs{Justify{std::nullopt, Slot{0, 0, -1}, world_.genesis_digest(), 0}};
    for (const auto& [at, c] : heard.certificates)
      if (at.first.view < view) highs.push_back(Justify{c, c.slot, c.block, c.height});
    for (const Justify& high : highs) {
      ViewChange vc;
      vc.signer = self();
      vc.view = view;
      vc.kind = ViewChangeKind::kTimeout;
      vc.high_qc = high;
      vc.timeout_signature = sign(timeout_digest(world_.chain(), vc.kind, 0, view));
      const auto signed_one = [&] {
        vc.signature = sign(view_change_digest(world_.chain(), vc));
        say(vc);
      };
      if (elects()) {  // its vote of the term, for whomever, as often as it likes
        for (Seat candidate = 0; candidate < kValidators; ++candidate) {
          vc.leader = world_.id(candidate);
          signed_one();
        }
        continue;
      }
      vc.leader = world_.id(world_.leader(view));
      signed_one();
      for (const auto& [at, proposal] : heard.proposals) {
        const Slot& slot = at.first;
        if (slot <= high.slot || slot.view >= view) continue;
        if (slot.index > 0 && high.slot != Slot{0, slot.view, slot.index - 1}) continue;
        vc.last_vote = LastVote{slot, at.second, proposal.header.height, proposal.primary_signature, proposal.new_view};
        signed_one();
      }
    }
  }
}

void Traitor::acks(const Heard& heard) {
  if (elects()) return;  // nothing is acknowledged there
  for (const auto& [view, messages] : heard.view_changes) {
    if (world_.leader(view) == seat_) continue;  // it puts its own into the NEW-VIEW
    for (const auto& [digest, message] : messages) {
      const auto& vc = std::get<ViewChange>(message->payload);
      if (vc.signer == self()) continue;
      ViewChangeAck ack{self(), 0, view, vc.signer, digest, {}};
      ack.signature = sign(ack_digest(world_.chain(), ack));
      say(ack);
    }
  }
}

// Every V of n-f VIEW-CHANGEs, one a signer, that others acknowledged (traitors acknowledge all but their own); where
// leaders are elected, every quorum of votes for this one, its own among them if it said so.
std::vector<MessagePtr> Traitor::new_views(const Heard& heard, View view) {
  std::vector<MessagePtr> out;
  const auto found = heard.view_changes.find(view);
  if (found == heard.view_changes.end()) return out;
  std::map<ValidatorId, std::vector<NewView::Entry>> entries;  // ascending signer
  for (const auto& [digest, message] : found->second) {
    const auto& vc = std::get<ViewChange>(message->payload);
    NewView::Entry entry{message, {}};
    if (elects()) {
      if (vc.leader == self()) entries[vc.signer].push_back(std::move(entry));
      continue;
    }
    if (const auto ally = ally_but(vc.signer)) {
      const ViewChangeAck ack{world_.id(*ally), 0, view, vc.signer, digest, {}};
      entry.acks.push_back({ack.signer, world_.signer(*ally).sign(ack_digest(world_.chain(), ack).view())});
    } else {
      const auto acks = heard.acks.find(digest);
      if (acks == heard.acks.end()) continue;
      entry.acks.push_back({acks->second.begin()->first, acks->second.begin()->second});
    }
    entries[vc.signer].push_back(std::move(entry));
  }
  const size_t need = world_.committee().count().view_change();
  std::vector<NewView::Entry> chosen;
  const std::function<void(std::map<ValidatorId, std::vector<NewView::Entry>>::const_iterator)> choose = [&](auto at) {
    if (chosen.size() == need) {
      std::vector<Summary> summaries;
      for (const auto& entry : chosen) {
        const auto& vc = std::get<ViewChange>(entry.view_change->payload);
        summaries.push_back({vc.signer, vc.high_qc.slot, vc.high_qc.block, vc.last_vote});
      }
      const Selected selected =
          select(world_.committee().count(), summaries, [&](View v) { return world_.id(world_.leader(v)); });
      if (selected.must_exclude) return;
      NewView nv;
      nv.view = view;
      nv.entries = chosen;
      nv.justify_slot = selected.justify_slot;
      nv.justify_block = selected.justify_block;
      if (selected.repropose) nv.repropose = selected.repropose->block;
      nv.signature = sign(new_view_digest(world_.chain(), nv));
      out.push_back(make_message(std::move(nv)));
      return;
    }
    if (at == entries.end()) return;
    const auto next = std::next(at);
    for (const auto& entry : at->second) {
      chosen.push_back(entry);
      choose(next);
      chosen.pop_back();
    }
    choose(next);
  };
  choose(entries.cbegin());
  return out;
}

}  // namespace tieline::explore
