// What a traitor makes of a message that its correct replica sends, by kind (docs/simulator.md).

#include "sim/byzantine.h"

namespace tieline::sim {
namespace {

using namespace consensus;

Hash random_hash(Rng& rng) {
  Hash hash;
  for (size_t at = 0; at < Hash::kSize; at += 8) {
    const uint64_t word = rng.next();
    for (size_t i = 0; i < 8; ++i) hash.bytes[at + i] = static_cast<uint8_t>(word >> (8 * i));
  }
  return hash;
}

}  // namespace

void Traitor::forge_certificate(Certificate& c) {
  const bool list = !c.aggregate;
  switch (rng_.below(6)) {
    case 0:  // one signer short
      if (!c.signers.empty()) {
        c.signers.erase(c.signers.positions().back());
        if (list) c.signatures.pop_back();
      }
      break;
    case 1:  // one signature twice, or one signer more than the sum has
      for (size_t at = 0; at < conspiracy_.validators(); ++at)
        if (c.signers.insert(at)) {
          if (list) c.signatures.push_back(c.signatures.empty() ? Signature() : c.signatures.front());
          break;
        }
      break;
    case 2:
      ++c.slot.epoch;
      break;
    case 3:
      ++c.slot.index;
      break;
    case 4:
      c.block = random_hash(rng_);
      break;
    default: {  // everybody "signed", with the traitor's key
      const CommitRule rule = conspiracy_.params().commit_rule();
      const VotePhase phase = c.slot.index % 2 == 0 ? choosing_phase(rule) : deciding_phase(rule);
      const Hash digest = vote_digest(phase, conspiracy_.chain(), c.slot, c.height, c.block);
      c.signatures.clear();
      for (size_t at = 0; at < conspiracy_.validators(); ++at) {
        c.signers.insert(at);
        if (list) c.signatures.push_back(signer_.sign(digest.view()));
      }
      if (!list) c.aggregate = signer_.sign_share(digest.view());
      break;
    }
  }
}

// A share that is a point and signs something else, or is none: nobody looks at it before it is in a sum.
bool Traitor::bad_share(const Message& m, Mask to, std::vector<Treason>& out) {
  if (conspiracy_.params().certificates != CertificateKind::kBls) return false;
  const auto spoilt = [this] {
    bls::Signature share = signer_.sign_share(random_hash(rng_).view());
    if (rng_.chance(300'000)) share.bytes[rng_.below(share.bytes.size())] ^= static_cast<uint8_t>(1U << rng_.below(8));
    return share;
  };
  const Mask some = rng_.chance(500'000) ? to : to & conspiracy_.some();
  if (const auto* c = std::get_if<Confirm>(&m.payload)) {
    Confirm other = *c;
    other.signature = spoilt();
    send(other, some, out);
    send(*c, to & ~some, out);
  } else if (const auto* k = std::get_if<CheckpointVote>(&m.payload)) {
    CheckpointVote other = *k;
    other.signature = spoilt();
    send(other, some, out);
    send(*k, to & ~some, out);
  } else {
    return false;
  }
  count(ByzantineKind::kForge);
  return true;
}

// Two blocks for one slot: the second differs in its time, so that it is as valid as the first wherever execution does
// not depend on it; sometimes it is one that execution refutes.
bool Traitor::split_proposal(const Propose& p, Mask to, std::vector<Treason>& out) {
  Propose other = p;
  switch (rng_.below(4)) {
    case 0:
      other.header.writes_digest = random_hash(rng_);
      break;
    case 1:
      other.header.time_ms += 2;
      break;
    default:
      other.header.time_ms += 1;
      break;
  }
  const Mask half = conspiracy_.some();
  conspiracy_.add_split(p.slot,
                        {{p.header.height, p.header.digest()}, {other.header.height, other.header.digest()}, half});
  count(ByzantineKind::kEquivocate);
  const bool both = rng_.chance(150'000);
  send(p, both ? to : to & half, out);
  send(sign_again(other), both ? to : to & ~half, out, rng_.chance(300'000) ? rng_.between(1, 30'000) : 0);
  return true;
}

bool Traitor::equivocate(const Message& m, Mask to, std::vector<Treason>& out) {
  if (const auto* p = std::get_if<Propose>(&m.payload)) {
    // A proposal that must be made again (same digest) is split too: at its first sending only, then as it was split.
    return rng_.chance(600'000) && split_proposal(*p, to, out);
  }
  const auto* c = std::get_if<Confirm>(&m.payload);
  if (c == nullptr) return equivocate_pbft(m, to, out);
  const Conspiracy::Split* split = conspiracy_.split_at(c->slot);
  if (split != nullptr) {
    count(ByzantineKind::kEquivocate);
    Confirm a = *c;
    a.height = split->a.height;
    a.block = split->a.block;
    Confirm b = *c;
    b.height = split->b.height;
    b.block = split->b.block;
    send(sign_again(a), to & split->half, out);
    send(sign_again(b), to & ~split->half, out);
    return true;
  }
  if (!rng_.chance(150'000)) return false;
  count(ByzantineKind::kEquivocate);
  Confirm other = *c;
  other.block = random_hash(rng_);
  const Mask half = conspiracy_.some();
  send(*c, to & half, out);
  send(sign_again(other), to & ~half, out);
  return true;
}

bool Traitor::conflicting_view_change(const Message& m, Mask to, std::vector<Treason>& out) {
  if (const auto* v = std::get_if<ViewChange>(&m.payload)) {
    if (elects() && rng_.chance(500'000) && conflicting_vote(*v, to, out)) return true;
    ViewChange other = *v;
    switch (rng_.below(4)) {
      case 0:
        other.last_vote.reset();
        break;
      case 1:
        other.kind = other.kind == ViewChangeKind::kTimeout ? ViewChangeKind::kPlanned : ViewChangeKind::kTimeout;
        break;
      default: {
        // An older certificate, as if it had missed what came since.
        const MessagePtr old = conspiracy_.remembered_of<Propose>();
        if (old == nullptr) return false;
        const Justify& justify = std::get<Propose>(old->payload).justify;
        if (justify.slot.epoch != v->epoch) return false;
        other.high_qc = justify;
        if (rng_.chance(500'000)) other.last_vote.reset();
        break;
      }
    }
    count(ByzantineKind::kViewChanges);
    const Mask half = conspiracy_.some();
    send(*v, to & half, out);
    send(sign_again(other), to & ~half, out);
    if (rng_.chance(200'000)) send(sign_again(other), to & half, out);
    return true;
  }
  if (const auto* a = std::get_if<ViewChangeAck>(&m.payload)) {
    if (!rng_.chance(400'000)) return false;
    ViewChangeAck other = *a;
    other.view_change = random_hash(rng_);
    // An ACK for whatever VIEW-CHANGE was heard, checked or not.
    if (const MessagePtr any = conspiracy_.remembered_of<ViewChange>(); any != nullptr) {
      other.subject = std::get<ViewChange>(any->payload).signer;
      other.view_change = any->digest;
    }
    count(ByzantineKind::kViewChanges);
    send(*a, to, out);
    send(sign_again(other), to, out);
    return true;
  }
  return false;
}

bool Traitor::forge(const Message& m, Mask to, std::vector<Treason>& out) {
  if (const auto* p = std::get_if<Propose>(&m.payload)) {
    Propose other = *p;
    if (other.new_view != nullptr && rng_.chance(700'000)) {
      NewView view = std::get<NewView>(other.new_view->payload);
      switch (rng_.below(5)) {
        case 0:
          if (!view.entries.empty())
            view.entries.erase(view.entries.begin() + static_cast<ptrdiff_t>(rng_.below(view.entries.size())));
          break;
        case 1:
          if (!view.entries.empty()) view.entries[rng_.below(view.entries.size())].acks.clear();
          break;
        case 2:
          view.repropose.reset();
          break;
        case 3:
          view.justify_block = random_hash(rng_);
          break;
        default:
          if (!view.entries.empty()) {  // a VIEW-CHANGE of someone, older or of another view
            if (const MessagePtr old = conspiracy_.remembered_of<ViewChange>(); old != nullptr)
              view.entries[rng_.below(view.entries.size())].view_change = old;
          }
          break;
      }
      other.new_view = make_message(sign_again(view));
    } else if (other.justify.certificate) {
      forge_certificate(*other.justify.certificate);
    } else {
      return false;
    }
    count(ByzantineKind::kForge);
    const Mask half = conspiracy_.some();
    send(other, to & half, out);
    send(*p, to & ~half, out);
    return true;
  }
  if (const auto* v = std::get_if<ViewChange>(&m.payload)) {
    ViewChange other = *v;
    if (!other.high_qc.certificate) return false;
    forge_certificate(*other.high_qc.certificate);
    other.high_qc.slot = other.high_qc.certificate->slot;
    other.high_qc.block = other.high_qc.certificate->block;
    count(ByzantineKind::kForge);
    send(sign_again(other), to, out);
    return true;
  }
  if (const auto* d = std::get_if<Decided>(&m.payload)) {
    Decided other = *d;
    forge_certificate(other.proof.certificate);
    if (rng_.chance(300'000)) other.proof.second.reset();
    if (rng_.chance(300'000)) other.header.time_ms += 1;
    count(ByzantineKind::kForge);
    send(other, to, out);
    return true;
  }
  if (const auto* r = std::get_if<RejoinReply>(&m.payload)) {
    RejoinReply other = *r;
    if (other.certificate) forge_certificate(*other.certificate);
    if (!other.view_changes.empty()) other.view_changes.pop_back();
    count(ByzantineKind::kForge);
    send(sign_again(other), to, out);
    return true;
  }
  return false;
}

bool Traitor::lie(const replica::Frame& frame, const Message* m, Mask to, std::vector<Treason>& out) {
  if (const auto* status = std::get_if<replica::StatusFrame>(&frame)) {
    replica::StatusFrame other = *status;
    other.applied += rng_.below(1'000);
    other.view += rng_.below(5);
    other.epoch += rng_.below(3);
    other.checkpoint = other.applied;
    other.tip = random_hash(rng_);
    count(ByzantineKind::kLie);
    out.push_back({to, replica::encode_frame(other), true, 0});
    return true;
  }
  if (lie_of_relay(frame, to, out)) return true;
  if (m == nullptr) return false;
  if (const auto* h = std::get_if<Heartbeat>(&m->payload)) {
    Heartbeat other = *h;
    other.committed = rng_.chance(500'000) ? rng_.below(1'000'000) : 0;
    other.view += rng_.below(4);
    other.epoch += rng_.below(3);
    count(ByzantineKind::kLie);
    send(other, to, out);
    return true;
  }
  if (const auto* r = std::get_if<RejoinReply>(&m->payload)) {
    RejoinReply other = *r;
    if (rng_.chance(500'000)) {
      other.view = 0;
      other.view_changes.clear();
      other.certificate.reset();
    } else {
      other.view += 1 + rng_.below(100);
    }
    count(ByzantineKind::kLie);
    send(sign_again(other), to, out);
    return true;
  }
  if (const auto* k = std::get_if<CheckpointVote>(&m->payload)) {
    CheckpointVote other = *k;
    other.state_root = random_hash(rng_);
    count(ByzantineKind::kLie);
    const Mask half = conspiracy_.some();
    send(sign_again(other), to & half, out);
    send(*k, to & ~half, out);
    return true;
  }
  return false;
}

bool Traitor::mutate(const Blob& frame, const Message* m, Mask to, bool bulk, std::vector<Treason>& out) {
  if (!rng_.chance(100'000)) return false;
  count(ByzantineKind::kMutate);
  if (m == nullptr || rng_.chance(400'000)) {
    Bytes bytes(frame.view().begin(), frame.view().end());
    if (bytes.empty()) return false;
    const uint64_t how = rng_.below(4);
    if (how == 0) {
      bytes.resize(rng_.below(bytes.size()));
    } else {
      for (uint64_t flips = how; flips > 0; --flips)
        bytes[rng_.below(bytes.size())] ^= static_cast<uint8_t>(1U << rng_.below(8));
    }
    out.push_back({to, Blob(std::move(bytes)), bulk, 0});
    return true;
  }
  Payload payload = m->payload;
  if (auto* p = std::get_if<Propose>(&payload)) {
    switch (rng_.below(8)) {
      case 0:
        p->header.height += 1;
        break;
      case 1:
        p->header.epoch += 1;
        break;
      case 2:
        p->header.is_void = !p->header.is_void;
        break;
      case 3:
        p->header.parent = random_hash(rng_);
        break;
      case 4:
        p->header.time_ms += rng_.between(-2'000, 2'000'000);
        break;
      case 5:
        if (!p->txs.empty()) p->txs.push_back(p->txs.front());
        break;
      case 6:
        p->slot.index += 1;
        break;
      default:
        p->header.next_committee = random_hash(rng_);
        break;
    }
  } else if (auto* c = std::get_if<Confirm>(&payload)) {
    switch (rng_.below(4)) {
      case 0:
        c->height += 1;
        break;
      case 1:
        c->slot.index += rng_.between(0, 3);
        break;
      case 2:
        c->slot.view += rng_.below(3);
        break;
      default:
        c->slot.epoch += 1;
        break;
    }
  } else if (auto* v = std::get_if<ViewChange>(&payload)) {
    switch (rng_.below(4)) {
      case 0:
        v->view += rng_.below(5);
        break;
      case 1:
        v->epoch += 1;
        break;
      case 2:
        v->leader = static_cast<ValidatorId>(rng_.below(conspiracy_.validators()));
        break;
      default:
        v->high_qc.height += 1;
        break;
    }
  } else if (auto* k = std::get_if<CheckpointVote>(&payload)) {
    k->height += rng_.below(3);
    k->block = random_hash(rng_);
  } else if (auto* r = std::get_if<RejoinReply>(&payload)) {
    r->nonce = random_hash(rng_);
  } else {
    mutate_pbft(payload);
  }
  send(sign_again(std::move(payload)), to, out);
  return true;
}

}  // namespace tieline::sim
