#include "sim/printed/coalition.h"

#include <algorithm>

namespace tieline::sim::printed {

Coalition::Coalition(const Plan& plan, size_t validators)
    : validators_(validators), rng_(plan.traitors.empty() ? 0 : plan.traitors.front().seed) {
  constexpr uint32_t kSilentOnly = uint32_t{1} << static_cast<unsigned>(ByzantineKind::kSilent);
  for (const PlannedTraitor& t : plan.traitors) {
    mask_ |= uint32_t{1} << t.id;
    if (t.kinds == kSilentOnly) silent_ |= uint32_t{1} << t.id;
  }
}

const Coalition::Split* Coalition::split_at(View view, Height height) const {
  const auto found = splits_.find({height, view});
  return found == splits_.end() ? nullptr : &found->second;
}

void Coalition::make_split(const Message& proposal, BlockName second, std::vector<Lie>& out) {
  const uint32_t everyone = (uint32_t{1} << validators_) - 1;
  const Split split{proposal.block, second, static_cast<uint32_t>(rng_.next()) & everyone};
  splits_.emplace(std::pair(proposal.height, proposal.view), split);
  ++splits_made_;
  for (const auto& [block, sees] : {std::pair(split.first, split.sees_first & ~mask_),
                                    std::pair(split.second, everyone & ~split.sees_first & ~mask_)}) {
    Message m = proposal;
    m.block = block;
    out.push_back({proposal.from, sees, std::make_shared<const Message>(m)});
    m.kind = Kind::kConfirm;
    for (uint32_t t = 0; t < validators_; ++t) {
      if (!has(t) || silent(t) || t == proposal.from) continue;
      m.from = t;
      out.push_back({t, sees, std::make_shared<const Message>(m)});
    }
  }
  out.push_back({proposal.from, mask_, std::make_shared<const Message>(proposal)});  // those inside follow the first
}

void Coalition::repeat(const MessagePtr& message, uint32_t to, std::vector<Lie>& out) const {
  const Split* split = split_at(message->view, message->height);
  if (split == nullptr) return out.push_back({message->from, to, message});
  for (const auto& [block, sees] :
       {std::pair(split->first, to & split->sees_first), std::pair(split->second, to & ~split->sees_first)}) {
    Message m = *message;
    m.block = block;
    out.push_back({message->from, sees, std::make_shared<const Message>(m)});
  }
}

void Coalition::report(const Message& change, uint32_t to, std::vector<Lie>& out) {
  Message m = change;
  for (const auto& [where, split] : splits_) {
    if (where.second >= change.view) continue;
    const auto entry = std::find_if(m.q.begin(), m.q.end(), [&](const Reported& r) { return r.height == where.first; });
    if (entry != m.q.end() && entry->view > where.second) continue;
    if (entry != m.q.end()) m.q.erase(entry);
    const uint64_t which = rng_.below(3);
    if (which == 0) continue;
    m.q.push_back({where.first, where.second, which == 1 ? split.first : split.second});
  }
  out.push_back({change.from, to, std::make_shared<const Message>(std::move(m))});
}

}  // namespace tieline::sim::printed
