#include "model/genesis_market.h"

#include <array>
#include <set>

#include "crypto/bls.h"
#include "model/genesis.h"
#include "model/transaction.h"

namespace tieline {
namespace {

constexpr uint64_t kYearMs = 366ULL * 86'400'000;
constexpr uint64_t kPpm = 1'000'000;
constexpr uint64_t kLossMost = 500'000;
constexpr uint64_t kPriceMost = 1'000'000'000'000;
constexpr size_t kMembersMax = 16'384;
constexpr uint64_t kTimeRateMost = 100'000;
constexpr int64_t kTimeMsMost = 253'402'300'799'999;  // 9999-12-31, as for blocks (ledger/execute.h)
constexpr uint64_t kWhMost = 1'000'000'000'000;

using N = MarketNumbers;
constexpr std::array kNumbers = {
    MarketNumber{"gate_ms", &N::gate_ms, 0, kYearMs, true},
    MarketNumber{"round_ms", &N::round_ms, 1, kYearMs, true},
    MarketNumber{"submit_ms", &N::submit_ms, 1, kYearMs, true},
    MarketNumber{"close_ms", &N::close_ms, 1, kYearMs, true},
    MarketNumber{"settle_ms", &N::settle_ms, 1, kYearMs, true},
    MarketNumber{"resolve_ms", &N::resolve_ms, 1, kYearMs, true},
    MarketNumber{"final_ms", &N::final_ms, 1, kYearMs, true},
    MarketNumber{"loss_lo_ppm", &N::loss_lo_ppm, 0, kLossMost, true},
    MarketNumber{"loss_hi_ppm", &N::loss_hi_ppm, 0, kLossMost, true},
    MarketNumber{"agree_ppm", &N::agree_ppm, 0, kPpm, true},
    MarketNumber{"agree_wh", &N::agree_wh, 0, kWhMost, true},
    MarketNumber{"zone_loss_ppm", &N::zone_loss_ppm, 0, kLossMost, true},
    MarketNumber{"tolerance_ppm", &N::tolerance_ppm, 0, kPpm, true},
    MarketNumber{"price_cap", &N::price_cap, 0, kPriceMost, true},
    MarketNumber{"stake_min", &N::stake_min, 1, kMarketIssuedMax, true},
    MarketNumber{"time_rate", &N::time_rate, 0, kTimeRateMost, false},
    MarketNumber{"nominal_per_byte", &N::nominal_per_byte, 1, kPriceMost, true},
    MarketNumber{"lifetime_blocks", &N::lifetime_blocks, 1, kTxLifetimeMax, true},
};

Error wrong(const std::string& path, const std::string& found, const std::string& allowed) {
  return {"genesis_invalid", path + " is " + found + "; allowed: " + allowed};
}

std::string at(const char* list, size_t index) {
  return std::string("market.") + list + "[" + std::to_string(index) + "]";
}

Status check_numbers(const MarketNumbers& n) {
  for (const MarketNumber& number : kNumbers) {
    const uint64_t value = n.*number.value;
    if (value >= number.least && value <= number.most) continue;
    return wrong(std::string("market.") + number.name, std::to_string(value),
                 std::to_string(number.least) + " to " + std::to_string(number.most));
  }
  if (!in_order(n)) {
    return wrong("market", "a set of deadlines or losses out of order",
                 "submit_ms <= close_ms < settle_ms <= resolve_ms < final_ms and loss_lo_ppm <= loss_hi_ppm");
  }
  return {};
}

Status check_members(const Genesis& g) {
  uint64_t issued = 0;
  std::set<bls::PublicKey> keys;
  const auto& members = g.market->members;
  if (members.size() > kMembersMax) {
    return wrong("market.members", std::to_string(members.size()) + " members",
                 "at most " + std::to_string(kMembersMax));
  }
  for (size_t i = 0; i < members.size(); ++i) {
    const MarketMember& m = members[i];
    const std::string path = at("members", i);
    if (m.participant == 0 || m.participant > g.participants.size() ||
        (i > 0 && m.participant <= members[i - 1].participant)) {
      return wrong(path, "participant " + std::to_string(m.participant),
                   "participants of genesis, each once, in their order");
    }
    if (m.balance > kMarketIssuedMax - issued) {
      return wrong(path + ".balance", std::to_string(m.balance), "at most 2^62 in all");
    }
    issued += m.balance;
    if (!keys.insert(m.bls_key).second) return wrong(path + ".bls_key", "that of another member", "one of its own");
    auto key = bls::VerifyingKey::parse(m.bls_key);
    if (!key.ok()) {
      return wrong(path + ".bls_key", to_hex(m.bls_key), "a BLS12-381 key in G2, in its subgroup, not infinity");
    }
    if (!bls::verify_possession(*key, m.bls_proof)) {
      return Error{"bad_possession", path + ".bls_proof does not prove that " + g.participants[m.participant - 1].name +
                                         " knows the secret of its bls_key: " + to_hex(m.bls_proof)};
    }
  }
  return {};
}

bool is_member(const MarketGenesis& m, ParticipantId id) {
  for (const MarketMember& member : m.members) {
    if (member.participant == id) return true;
  }
  return false;
}

Status check_flows(const Genesis& g) {
  std::vector<ParticipantId> owners{0};  // by meter
  for (const GenesisParticipant& p : g.participants) owners.insert(owners.end(), p.meters.size(), p.id);
  const auto owner = [&](MeterId meter) { return meter < owners.size() ? owners[meter] : 0; };
  const auto& flows = g.market->flows;
  if (flows.size() > kMarketFlowsMax) {
    return wrong("market.flows", std::to_string(flows.size()) + " flows", "at most " + std::to_string(kMarketFlowsMax));
  }
  std::set<MeterId> used;
  for (size_t i = 0; i < flows.size(); ++i) {
    const MarketFlow& f = flows[i];
    const std::string path = at("flows", i);
    if (i > 0 && std::pair(f.from, f.to) <= std::pair(flows[i - 1].from, flows[i - 1].to)) {
      return wrong(path, "out of order or there already",
                   "each flow once, by from and to in the order of participants");
    }
    const auto role = [&](ParticipantId id) {
      return id >= 1 && id <= g.participants.size() ? g.participants[id - 1].role : Role::kNeutral;
    };
    const bool path_of_energy = (role(f.from) == Role::kPlant && role(f.to) == Role::kGrid) ||
                                (role(f.from) == Role::kGrid && role(f.to) == Role::kDistributor) ||
                                (role(f.from) == Role::kDistributor && role(f.to) == Role::kUser);
    if (!path_of_energy || !is_member(*g.market, f.from) || !is_member(*g.market, f.to)) {
      return wrong(path, "from " + std::to_string(f.from) + " to " + std::to_string(f.to),
                   "members: plant to grid company, grid company to distributor, distributor to user");
    }
    if (owner(f.meter) != f.from || !used.insert(f.meter).second) {
      return wrong(path + ".meter", std::to_string(f.meter), "a meter of `from`, for one flow only");
    }
    if (f.check_meter != 0 && (owner(f.check_meter) != f.to || !used.insert(f.check_meter).second)) {
      return wrong(path + ".check_meter", std::to_string(f.check_meter), "a meter of `to`, for one flow only, or none");
    }
  }
  return {};
}

Status check_seats(const Genesis& g) {
  const auto& seats = g.market->seats;
  for (size_t i = 0; i < seats.size(); ++i) {
    const std::string path = at("seats", i);
    if (seats[i].validator >= g.validators.size() || (i > 0 && seats[i].validator <= seats[i - 1].validator)) {
      return wrong(path + ".validator", std::to_string(seats[i].validator), "validators, each once, in their order");
    }
    if (!is_member(*g.market, seats[i].participant)) {
      return wrong(path + ".participant", std::to_string(seats[i].participant), "a member of the market");
    }
  }
  return {};
}

}  // namespace

std::span<const MarketNumber> market_numbers() { return kNumbers; }

bool in_order(const MarketNumbers& n) {
  return n.submit_ms <= n.close_ms && n.close_ms < n.settle_ms && n.settle_ms <= n.resolve_ms &&
         n.resolve_ms < n.final_ms && n.loss_lo_ppm <= n.loss_hi_ppm;
}

void encode(Writer& w, const MarketNumbers& n) {
  for (const MarketNumber& number : kNumbers) w.u64(n.*number.value);
}

void decode(Reader& r, MarketNumbers& n) {
  for (const MarketNumber& number : kNumbers) n.*number.value = r.u64();
}

void encode(Writer& w, const MarketGenesis& m) {
  encode(w, m.numbers);
  w.u32(static_cast<uint32_t>(m.members.size()));
  for (const MarketMember& member : m.members) {
    w.u32(member.participant);
    w.u16(member.org);
    encode(w, member.bls_key);
    encode(w, member.bls_proof);
    w.u64(member.balance);
  }
  w.u32(static_cast<uint32_t>(m.flows.size()));
  for (const MarketFlow& f : m.flows) {
    for (uint32_t id : {f.from, f.to, f.meter, f.check_meter}) w.u32(id);
  }
  w.u32(static_cast<uint32_t>(m.seats.size()));
  for (const MarketSeat& s : m.seats) {
    w.u16(s.validator);
    w.u32(s.participant);
  }
}

Status check_market(const Genesis& g) {
  if (Status s = check_numbers(g.market->numbers); !s.ok()) return s;
  if (Status s = check_members(g); !s.ok()) return s;
  if (Status s = check_flows(g); !s.ok()) return s;
  return check_seats(g);
}

int64_t market_time_ms(const Genesis& g, int64_t block_time_ms) {
  if (!g.market || block_time_ms <= g.time_ms) return block_time_ms;
  const auto rate = static_cast<int64_t>(g.market->numbers.time_rate);
  if (rate == 0) return g.time_ms;
  const int64_t passed = block_time_ms - g.time_ms;
  return passed > (kTimeMsMost - g.time_ms) / rate ? kTimeMsMost : g.time_ms + passed * rate;
}

}  // namespace tieline
