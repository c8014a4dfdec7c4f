#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

namespace tieline::log {

void to_stderr(const char* name, spdlog::level::level_enum level) {
  auto logger = spdlog::stderr_logger_mt(name);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %n: %v", spdlog::pattern_time_type::utc);
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace tieline::log
