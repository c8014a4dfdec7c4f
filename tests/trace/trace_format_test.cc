// The records and the file around them: what is written is read back the same, and nothing else is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../model/fixtures.h"
#include "base/rng.h"
#include "trace/check.h"
#include "trace/text.h"

namespace tieline::trace {
namespace {
}  // namespace
}  // namespace tieline::trace
