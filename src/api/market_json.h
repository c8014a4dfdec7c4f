#pragma once
// The market's actions as JSON, both ways: what `tieline submit` and `tieline trade` take and what /v1/transactions
// shows (docs/participant.md). An action is an object with its name and its fields:
//
//   {"action": "offer", "terms": {"plant": "sunfield", "grid": "northwire", "distributor": "cityline",
//    "buyer": "bakery", "wh": 1000, "plant_price": 60000000, "grid_fee": 5000000, "distributor_fee": 8000000,
//    "start": "2026-11-21T12:00:00Z", "slots": 4}, "margin": 30000}
//
// Participants and meters go by name, or by number when genesis does not know them; a slot by its start; hashes, keys
// and signatures in hexadecimal. Endorsements may be left out: whoever signs the transaction fills them in. So may
// losses: they are the carriers' registered ones. Error: action_invalid, with the place.

#include <nlohmann/json.hpp>
#include <string>

#include "energy/market_actions.h"
#include "energy/private_actions.h"
#include "model/genesis.h"

namespace tieline::api {

nlohmann::ordered_json action_json(const Genesis& genesis, const energy::MarketAction& action);
nlohmann::ordered_json terms_json(const Genesis& genesis, const energy::TradeTerms& terms);
Result<energy::MarketAction> action_from_json(const Genesis& genesis, const nlohmann::ordered_json& json,
                                              const std::string& at);
Result<energy::TradeTerms> terms_from_json(const Genesis& genesis, const nlohmann::ordered_json& json,
                                           const std::string& at);

nlohmann::ordered_json participant_name(const Genesis& genesis, ParticipantId id);  // its number if genesis has none
Result<ParticipantId> participant_from_name(const Genesis& genesis, const std::string& name);
const char* action_name(ActionType type);  // "offer"; "unknown" for what is no market action
// What private points record shows nothing but that it is there: it is meant for everybody (docs/privacy.md).
bool is_public_action(const std::string& name);
// {"action": "private_record", "payload": hexadecimal}, any of those of private points; none: another action.
Result<std::optional<energy::PrivateAction>> private_action_from_json(const nlohmann::ordered_json& json,
                                                                      const std::string& at);

}  // namespace tieline::api
