#include "paper/coalition.h"

#include <algorithm>

namespace tieline::paper {
namespace {

using namespace consensus;

// Of a vote of any engine.
std::optional<Slot> voted_slot(const Message& message) {
  if (const auto* c = std::get_if<Confirm>(&message.payload)) return c->slot;
  if (const auto* p = std::get_if<PrepareVote>(&message.payload)) return p->slot;
  if (const auto* c = std::get_if<CommitVote>(&message.payload)) return c->slot;
  return std::nullopt;
}

}  // namespace

Coalition::Coalition(const Genesis& genesis, std::vector<ValidatorId> members, const SimKeys& keys)
    : engine_(genesis.consensus.engine),
      proposal_phase_(choosing_phase(genesis.consensus.commit_rule())),
      chain_(genesis.chain_id()),
      members_(std::move(members)) {
  for (const GenesisValidator& v : genesis.validators) {
    if (has(v.id)) {
      signers_.emplace(v.id, keys.signer(v.id));
    } else {
      (first_half_.size() <= second_half_.size() ? first_half_ : second_half_).push_back(v.id);
    }
  }
}

bool Coalition::has(ValidatorId id) const { return std::find(members_.begin(), members_.end(), id) != members_.end(); }

bool Coalition::outgoing(ValidatorId from, const std::vector<ValidatorId>& to, const Message& message,
                         std::vector<Lie>& out) {
  // The members follow the first block, so that their replicas stay whole.
  std::vector<ValidatorId> insiders;
  for (const ValidatorId id : to)
    if (has(id)) insiders.push_back(id);
  if (const auto* p = std::get_if<Propose>(&message.payload)) {
    Propose other = *p;
    other.header.time_ms += 1;
    const Split split{p->header.height, p->header.digest(), other.header.digest()};
    other.signature =
        signers_.at(from).sign(vote_digest(proposal_phase_, chain_, p->slot, split.height, split.second).view());
    const bool fresh = splits_.emplace(p->slot, split).second;
    out.push_back({from, insiders, make_message(*p)});
    out.push_back({from, first_half_, make_message(*p)});
    out.push_back({from, second_half_, make_message(other)});
    if (fresh) votes(p->slot, split, out);
    return true;
  }
  const std::optional<Slot> slot = voted_slot(message);
  if (!slot || !splits_.contains(*slot)) return false;
  out.push_back({from, insiders, make_message(message.payload)});  // the halves were told already, each its own
  return true;
}

MessagePtr Coalition::vote(VotePhase phase, ValidatorId member, const Slot& slot, Height height,
                           const Hash& block) const {
  const Signature signature = signers_.at(member).sign(vote_digest(phase, chain_, slot, height, block).view());
  switch (phase) {
    case VotePhase::kConfirm:
      return make_message(Confirm{member, slot, height, block, signature});
    case VotePhase::kPrepare:
      return make_message(PrepareVote{member, slot, height, block, signature});
    case VotePhase::kCommit:
      return make_message(CommitVote{member, slot, height, block, signature});
  }
  return nullptr;
}

void Coalition::votes(const Slot& slot, const Split& split, std::vector<Lie>& out) const {
  const std::vector<VotePhase> phases = engine_ == EngineKind::kPbft
                                            ? std::vector<VotePhase>{VotePhase::kPrepare, VotePhase::kCommit}
                                            : std::vector<VotePhase>{VotePhase::kConfirm};
  for (const VotePhase phase : phases)
    for (const ValidatorId member : members_)
      for (const auto& [block, half] : {std::pair(split.first, &first_half_), std::pair(split.second, &second_half_)})
        out.push_back({member, *half, vote(phase, member, slot, split.height, block)});
}

}  // namespace tieline::paper
