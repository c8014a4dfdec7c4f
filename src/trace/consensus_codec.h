#pragma once
// Inputs, effects and the construction of an engine in Borsh: their fields in the order of consensus/engine.h, a
// variant as u8 index and value. Messages, certificates and headers are as everywhere else.

#include "trace/records.h"

namespace tieline::trace {

void encode(Writer& w, const consensus::EngineConfig& config);
void decode(Reader& r, consensus::EngineConfig& config);
void encode(Writer& w, const consensus::ChainState& chain);
void decode(Reader& r, consensus::ChainState& chain);
void encode(Writer& w, const consensus::Recovered& recovered);
void decode(Reader& r, consensus::Recovered& recovered);
void encode(Writer& w, const consensus::Input& input);
void decode(Reader& r, consensus::Input& input);
// `codes` keeps what Drop::code points to.
void decode(Reader& r, consensus::Effect& effect, std::vector<std::shared_ptr<const std::string>>& codes);

}  // namespace tieline::trace
