#include "cli/import_network.h"

#include <chrono>
#include <thread>

#include "cli/network_access.h"
#include "cli/rfc3339.h"
#include "ledger/codes.h"
#include "model/receipt.h"

namespace tieline::cli {
namespace {

constexpr auto kPause = std::chrono::milliseconds(250);
constexpr int kReceiptTries = 40;  // a validator says `committed` a moment before its store has the block

class Network final : public ImportNetwork {
 public:
  Network(api::NetworkClient& client, const Genesis& genesis, const Verifier& verifier)
      : client_(client), genesis_(genesis), verifier_(verifier) {}

  Result<Height> height() override {
    auto status = get("/v1/status");
    if (!status) return status.error();
    return number_in(*status, "height");
  }

  Result<uint64_t> highest_sequence(ParticipantId participant) override {
    TL_CHECK(participant >= 1 && participant <= genesis_.participants.size());
    auto record = get("/v1/participants/" + url_encoded(genesis_.participants[participant - 1].name));
    if (!record) return record.error();
    return number_in(*record, "sequence");
  }

  int64_t now_ms() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  void pause() override { std::this_thread::sleep_for(kPause); }

  Result<std::vector<ImportOutcome>> submit(const std::vector<Blob>& transactions) override {
    auto outcomes = client_.submit_and_wait(transactions);
    if (!outcomes) return outcomes.error();
    std::vector<ImportOutcome> out;
    for (const api::SubmitOutcome& one : *outcomes) out.push_back({one.id, one.committed, one.code, one.height});
    return out;
  }

  Result<std::optional<ImportOutcome>> find(const TxId& id) override {
    auto tx = get("/v1/transactions/" + to_hex(id));
    if (!tx && tx.error().code == "not_found") return std::optional<ImportOutcome>();
    if (!tx) return tx.error();
    auto height = number_in(*tx, "height");
    if (!height) return height.error();
    const auto code = code_from_name(tx->value("code", ""));
    if (!code) return Error{"json_malformed", "a transaction's code is unknown here"};
    return std::optional(ImportOutcome{id, true, number(*code), *height});
  }

  Result<std::vector<Reading>> recorded(MeterId meter, int64_t from_s, int64_t to_s) override {
    std::string name;
    for (const auto& [meter_name, entry] : meters_of(genesis_)) {
      if (entry.id == meter) name = meter_name;
    }
    // An interval that starts a day earlier may still reach in.
    static constexpr int64_t kLongest = 86'400;
    const std::string target = "/v1/readings?meter=" + url_encoded(name) +
                               "&from=" + std::to_string(std::max<int64_t>(0, from_s - kLongest)) +
                               "&to=" + std::to_string(to_s);
    std::vector<Reading> out;
    std::string cursor;
    while (true) {
      auto page = get(target + (cursor.empty() ? "" : "&cursor=" + url_encoded(cursor)));
      if (!page) return page.error();
      for (const Json& item : page->value("readings", Json::array())) {
        Reading reading;
        reading.meter = meter;
        auto obis = parse_obis(item.value("obis", ""));
        auto start = parse_rfc3339(item.value("start", ""));
        if (!obis || !start) return Error{"json_malformed", "a recorded reading is not understood"};
        reading.obis = *obis;
        reading.start_s = *start;
        reading.duration_s = item.value("seconds", uint32_t{0});
        out.push_back(reading);
      }
      const Json next = page->value("next", Json(nullptr));
      if (!next.is_string()) return out;
      cursor = next.get<std::string>();
    }
  }

  Result<Bytes> verified_receipt(const TxId& id) override {
    Error last{"not_found", ""};
    for (int i = 0; i < kReceiptTries; ++i) {
      auto bytes = client_.receipt(id);
      if (bytes) {
        auto facts = verify_receipt(*bytes, genesis_, verifier_);
        if (!facts)
          return Error{"receipt_invalid", "the receipt of " + to_hex(id) + " does not verify: " + facts.error().why};
        if (facts->txid != id || facts->result_code != number(TxCode::ok)) {
          return Error{"receipt_invalid", "the receipt of " + to_hex(id) + " does not say that it was accepted"};
        }
        return bytes;
      }
      last = bytes.error();
      if (last.code != "not_found" && last.code != "not_applied_yet") return last;
      std::this_thread::sleep_for(kPause);
    }
    return Error{"timed_out", "no validator has the receipt of " + to_hex(id) + ": " + last.why};
  }

 private:
  Result<Json> get(const std::string& target) {
    auto reply = client_.get(target);
    if (!reply) return reply.error();
    return parse_json(reply->body, target);
  }
  static Result<uint64_t> number_in(const Json& json, const char* name) {
    const auto it = json.find(name);
    if (it == json.end() || !it->is_number_unsigned())
      return Error{"json_malformed", std::string("no number '") + name + "' in an answer"};
    return it->get<uint64_t>();
  }

  api::NetworkClient& client_;
  const Genesis& genesis_;
  const Verifier& verifier_;
};

}  // namespace

std::unique_ptr<ImportNetwork> import_network(api::NetworkClient& client, const Genesis& genesis,
                                              const Verifier& verifier) {
  return std::make_unique<Network>(client, genesis, verifier);
}

}  // namespace tieline::cli
