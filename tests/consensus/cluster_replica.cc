// The fake replica of each process: carries out what its engine asks for, judges blocks, fetches bodies, catches up,
// and checks every commit.

#include <algorithm>

#include "cluster.h"

namespace tieline::testing {

namespace {

constexpr int64_t kCatchUpLatencyUs = 20'000;

std::string short_hash(const Hash& h) { return to_hex(h).substr(0, 6); }

}  // namespace

void Cluster::feed(Node& n, Input input) {
  n.inbox.push_back(std::move(input));
  pump(n);
}

void Cluster::input(size_t index, Input in) { feed(node(index), std::move(in)); }

void Cluster::pump(Node& n) {
  if (n.running) return;
  n.running = true;
  if (!n.engine) n.inbox.clear();  // only its bodies are there
  while (n.up && !n.inbox.empty()) {
    const Input in = std::move(n.inbox.front());
    n.inbox.pop_front();
    Effects effects;
    n.engine->step(now(), in, effects);
    std::vector<Commit> commits;
    for (Effect& effect : effects)
      if (auto* c = std::get_if<Commit>(&effect))
        commits.push_back(*c);
      else
        carry_out(n, effect);
    release(n);
    for (const Commit& c : commits) commit(n, c);
    judge_all(n);
  }
  n.running = false;
}

bool Cluster::hangs_on_tip(const Node& n, const Hash& block) const {
  const Hash top = tip(n);
  for (Hash at = block; at != top; at = world_.at(at).block->header.parent) {
    auto info = world_.find(at);
    if (info == world_.end() || info->second.block->header.height < n.height() || at == genesis()) return false;
  }
  return true;
}

void Cluster::carry_out(Node& n, Effect& effect) {
  if (auto* p = std::get_if<Persist>(&effect)) {
    if (p->body) {
      const bool in_chain =
          std::any_of(n.chain.begin(), n.chain.end(), [&](const Committed& c) { return c.block == *p->body; });
      if (!n.held.contains(*p->body) || !(in_chain || hangs_on_tip(n, *p->body)))
        violation("node " + std::to_string(n.index) + " persists a body that its replica does not hold");
    }
    n.unsynced.push_back(std::move(*p));
    if (!n.hold_disk) {
      make_durable(n, n.unsynced.front());
      n.unsynced.pop_front();
    }
  } else if (auto* s = std::get_if<Send>(&effect)) {
    n.waiting.push_back(std::move(*s));
  } else if (auto* t = std::get_if<ArmTimer>(&effect)) {
    n.timers[static_cast<size_t>(t->id)] = Node::Timer{t->generation, t->deadline_us};
  } else if (auto* w = std::get_if<WantBlock>(&effect)) {
    n.want.reset();
    if (w->ticket != 0) n.want = std::move(*w);
    answer_want(n);
  } else if (auto* j = std::get_if<Judge>(&effect)) {
    const Hash block = j->block;
    auto [at, fresh] = n.judging.try_emplace(block, *j);
    if (!fresh && !j->known_by_digest) at->second = std::move(*j);
  } else if (std::get_if<Behind>(&effect)) {
    if (n.catching_up) return;
    n.catching_up = true;
    queue_[{now_us_ + kCatchUpLatencyUs, ++sequence_}] = Event{Event::Kind::kCatchUp, n.index, 0, nullptr};
  } else if (auto* c = std::get_if<StableCheckpoint>(&effect)) {
    n.disk.stable = c->certificate;
    n.stable.push_back(c->certificate);
    const CheckpointCert& cert = c->certificate;
    if (!verify_checkpoint(cert, chain_, committee(cert.epoch), verifier_).ok())
      violation("node " + std::to_string(n.index) + " has a checkpoint that does not verify");
  } else if (auto* d = std::get_if<Drop>(&effect)) {
    n.drops.push_back(d->code);
    if (log_messages) log.push_back("  " + std::to_string(n.index) + " drops " + d->code);
  } else if (auto* tr = std::get_if<Trace>(&effect)) {
    log.push_back(std::to_string(now_us_ / kMicrosPerMilli) + " ms  " + std::to_string(n.index) + ": " + tr->event);
  } else if (auto* b = std::get_if<Broken>(&effect)) {
    n.broken.push_back(b->why);
    if (!n.byzantine) violation("node " + std::to_string(n.index) + " is broken: " + b->why);
  }
}

void Cluster::commit(Node& n, const Commit& c) {
  if (!n.up) return;
  TL_CHECK(c.blocks.size() == c.headers.size());
  for (size_t i = 0; i < c.blocks.size(); ++i) {
    const Header& h = c.headers[i];
    if (h.parent != tip(n) || h.height != n.height() + 1 || h.is_void) {
      violation("node " + std::to_string(n.index) + " commits a block that is no child of its tip");
      return;
    }
    CommitProof proof = c.proof;
    std::vector<Header> path;
    for (size_t k = i + 1; k < c.headers.size(); ++k) path.push_back(c.headers[k]);
    proof.path.insert(proof.path.begin(), path.begin(), path.end());
    if (Status s =
            verify_commit(proof, c.blocks[i], options_.params.commit_rule(), chain_, committee(h.epoch), verifier_);
        !s.ok())
      violation("node " + std::to_string(n.index) + " commits with a bad proof: " + s.error().code);
    n.chain.push_back(Committed{c.blocks[i], std::move(proof)});
    n.held.insert(c.blocks[i]);
    n.disk.bodies.insert(c.blocks[i]);  // the log keeps it: the store may not have it yet when the power goes
    if (!n.byzantine) {
      auto [at, fresh] = agreed_.try_emplace(h.height, c.blocks[i]);
      if (!fresh && at->second != c.blocks[i])
        violation("FORK at height " + std::to_string(h.height) + ": node " + std::to_string(n.index) + " commits " +
                  short_hash(c.blocks[i]) + ", another " + short_hash(at->second));
    }
    Applied applied{h, c.blocks[i], std::nullopt};
    if (h.ends_epoch()) applied.next_committee = committee(h.epoch + 1);
    n.inbox.push_back(std::move(applied));
    if (h.height % options_.params.checkpoint_blocks == 0)
      n.inbox.push_back(CheckpointReached{h.height, c.blocks[i], label_hash("root " + std::to_string(h.height))});
  }
  tell_pending(n);
}

void Cluster::answer_want(Node& n) {
  if (!n.want) return;
  const size_t behind = submitted_us_.size() - world_.at(n.want->parent).txs;
  const size_t txs = n.want->is_void ? 0 : std::min(behind, options_.txs_per_block);
  if (txs == 0 && !n.want->allow_empty) return;
  WantBlock want = std::move(*n.want);
  n.want.reset();
  if (twist) twist(n, want.evidence);
  const BlockPtr block = build(want.parent, want.epoch, want.is_void, txs, want.evidence,
                               "by " + std::to_string(n.index) + " at " + std::to_string(now_us_));
  if (!n.byzantine && !valid(*block))
    violation("node " + std::to_string(n.index) + " asks for a block that is invalid");
  n.held.insert(block->digest);
  n.inbox.push_back(BlockBuilt{want.ticket, block});
}

bool Cluster::fetchable(const Node& n, const Hash& block) const {
  if (n.held.contains(block)) return true;
  for (const auto& other : nodes_)
    if (other->index != n.index && connected(n, *other) && other->held.contains(block)) return true;
  return false;
}

void Cluster::judge_all(Node& n) {
  for (auto it = n.judging.begin(); it != n.judging.end();) {
    const Hash block = it->first;
    const bool whole = !it->second.known_by_digest && world_.contains(block);
    if (!whole && !fetchable(n, block)) {
      ++it;
      continue;
    }
    const BlockInfo& info = world_.at(block);
    const Header& h = info.block->header;
    const bool in_chain = h.height <= n.height() && h.height > 0 && n.chain[h.height - 1].block == block;
    bool executable = in_chain || block == tip(n) || hangs_on_tip(n, block);
    for (Hash at = h.parent; executable && !in_chain && block != tip(n) && at != tip(n);
         at = world_.at(at).block->header.parent)
      executable = fetchable(n, at);
    if (!executable || h.time_ms > now().wall_ms + options_.params.drift_ms + n.drift_ms) {
      ++it;
      continue;
    }
    for (Hash at = h.parent; !in_chain && block != tip(n) && at != tip(n); at = world_.at(at).block->header.parent)
      n.held.insert(at);
    n.held.insert(block);
    const bool good = valid(*info.block);
    n.inbox.push_back(Judged{block, good, good ? "" : "made so by the test", info.block});
    it = n.judging.erase(it);
  }
}

size_t Cluster::committed_txs(const Node& n) const { return world_.at(tip(n)).txs; }

void Cluster::tell_pending(Node& n) {
  if (!n.up) return;
  std::optional<int64_t> oldest;
  const size_t done = committed_txs(n);
  if (done < submitted_us_.size()) oldest = submitted_us_[done];
  if (n.pending_known && n.pending_told == oldest) return;
  n.pending_known = true;
  n.pending_told = oldest;
  n.inbox.push_back(Pending{oldest});
  pump(n);
}

CommitProof Cluster::proof_at(const Node& n, Height height) const { return n.chain.at(height - 1).proof; }

void Cluster::catch_up(Node& n) {
  n.catching_up = false;
  for (const auto& other : nodes_) {
    const Node& peer = *other;
    if (peer.index == n.index || !connected(n, peer) || peer.byzantine || peer.height() <= n.height()) continue;
    CaughtUp out;
    for (Height h = n.height() + 1; h <= peer.height(); ++h) {
      out.headers.push_back(world_.at(peer.chain[h - 1].block).block->header);
      n.held.insert(peer.chain[h - 1].block);
      out.proof = proof_at(peer, h);
      if (out.headers.back().ends_epoch() || out.headers.size() >= 64) break;
    }
    const Height before = n.height();
    const bool more = out.headers.back().height < peer.height();
    feed(n, std::move(out));
    if (more && n.height() > before && !n.catching_up) {
      n.catching_up = true;
      queue_[{now_us_ + kCatchUpLatencyUs, ++sequence_}] = Event{Event::Kind::kCatchUp, n.index, 0, nullptr};
    }
    return;
  }
}

}  // namespace tieline::testing
