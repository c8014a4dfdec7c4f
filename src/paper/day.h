#pragma once
// The scenario's day as a script: every transaction of 24 hours of trading and metering, in waves that are sent to a
// network and waited for. Offers and counter-offers, endorsements, readings of both ends of every flow, prices, costs;
// one proposal in twenty is invalid, of named kinds. Market time passes by ticks alone (model/genesis_market.h,
// time_rate 0), and nothing in a wave depends on what else is in it, so the day settles to the same unit on real
// processes and in the simulator, whatever they take for it. Source: paper 004, 5.1.3.
//
// A proposal is a signed transaction of a participant; the authority's prices and ticks and the regulator's rulings do
// not count. Errors: bad_day (too few proposals for the readings), and those of the network.

#include <array>
#include <functional>
#include <map>

#include "energy/market_records.h"
#include "paper/day_grid.h"

namespace tieline::paper {

enum class DayKind : uint8_t {
  kHonest,
  // a signature or a hash is wrong
  kForgedSignature,
  kTamperedPayload,
  kForgedEndorsement,
  kOtherChain,
  // order
  kReplay,
  kUsedSequence,
  kOverlap,
  kFutureInterval,
  kLateOffer,
  kOtherRound,
  // limits
  kOverCapacity,
  kCostBand,
  kLineCapacity,
  kDoubleSale,
  kMarginTooLow,
  kUnfunded,
  kBadTerms,
  // who may
  kUnregistered,
  kForeignMeter,
  kNotAParty,
  kOwnMoney,
  // a stolen key says what its neighbour's meter contradicts
  kImplausible,
};
inline constexpr size_t kDayKinds = static_cast<size_t>(DayKind::kImplausible) + 1;
const char* day_kind_name(DayKind kind);
const char* day_kind_breaks(DayKind kind);  // "signature", "order", "limit", "authority" or "plausibility"
// The code that refuses it: a name of ledger/codes.h, "same_place" for a replay, "disputed" at close.
const char* day_kind_code(DayKind kind);

struct DayOutcome {
  bool committed = false;
  uint16_t code = 0;
  Height height = 0;
  uint32_t index = 0;
  int64_t us = 0;  // from its submission
};
// The network, as the day needs it.
class DayNetwork {
 public:
  virtual ~DayNetwork() = default;
  virtual Result<std::vector<DayOutcome>> send(std::vector<Blob> transactions) = 0;  // in their order, all waited for
  virtual int64_t now_ms() = 0;  // what transactions are stamped with
  virtual Result<Height> height() = 0;
  // The height at which the state root of all that was sent so far is known.
  virtual Height root_due() = 0;
  // Of a closed interval, flows that are DISPUTED.
  virtual Result<std::vector<energy::FlowKey>> disputed(uint32_t slot) = 0;
};

struct DayKindCount {
  uint64_t sent = 0;
  uint64_t caught = 0;
  std::map<std::string, uint64_t> codes;
};
struct DayTrade {
  energy::TradeId id;
  energy::TradeTerms terms;
};
struct DayRun {
  uint64_t proposals = 0;
  std::array<DayKindCount, kDayKinds> kinds;  // of honest ones, `caught` are the false alarms
  std::map<std::string, uint64_t> rejected_by_code;
  uint64_t honest_disputed = 0;         // flows an interval that nobody forged
  uint64_t offered = 0, committed = 0;  // trades
  std::vector<DayTrade> trades;         // committed
  std::vector<int64_t> us;              // of every transaction that was recorded
  int64_t busy_us = 0;                  // waves under way
  uint64_t transactions = 0;            // recorded, ticks and prices too
  uint32_t first_slot = 0;              // of the day, from 1970
  uint64_t missed() const;              // of the invalid
  uint64_t false_alarms() const { return kinds[0].caught + honest_disputed; }
};

struct DayScript {
  const DayGrid& grid;
  const Genesis& genesis;              // its first participants are the grid's
  std::vector<const Signer*> signers;  // by participant id - 1; with BLS keys
  std::vector<uint64_t> sequence;      // used so far, by participant id - 1
  std::function<void(const std::string&)> told;
};
// What the day's parties post, so that no trade is refused whatever imbalances come to cost.
uint64_t day_margin(const energy::TradeTerms& terms, size_t party);
Result<DayRun> run_day(DayScript script, DayNetwork& network);
// Fewest proposals of a day of so many participants and hours.
size_t least_proposals(const DayGrid& grid);

}  // namespace tieline::paper
