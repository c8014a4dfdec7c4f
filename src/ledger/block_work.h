#pragma once
// The working state of one block while it executes: records that its transactions touch are decoded once, changed in
// place, and encoded once at the end. Nothing here is shared between blocks.

#include <unordered_map>
#include <vector>

#include "energy/rules.h"
#include "ledger/codes.h"
#include "ledger/ledger.h"
#include "ledger/market_work.h"
#include "ledger/members.h"
#include "ledger/state.h"

namespace tieline {

class BlockWork {
 public:
  // `market`: null when the network has none; `market_ms`: by which intervals are judged.
  BlockWork(const StateView& parent, const Members& members, const Verifier& verifier, const ChainId& chain,
            const LedgerParams& params, const PlausibilityParams& plausibility, Height height, int64_t time_ms,
            int64_t market_ms, MarketWork* market)
      : parent_(parent),
        members_(members),
        verifier_(verifier),
        chain_(chain),
        params_(params),
        plausibility_(plausibility),
        height_(height),
        time_ms_(time_ms),
        market_ms_(market_ms),
        market_(market) {}

  // Executes one transaction and says what became of it.
  TxCode execute(const Transaction& tx);

  // Everything that changed, keys ascending, together with `more`.
  WriteSet writes(std::vector<std::pair<Bytes, std::optional<Bytes>>> more) const;

  uint64_t accepted() const { return accepted_; }
  uint64_t refused() const { return refused_; }
  uint64_t void_of_effect() const { return void_of_effect_; }
  uint64_t readings() const { return readings_; }

 private:
  struct SignerWork {
    ParticipantId id = 0;
    bool changed = false;
    state::SignerRecord record;
  };
  struct SeriesWork {
    MeterId meter = 0;
    Obis obis = Obis::kImport;
    bool changed = false;
    uint64_t saved_by = 0;  // the transaction for which its state before stands in undo_
    energy::MeterSeries series;
  };
  struct Undo {
    size_t index = 0;
    bool changed = false;
    energy::MeterSeries series;
  };

  size_t signer(ParticipantId id);
  size_t series(MeterId meter, Obis obis);
  TxCode apply_actions(const Transaction& tx, bool& carried);
  TxCode apply_readings(const Transaction& tx, ByteView payload, uint64_t& recorded);
  TxCode check_declarations(const Transaction& tx, ByteView payload) const;
  energy::RuleContext rule_context(const Transaction& tx) const;
  void roll_back();
  void open_market();

  const StateView& parent_;
  const Members& members_;
  const Verifier& verifier_;
  const ChainId& chain_;
  const LedgerParams& params_;
  const PlausibilityParams& plausibility_;
  const Height height_;
  const int64_t time_ms_;
  const int64_t market_ms_;
  MarketWork* const market_;
  bool market_open_ = false;  // the transaction has come to the market

  // Looked up by id only; what is written comes in the order of keys.
  std::unordered_map<ParticipantId, size_t> signer_index_;
  std::vector<SignerWork> signers_;
  std::unordered_map<uint64_t, size_t> series_index_;
  std::vector<SeriesWork> series_;
  std::vector<Undo> undo_;
  uint64_t tx_number_ = 0;

  uint64_t accepted_ = 0;
  uint64_t refused_ = 0;
  uint64_t void_of_effect_ = 0;
  uint64_t readings_ = 0;
};

// What the chain keeps nothing of (ledger/codes.h): chain, signatories, expiry, sequence number and keys, in this
// order; ok when none applies. `parent_height` is that of the block below.
TxCode admit_static(const Transaction& tx, const Members& members, const ChainId& chain, Height parent_height);
TxCode admit_sequence(const Transaction& tx, const state::SignerRecord& signer, const LedgerParams& params);
// Order in time against the signer's newest accepted transaction. Before 1970 is always old.
bool timestamp_is_old(const Transaction& tx, const state::SignerRecord& signer, const LedgerParams& params);

}  // namespace tieline
