#pragma once
// The market's part of genesis (docs/formats/genesis.md): its deadlines, limits and prices, who takes part in it with
// which organisation, BLS key and money, and which meters stand for which flow of energy. A network without it records
// readings only. Energy in Wh, money in micro-currency, prices in micro-currency per MWh, times in milliseconds, ppm.
// Source: ENERGY.md (numeric defaults are genesis options).

#include <vector>

#include "crypto/keys.h"
#include "model/ids.h"

namespace tieline {

struct MarketNumbers {
  uint64_t gate_ms = 15 * 60'000;   // before a window's start
  uint64_t round_ms = 15 * 60'000;  // from a round's beginning; the others from an interval's end
  uint64_t submit_ms = 24ULL * 3'600'000;
  uint64_t close_ms = 48ULL * 3'600'000;
  uint64_t settle_ms = 72ULL * 3'600'000;
  uint64_t resolve_ms = 7ULL * 86'400'000;
  uint64_t final_ms = 60ULL * 86'400'000;
  uint64_t loss_lo_ppm = 0;  // the zone's loss lies between these
  uint64_t loss_hi_ppm = 150'000;
  uint64_t agree_ppm = 20'000;  // two meters of a flow agree within the larger of both
  uint64_t agree_wh = 10;
  uint64_t zone_loss_ppm = 60'000;  // declared, for residuals
  uint64_t tolerance_ppm = 20'000;  // of a delivery
  uint64_t price_cap = 1'000'000'000;
  uint64_t stake_min = 1'000'000'000;
  // Market time passes so many times as fast as block time: a day in a minute, in tests. 0: by ticks alone.
  uint64_t time_rate = 1;
  uint64_t nominal_per_byte = 100;    // what a reading is worth when transactions are ordered, micro-currency
  uint64_t lifetime_blocks = 50'000;  // a transaction that expires sooner than this has waited (energy/benefit.h)
  bool operator==(const MarketNumbers&) const = default;
};
// Every number with its name and bounds, in the order of the encoding.
struct MarketNumber {
  const char* name;
  uint64_t MarketNumbers::*value;
  uint64_t least;
  uint64_t most;
  bool may_change;  // by governance: all but how fast market time passes, which would move what has passed
};
std::span<const MarketNumber> market_numbers();
void encode(Writer& w, const MarketNumbers& n);
void decode(Reader& r, MarketNumbers& n);
// What the numbers owe each other: deadlines follow one another, the lower loss is below the upper.
bool in_order(const MarketNumbers& n);

struct MarketMember {
  ParticipantId participant = 0;
  OrgId org = 0;
  bls::PublicKey bls_key;
  bls::Possession bls_proof;
  uint64_t balance = 0;  // issued to it at genesis
  bool operator==(const MarketMember&) const = default;
};
// Energy that goes from one to the other. What the main meter exported counts; the check meter says what was imported.
struct MarketFlow {
  ParticipantId from = 0;
  ParticipantId to = 0;
  MeterId meter = 0;        // owned by `from`
  MeterId check_meter = 0;  // owned by `to`; 0: none
  bool operator==(const MarketFlow&) const = default;
};
// The participant that stakes for a validator.
struct MarketSeat {
  ValidatorId validator = 0;
  ParticipantId participant = 0;
  bool operator==(const MarketSeat&) const = default;
};

inline constexpr size_t kMarketFlowsMax = 2'048;
inline constexpr uint64_t kMarketIssuedMax = uint64_t{1} << 62;

struct MarketGenesis {
  MarketNumbers numbers;
  std::vector<MarketMember> members;  // by participant, ascending
  std::vector<MarketFlow> flows;      // by (from, to), ascending
  std::vector<MarketSeat> seats;      // by validator, ascending
  bool operator==(const MarketGenesis&) const = default;
};
void encode(Writer& w, const MarketGenesis& m);

struct Genesis;
// Empty, or the path of the first field that is wrong, what was found and what is allowed.
Status check_market(const Genesis& g);

// The time by which the market's deadlines and the intervals of readings are judged: that of the block, unless genesis
// says that it passes faster from its own time on, or by ticks alone: then this is the time before the first of them,
// and the state says the rest (ledger/market_state.h). With no market it is the block's.
int64_t market_time_ms(const Genesis& g, int64_t block_time_ms);

}  // namespace tieline
