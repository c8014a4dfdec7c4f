#pragma once
// `cbft_as_printed`: paper 000's CBFT taken literally, in a small world of its own, to show by runs that it forks. Pure
// functions of (options, seed, plan, filter), with the simulator's plans, latencies and generator, so that the same
// words and seeds mean the same here. It is no engine: no node can be configured to it and no message has a wire form.
//
// Faults it knows: crash, power loss and pause (all a silence, nothing is forgotten), partitions, loss (frames are
// gone, and said again every T0/2), reorder, duplicate, slow; and Byzantine validators that equivocate together, or are
// silent. The others of the simulator need disks and clocks, which this world does not have.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/printed/node.h"
#include "sim/schedule.h"

namespace tieline::sim::printed {

struct Options {
  size_t validators = 4;
  FaultSet faults;
  Reading reading = Reading::kAccepted;
  uint64_t blocks = 40;  // the faulty phase ends at this height
};

// What is told of a schedule: a delivery, or what a validator did of its own.
struct Step {
  int64_t time_us = 0;
  uint32_t who = 0;                 // the sender of a delivery
  std::optional<uint32_t> to = {};  // of a delivery
  std::string what;
};

struct Result {
  ScheduleResult schedule;
  bool lost_ack = false;  // f+1 validators had executed one of the two blocks, so that a client had been answered
  Height fork_height = 0;
  std::vector<Step> steps;         // with a trace only
  std::vector<uint64_t> happened;  // keys of deliveries and time-outs, in order, without repeats
};

// What is allowed to happen, by key. A delivery that is left out is a message that comes too late, which an
// asynchronous network may do to any of them.
struct Allowed {
  std::set<uint64_t> keys;
  int64_t until_us = 0;    // nothing after this matters
  Height quiet_below = 0;  // heights that everybody executed alike are not told
};
using Filter = std::optional<Allowed>;  // none: everything

const char* reading_name(Reading reading);
FaultSet known_faults(const FaultSet& asked);
Plan plan_of(const Options& options, uint64_t seed);
Result run(const Options& options, uint64_t seed, const Plan& plan, const Filter& filter = {},
           const TraceSink& trace = {});

struct Reduced {
  Plan plan;
  Filter filter;
  Result result;
  size_t tries = 0;
};
// The schedule must fork. Leaves out faults, traitors, and then deliveries and time-outs one by one.
Reduced reduce(const Options& options, uint64_t seed, const Plan& plan);
// Its readable sequence, as lines and as steps.
struct Sequence {
  std::vector<std::string> lines;
  std::vector<Step> steps;
  std::string end;
};
Sequence sequence(const Options& options, uint64_t seed, const Reduced& reduced);

}  // namespace tieline::sim::printed
