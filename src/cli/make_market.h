#pragma once
// The market's part of a participants' file. Beside what every participant has (cli/make_network.h), an entry may say
//
//   "org": 12            its organisation; default: one of its own
//   "balance": 5000000   micro-currency that genesis issues to it
//   "flows": [{"to": "northwire", "meter": "pv-1", "check_meter": "northwire-in"}]
//                        energy that goes from it to another; the check meter, of the other, may be left out
//   "stakes_for": "validator-0"
//
// With any of these in the file the network has a market, and every participant is a member of it. Error: usage.

#include <optional>
#include <string>

#include "cli/participant_keys.h"

namespace tieline::cli {

inline constexpr uint32_t kOwnOrgBase =
    1'000;  // the organisation of participant n is this and n, unless it says another

bool is_market_key(const std::string& key);

// `entries`: the file's list, of the participants that `genesis` has, in the same order; `cards`: theirs. None: the
// file says nothing of a market.
Result<std::optional<MarketGenesis>> market_from(const Json& entries, const Genesis& genesis,
                                                 const std::vector<ParticipantCard>& cards, const std::string& source);

}  // namespace tieline::cli
