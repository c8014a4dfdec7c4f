#include "api/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/http_types.h"
#include "api/market_json.h"
#include "api/member_view.h"
#include "ledger/block_record.h"
#include "ledger/codes.h"
#include "ledger/readings.h"
#include "ledger/state.h"
#include "model/declaration.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

Json height_or_null(const std::map<ValidatorId, Height>& heights, ValidatorId id) {
  auto it = heights.find(id);
  return it == heights.end() ? Json(nullptr) : Json(it->second);
}

const GenesisValidator* validator_of(const Genesis& genesis, ValidatorId id) {
  for (const GenesisValidator& one : genesis.validators)
    if (one.id == id) return &one;
  return nullptr;
}

// How many of `up` may fail, whichever they are, until the rest is no quorum: at worst the heaviest go first.
size_t can_lose(const Committee& committee, SignerSet up) {
  std::vector<size_t> heaviest = up.positions();
  std::stable_sort(heaviest.begin(), heaviest.end(),
                   [&](size_t a, size_t b) { return committee.at(a).weight > committee.at(b).weight; });
  size_t lost = 0;
  for (const size_t position : heaviest) {
    up.erase(position);
    if (!committee.is_quorum(up)) break;
    ++lost;
  }
  return lost;
}

// The fewest validators that are a quorum.
size_t least_quorum(const Committee& committee) {
  std::vector<size_t> lightest;
  SignerSet all;
  for (size_t i = 0; i < committee.size(); ++i) {
    lightest.push_back(i);
    all.insert(i);
  }
  std::stable_sort(lightest.begin(), lightest.end(),
                   [&](size_t a, size_t b) { return committee.at(a).weight < committee.at(b).weight; });
  for (const size_t position : lightest) {
    SignerSet less = all;
    less.erase(position);
    if (committee.is_quorum(less)) all = less;
  }
  return all.count();
}

// The table that votes are weighed by now; none where heads are counted.
std::optional<Committee> weighing(const node::NodeService& service, Epoch epoch) {
  std::optional<Committee> committee = committee_of(service.committed_state(), epoch);
  if (!committee || !committee->weighted()) return std::nullopt;
  return committee;
}

void add_weighing(Json& status, const Committee& committee, const SignerSet& up) {
  const Classes& classes = committee.classes();
  status["classes"] = {{"trusted", classes.trusted},
                       {"regular", classes.regular},
                       {"faulty", classes.faulty},
                       {"malicious", classes.malicious}};
  status["weights_alarm"] = committee.weights_alarm();
  status["total_weight"] = committee.total_weight();
  status["quorum"] = least_quorum(committee);
  status["can_lose"] = can_lose(committee, up);
}

Json header_json(const Header& header, const Hash& digest) {
  return {{"height", header.height},
          {"block", to_hex(digest)},
          {"parent", to_hex(header.parent)},
          {"epoch", header.epoch},
          {"time_ms", header.time_ms},
          {"time", rfc3339_ms(header.time_ms)},
          {"transactions", header.tx_count},
          {"tx_root", to_hex(header.tx_root)},
          {"result_root", to_hex(header.result_root)},
          {"evidence_root", to_hex(header.evidence_root)},
          {"writes_digest", to_hex(header.writes_digest)},
          {"next_committee", header.next_committee ? Json(to_hex(*header.next_committee)) : Json(nullptr)}};
}

Json proof_json(const CommitProof& proof) {
  Json signers = Json::array();
  for (size_t position : proof.certificate.signers.positions()) signers.push_back(position);
  return {{"rounds", proof.second ? 2 : 1},
          {"epoch", proof.certificate.slot.epoch},
          {"view", proof.certificate.slot.view},
          {"index", proof.certificate.slot.index},
          {"signers", std::move(signers)}};
}

Json reading_json(const Genesis& genesis, const Reading& reading) {
  Json out = {{"meter", meter_name(genesis, reading.meter)},
              {"obis", obis_text(reading.obis)},
              {"start", rfc3339(reading.start_s)},
              {"seconds", reading.duration_s},
              {"wh", reading.wh},
              {"quality", quality_text(reading.quality)}};
  if (reading.register_wh) out["register_wh"] = *reading.register_wh;
  return out;
}

Json declaration_json(const Genesis& genesis, const Declaration& one) {
  return {{"meter", meter_name(genesis, one.meter)},
          {"kind", declaration_kind_name(one.kind)},
          {"start", rfc3339(one.start_s)},
          {"seconds", one.duration_s},
          {"value", one.value}};
}

}  // namespace

const char* obis_text(Obis obis) { return obis == Obis::kImport ? "1-0:1.8.0" : "1-0:2.8.0"; }

const char* quality_text(Quality quality) {
  switch (quality) {
    case Quality::kMeasured:
      return "measured";
    case Quality::kCalculated:
      return "calculated";
    case Quality::kSubstituted:
      return "substituted";
    case Quality::kEstimated:
      return "estimated";
  }
  return "unknown";
}

std::optional<MeterId> meter_from_name(const Genesis& genesis, const std::string& name) {
  MeterId next = 1;
  for (const GenesisParticipant& participant : genesis.participants) {
    for (const std::string& meter : participant.meters) {
      if (meter == name) return next;
      ++next;
    }
  }
  return std::nullopt;
}

std::string meter_name(const Genesis& genesis, MeterId id) {
  size_t left = id;
  for (const GenesisParticipant& participant : genesis.participants) {
    if (left >= 1 && left <= participant.meters.size()) return participant.meters[left - 1];
    left -= std::min(left, participant.meters.size());
  }
  return "meter " + std::to_string(id);
}

std::string validators_json(const node::NodeService& service, const std::map<ValidatorId, Height>& known_heights) {
  const node::NodeStatus status = service.status();
  const auto& connected = status.replica.connected;
  Json list = Json::array();
  for (const GenesisValidator& one : service.genesis().validators) {
    const bool self = one.id == status.self;
    const bool up = self || std::find(connected.begin(), connected.end(), one.id) != connected.end();
    list.push_back({{"id", one.id},
                    {"name", one.name},
                    {"organisation", one.org},
                    {"connected", up},
                    {"height", self ? Json(status.replica.applied) : height_or_null(known_heights, one.id)},
                    {"address", one.address},
                    {"http", one.http},
                    {"key", to_hex(one.key)},
                    {"tls_pin", to_hex(one.tls_pin)}});
  }
  return dumped({{"validators", std::move(list)}, {"next", nullptr}});
}

std::string status_json(const node::NodeService& service, const std::map<ValidatorId, Height>& known_heights) {
  const node::NodeStatus status = service.status();
  const Genesis& genesis = service.genesis();
  const auto& engine = status.replica.engine;
  const auto& connected = status.replica.connected;
  Json validators = Json::array();
  size_t up_count = 0;
  const std::optional<Committee> weighed = weighing(service, engine.epoch);
  SignerSet up_positions;
  for (const GenesisValidator& one : genesis.validators) {
    const bool self = one.id == status.self;
    const bool up = self || std::find(connected.begin(), connected.end(), one.id) != connected.end();
    up_count += up ? 1 : 0;
    validators.push_back({{"name", one.name},
                          {"connected", up},
                          {"height", self ? Json(status.replica.applied) : height_or_null(known_heights, one.id)}});
    const auto position = weighed ? weighed->position_of(one.id) : std::nullopt;
    if (!position) continue;
    if (up) up_positions.insert(*position);
    const Member& member = weighed->at(*position);
    validators.back()["trust"] = static_cast<double>(member.trust) / kTrustOne;
    validators.back()["class"] = trust_class_name(weighed->class_at(*position));
    validators.back()["weight"] = member.weight;
  }
  const size_t quorum = genesis.quorum().quorum();
  Json primary = nullptr;
  if (engine.primary)
    if (const GenesisValidator* leader = validator_of(genesis, *engine.primary)) primary = leader->name;
  Json out = {{"name", status.name},
              {"network", genesis.network},
              {"chain_id", to_hex(service.ledger().chain())},
              {"engine", engine_name(genesis.consensus.engine)},
              {"height", status.replica.applied},
              {"tip", to_hex(status.replica.tip)},
              {"time_ms", status.replica.tip_time_ms},
              {"epoch", engine.epoch},
              {"view", engine.view},
              {"view_changing", engine.view_changing},
              {"primary", std::move(primary)},
              {"state_root", to_hex(status.replica.state_root)},
              {"state_root_height", status.replica.checkpoint},
              {"validators", std::move(validators)},
              {"quorum", quorum},
              {"can_lose", up_count > quorum ? up_count - quorum : 0},
              {"finality_ms", {{"p50", status.finality_p50_ms}, {"p99", status.finality_p99_ms}}},
              {"pending", status.replica.pending},
              {"catching_up", status.replica.catching_up},
              {"history_from", status.replica.history_from},
              {"rejoining", engine.rejoining},
              {"started_ms", status.started_ms}};
  if (weighed) add_weighing(out, *weighed, up_positions);
  return dumped(out);
}

std::string block_event_json(const replica::BlockCommitted& committed) {
  const Header& header = committed.block->header;
  Json out = {{"height", header.height},
              {"block", to_hex(committed.block->digest)},
              {"epoch", header.epoch},
              {"time_ms", header.time_ms},
              {"transactions", header.tx_count}};
  if (committed.proof) out["proof"] = proof_json(*committed.proof);
  if (committed.execution) {
    const auto& results = committed.execution->results;
    out["accepted"] = std::count_if(results.begin(), results.end(), [](const TxResult& r) { return r.code == 0; });
  }
  return dumped(out);
}

Result<std::string> block_json(const StoreReader& store, Height height) {
  auto stored = stored_block(store, height);
  if (!stored) return stored.error();
  Json out = header_json(stored->block->header, stored->block->digest);
  out["proof"] = proof_json(stored->proof);
  Json results = Json::array();
  for (const TxResult& result : stored->results)
    results.push_back({{"id", to_hex(result.id)}, {"code", code_name(result.code)}});
  out["results"] = std::move(results);
  return dumped(out);
}

Result<std::string> blocks_json(const StoreReader& store, Height from, size_t limit) {
  // A validator that joined by snapshot has no blocks before it: heights come from what is there.
  std::vector<Height> heights;
  store.scan(Column::kBlocks, block_key(from), {}, false, [&](ByteView key, ByteView) {
    Height height = 0;
    for (uint8_t byte : key) height = height << 8 | byte;
    heights.push_back(height);
    return heights.size() <= limit;
  });
  const bool more = heights.size() > limit;
  Json list = Json::array();
  for (size_t i = 0; i < std::min(limit, heights.size()); ++i) {
    auto record = read_block_record(store, heights[i]);
    if (!record) return record.error();
    // The header stands first in the transfer form; the transactions behind it are not looked at.
    Reader r(record->block.view());
    Header header;
    decode(r, header);
    if (!r.ok()) return Error{"corrupt_store", "the block at height " + std::to_string(heights[i]) + " does not read"};
    list.push_back(header_json(header, header.digest()));
    list.back()["proof"] = proof_json(record->proof);
  }
  return dumped({{"blocks", std::move(list)}, {"next", more ? Json(heights.back()) : Json(nullptr)}});
}

Result<std::string> transaction_json(const StoreReader& store, const Genesis& genesis, const TxId& id) {
  const auto place = find_tx(store, id);
  if (!place) return Error{"not_found", "no committed transaction has the id " + to_hex(id)};
  auto stored = stored_block(store, place->height);
  if (!stored) return stored.error();
  if (place->index >= stored->block->txs.size() || place->index >= stored->results.size())
    return Error{"corrupt_store", "the index names a transaction that its block does not hold; run: tieline audit"};
  const Transaction& tx = *stored->block->txs[place->index];
  const uint16_t code = stored->results[place->index].code;
  Json signatories = Json::array();
  for (ParticipantId signatory : tx.signatories()) signatories.push_back(participant_name(genesis, signatory));
  Json actions = Json::array();
  for (const Action& action : tx.actions()) {
    if (action.type == ActionType::kReadings) {
      Json readings = Json::array();
      if (auto decoded_readings = decode_readings(action.payload))
        for (const Reading& reading : *decoded_readings) readings.push_back(reading_json(genesis, reading));
      actions.push_back({{"type", "readings"}, {"readings", std::move(readings)}});
    } else if (action.type == ActionType::kDeclarations) {
      Json declarations = Json::array();
      if (auto decoded_declarations = decode_declarations(action.payload))
        for (const Declaration& one : *decoded_declarations) declarations.push_back(declaration_json(genesis, one));
      actions.push_back({{"type", "declarations"}, {"declarations", std::move(declarations)}});
    } else if (auto market = energy::decode_market_action(action.type, action.payload)) {
      Json one = {{"type", action_name(action.type)}};
      one.update(action_json(genesis, *market));
      one.erase("action");
      actions.push_back(std::move(one));
    } else {
      const bool data = action.type == ActionType::kData;  // else an action that was refused as malformed
      actions.push_back({{"type", data ? "data" : action_name(action.type)},
                         {"bytes", action.payload.size()},
                         {"data", to_hex(action.payload)}});
    }
  }
  return dumped({{"id", to_hex(id)},
                 {"state", "committed"},
                 {"code", code_name(code)},
                 {"why", code_reason(code)},
                 {"height", place->height},
                 {"index", place->index},
                 {"signatories", std::move(signatories)},
                 {"sequence", tx.sequence()},
                 {"timestamp_ms", tx.timestamp_ms()},
                 {"expiry_height", tx.expiry_height()},
                 {"bytes", tx.bytes().size()},
                 {"actions", std::move(actions)}});
}

Result<std::string> receipt_json(const Receipt& receipt, const Bytes& bytes) {
  auto tx = Transaction::parse(Blob(receipt.transaction));
  if (!tx) return Error{"corrupt_store", "a stored transaction does not parse: " + tx.error().why};
  Json out = {{"txid", to_hex((*tx)->id())},
              {"chain_id", to_hex(receipt.chain)},
              {"index", receipt.index},
              {"code", code_name(receipt.result.code)},
              {"header", header_json(receipt.header, receipt.header.digest())},
              {"proof", proof_json(receipt.proof)},
              {"committee_links", receipt.links.size()},
              {"receipt", to_hex(bytes)}};
  return dumped(out);
}

Result<std::string> readings_json(const StoreReader& store, const Genesis& genesis, const ReadingsQuery& query) {
  const auto meter = meter_of(genesis, StateView(store), query.meter);
  if (!meter) return Error{"unknown_meter", "no metering point has the name '" + query.meter + "'"};
  std::optional<ReadingsCursor> after;
  if (query.cursor) {
    after = cursor_from_string(*query.cursor);
    if (!after) return Error{"bad_parameter", "'cursor' must be the \"next\" of the page before"};
  }
  Json list = Json::array();
  auto next =
      scan_readings(store, *meter, query.from_s, query.to_s, query.limit, after, [&](const RecordedReading& one) {
        Json item = reading_json(genesis, one.reading);
        item["meter"] = query.meter;
        item["txid"] = to_hex(one.txid);
        item["height"] = one.height;
        item["index"] = one.index;
        list.push_back(std::move(item));
        return true;
      });
  if (!next) return next.error();
  return dumped({{"readings", std::move(list)}, {"next", *next ? Json(to_string(**next)) : Json(nullptr)}});
}

}  // namespace tieline::api
