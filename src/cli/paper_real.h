#pragma once
// Rows of `tieline paper` again with real processes, TLS and disks on this machine (tieline bench), beside what the
// measuring world says for the same setting. The numbers are this machine's, so that they are made only when asked for.

#include "paper/experiments.h"

namespace tieline::cli {

Result<paper::Part> real_rows(bool quick, const paper::Told& told);

}  // namespace tieline::cli
