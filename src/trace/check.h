#pragma once
// One trace checked whole: its frames, its records, the engine run again, and the rules. Facts gather over several.
//
// Codes of a finding: trace_damaged and trace_malformed (the file), wrong_network (--genesis is of another),
// replay_differs, and the rules of trace/rules.h. Errors, which are no findings: not_a_trace, unknown_version.

#include "trace/frames.h"
#include "trace/replay.h"
#include "trace/rules.h"

namespace tieline::trace {

struct Finding {
  std::string code;
  std::string what;
  uint64_t record = 0;  // from 0
  uint64_t offset = 0;  // of its frame in the file
  std::string input;    // of the step, if it is one
  uint64_t step = 0;
  std::vector<std::string> expected, recorded;  // effects, when they differ
};

struct Summary {
  Begin begin;
  std::string engine;
  uint64_t records = 0;
  uint64_t steps = 0;
  uint64_t signatures = 0;  // of its own that verified
  uint64_t votes = 0;
  uint64_t commits = 0;
  Height height = 0;
  std::optional<std::string> ended;  // why, if it says; none: it breaks off, as when a process is killed
  bool torn = false;                 // inside a record
  std::optional<Finding> finding;
};

// The first record alone.
Result<Begin> read_begin(FrameReader& frames);

struct CheckOptions {
  const Genesis* genesis = nullptr;  // none: chain, parameters and keys are taken as the trace says
  bool replay = true;                // false: the rules alone
  MakeEngine make = consensus::make_engine;
};

// `name` is the file's, for messages. `frames` stands at its beginning.
Result<Summary> check_trace(FrameReader& frames, NetworkFacts& network, const Verifier& verifier, std::string name,
                            const CheckOptions& options = {});

}  // namespace tieline::trace
