#pragma once
// Honest readings: every real series of data/original/ and the standard load profiles of the BDEW for a year, as
// data/README.md describes them. The files are built into the program, so that a row needs nothing but a seed.

#include <cstdint>
#include <string>
#include <vector>

#include "model/genesis.h"

namespace tieline::paper {

struct HonestValue {
  int64_t start_s = 0;
  uint64_t wh = 0;
};
struct HonestSeries {
  std::string name;
  Role role = Role::kUser;
  uint64_t limit_w = 0;  // as its owner would register it
  Obis obis = Obis::kImport;
  uint32_t duration_s = 900;
  bool real = false;  // measured, not a profile
  std::vector<HonestValue> values;
};

// pv (export), gb-demand, and h0, g0..g6, l0..l2 from 1 January to 31 December 2025, local time of Berlin: 92 slots on
// 30 March, 100 on 26 October, and the nine holidays of all Germany as Sundays.
std::vector<HonestSeries> honest_series();

}  // namespace tieline::paper
