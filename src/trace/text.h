#pragma once
// Inputs and effects in one readable line each, for whoever reads a finding.

#include <string>

#include "trace/records.h"

namespace tieline::trace {

std::string text_of(const consensus::Message& message);
std::string text_of(const consensus::Input& input);
std::string text_of(const consensus::Effect& effect);
std::string short_text(const Hash& hash);
std::string text_of(const Slot& slot);

}  // namespace tieline::trace
