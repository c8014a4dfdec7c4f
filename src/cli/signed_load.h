#pragma once
// Transactions for measurements, signed before the clock starts and by all cores: transaction i is signed by signer
// i mod signers, with the next sequence number of that signer, so that no sequence window is ever left. A signer always
// speaks to the same validator (`lane`), in order. What is left over from one measurement serves the next.

#include <cstdint>
#include <vector>

#include <array>
#include <deque>
#include <memory>
#include "base/bytes.h"

#include "cli/participant_keys.h"
#include "energy/trade_terms.h"

namespace tieline::cli {

struct LoadShape {
  ChainId chain;
  size_t lanes = 4;            // validators
  size_t payload_bytes = 256;  // of opaque data, when readings_per_tx is 0
  size_t readings_per_tx = 0;
  size_t trades_percent = 0;  // of transactions that are a step of a trade
  size_t in_flight = 0;       // with trades: how many transactions may be on their way
};

// Who trades with whom: plant, grid company, distributor and buyer, by PartyRole.
struct TradeRing {
  std::array<std::unique_ptr<ParticipantSigner>, energy::kParties> signers;
  std::array<const GenesisParticipant*, energy::kParties> parties{};
};
// How many rings a load needs, so that none has more trades open than an organisation may.
size_t trade_rings(const LoadShape& shape);

class SignedLoad {
 public:
  // Signer i speaks for meters[i].
  SignedLoad(LoadShape shape, std::vector<Identity> signers, std::vector<MeterId> meters);
  // Before the first fill(). Trades are to be delivered from `first_slot` on.
  void trade_among(std::vector<TradeRing> rings, uint32_t first_slot);

  // Signs until every lane has at least `per_lane` waiting, valid up to expiry_height.
  void fill(size_t per_lane, int64_t timestamp_ms, Height expiry_height);
  size_t lanes() const { return lanes_.size(); }
  size_t left(size_t lane) const { return lanes_[lane].queue.size() - lanes_[lane].next; }
  // Takes up to `count` of a lane; fewer when it runs out. One thread a lane.
  std::vector<Blob> take(size_t lane, size_t count);

 private:
  struct Account {
    Identity identity;
    MeterId meter = 0;
    uint64_t sequence = 0;  // last given out
  };
  // An offer, and later in the same lane the three endorsements of it: so much later that the offer is recorded when
  // they are sent.
  struct Ring {
    TradeRing who;
    std::array<uint64_t, energy::kParties> sequence{};
  };
  struct Trade {
    size_t ring = 0;
    energy::TradeTerms terms;
    energy::TradeId id;
  };
  struct Lane {
    std::vector<Blob> queue;
    size_t next = 0;
    uint64_t made = 0;               // transactions
    uint64_t steps = 0;              // of trades
    std::deque<Trade> offered = {};  // not endorsed yet
  };
  struct Step {
    Trade trade;
    size_t party = 0;  // 0 offers
  };
  struct Job {
    size_t account = 0, lane = 0, slot = 0;
    uint64_t sequence = 0;
    std::optional<Step> step = {};
  };
  std::optional<Step> next_step(size_t lane);
  Blob make(const Account& account, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const;
  Blob make(const Step& step, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const;

  LoadShape shape_;
  std::vector<Account> accounts_;
  std::vector<Lane> lanes_;
  std::vector<Ring> rings_;  // ring i belongs to lane i mod lanes
  uint32_t first_slot_ = 0;
  uint64_t trades_ = 0;
  size_t turn_ = 0;  // account that signs next
};

}  // namespace tieline::cli
