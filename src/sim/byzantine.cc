#include "sim/byzantine.h"

namespace tieline::sim {
namespace {

using namespace consensus;

constexpr size_t kSplitsMax = 256;

Blob frame_of(const MessagePtr& message) { return replica::encode_frame(replica::ConsensusFrame{message->bytes}); }

bool is_body(const replica::Frame& frame) {
  return std::holds_alternative<replica::TransactionsFrame>(frame) ||
         std::holds_alternative<replica::TransactionsAnswer>(frame) ||
         std::holds_alternative<replica::BlockAnswer>(frame) || std::holds_alternative<replica::BlocksAnswer>(frame) ||
         std::holds_alternative<replica::SnapshotOffer>(frame) || std::holds_alternative<replica::Chunk>(frame);
}

}  // namespace

Conspiracy::Conspiracy(const Genesis& genesis, const ChainId& chain, uint64_t seed)
    : params_(genesis.consensus),
      chain_(chain),
      validators_(genesis.validators.size()),
      rng_(seed ^ 0x425a414e54494eULL) {}

void Conspiracy::hear(MessagePtr message) {
  heard_.push_back(std::move(message));
  if (heard_.size() > kHeardMax) heard_.pop_front();
}

MessagePtr Conspiracy::remembered() { return heard_.empty() ? nullptr : heard_[rng_.below(heard_.size())]; }

Conspiracy::Split* Conspiracy::split_at(const Slot& slot) {
  const auto found = splits_.find(slot);
  return found == splits_.end() ? nullptr : &found->second;
}

void Conspiracy::add_split(const Slot& slot, const Split& split) {
  splits_.insert_or_assign(slot, split);
  if (splits_.size() > kSplitsMax) splits_.erase(splits_.begin());
}

Mask Conspiracy::some() { return 1 + rng_.below(everyone()); }

Traitor::Traitor(const PlannedTraitor& plan, const SimSigner& signer, Conspiracy& conspiracy)
    : id_(plan.id), kinds_(plan.kinds), rng_(plan.seed), signer_(signer), conspiracy_(conspiracy), mood_(rng_.next()) {}

void Traitor::send(Payload payload, Mask to, std::vector<Treason>& out, int64_t delay_us) const {
  if (to == 0) return;
  const MessagePtr message = make_message(std::move(payload));
  const bool relayed = relays() && mood_ % 2 == 0 && std::holds_alternative<Propose>(message->payload);
  out.push_back({to, relayed ? relay_frame(*message) : frame_of(message), false, delay_us});
}

VoteSignature Traitor::sign(const Hash& digest) const {
  return sign_vote(conspiracy_.params().certificates, signer_, digest);
}

// Signs as this validator whatever carries its signature.
Payload Traitor::sign_again(Payload payload) const {
  const ChainId& chain = conspiracy_.chain();
  if (auto* m = std::get_if<Propose>(&payload)) {
    const VotePhase phase = choosing_phase(conspiracy_.params().commit_rule());
    m->signature = sign(vote_digest(phase, chain, m->slot, m->header.height, m->header.digest()));
  } else if (auto* c = std::get_if<Confirm>(&payload)) {
    c->signature = sign(confirm_digest(chain, c->slot, c->height, c->block));
  } else if (auto* v = std::get_if<ViewChange>(&payload)) {
    v->timeout_signature = sign(timeout_digest(chain, v->kind, v->epoch, v->view));
    v->signature = signer_.sign(view_change_digest(chain, *v).view());
  } else if (auto* a = std::get_if<ViewChangeAck>(&payload)) {
    a->signature = signer_.sign(ack_digest(chain, *a).view());
  } else if (auto* n = std::get_if<NewView>(&payload)) {
    n->signature = signer_.sign(new_view_digest(chain, *n).view());
  } else if (auto* k = std::get_if<CheckpointVote>(&payload)) {
    k->signature = sign(checkpoint_digest(chain, k->epoch, k->height, k->block, k->state_root));
  } else if (auto* measured = std::get_if<Measured>(&payload)) {
    measured->report.signature = signer_.sign(report_digest(chain, measured->report).view());
  } else if (auto* q = std::get_if<RejoinRequest>(&payload)) {
    q->signature = signer_.sign(rejoin_request_digest(chain, *q).view());
  } else if (auto* r = std::get_if<RejoinReply>(&payload)) {
    r->signature = signer_.sign(rejoin_reply_digest(chain, *r).view());
  } else {
    sign_pbft(payload);
  }
  return payload;
}

bool Traitor::suppressed(const replica::Frame& frame, const Message* message) {
  const uint64_t what = mood_ % 8;
  if (what == 0) return true;  // dead to the world
  if (message == nullptr) return what == 1 && is_body(frame);
  const Payload& p = message->payload;
  switch (what) {
    case 1:
      return false;
    case 2:
      return std::holds_alternative<Propose>(p);
    case 3:
      return std::holds_alternative<Confirm>(p) || std::holds_alternative<PrepareVote>(p) ||
             (std::holds_alternative<CommitVote>(p) && mood_ % 16 < 8);
    case 4:
      return std::holds_alternative<ViewChange>(p) || std::holds_alternative<ViewChangeAck>(p);
    case 5:
      return std::holds_alternative<Propose>(p) && std::get<Propose>(p).new_view != nullptr;
    case 6:
      return std::holds_alternative<CheckpointVote>(p) || std::holds_alternative<RejoinReply>(p);
    default:
      return false;  // for a while it behaves
  }
}

void Traitor::outgoing(const Blob& frame, Mask to, bool bulk, std::vector<Treason>& out) {
  auto decoded = replica::decode_frame(frame, frame.size());
  TL_CHECK_MSG(decoded.ok(), "a replica sent a frame that does not decode");
  MessagePtr message;
  if (const auto* c = std::get_if<replica::ConsensusFrame>(&*decoded)) {
    auto result = decode_message(c->message);
    TL_CHECK_MSG(result.ok(), "a replica sent a message that does not decode");
    message = std::move(*result);
    conspiracy_.hear(message);
  } else if (const auto* relay = std::get_if<replica::RelayFrame>(&*decoded);
             relay != nullptr && relay->origin == id_) {
    auto result = decode_message(relay->message);
    TL_CHECK_MSG(result.ok(), "a replica relayed a message that does not decode");
    message = std::move(*result);
    conspiracy_.hear(message);
  }
  const Message* m = message.get();
  if (is(ByzantineKind::kSilent) && suppressed(*decoded, m)) return count(ByzantineKind::kSilent);
  if (is(ByzantineKind::kWithhold) && is_body(*decoded)) return count(ByzantineKind::kWithhold);
  if (is(ByzantineKind::kWithhold) && breaks_relay(*decoded)) return count(ByzantineKind::kWithhold);
  if (is(ByzantineKind::kPartial)) {
    const Mask some = to & conspiracy_.some();
    if (some != to) count(ByzantineKind::kPartial);
    to = some;
    if (to == 0) return;
  }
  if (is(ByzantineKind::kTwins)) count(ByzantineKind::kTwins);
  if (m != nullptr && is(ByzantineKind::kEquivocate) && equivocate(*m, to, out)) return;
  if (m != nullptr && is(ByzantineKind::kViewChanges) && conflicting_view_change(*m, to, out)) return;
  if (m != nullptr && is(ByzantineKind::kForge) && rng_.chance(300'000) &&
      (forge(*m, to, out) || bad_share(*m, to, out)))
    return;
  if (is(ByzantineKind::kLie) && rng_.chance(600'000) && lie(*decoded, m, to, out)) return;
  if (is(ByzantineKind::kSmear) && smear(*decoded, m, to, bulk, out)) return;
  if (is(ByzantineKind::kMutate) && mutate(frame, m, to, bulk, out)) return;
  int64_t delay = 0;
  if (is(ByzantineKind::kSlow) && m != nullptr && std::holds_alternative<Propose>(m->payload)) {
    count(ByzantineKind::kSlow);
    delay = std::max<int64_t>(1, int64_t{conspiracy_.params().timeout_ms} * 1'000 - rng_.between(20'000, 80'000));
  }
  out.push_back({to, frame, bulk, delay});
}

void Traitor::incoming(const replica::DecodedFrame& frame) {
  if (frame.message && frame.message->ok()) conspiracy_.hear(**frame.message);
  if (frame.relayed && frame.relayed->ok()) conspiracy_.hear(**frame.relayed);
}

void Traitor::tick(std::vector<Treason>& out) {
  mood_ = rng_.next();
  if (is(ByzantineKind::kReplay)) {
    for (int i = 0; i < 3; ++i) {
      const MessagePtr old = conspiracy_.remembered();
      if (old == nullptr) break;
      count(ByzantineKind::kReplay);
      out.push_back({conspiracy_.some() & ~(Mask{1} << id_), frame_of(old), false, 0});
    }
  }
  if (is(ByzantineKind::kViewChanges) && elects()) request_early(out);
  if (is(ByzantineKind::kViewChanges) && rng_.chance(300'000)) {
    // A VIEW-CHANGE out of turn, into the far future at times.
    if (const MessagePtr old = conspiracy_.remembered_of<ViewChange>(); old != nullptr) {
      ViewChange next = std::get<ViewChange>(old->payload);
      next.signer = id_;
      next.view += rng_.below(4);
      next.last_vote.reset();
      count(ByzantineKind::kViewChanges);
      send(sign_again(next), conspiracy_.some() & ~(Mask{1} << id_), out);
    }
  }
  if (is(ByzantineKind::kSmear)) tick_smear(out);
  if (is(ByzantineKind::kLie)) {
    Heartbeat huge{rng_.below(4), rng_.below(6), rng_.chance(500'000) ? rng_.next() >> 1 : rng_.below(200)};
    count(ByzantineKind::kLie);
    send(huge, conspiracy_.some() & ~(Mask{1} << id_), out);
  }
  if (is(ByzantineKind::kEquivocate)) {
    // A second CONFIRM for a slot of long ago, for what others voted.
    if (const MessagePtr old = conspiracy_.remembered_of<Confirm>(); old != nullptr) {
      Confirm late = std::get<Confirm>(old->payload);
      late.signer = id_;
      count(ByzantineKind::kEquivocate);
      send(sign_again(late), conspiracy_.some() & ~(Mask{1} << id_), out);
    }
    if (conspiracy_.params().engine == EngineKind::kPbft) tick_pbft(out);
  }
}

}  // namespace tieline::sim
