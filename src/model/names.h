#pragma once
// The rules for names, in genesis and when participants are registered later. Source: docs/formats/genesis.md.

#include <string_view>

namespace tieline {

bool is_participant_name(std::string_view name);  // [a-z0-9][a-z0-9._-]{0,62}
// Meters carry the names of the metering world (DE0001.., "MAC000123"), so capitals are welcome.
bool is_meter_name(std::string_view name);  // [a-zA-Z0-9._:-]{1,63}

}  // namespace tieline
