#pragma once
// Private metering points within one block: who may say what of them and when, and what follows. Part of MarketWork,
// which says when a transaction begins, counts, or is undone. Market time in milliseconds. Nothing here learns a
// reading. Source: ENERGY.md ("Two classes of metering point", "Privacy"); docs/privacy.md says what each rule is for.
//
// A slot (quarter of an hour) of a pseudonym, by market time from its end:
//
//   before submit        version 0 is recorded, once
//   submit to close      gaps are final for now: the distributor proves its balance
//   close                its public substitute stands in for what is missing; no balance: the distributor's default
//   close to final       version n+1, of a gap too, with its distributor's or the regulator's signature
//   final                readings, their complaints and the balance leave the state; the blocks have them
//
// A reading that was proven wrong or went missing may be replaced at once, with one of these signatures.

#include <map>

#include "energy/market.h"
#include "energy/private_actions.h"
#include "ledger/codes.h"
#include "ledger/market_state.h"
#include "ledger/members.h"
#include "ledger/private_claims.h"
#include "ledger/private_state.h"

namespace tieline {

inline constexpr size_t kPrivateClosesPerBlock = 2'048;        // points of the slots that close, and one slot more
inline constexpr size_t kPrivateDropsPerBlock = 4;             // slots that become final: 2,048 readings each
inline constexpr int64_t kPeriodAheadMs = 100LL * 86'400'000;  // from now to the start of a period that is registered
inline constexpr int64_t kPeriodEndMaxS = int64_t{UINT32_MAX} * energy::kSlotSeconds;  // slots have 32 bits
inline constexpr uint32_t kFalseComplaintWeight = 8;  // of the 32 refusals that leave nothing of a day's trust
inline constexpr uint32_t kDefaultWeight = 1;         // of a slot without a balance proof

// What the private actions of a transaction cost at most (energy/private_actions.h). What does not decode, or lacks the
// signatory it needs, is refused before it costs anything: else a few bytes would take the whole work of a block.
uint64_t private_work_us(const Transaction& tx);
// What is wrong with the private actions in every state, for the door.
TxCode check_private_static(const Transaction& tx, const PrivateGenesis& params, const Members& members);

class PrivateWork {
 public:
  PrivateWork(const Genesis& genesis, const Members& members, const ChainId& chain, const Verifier& verifier,
              const StateSource& source, energy::Market& market, int64_t time_ms);

  // Before the transactions: slots that close, and the block's records in one check.
  void start_block(const std::vector<TxPtr>& txs);
  TxCode execute(const Transaction& tx, uint32_t index);
  // What a balance is about, by now; its proof is not looked at. Errors: those that the balance would be refused with.
  Result<energy::RegionBalance> region(const energy::Balance& balance) const;

  template <class Self, class Visit>
  static void each_table(Self& self, Visit visit) {
    visit(self.pseudonyms_);
    visit(self.batches_);
    visit(self.duties_);
    visit(self.entries_);
    visit(self.complaints_);
    visit(self.opened_);
    visit(self.balances_);
  }

 private:
  TxCode run(const energy::PseudonymBatch& batch, const Transaction& tx);
  TxCode run(const energy::PrivateRecord& record, const Transaction& tx);
  TxCode run(const energy::ForgeryProof& proof, const Transaction& tx);
  TxCode run(const energy::Complaint& complaint, const Transaction& tx);
  TxCode run(const energy::Answer& answer, const Transaction& tx);
  TxCode run(const energy::PrivateRuling& ruling, const Transaction& tx);
  TxCode run(const energy::OpenTotal& total, const Transaction& tx);
  TxCode run(const energy::Balance& balance, const Transaction& tx);

  const PrivateGenesis& params() const { return *genesis_.private_points; }
  const energy::MarketTimes& times() const { return market_.params().times; }
  bool signed_by(const Transaction& tx, ParticipantId id) const;
  bool signed_by_regulator(const Transaction& tx) const;
  const ComplaintRecord* complaint_of(const PrivateEntry& entry) const;
  // Everything about a record but its signature and proof. Changes nothing.
  TxCode admit(const energy::PrivateRecord& record, const PseudonymRecord& pseudonym, const Transaction& tx) const;
  TxCode admit_slot(const energy::PrivateReading& reading, const SlotOfPoint& of, bool co_signed) const;
  // The reading that something is said about: as it stands, with this version and commitment.
  TxCode find_standing(const energy::PrivateContext& context, SlotOfPoint& of, const PrivateEntry*& entry) const;
  void find_at_fault(const SlotOfPoint& of);
  // A flow between the distributor and a neighbour, in a slot.
  struct Feeder {
    energy::MeteredFlow metered;
    bool own_meter = false;  // the distributor has one at it
    bool has_main() const { return metered.main.state != energy::ReadingState::kNone; }
    bool is_silent() const { return !has_main() && !metered.neighbour; }
    uint64_t wh() const { return has_main() ? metered.main.wh : *metered.neighbour; }
    bool is_disputed(const energy::ZoneLimits& limits) const {
      const bool differ =
          has_main() && metered.neighbour && !energy::meters_agree(metered.main.wh, *metered.neighbour, limits);
      return differ || metered.main.state == energy::ReadingState::kDisputed;
    }
  };
  std::map<energy::FlowKey, Feeder> feeders(ParticipantId distributor, uint32_t slot) const;
  bool is_excused(ParticipantId distributor, uint32_t slot, const BatchRecord& batch) const;
  void close_slots();
  void close_slot(ParticipantId distributor, const PrivateDuty::Period& period, PrivateDuty& duty);
  // What was final stays so, whatever votes make of the deadlines since: its readings have left the state.
  bool has_left(ParticipantId distributor, int64_t period_s, uint32_t slot) const;
  // Of the period's points; what is final is not asked for any more.
  void drop_slot(ParticipantId distributor, int64_t period_s, uint32_t slot);

  const Genesis& genesis_;
  const Members& members_;
  const ChainId& chain_;
  const Verifier& verifier_;
  energy::Market& market_;
  const int64_t time_ms_;
  energy::Table<energy::Pseudonym, PseudonymRecord> pseudonyms_{pseudonym_name};
  energy::Table<BatchOf, BatchRecord> batches_{batch_name};
  energy::Table<ParticipantId, PrivateDuty> duties_{private_duty_name};
  energy::Table<SlotOfPoint, PrivateEntry> entries_{private_entry_name};
  energy::Table<Hash, ComplaintRecord> complaints_{complaint_name};
  energy::Table<OpenedOf, OpenedTotal> opened_{opened_name};
  energy::Table<BalanceOf, BalanceRecord> balances_{balance_name};
  std::map<Hash, TxCode> checked_;  // claims of this block by their digests
};

}  // namespace tieline
