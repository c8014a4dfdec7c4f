// What a traitor does with the messages that only pbft has: PREPAREs and COMMITs. Pre-prepares, view changes and the
// rest are shaped as cbft's are, and lied about in byzantine.cc; there a PRE-PREPARE is signed as the PREPARE that it
// is.

#include "sim/byzantine.h"

namespace tieline::sim {
namespace {

using namespace consensus;

template <class Vote>
void change_field(Vote& vote, Rng& rng) {
  switch (rng.below(4)) {
    case 0:
      vote.height += 1;
      break;
    case 1:
      vote.slot.index += rng.between(0, 3);
      break;
    case 2:
      vote.slot.view += rng.below(3);
      break;
    default:
      vote.slot.epoch += 1;
      break;
  }
}

template <class Vote>
Payload with_content(const Vote& vote, Height height, const Hash& block) {
  Vote out = vote;
  out.height = height;
  out.block = block;
  return out;
}

}  // namespace

// Votes for both sides of a slot that a fellow traitor split, each to its half; else now and then one for a block that
// was heard of at another slot, to some; and COMMITs for what nobody prepared.
template <class Vote>
bool Traitor::equivocate_vote(const Vote& vote, Mask to, std::vector<Treason>& out) {
  if (const Conspiracy::Split* split = conspiracy_.split_at(vote.slot); split != nullptr) {
    count(ByzantineKind::kEquivocate);
    send(sign_again(with_content(vote, split->a.height, split->a.block)), to & split->half, out);
    send(sign_again(with_content(vote, split->b.height, split->b.block)), to & ~split->half, out);
    // The other phase, for both sides, though nothing is prepared.
    if (rng_.chance(300'000)) {
      const CommitVote rash{id_, vote.slot, split->b.height, split->b.block, {}};
      send(sign_again(rash), to, out);
      send(sign_again(with_content(rash, split->a.height, split->a.block)), to, out);
    }
    return true;
  }
  if (!rng_.chance(150'000)) return false;
  const MessagePtr other = conspiracy_.remembered_of<Propose>();
  if (other == nullptr) return false;
  count(ByzantineKind::kEquivocate);
  const auto& p = std::get<Propose>(other->payload);
  const Mask half = conspiracy_.some();
  send(vote, to & half, out);
  send(sign_again(with_content(vote, p.header.height, p.header.digest())), to & ~half, out);
  return true;
}

bool Traitor::equivocate_pbft(const Message& m, Mask to, std::vector<Treason>& out) {
  if (const auto* p = std::get_if<PrepareVote>(&m.payload)) return equivocate_vote(*p, to, out);
  if (const auto* c = std::get_if<CommitVote>(&m.payload)) return equivocate_vote(*c, to, out);
  return false;
}

void Traitor::mutate_pbft(Payload& payload) {
  if (auto* p = std::get_if<PrepareVote>(&payload)) change_field(*p, rng_);
  if (auto* c = std::get_if<CommitVote>(&payload)) change_field(*c, rng_);
}

void Traitor::sign_pbft(Payload& payload) const {
  const auto sign = [&](auto& vote, VotePhase phase) {
    vote.signature = signer_.sign(vote_digest(phase, conspiracy_.chain(), vote.slot, vote.height, vote.block).view());
  };
  if (auto* p = std::get_if<PrepareVote>(&payload)) sign(*p, VotePhase::kPrepare);
  if (auto* c = std::get_if<CommitVote>(&payload)) sign(*c, VotePhase::kCommit);
}

// Out of turn: a PREPARE and a COMMIT of its own for what others voted at a slot of long ago, or a PREPARE said as a
// COMMIT.
void Traitor::tick_pbft(std::vector<Treason>& out) {
  const Mask others = ~(Mask{1} << id_);
  if (const MessagePtr old = conspiracy_.remembered_of<PrepareVote>(); old != nullptr) {
    PrepareVote late = std::get<PrepareVote>(old->payload);
    late.signer = id_;
    count(ByzantineKind::kEquivocate);
    send(sign_again(late), conspiracy_.some() & others, out);
    send(sign_again(CommitVote{id_, late.slot, late.height, late.block, {}}), conspiracy_.some() & others, out);
  }
  if (const MessagePtr old = conspiracy_.remembered_of<PrepareVote>(); old != nullptr) {
    const auto& p = std::get<PrepareVote>(old->payload);
    send(CommitVote{p.signer, p.slot, p.height, p.block, p.signature}, conspiracy_.some() & others, out);
  }
}

}  // namespace tieline::sim
