#pragma once
// Table 3's attacks (paper 004; ENERGY.md), each a real attempt: on a network of unmodified validators in the measuring
// world, with any engine, and on the centralized baseline (paper/central_server.h). What is counted is whether the
// attacker got what it wanted. A pure function of its arguments.
//
//   forged_source     a reading under somebody else's name
//   replay            a payment or a reading that was recorded, sent again
//   tampered_payload  a value changed on the way
//   double_sale       the same capacity sold a second time
//   sybil             names that nobody registered
//   collusion         fewer than a third of the validators together (of a server: the one who runs it) change what is
//                     recorded
//   bribed_order      who orders puts the briber before one that belongs before it, and the others take it
//   bribed_choice     who orders leaves the other out of the block that it fills, and the others take it
//   flood             one sends so much that others wait behind more of it than a window of sequence numbers

#include <array>

#include "paper/day_grid.h"
#include "paper/report.h"

namespace tieline::paper {

enum class Attack : uint8_t {
  kForgedSource,
  kReplay,
  kTamperedPayload,
  kDoubleSale,
  kSybil,
  kCollusion,
  kBribedOrder,
  kBribedChoice,
  kFlood,
};
inline constexpr size_t kAttacks = static_cast<size_t>(Attack::kFlood) + 1;
const char* attack_name(Attack attack);

struct Attempts {
  uint64_t tried = 0;
  uint64_t succeeded = 0;
  std::string by;  // what refused it, or what let it through
};
using AttackResults = std::array<Attempts, kAttacks>;

AttackResults attack_network(EngineKind engine, uint64_t seed, size_t attempts);
AttackResults attack_central(uint64_t seed, size_t attempts);

// Of `attempts` recorded readings, how many have a receipt that verifies with the genesis file alone.
Attempts traceable(EngineKind engine, uint64_t seed, size_t attempts);

}  // namespace tieline::paper
