#pragma once
// What the event loop of a schedule moves through time.

#include <cstdint>

#include "replica/decoded.h"
#include "replica/replica.h"
#include "sim/network.h"

namespace tieline::sim {

enum class EventKind : uint8_t {
  kDeliver,      // a -> b, frame, generation of the session
  kConnect,      // a, b
  kDetect,       // a, b: a partition has lasted long enough to break the connection
  kTellDown,     // a learns that the connection to b is gone; generation
  kWake,         // a, incarnation
  kSync,         // a, incarnation
  kStore,        // a, incarnation
  kFlush,        // a, incarnation
  kVerified,     // a, incarnation, value: ticket
  kResume,       // a, incarnation
  kStart,        // a, incarnation
  kClientTick,   // value: client
  kClientRetry,  // value: transaction
  kSubmit,       // a, value: transaction
  kFault,        // value: number in the plan
  kFaultEnd,     // value: number in the plan
  kTraitorSend,  // a, value: validators, frame
  kTraitorTick,  // a
  kHeal,
  kCheckHealed
};

// A frame on its way to one or more. It is decoded by the first who reads it, once for all: what it says depends on
// nothing but its bytes.
class SharedFrame {
 public:
  explicit SharedFrame(Blob bytes) : bytes_(std::move(bytes)) {}
  const Blob& bytes() const { return bytes_; }
  const replica::DecodedPtr& decoded() const {
    if (decoded_ == nullptr) decoded_ = replica::decode_whole(bytes_, replica::Limits{}.frame_bytes_max);
    return decoded_;
  }

 private:
  Blob bytes_;
  mutable replica::DecodedPtr decoded_;
};
using FramePtr = std::shared_ptr<const SharedFrame>;

struct Event {
  EventKind kind{};
  bool bulk = false;
  ProcessId a = 0;
  ProcessId b = 0;
  uint32_t generation = 0;
  uint64_t value = 0;
  FramePtr frame = {};
};

}  // namespace tieline::sim
