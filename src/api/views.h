#pragma once
// What clients read, as JSON (docs/formats/http.md). All but status_json and validators_json only use what may be used
// from any thread.

#include <map>
#include <string>

#include "ledger/ledger.h"
#include "node/node_service.h"

namespace tieline::api {

std::string status_json(const node::NodeService& service, const std::map<ValidatorId, Height>& known_heights);
std::string validators_json(const node::NodeService& service, const std::map<ValidatorId, Height>& known_heights);
std::string block_event_json(const replica::BlockCommitted& block);

Result<std::string> block_json(const StoreReader& store, Height height);
// At most `limit` blocks from `from` on; "next" is where the following page starts, or null.
Result<std::string> blocks_json(const StoreReader& store, Height from, size_t limit);
// Errors: not_found, corrupt_store.
Result<std::string> transaction_json(const StoreReader& store, const Genesis& genesis, const TxId& id);
Result<std::string> receipt_json(const Receipt& receipt, const Bytes& bytes);

struct ReadingsQuery {
  std::string meter;  // name, or number
  int64_t from_s = 0;
  int64_t to_s = 0;
  size_t limit = 0;
  std::optional<std::string> cursor;
};
// Errors: unknown_meter, bad_parameter, corrupt_store.
Result<std::string> readings_json(const StoreReader& store, const Genesis& genesis, const ReadingsQuery& query);

// Names of metering points by id - 1, in the order of genesis.
std::string meter_name(const Genesis& genesis, MeterId id);
std::optional<MeterId> meter_from_name(const Genesis& genesis, const std::string& name);
const char* obis_text(Obis obis);
const char* quality_text(Quality quality);

}  // namespace tieline::api
