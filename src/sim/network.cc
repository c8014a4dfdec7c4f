#include "sim/network.h"

#include <algorithm>

namespace tieline::sim {
namespace {

constexpr int64_t kRetransmissionUs = 60'000;

}  // namespace

Network::Network(size_t processes, LatencyModel model, int64_t bytes_per_ms, uint64_t seed)
    : processes_(processes),
      model_(model),
      bytes_per_ms_(bytes_per_ms),
      rng_(seed ^ 0x4e4554574f524bULL),
      links_(processes * processes),
      sessions_(processes * processes) {
  TL_CHECK(bytes_per_ms > 0);
}

int64_t Network::draw_latency(ProcessId from, ProcessId to) {
  const LinkFaults& faults = link(from, to).faults;
  int64_t latency = draw_latency_us(model_, rng_);
  if (faults.jitter_factor > 1 && rng_.chance(300'000)) {
    latency *= rng_.between(1, faults.jitter_factor);
    ++counts_.reordered;
  }
  if (faults.slow_factor > 1) {
    latency *= faults.slow_factor;
    ++counts_.slowed;
  }
  return latency;
}

Network::Arrival Network::send(ProcessId from, ProcessId to, size_t bytes, bool bulk, int64_t now_us) {
  Link& l = link(from, to);
  TL_CHECK(up(from, to));
  const int64_t starts = std::max(now_us, l.free_us);
  l.free_us = starts + static_cast<int64_t>(bytes) * 1000 / bytes_per_ms_;
  int64_t arrives = l.free_us + draw_latency(from, to);
  for (int64_t wait = kRetransmissionUs; l.faults.loss_ppm > 0 && rng_.chance(static_cast<uint64_t>(l.faults.loss_ppm));
       wait = std::min(wait * 2, int64_t{16} * kRetransmissionUs)) {
    arrives += wait;
    ++counts_.lost;
  }
  Arrival out;
  out.twice = l.faults.duplicate_ppm > 0 && rng_.chance(static_cast<uint64_t>(l.faults.duplicate_ppm));
  if (out.twice) ++counts_.duplicated;
  int64_t& last = l.last_arrival_us[bulk ? 1 : 0];
  out.time_us = std::max(arrives, last);
  last = out.time_us;
  return out;
}

void Network::block(ProcessId from, ProcessId to, int by) {
  Link& l = link(from, to);
  l.blocked += by;
  TL_CHECK(l.blocked >= 0);
}

bool Network::close(ProcessId a, ProcessId b) {
  Session& s = session(a, b);
  if (!s.up) return false;
  s.up = false;
  ++s.generation;
  return true;
}

bool Network::open(ProcessId a, ProcessId b, int64_t now_us) {
  Session& s = session(a, b);
  if (s.up) return false;
  s.up = true;
  ++s.generation;
  for (Link* l : {&link(a, b), &link(b, a)}) {
    l->last_arrival_us = {now_us, now_us};
    l->free_us = now_us;
  }
  return true;
}

void Network::heal() {
  for (Link& l : links_) {
    l.faults = {};
    l.blocked = 0;
  }
}

}  // namespace tieline::sim
