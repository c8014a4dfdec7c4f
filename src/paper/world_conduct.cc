#include <algorithm>

#include "ledger/state.h"
#include "paper/world_impl.h"

namespace tieline::paper {

void World::start_conducts() {
  for (const Conduct& c : options_.conducts) {
    if (c.kind == ConductKind::kEquivocating)
      equivocators_.emplace(c.id, Coalition(genesis_, std::vector<ValidatorId>{c.id}, keys_));
    for (const Outage& o : outages_of(c, options_.limit_us)) {
      push(o.from_us, {.kind = Kind::kCut, .at = c.id});
      push(o.until_us, {.kind = Kind::kMend, .at = c.id});
    }
  }
}

const Conduct* World::conduct_of(ValidatorId id) const {
  for (const Conduct& c : options_.conducts)
    if (c.id == id && c.in_force(now())) return &c;
  return nullptr;
}

// To everyone else the same as a crash: its links end, nothing that was under way arrives, and nobody reaches it.
void World::cut(ValidatorId id) {
  if (!away_.insert(id).second) return;
  for (const auto& h : hosts_) {
    if (!network_.close(id, h->id)) continue;
    arrive(*h, replica::PeerDown{id});
    arrive(*hosts_[id], replica::PeerDown{h->id});
  }
}

void World::mend(ValidatorId id) {
  if (away_.erase(id) == 0) return;
  for (const auto& h : hosts_) {
    if (h->id == id || away_.contains(h->id) || !h->replica || !hosts_[id]->replica) continue;
    if (!network_.open(id, h->id, now())) continue;
    arrive(*h, replica::PeerUp{id});
    arrive(*hosts_[id], replica::PeerUp{h->id});
  }
}

bool World::reaches(const Event& event) const {
  if (!std::holds_alternative<replica::PeerFrame>(event.input)) return !away_.contains(event.at);
  const ValidatorId from = std::get<replica::PeerFrame>(event.input).from;
  return network_.up(from, event.at) && network_.generation(from, event.at) == event.value;
}

// What leaves instead of a message of the agreement: true if that was dealt with here.
bool World::misconduct(const Host& h, const replica::SendFrame& effect, const consensus::MessagePtr& message) {
  const Conduct* c = conduct_of(h.id);
  if (c == nullptr) return false;
  std::optional<std::pair<Epoch, View>> tenure;
  const auto* propose = std::get_if<consensus::Propose>(&message->payload);
  if (propose != nullptr) tenure = {propose->slot.epoch, propose->slot.view};
  if (const auto* v = std::get_if<consensus::NewView>(&message->payload)) tenure = {v->epoch, v->view};
  if (c->kind == ConductKind::kSelective && tenure) {
    const auto victims = left_out(*c, tenure->first, tenure->second, hosts_.size());
    std::vector<ValidatorId> to;
    for (const ValidatorId id : effect.to)
      if (std::find(victims.begin(), victims.end(), id) == victims.end()) to.push_back(id);
    transmit(*hosts_[h.id], to, effect.frame, effect.bulk, message.get());
    return true;
  }
  if (c->kind != ConductKind::kEquivocating) return false;
  if (propose != nullptr && !fails_in(*c, tenure->first, tenure->second)) return false;
  std::vector<Coalition::Lie> lies;
  if (!equivocators_.at(h.id).outgoing(h.id, effect.to, *message, lies)) return false;
  carry_lies(lies);
  return true;
}

// A view counts as changed when so many correct validators timed out on it that one of any f+1 was correct.
void World::count_timeout(ValidatorId from, const consensus::Message& m) {
  const auto* v = std::get_if<consensus::ViewChange>(&m.payload);
  if (v == nullptr || !counts_as_correct(from)) return;
  const auto key = std::pair(v->epoch, v->view);
  if (v->kind == ViewChangeKind::kTimeout) {
    if (timed_out_[key].insert(from).second && timed_out_[key].size() == Quorum{hosts_.size()}.correct())
      ++result_.failed_views;
  } else if (v->kind == ViewChangeKind::kPlanned && moved_on_.insert(key).second) {
    ++result_.planned_views;
  }
}

// What credit did at the end of an epoch is in the writes of the next one's first block.
void World::record_credit(const replica::BlockCommitted& effect) {
  std::vector<standing::CreditEntry> entries;
  for (const auto& h : hosts_) {
    const auto at = effect.execution->writes->find(state::credit_log_key(h->id));
    if (at == effect.execution->writes->end() || !at->second) return;
    auto log = decoded<standing::CreditLog>(*at->second, "credit log");
    TL_CHECK(log.ok() && !log->entries.empty());
    entries.push_back(std::move(log->entries.back()));
  }
  result_.credit.push_back(std::move(entries));
}

}  // namespace tieline::paper
