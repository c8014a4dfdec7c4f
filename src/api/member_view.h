#pragma once
// Who takes part, as JSON and by name: participants and metering points of genesis, and those that votes registered
// since (docs/formats/http.md). May be used from any thread.

#include <optional>
#include <string>

#include "ledger/members.h"

namespace tieline::api {

// How many there are, by genesis and by vote; their ids are 1 to that.
size_t participants_in(const Genesis& genesis, const StateView& state);

// By id; `next` is where the following page starts, or null.
std::string participants_json(const Genesis& genesis, const StateView& state, size_t from, size_t limit);
// With its keys and sequence numbers; none: nobody has this name or number.
std::optional<std::string> participant_json(const Genesis& genesis, const std::string& name, const StateView& state);

// By name, participants by number too.
std::optional<ParticipantId> participant_of(const Genesis& genesis, const StateView& state, const std::string& name);
std::optional<MeterId> meter_of(const Genesis& genesis, const StateView& state, const std::string& name);

}  // namespace tieline::api
