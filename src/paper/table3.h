#pragma once
// Paper 004, Table 3: its own four rows, and the suite of attacks, on the centralized baseline, pbft and cbft.

#include "paper/experiments.h"

namespace tieline::paper {

Part security_table(const ExperimentOptions& options, const Told& told);

}  // namespace tieline::paper
