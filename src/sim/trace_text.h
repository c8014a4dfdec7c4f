#pragma once
// Frames in words, for readable traces.

#include <string>

#include "base/bytes.h"

namespace tieline::sim {

std::string describe_frame(const Blob& frame);

}  // namespace tieline::sim
