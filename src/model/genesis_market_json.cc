// The market's part of genesis.json.

#include <map>

#include "model/genesis_fields.h"

namespace tieline::genesis_file {
namespace {

// Participants and meters stand in the file by their names.
class NamesOf {
 public:
  explicit NamesOf(const Genesis& g) : genesis_(g) {
    MeterId meter = 0;
    for (const GenesisParticipant& p : g.participants) {
      participants_.emplace(p.name, p.id);
      for (const std::string& name : p.meters) meters_.emplace(name, ++meter);
    }
  }
  void participant(Fields& f, const char* key, ParticipantId& out) const {
    find(f, key, participants_, "the name of a participant", out);
  }
  void meter(Fields& f, const char* key, MeterId& out) const { find(f, key, meters_, "the name of a meter", out); }
  void validator(Fields& f, const char* key, ValidatorId& out) const {
    std::string name;
    f.text(key, name);
    for (const GenesisValidator& v : genesis_.validators) {
      if (v.name == name) out = v.id;
    }
    if (out >= genesis_.validators.size() || genesis_.validators[out].name != name)
      f.fail(f.path_of(key), '"' + name + '"', "the name of a validator");
  }

 private:
  static void find(Fields& f, const char* key, const std::map<std::string, uint32_t>& ids, const char* allowed,
                   uint32_t& out) {
    std::string name;
    f.text(key, name);
    const auto at = ids.find(name);
    if (at == ids.end()) return f.fail(f.path_of(key), '"' + name + '"', allowed);
    out = at->second;
  }

  const Genesis& genesis_;
  std::map<std::string, ParticipantId> participants_;
  std::map<std::string, MeterId> meters_;
};

template <class Read>
void read_list(Fields& f, const char* key, std::optional<Error>& error, Read read) {
  const Json* list = f.list(key);
  for (size_t i = 0; list != nullptr && i < list->size() && !error; ++i) {
    Fields item((*list)[i], f.path_of(key) + "[" + std::to_string(i) + "]", error);
    read(item);
    item.done();
  }
}

}  // namespace

void read_market(Fields& f, const Genesis& g, MarketGenesis& m, std::optional<Error>& error) {
  const NamesOf names(g);
  for (const MarketNumber& number : market_numbers()) f.number(number.name, m.numbers.*number.value);
  read_list(f, "members", error, [&](Fields& item) {
    MarketMember& member = m.members.emplace_back();
    names.participant(item, "name", member.participant);
    item.number("org", member.org);
    item.hex("bls_key", member.bls_key);
    item.hex("bls_proof", member.bls_proof);
    item.number("balance", member.balance);
  });
  read_list(f, "flows", error, [&](Fields& item) {
    MarketFlow& flow = m.flows.emplace_back();
    names.participant(item, "from", flow.from);
    names.participant(item, "to", flow.to);
    names.meter(item, "meter", flow.meter);
    if (item.has("check_meter")) names.meter(item, "check_meter", flow.check_meter);
  });
  read_list(f, "seats", error, [&](Fields& item) {
    MarketSeat& seat = m.seats.emplace_back();
    names.validator(item, "validator", seat.validator);
    names.participant(item, "participant", seat.participant);
  });
  f.done();
}

Json market_to_json(const Genesis& g) {
  std::vector<std::string> meters{""};
  for (const GenesisParticipant& p : g.participants) meters.insert(meters.end(), p.meters.begin(), p.meters.end());
  const auto name = [&](ParticipantId id) { return g.participants.at(id - 1).name; };
  Json out;
  for (const MarketNumber& number : market_numbers()) out[number.name] = g.market->numbers.*number.value;
  out["members"] = Json::array();
  for (const MarketMember& m : g.market->members) {
    out["members"].push_back({{"name", name(m.participant)},
                              {"org", m.org},
                              {"bls_key", to_hex(m.bls_key)},
                              {"bls_proof", to_hex(m.bls_proof)},
                              {"balance", m.balance}});
  }
  out["flows"] = Json::array();
  for (const MarketFlow& f : g.market->flows) {
    Json flow = {{"from", name(f.from)}, {"to", name(f.to)}, {"meter", meters.at(f.meter)}};
    if (f.check_meter != 0) flow["check_meter"] = meters.at(f.check_meter);
    out["flows"].push_back(std::move(flow));
  }
  out["seats"] = Json::array();
  for (const MarketSeat& s : g.market->seats) {
    out["seats"].push_back({{"validator", g.validators.at(s.validator).name}, {"participant", name(s.participant)}});
  }
  return out;
}

}  // namespace tieline::genesis_file
