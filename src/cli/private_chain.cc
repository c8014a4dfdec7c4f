#include "cli/private_chain.h"

#include <map>
#include <set>

#include "api/views.h"
#include "cli/rfc3339.h"
#include "energy/private_reading.h"

namespace tieline::cli {
namespace {

constexpr uint32_t kSlotS = 900;

Error invalid(std::string why) { return {"chain_invalid", std::move(why)}; }

template <size_t N, class Tag>
Result<FixedBytes<N, Tag>> hex_in(const Json& json, const char* name) {
  auto value = hex_field<N, Tag>(json, name);
  if (!value) return invalid("what the validator shows has no " + std::string(name));
  return value;
}

Result<int64_t> time_in(const Json& json, const char* name) {
  auto time = parse_rfc3339(json.value(name, ""));
  if (!time) return invalid("what the validator shows has no " + std::string(name));
  return *time;
}

// The records of a transaction, decoded; each transaction is fetched once.
class Records {
 public:
  explicit Records(const Getter& get) : get_(get) {}

  Result<std::vector<energy::PrivateRecord>> in(const std::string& transaction) {
    if (const auto known = known_.find(transaction); known != known_.end()) return known->second;
    auto payloads = payloads_in(get_, transaction, "private_record");
    if (!payloads) return payloads.error();
    std::vector<energy::PrivateRecord> out;
    for (const Bytes& payload : *payloads) {
      auto record = energy::decode_private_record(payload);
      if (!record) return record.error();
      out.push_back(std::move(*record));
    }
    return known_[transaction] = std::move(out);
  }
  // The reading with this commitment.
  Result<energy::PrivateReading> reading(const std::string& transaction, const energy::Pseudonym& pseudonym,
                                         const Commitment& commitment) {
    auto records = in(transaction);
    if (!records) return records.error();
    for (const energy::PrivateRecord& record : *records) {
      if (record.pseudonym != pseudonym) continue;
      for (const energy::PrivateReading& one : record.readings)
        if (one.commitment == commitment) return one;
    }
    return invalid("transaction " + transaction + " does not hold the reading that the state says it brought");
  }

 private:
  const Getter& get_;
  std::map<std::string, std::vector<energy::PrivateRecord>> known_;
};

}  // namespace

Result<std::vector<Bytes>> payloads_in(const Getter& get, const std::string& transaction, const std::string& action) {
  auto shown = get("/v1/transactions/" + transaction);
  if (!shown) return shown.error();
  std::vector<Bytes> out;
  for (const Json& one : shown->value("actions", Json::array())) {
    if (one.value("type", "") != action) continue;
    const auto bytes = from_hex(one.value("data", "-"));
    if (!bytes) return invalid("an action of transaction " + transaction + " is not shown in hexadecimal digits");
    out.push_back(*bytes);
  }
  return out;
}

Result<RecordsFile> fetch_records(const Getter& get, const energy::Pseudonym& pseudonym, Obis obis, int64_t start_s,
                                  uint32_t slots) {
  auto shown = get("/v1/private/slots?pseudonym=" + to_hex(pseudonym) + "&obis=" + api::obis_text(obis) +
                   "&start=" + rfc3339_utc(start_s) + "&slots=" + std::to_string(slots));
  if (!shown) return shown.error();
  RecordsFile out;
  out.pseudonym = pseudonym;
  out.bucket_w = shown->value("bucket_w", uint64_t{0});
  Records records(get);
  std::set<std::string> taken;
  for (const Json& slot : shown->value("slots", Json::array())) {
    auto start = time_in(slot, "start");
    if (!start) return start.error();
    const std::string state = slot.value("state", "");
    if (state == "recorded") {
      auto commitment = hex_in<32, CommitmentTag>(slot, "commitment");
      if (!commitment) return commitment.error();
      const std::string transaction = slot.value("transaction", "");
      auto reading = records.reading(transaction, pseudonym, *commitment);
      if (!reading) return reading.error();
      if (reading->start_s != *start || reading->obis != obis) return invalid("a commitment stands in another slot");
      if (!taken.insert(transaction).second) continue;
      const auto all = records.in(transaction);
      for (const energy::PrivateRecord& record : *all)
        if (record.pseudonym == pseudonym) out.records.push_back(record);
    } else if (state == "void" || state == "missing" || state == "substituted") {
      out.substituted.push_back({obis, *start, slot.value("substitute_wh", uint64_t{0})});
    }
  }
  return out;
}

Result<ComplaintFile> fetch_complaint(const Getter& get, const Hash& complaint) {
  auto shown = get("/v1/private/complaints/" + to_hex(complaint));
  if (!shown) return shown.error();
  ComplaintFile out;
  out.state = shown->value("state", "");
  auto payloads = payloads_in(get, shown->value("transaction", ""), "complaint");
  if (!payloads) return payloads.error();
  bool found = false;
  for (const Bytes& payload : *payloads) {
    auto one = decoded<energy::Complaint>(payload, "complaint");
    if (!one || energy::complaint_digest(*one) != complaint) continue;
    out.complaint = *one;
    found = true;
  }
  if (!found) return invalid("the complaint is not in the transaction that the state names");
  Records records(get);
  auto reading =
      records.reading(shown->value("reading", ""), out.complaint.context.pseudonym, out.complaint.commitment);
  if (!reading) return reading.error();
  out.reading = *reading;
  if (!shown->contains("answer") || !(*shown)["answer"].is_string()) return out;
  payloads = payloads_in(get, (*shown)["answer"].get<std::string>(), "answer");
  if (!payloads) return payloads.error();
  for (const Bytes& payload : *payloads) {
    auto one = decoded<energy::Answer>(payload, "answer");
    if (one && one->complaint == complaint) out.answer = *one;
  }
  return out;
}

Result<RegionFile> fetch_region(const Getter& get, const Genesis& genesis, const RegionOf& of,
                                const seal::SecretKey& key) {
  auto shown = get("/v1/private/region?distributor=" + url_encoded(of.distributor) +
                   "&period=" + rfc3339_utc(of.period_s) + "&start=" + rfc3339_utc(of.start_s));
  if (!shown) return shown.error();
  const Json points = shown->value("points", Json::array());
  RegionFile out;
  energy::RegionBalance& b = out.balance;
  b.chain = genesis.chain_id();
  b.regions = {of.id};
  b.meters = static_cast<uint32_t>(points.size());
  b.start_s = of.start_s;
  b.duration_s = kSlotS;
  b.feeder_in_wh = shown->value("feeder_in_wh", uint64_t{0});
  b.feeder_out_wh = shown->value("feeder_out_wh", uint64_t{0});
  b.substituted_drawn_wh = shown->value("substituted_drawn_wh", uint64_t{0});
  b.substituted_fed_wh = shown->value("substituted_fed_wh", uint64_t{0});
  b.loss_lo_ppm = genesis.private_points->loss_lo_ppm;
  b.loss_hi_ppm = genesis.private_points->loss_hi_ppm;
  Records records(get);
  const Ed25519Verifier verifier;
  for (const char* side : {"drawn", "fed"}) {
    const bool drawn = side == std::string("drawn");
    std::vector<Commitment>& commitments = drawn ? b.drawn : b.fed;
    Opening& sum = drawn ? out.sums.drawn : out.sums.fed;
    std::vector<Blinding> blindings;
    for (const Json& point : points) {
      if (!point.contains(side)) continue;
      auto pseudonym = hex_in<32, PublicKeyTag>(point, "pseudonym");
      auto commitment = hex_in<32, CommitmentTag>(point[side], "commitment");
      if (!pseudonym || !commitment) return invalid("a point is not shown as it should be");
      auto reading = records.reading(point[side].value("transaction", ""), *pseudonym, *commitment);
      if (!reading) return reading.error();
      auto opened = energy::open_payload(b.chain, *pseudonym, *reading, of.id, key, verifier);
      if (!opened) return opened.error();
      if (opened->verdict != energy::PayloadVerdict::kGood)
        return Error{"does_not_open", "the reading of " + to_hex(*pseudonym) +
                                          " is forged or does not open: tieline private publish, or complain"};
      commitments.push_back(*commitment);
      blindings.push_back(opened->payload.blinding);
      sum.value += opened->payload.wh;
    }
    const std::vector<Int128> ones(blindings.size(), 1);
    auto blinding = combine(blindings, ones);
    if (!blinding) return blinding.error();
    sum.blinding = *blinding;
  }
  return out;
}

}  // namespace tieline::cli
