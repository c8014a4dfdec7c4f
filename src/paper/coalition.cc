#include "paper/coalition.h"

#include <algorithm>

namespace tieline::paper {

using namespace consensus;

Coalition::Coalition(const Genesis& genesis, std::vector<ValidatorId> members, const SimKeys& keys)
    : engine_(genesis.consensus.engine), chain_(genesis.chain_id()), members_(std::move(members)) {
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
    other.signature = signers_.at(from).sign(confirm_digest(chain_, p->slot, split.height, split.second).view());
    const bool fresh = splits_.emplace(p->slot, split).second;
    out.push_back({from, insiders, make_message(*p)});
    out.push_back({from, first_half_, make_message(*p)});
    out.push_back({from, second_half_, make_message(other)});
    if (fresh) votes(p->slot, split, out);
    return true;
  }
  const auto* c = std::get_if<Confirm>(&message.payload);
  if (c == nullptr || !splits_.contains(c->slot)) return false;
  out.push_back({from, insiders, make_message(*c)});  // the halves were told already, each its own
  return true;
}

void Coalition::votes(const Slot& slot, const Split& split, std::vector<Lie>& out) const {
  for (const ValidatorId member : members_) {
    for (const auto& [block, half] : {std::pair(split.first, &first_half_), std::pair(split.second, &second_half_)}) {
      Confirm vote;
      vote.signer = member;
      vote.slot = slot;
      vote.height = split.height;
      vote.block = block;
      vote.signature = signers_.at(member).sign(confirm_digest(chain_, slot, split.height, block).view());
      out.push_back({member, *half, make_message(vote)});
    }
  }
}

}  // namespace tieline::paper
