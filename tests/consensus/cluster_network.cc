// The links between the processes, and what is checked of everything that a correct one lets out.

#include <algorithm>

#include "cluster.h"
#include "consensus/kernel/front_end.h"

namespace tieline::testing {

bool Cluster::connected(const Node& a, const Node& b) const {
  return a.up && b.up && !isolated_.contains(a.index) && !isolated_.contains(b.index);
}

void Cluster::heal() {
  isolated_.clear();
  filter = nullptr;
}

void Cluster::inject(size_t to, ValidatorId from, MessagePtr message) {
  feed(node(to), Received{from, std::move(message)});
}

void Cluster::leave(Node& n, const Send& send) {
  if (on_send) on_send(n, *send.message);
  if (!n.byzantine) {
    std::optional<std::pair<Slot, Hash>> vote;
    if (const auto* p = std::get_if<Propose>(&send.message->payload)) vote = {p->slot, p->header.digest()};
    if (const auto* c = std::get_if<Confirm>(&send.message->payload)) vote = {c->slot, c->block};
    if (const auto* v = std::get_if<PrepareVote>(&send.message->payload)) vote = {v->slot, v->block};
    const auto* commit_vote = std::get_if<CommitVote>(&send.message->payload);
    if (commit_vote) vote = {commit_vote->slot, commit_vote->block};
    if (vote) {
      auto& votes = commit_vote ? commit_votes_ : votes_;
      auto [at, fresh] = votes.try_emplace({n.index, vote->first}, vote->second);
      if (!fresh && at->second != vote->second)
        violation("node " + std::to_string(n.index) + " voted twice in slot " + describe(vote->first));
    }
    if (const auto* vc = std::get_if<ViewChange>(&send.message->payload); vc && vc->leader != kNobody) {
      auto [at, fresh] = election_votes_.try_emplace({n.index, vc->epoch, vc->view}, vc->leader);
      if (!fresh && at->second != vc->leader)
        violation("node " + std::to_string(n.index) + " voted for two leaders of term " + std::to_string(vc->view));
    }
    if (const auto* r = std::get_if<TermReply>(&send.message->payload);
        r && r->kind == TermReplyKind::kVote && r->granted) {
      auto [at, fresh] = term_votes_.try_emplace({n.index, r->term}, send.to.at(0));
      if (!fresh && at->second != send.to.at(0))
        violation("node " + std::to_string(n.index) + " voted twice in term " + std::to_string(r->term));
    }
  }
  const bool measures = std::holds_alternative<Probe>(send.message->payload) ||
                        std::holds_alternative<Measured>(send.message->payload);  // they say nothing of agreement
  if (log_messages && !measures) log.push_back("  " + std::to_string(n.index) + " -> " + describe(*send.message));
  for (auto& other : nodes_) {
    Node& to = *other;
    const bool meant = send.to.empty() || std::find(send.to.begin(), send.to.end(), to.id) != send.to.end();
    if (!meant || (to.id == n.id && to.index != n.index)) continue;
    if (to.index == n.index) {
      n.inbox.push_back(Received{n.id, send.message});
      continue;
    }
    if (!connected(n, to)) continue;
    if (filter && filter(n, to, *send.message) == Fate::kDrop) continue;
    int64_t& free = link_free_us_[{n.index, to.index}];
    free = std::max(free, now_us_ + (latency ? latency() : options_.latency_us));
    queue_[{free, ++sequence_}] = Event{Event::Kind::kMessage, to.index, n.id, send.message};
  }
}

void Cluster::release(Node& n) {
  while (n.up && !n.waiting.empty() && n.waiting.front().after <= n.durable) {
    const Send send = std::move(n.waiting.front());
    n.waiting.pop_front();
    leave(n, send);
  }
}

}  // namespace tieline::testing
