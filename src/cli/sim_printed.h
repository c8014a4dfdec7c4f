#pragma once
// `tieline sim --engine cbft_as_printed`: paper 000's CBFT to the letter (sim/printed/), with the output of `tieline
// sim`.

#include <cstdint>
#include <string>

namespace tieline::cli {

struct PrintedRun {
  size_t validators = 4;
  uint64_t first = 0, last = 0;  // seeds
  bool single = false;           // one seed: print it
  std::string faults;
  std::string reading;
  uint64_t blocks = 40;
  size_t workers = 2;
  bool trace = false;
  bool no_reduce = false;
  bool json = false;
};
int run_printed(const PrintedRun& o);

}  // namespace tieline::cli
