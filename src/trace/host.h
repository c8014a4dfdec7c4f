#pragma once
// What a host does with its replica, as records beside the engine's: appends to the log, syncs, messages that left.
// The rules then see that nothing left before it was durable, whatever the replica's own gate believes.

#include "replica/replica.h"
#include "trace/traced_engine.h"

namespace tieline::trace {

class HostTrace {
 public:
  HostTrace(Sink& sink, ValidatorId self) : sink_(sink), self_(self) {}
  void before(const replica::Input& input);          // is given to the replica
  void carrying_out(const replica::Effect& effect);  // in order

 private:
  Sink& sink_;
  const ValidatorId self_;
};

}  // namespace tieline::trace
