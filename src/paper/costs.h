#pragma once
// What real work costs, in simulated time. The constants are measured once by `tieline paper --calibrate` and stored in
// calibrated.inc, so that the same seeds give the same numbers on every machine; the report shows them beside what the
// machine at hand measures. Units: nanoseconds of one processor, unless the name says otherwise.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tieline::paper {

struct Costs {
  int64_t verify_ns = 0;        // one Ed25519 signature, checked alone (consensus messages)
  int64_t batch_call_ns = 0;    // a batch of transactions' signatures: the call,
  int64_t batch_each_ns = 0;    // and each signature in it
  int64_t sign_ns = 0;          // one Ed25519 signature, made
  int64_t hash_ns_per_kib = 0;  // SHA-256
  int64_t message_ns = 0;       // a consensus message encoded or decoded
  int64_t frame_ns = 0;         // a frame written to or read from a socket
  int64_t execute_ns = 0;       // a transaction of 256 bytes, executed by the ledger
  int64_t apply_ns = 0;         // a committed transaction, into RocksDB
  int64_t sync_ns = 0;          // fdatasync of a log record: waiting, not computing
  bool operator==(const Costs&) const = default;
};

struct CostLine {
  const char* name;
  const char* what;
  int64_t Costs::*value;
};
const std::vector<CostLine>& cost_lines();

const Costs& stored_costs();
std::string_view stored_costs_origin();  // the machine and the day

// Measures this machine; takes about three seconds. Errors: disk_error.
Result<Costs> calibrate();
std::string this_machine();
// The text of calibrated.inc.
std::string calibrated_text(const Costs& costs, std::string_view origin);

}  // namespace tieline::paper
