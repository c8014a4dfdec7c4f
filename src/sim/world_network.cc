#include "sim/mix.h"
#include "sim/trace_text.h"
#include "sim/world.h"

namespace tieline::sim {

bool World::linked(const Process& a, const Process& b) const {
  if (a.id == b.id) return false;
  return (a.hears_only >> b.id & 1) != 0 && (b.hears_only >> a.id & 1) != 0;
}

void World::send(Process& p, const std::vector<ValidatorId>& to, const Blob& frame, bool bulk) {
  Mask mask = 0;
  for (const ValidatorId id : to) {
    TL_CHECK_MSG(id != p.id && id < options_.validators, "a frame to nobody, or to oneself");
    mask |= Mask{1} << id;
  }
  if (p.correct()) {
    const auto shared = std::make_shared<const SharedFrame>(frame);
    checkers_.frame_left(p.id, *shared);
    return send_as(p, mask, shared, bulk);
  }
  p.traitor->outgoing(frame, mask, bulk, treasons_);
  carry_out_treason(p);
}

void World::carry_out_treason(Process& p) {
  // Sending makes no new treason, so the list does not grow here.
  for (Treason& t : treasons_) {
    auto shared = std::make_shared<const SharedFrame>(std::move(t.frame));
    if (t.delay_us > 0) {
      push(now() + t.delay_us,
           {.kind = Kind::kTraitorSend, .bulk = t.bulk, .a = p.index, .value = t.to, .frame = std::move(shared)});
    } else {
      send_as(p, t.to, shared, t.bulk);
    }
  }
  treasons_.clear();
}

void World::send_as(Process& p, Mask to, const FramePtr& frame, bool bulk) {
  const size_t size = frame->bytes().size();
  result_.trace_hash = mix_bytes(result_.trace_hash, frame->bytes().view());
  for (const auto& q : processes_) {
    if (!(to >> q->id & 1) || q->id == p.id) continue;
    if (!network_.up(p.index, q->index) || network_.blocked(p.index, q->index)) continue;
    const Network::Arrival arrival = network_.send(p.index, q->index, size, bulk, now());
    const uint32_t generation = network_.generation(p.index, q->index);
    for (int copies = arrival.twice ? 2 : 1; copies > 0; --copies) {
      push(arrival.time_us, {.kind = Kind::kDeliver,
                             .bulk = bulk,
                             .a = p.index,
                             .b = q->index,
                             .generation = generation,
                             .frame = frame});
    }
  }
}

void World::try_connect(ProcessId a, ProcessId b) {
  if (a == b || !linked(*processes_[a], *processes_[b])) return;
  push(now() + rng_.between(2'000, 30'000), {.kind = Kind::kConnect, .a = a, .b = b});
}

void World::connect(ProcessId a, ProcessId b) {
  Process& p = *processes_[a];
  Process& q = *processes_[b];
  if (!p.up() || !q.up() || network_.blocked(a, b) || network_.blocked(b, a) || network_.up(a, b)) return;
  network_.open(a, b, now());
  for (auto [at, about] : {std::pair(&p, &q), std::pair(&q, &p)}) {
    // A host that has not noticed the end of the old connection notices it now.
    if (at->up() && network_.told_up(at->index, about->index)) tell(*at, *about, false);
    if (at->up() && network_.up(a, b)) tell(*at, *about, true);
  }
}

void World::lose_session(ProcessId a, ProcessId b, int64_t detect_us) {
  if (!network_.close(a, b)) return;
  for (const auto& [at, about] : {std::pair(a, b), std::pair(b, a)})
    push(now() + detect_us, {.kind = Kind::kTellDown, .a = at, .b = about});
  try_connect(a, b);
}

void World::tell(Process& at, const Process& about, bool up) {
  network_.set_told(at.index, about.index, up);
  uint16_t& sessions = at.sessions[about.id];
  if (up) {
    if (sessions++ == 0) step(at, replica::PeerUp{about.id});
  } else {
    TL_CHECK(sessions > 0);
    if (--sessions == 0) step(at, replica::PeerDown{about.id});
  }
}

void World::set_blocked(Mask from, Mask to, int by) {
  for (const auto& p : processes_) {
    for (const auto& q : processes_) {
      if (!(from >> p->id & 1) || !(to >> q->id & 1) || p->id == q->id) continue;
      network_.block(p->index, q->index, by);
      if (by > 0) {
        // A long silence breaks the connection, a short one may go unnoticed until it ends.
        if (rng_.chance(600'000))
          push(now() + rng_.between(30'000, 500'000), {.kind = Kind::kDetect, .a = p->index, .b = q->index});
      } else if (!network_.blocked(p->index, q->index)) {
        // Bytes are missing in the stream: it cannot go on.
        lose_session(p->index, q->index, rng_.between(0, 20'000));
        try_connect(p->index, q->index);
      }
    }
  }
}

}  // namespace tieline::sim
