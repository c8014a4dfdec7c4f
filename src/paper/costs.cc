#include "paper/costs.h"

namespace tieline::paper {
namespace {

#include "paper/calibrated.inc"

}  // namespace

const std::vector<CostLine>& cost_lines() {
  static const std::vector<CostLine> lines = {
      {"verify_ns", "check one Ed25519 signature alone", &Costs::verify_ns},
      {"batch_call_ns", "check a batch of signatures: the call", &Costs::batch_call_ns},
      {"batch_each_ns", "check a batch of signatures: each of them", &Costs::batch_each_ns},
      {"sign_ns", "make an Ed25519 signature", &Costs::sign_ns},
      {"hash_ns_per_kib", "SHA-256, a KiB", &Costs::hash_ns_per_kib},
      {"message_ns", "encode or decode a consensus message", &Costs::message_ns},
      {"frame_ns", "write a frame to a socket, or read one", &Costs::frame_ns},
      {"execute_ns", "execute a transaction of 256 bytes", &Costs::execute_ns},
      {"apply_ns", "apply a committed transaction to RocksDB", &Costs::apply_ns},
      {"sync_ns", "fdatasync of a log record", &Costs::sync_ns},
  };
  return lines;
}

const Costs& stored_costs() { return kCalibrated; }
std::string_view stored_costs_origin() { return kCalibratedOrigin; }

std::string calibrated_text(const Costs& costs, std::string_view origin) {
  std::string text = "// Written by `tieline paper --calibrate FILE`; do not edit. docs/paper.md says what each is.\n";
  text += "constexpr std::string_view kCalibratedOrigin = \"" + std::string(origin) + "\";\n";
  text += "constexpr Costs kCalibrated = {\n";
  for (const CostLine& line : cost_lines())
    text += "    ." + std::string(line.name) + " = " + std::to_string(costs.*line.value) + ",\n";
  return text + "};\n";
}

}  // namespace tieline::paper
