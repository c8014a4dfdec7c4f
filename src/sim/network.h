#pragma once
// Links between processes. A link is a reliable stream in each direction: frames arrive in order or not at all, loss
// shows as delay, and when the connection breaks (a crash, a partition that lasts) what is in flight is gone. A session
// is the connection of one pair; whoever loses it is told after a while and told again when it is back.
//
// The network only computes; the schedule moves its decisions through the event queue.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "sim/distribution.h"

namespace tieline::sim {

using ProcessId = uint16_t;

struct LinkFaults {      // in force now
  int64_t loss_ppm = 0;  // of frames, each costs a retransmission time-out
  int64_t duplicate_ppm = 0;
  int64_t slow_factor = 1;
  int64_t jitter_factor = 1;  // some frames take up to this many times as long
};

struct NetworkCounts {
  uint64_t lost = 0;
  uint64_t duplicated = 0;
  uint64_t reordered = 0;
  uint64_t slowed = 0;
};

class Network {
 public:
  Network(size_t processes, LatencyModel model, int64_t bytes_per_ms, uint64_t seed);

  struct Arrival {
    int64_t time_us = 0;
    bool twice = false;
  };
  // When a frame that leaves now arrives. The session must be up.
  Arrival send(ProcessId from, ProcessId to, size_t bytes, bool bulk, int64_t now_us);

  bool up(ProcessId a, ProcessId b) const { return session(a, b).up; }
  uint32_t generation(ProcessId a, ProcessId b) const { return session(a, b).generation; }
  bool blocked(ProcessId from, ProcessId to) const { return link(from, to).blocked > 0; }
  void block(ProcessId from, ProcessId to, int by);  // +1, -1: spans may overlap
  // Ends the session if it was up; true if so.
  bool close(ProcessId a, ProcessId b);
  bool open(ProcessId a, ProcessId b, int64_t now_us);  // false if it was up already

  bool told_up(ProcessId at, ProcessId about) const { return link(at, about).told_up; }
  void set_told(ProcessId at, ProcessId about, bool up) { link(at, about).told_up = up; }

  LinkFaults& faults(ProcessId from, ProcessId to) { return link(from, to).faults; }
  int64_t draw_latency(ProcessId from, ProcessId to);
  const NetworkCounts& counts() const { return counts_; }
  Rng& rng() { return rng_; }
  void heal();  // no fault is in force any more

 private:
  struct Link {
    LinkFaults faults;
    std::array<int64_t, 2> last_arrival_us{};  // consensus frames pass bulk ones
    int64_t free_us = 0;                       // when the sender's card has sent what it has
    int blocked = 0;
    bool told_up = false;
  };
  struct Session {
    bool up = false;
    uint32_t generation = 0;
  };
  Link& link(ProcessId from, ProcessId to) { return links_[from * processes_ + to]; }
  const Link& link(ProcessId from, ProcessId to) const { return links_[from * processes_ + to]; }
  Session& session(ProcessId a, ProcessId b) { return sessions_[(a < b ? a : b) * processes_ + (a < b ? b : a)]; }
  const Session& session(ProcessId a, ProcessId b) const {
    return sessions_[(a < b ? a : b) * processes_ + (a < b ? b : a)];
  }
  size_t processes_;
  LatencyModel model_;
  int64_t bytes_per_ms_;
  Rng rng_;
  std::vector<Link> links_;
  std::vector<Session> sessions_;
  NetworkCounts counts_;
};

}  // namespace tieline::sim
