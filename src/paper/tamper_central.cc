#include "paper/tamper_central.h"

#include "base/codec.h"

namespace tieline::paper {
namespace {

constexpr uint64_t kSeed = 0x53514c;  // apart from the ledger's draws, which stay what they are without a server

std::vector<CentralServer::Account> accounts_of(const Genesis& genesis) {
  std::vector<CentralServer::Account> out;
  for (const GenesisParticipant& p : genesis.participants) out.push_back({p, 0});
  return out;
}

uint64_t said_value(Truth::Kind kind, const Truth& said) {
  if (kind == Truth::Kind::kReading) return said.wh;
  return kind == Truth::Kind::kCost ? said.cost : said.line_w;
}

}  // namespace

void encode(Writer& w, const CentralRequest& r) {
  w.u32(r.who);
  w.u8(static_cast<uint8_t>(r.kind));
  w.u32(r.meter);
  w.i64(r.start_s);
  w.u64(r.value);
}
void decode(Reader& r, CentralRequest& out) {
  out.who = r.u32();
  const uint8_t kind = r.u8();
  if (kind > static_cast<uint8_t>(Truth::Kind::kLineCapacity)) return r.fail();
  out.kind = static_cast<Truth::Kind>(kind);
  out.meter = r.u32();
  out.start_s = r.i64();
  out.value = r.u64();
}

TamperCentral::TamperCentral(const Genesis& genesis, uint64_t seed)
    : server_(accounts_of(genesis)), rng_(seed ^ kSeed) {
  for (const GenesisParticipant& p : genesis.participants) names_.push_back(p.name);
}

bool TamperCentral::takes(const CentralRequest& r) {
  const std::string who = r.who >= 1 && r.who <= names_.size() ? names_[r.who - 1] : "";
  if (r.kind == Truth::Kind::kCost) return server_.declare_cost(who, r.value) == "ok";
  if (r.kind == Truth::Kind::kLineCapacity) return server_.declare_line(who, r.value) == "ok";
  if (r.start_s < 0 || r.start_s / kSlotSeconds > UINT32_MAX) return false;
  return server_.record({who, r.meter, static_cast<uint32_t>(r.start_s / kSlotSeconds), r.value,
                         static_cast<uint32_t>(r.start_s % kSlotSeconds)}) == "ok";
}

std::optional<CentralRequest> TamperCentral::forged(ForgeryClass c, const CentralRequest& honest, const Lie& lie) {
  CentralRequest out = honest;
  if (c == ForgeryClass::kReplay) return out;
  if (c == ForgeryClass::kBitFlip) {
    const auto flipped = decoded<CentralRequest>(flipped_bit(encoded(honest), rng_), "request");
    return flipped.ok() ? std::optional(*flipped) : std::nullopt;
  }
  if (c == ForgeryClass::kChangedInFlight) {
    switch (changed_field(rng_)) {
      case ChangedField::kValue:
        out.value = honest.value * 2 + 1;
        break;
      case ChangedField::kMeter:
        out.meter = honest.meter == 1 ? 2 : honest.meter - 1;
        break;
      case ChangedField::kStart:
        out.start_s -= kSlotSeconds;
        break;
    }
    return out;
  }
  out.start_s = lie.said.start_s;
  out.value = said_value(honest.kind, lie.said);
  return out;
}

std::optional<bool> TamperCentral::refuses_forged(ForgeryClass c, const CentralRequest& honest, const Lie& lie) {
  if (needs_key(c) && lie.signed_later_s != 0) return std::nullopt;
  if (c == ForgeryClass::kReplay) takes(honest);
  const auto request = forged(c, honest, lie);
  const bool refused = !request || !takes(*request);
  if (refused) takes(honest);
  return refused;
}

}  // namespace tieline::paper
