#pragma once
// What an engine must be able to say so that its states can be told apart: the explorer merges what has one fingerprint
// (docs/explorer.md). An engine that does not implement it runs everywhere else.

#include "base/codec.h"

namespace tieline::consensus {

class Explorable {
 public:
  virtual ~Explorable() = default;
  // Everything that decides what this engine will do, but not when: two engines of one validator with the same bytes
  // answer the same inputs with the same effects, except for clock readings, deadlines, and the numbers that only name
  // things (lsn, ticket, timer generation).
  virtual void fingerprint(Writer& w) const = 0;
};

}  // namespace tieline::consensus
