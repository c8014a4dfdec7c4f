#pragma once
// The operator's log: one line an event, UTC, to standard error. Only node/, api/, cli/ and storage/ write to it; the
// layers below hand their notes up as effects.

#include <spdlog/spdlog.h>

namespace tieline::log {
using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;
void to_stderr(const char* name, spdlog::level::level_enum level);  // format and sink, once at start
}  // namespace tieline::log
