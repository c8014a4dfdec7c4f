#pragma once
// The market of a schedule: a plant, a grid company, a distributor and a user with one line between them, a regulator,
// and an authority by whose ticks market time passes. They offer, counter, endorse, decline and cancel, meter what
// flowed, lie about it, leave it out, dispute, rule and correct it, stake and move money, and try what must be refused.
//
// What they do follows from a generator of their own and from what they were told (f+1 equal answers), never from the
// state of a validator: an answer may be old when they act on it, and then what they send is refused. Deadlines are
// minutes, so that trades and intervals come to their end. Energy in Wh, money in micro-currency, times in
// milliseconds. What must hold: sim/market_books.h.

#include <deque>
#include <set>

#include "base/rng.h"
#include "crypto/sim_scheme.h"
#include "energy/market_actions.h"
#include "ledger/codes.h"

namespace tieline::sim {

inline constexpr uint32_t kMarketPpm = 62'500;  // schedules that have a market
inline constexpr size_t kMarketKeys = 6;
inline constexpr uint64_t kMarketMoney = 1'000'000'000;

// Adds the six and their market to the genesis; their keys begin at this number.
void add_market(Genesis& genesis, const SimKeys& keys, size_t first_key);

class MarketClients {
 public:
  MarketClients(uint64_t seed, const Genesis& genesis, const ChainId& chain, const SimKeys& keys, size_t first_key);

  struct Sent {
    Bytes bytes;
    uint64_t step = 0;  // to be named with the answer
    uint64_t sequence = 0;
    bool must_fail = false;
  };
  std::vector<Sent> tick(int64_t now_ms);
  std::vector<Sent> answered(uint64_t step, TxCode code, int64_t now_ms);
  // Whether the ledger may say this of it: an honest participant may be too late or too poor, not ill-formed.
  bool may_get(uint64_t step, TxCode code) const;
  // The faults are over: nothing new, and time passes until everything has come to its end.
  std::vector<Sent> finish(int64_t now_ms);

 private:
  enum class Kind : uint8_t { kOther, kOffer, kCounter, kEndorse, kTick };
  struct Step {
    ParticipantId who = 0;
    uint64_t sequence = 0;
    Kind kind = Kind::kOther;
    size_t deal = 0;
    bool must_fail = false;
    int64_t market_ms = 0;  // of a tick
  };
  struct Deal {
    energy::TradeId id;
    energy::TradeTerms terms;
    uint32_t round = 1;
    size_t sender = 0;  // by PartyRole
    size_t in = 1;
  };
  struct Party {
    SimSigner signer;
    uint64_t sequence = 0;
    std::set<uint64_t> open;  // sequence numbers without an answer
  };

  ParticipantId id(size_t place) const { return first_ + static_cast<ParticipantId>(place); }
  Party& party(ParticipantId who) { return parties_[who - first_]; }
  bool may_send(ParticipantId who);
  uint32_t slot() const { return static_cast<uint32_t>(market_ms_ / energy::kSlotMs); }
  energy::TradeTerms draw_terms();
  bls::Signature share(ParticipantId who, const Deal& deal, uint32_t round);

  void send(std::vector<ParticipantId> who, const std::vector<energy::MarketAction>& actions, bool must_fail = false,
            Kind kind = Kind::kOther, size_t deal = 0);
  void send_owned(std::vector<ParticipantId> who, std::vector<TransactionDraft::OwnedAction> actions, bool must_fail,
                  Kind kind, size_t deal);
  void pass_time(int64_t by_ms);
  void go_on(const Step& step);
  void last_step();
  void offer();
  void counter(size_t deal);
  void endorse(size_t deal);
  void meter();
  void settle_dispute();
  void move_money();
  void try_what_must_fail();

  Rng rng_;
  const ChainId chain_;
  const ParticipantId first_;
  const MeterId first_meter_;
  std::vector<Party> parties_;
  std::vector<Step> steps_;
  std::vector<Deal> deals_;
  std::vector<Sent> out_;
  int64_t now_ms_ = 0;
  int64_t market_ms_;                // as the newest tick that was recorded says
  uint32_t metered_to_;              // slots before this one have been metered, or never will be
  std::deque<uint32_t> disputable_;  // slots about which somebody lied
  bool over_ = false;
  size_t stage_ = 0;  // of the end: steps of time begun
};

}  // namespace tieline::sim
