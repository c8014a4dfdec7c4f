// The private points' part of genesis.json.

#include "model/genesis_fields.h"

namespace tieline::genesis_file {
namespace {

template <class U>
void read_numbers(Fields& f, const char* key, size_t most, std::vector<U>& out) {
  const Json* list = f.list(key);
  if (list == nullptr) return;
  if (list->size() > most)
    return f.fail(f.path_of(key), std::to_string(list->size()) + " values", "at most " + std::to_string(most));
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& value = (*list)[i];
    constexpr uint64_t kMax = std::numeric_limits<U>::max();
    if (!value.is_number_unsigned() || value.get<uint64_t>() > kMax)
      return f.fail(f.path_of(key) + "[" + std::to_string(i) + "]", shown(value), "a whole number");
    out.push_back(static_cast<U>(value.get<uint64_t>()));
  }
}

}  // namespace

void read_private(Fields& f, const Genesis& g, PrivateGenesis& p, std::optional<Error>& error) {
  read_numbers(f, "buckets_w", kBucketsMax, p.buckets_w);
  read_numbers(f, "profile_ppm", kProfileSlots, p.profile_ppm);
  f.number("loss_lo_ppm", p.loss_lo_ppm);
  f.number("loss_hi_ppm", p.loss_hi_ppm);
  if (const Json* list = f.list("sets")) {
    for (size_t i = 0; i < list->size() && i <= kOpeningSetsMax && !error; ++i) {
      Fields item((*list)[i], f.path_of("sets") + "[" + std::to_string(i) + "]", error);
      OpeningSet& set = p.sets.emplace_back();
      item.number("id", set.id);
      item.number("start_s", set.start_s);
      item.number("slots", set.slots);
      item.done();
    }
  }
  if (const Json* list = f.list("distributors")) {
    for (size_t i = 0; i < list->size() && !error; ++i) {
      Fields item((*list)[i], f.path_of("distributors") + "[" + std::to_string(i) + "]", error);
      PrivateDistributor& d = p.distributors.emplace_back();
      std::string name;
      item.text("name", name);
      for (const GenesisParticipant& each : g.participants) {
        if (each.name == name) d.participant = each.id;
      }
      if (d.participant == 0) item.fail(item.path_of("name"), '"' + name + '"', "the name of a participant");
      item.number("points", d.points);
      item.done();
    }
  }
  f.done();
}

Json private_to_json(const Genesis& g) {
  const PrivateGenesis& p = *g.private_points;
  Json out;
  out["buckets_w"] = p.buckets_w;
  out["profile_ppm"] = p.profile_ppm;
  out["loss_lo_ppm"] = p.loss_lo_ppm;
  out["loss_hi_ppm"] = p.loss_hi_ppm;
  out["sets"] = Json::array();
  for (const OpeningSet& set : p.sets)
    out["sets"].push_back({{"id", set.id}, {"start_s", set.start_s}, {"slots", set.slots}});
  out["distributors"] = Json::array();
  for (const PrivateDistributor& d : p.distributors)
    out["distributors"].push_back({{"name", g.participants.at(d.participant - 1).name}, {"points", d.points}});
  return out;
}

}  // namespace tieline::genesis_file
