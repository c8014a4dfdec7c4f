#pragma once
// The transactions of a scenario's day, signed: honest ones of what was drawn (paper/day_draws.h), and invalid ones,
// each broken in the one way that its kind says (day_forgeries.cc). Signing takes the signer's next sequence number, so
// transactions are to be sent in the order in which they were signed.

#include "energy/market_actions.h"
#include "paper/day_draws.h"

namespace tieline::paper {

struct DayItem {
  Bytes bytes;
  DayKind kind = DayKind::kHonest;
  bool counts = true;                    // as a proposal
  std::optional<DayOutcome> first = {};  // of a replay
};
using DayWave = std::vector<DayItem>;

class DayWriter {
 public:
  DayWriter(DayScript& script, DayNetwork& network, DayDraws& draws);
  void set_expiry(Height height) { expiry_ = height; }
  void set_market_ms(int64_t ms) { market_ms_ = ms; }

  template <class A>
  static TransactionDraft::OwnedAction owned(const A& action) {
    return {A::kType, energy::encode_market_action(action)};
  }
  template <class A>
  void add(DayWave& wave, ParticipantId who, const A& action, DayKind kind = DayKind::kHonest) {
    wave.push_back({signed_by(who, {owned(action)}), kind});
  }
  Bytes signed_by(ParticipantId who, std::vector<TransactionDraft::OwnedAction> actions,
                  std::optional<uint64_t> sequence = {}, std::optional<ChainId> chain = {});

  void offer(DayWave& wave, Deal& deal, DayKind kind = DayKind::kHonest);  // gives it its id
  void counter(DayWave& wave, const Deal& deal);
  void endorse(DayWave& wave, const Deal& deal, size_t party, DayKind kind = DayKind::kHonest);
  // Plants say what it costs them, grid companies what their lines can carry, of the hour before.
  void declare(DayWave& wave, size_t hour, size_t number, DayKind kind);
  DayItem reading_item(ParticipantId who, const std::vector<Reading>& list, DayKind kind,
                       std::optional<uint64_t> sequence = {});

  void try_offer(DayWave& wave, size_t hour, DayKind kind);
  void try_endorsement(DayWave& wave, const Deal& deal, DayKind kind);
  // `honest` is what was sent of that hour, both ends of each flow in their order, and what became of it.
  void try_reading(DayWave& wave, const DayWave& honest, const std::vector<DayOutcome>& outcomes, size_t hour,
                   DayKind kind);

 private:
  bls::Signature share(ParticipantId who, const energy::TradeId& id, uint32_t round,
                       const energy::TradeTerms& terms) const;

  DayScript& s_;
  const DayGrid& grid_;
  DayNetwork& network_;
  DayDraws& draws_;
  const ChainId chain_;
  ChainId other_chain_;
  int64_t market_ms_ = 0;
  Height expiry_ = 0;
};

}  // namespace tieline::paper
