#pragma once
// The market within one block: what is due first, then the actions of transactions one by one. Here is checked who
// signed and with what: roles, endorsements, proofs, what a value may be; the rest is the market's own to refuse
// (energy/market.h). Market time is the block's. Source: ENERGY.md, "Trades" to "Stake, governance, regulator".

#include <set>

#include "energy/market_actions.h"
#include "ledger/codes.h"
#include "ledger/market_state.h"
#include "ledger/members.h"
#include "ledger/private_work.h"

namespace tieline {

inline constexpr uint64_t kRewardEpochs = 32;  // an epoch pays out this part of the reward pool

class MarketWork {
 public:
  struct Chain {
    const Genesis& genesis;
    const Registry& registry;
    const Members& members;
    const ChainId& id;
    const Verifier& verifier;
  };
  MarketWork(const StateView& parent, const Chain& chain, Epoch epoch, int64_t time_ms);

  // Before the transactions: the turn of an epoch, all that is due, and the block's endorsements in one check.
  void start_block(bool first_of_epoch, const std::vector<TxPtr>& txs);

  // A transaction's actions count wholly or not at all.
  void begin();
  void commit();
  void roll_back();
  TxCode execute(const Transaction& tx, uint32_t index);
  // A reading that the rules let pass, if its meter stands for a flow.
  TxCode record(const Reading& reading);
  // The flow that the meter stands for, by genesis or by vote.
  const Registry::FlowEnd* flow(MeterId meter) const;
  void note_refused(ParticipantId signer, TxCode code) { market_.note_refused(signer, number(code)); }

  void add_writes(energy::RecordWrites& out) const;

  const energy::Market& market() const { return market_; }
  const MarketNumbers& numbers() const { return numbers_; }

 private:
  struct Step {  // what an action is carried out for
    const Transaction& tx;
    uint32_t index;
  };
  TxCode run(const energy::Issue& a, const Step& s);
  TxCode run(const energy::Redeem& a, const Step& s);
  TxCode run(const energy::Repay& a, const Step& s);
  TxCode run(const energy::Offer& a, const Step& s);
  TxCode run(const energy::Counter& a, const Step& s);
  TxCode run(const energy::Endorse& a, const Step& s);
  TxCode run(const energy::Decline& a, const Step& s);
  TxCode run(const energy::Cancel& a, const Step& s);
  TxCode run(const energy::Accept& a, const Step& s);
  TxCode run(const energy::Ruling& a, const Step& s);
  TxCode run(const energy::Correct& a, const Step& s);
  TxCode run(const energy::PublishPrice& a, const Step& s);
  TxCode run(const energy::Tick& a, const Step& s);
  TxCode run(const energy::Bond& a, const Step& s);
  TxCode run(const energy::Unbond& a, const Step& s);
  TxCode run(const energy::Withdraw& a, const Step& s);
  TxCode run(const energy::Confiscate& a, const Step& s);
  TxCode run(const energy::Penalise& a, const Step& s);
  TxCode run(const energy::Propose& a, const Step& s);
  TxCode run(const energy::CastVote& a, const Step& s);
  TxCode run(const energy::Veto& a, const Step& s);
  TxCode run(const energy::GrantRead& a, const Step& s);
  TxCode run(const energy::RevokeRead& a, const Step& s);
  TxCode run(const energy::RotateKey& a, const Step& s);
  TxCode run(const energy::SetRecoveryKey& a, const Step& s);
  TxCode run(const energy::RevokeKey& a, const Step& s);

  bool signed_by_regulator(const Transaction& tx) const;
  // Members (ledger/market_members.cc): what may be proposed of them, and carrying it out.
  KeyRing& ring(ParticipantId id);
  TxCode check(const energy::Registration& r) const;
  TxCode check(const energy::KeyRecovery& r) const;
  TxCode check_seat(ParticipantId holder) const;
  // Flows and limits (ledger/market_flows.cc).
  MemberCounts counts() const;
  MemberCounts& counts_to_change();
  const energy::MeterPoint* main_meter(const energy::FlowKey& flow) const;
  TxCode check(const energy::FlowChange& c) const;
  TxCode check(const energy::LimitChange& c) const;
  void set_flow(const energy::FlowChange& c);
  void set_limits(const energy::LimitChange& c);
  energy::MeterPoint changed_point(const energy::LimitChange& c, energy::MeterPoint point) const;
  std::vector<MeterId> meters_of(ParticipantId owner) const;
  void register_member(const energy::Registration& r);
  void recover_key(const energy::KeyRecovery& r);
  void seat_regulator(ParticipantId holder);
  template <class Self, class Visit>
  static void each_table(Self& self, Visit visit) {
    visit(self.proposed_);
    visit(self.grants_);
    visit(self.rings_);
    visit(self.registered_);
    visit(self.members_);
    visit(self.meters_);
    visit(self.names_);
    visit(self.meter_names_);
    visit(self.counts_);
    visit(self.seat_);
    visit(self.voted_flows_);
    visit(self.flow_ends_);
  }
  bool is_party(ParticipantId id) const { return market_.participants().contains(id); }
  // Whether the party signed the terms; then the signature joins the sum that the trade keeps.
  TxCode endorse(const energy::TradeId& trade, ParticipantId by, const bls::Signature& signature);
  bool verifies(ParticipantId by, const Hash& message, const bls::Signature& signature) const;
  void check_endorsements(const std::vector<TxPtr>& txs);
  void start_epoch();
  void act(const energy::Proposal& proposal);

  const StateView& parent_;
  const Chain chain_;
  const Epoch epoch_;
  const int64_t time_ms_;
  StateSource source_;
  MarketNumbers numbers_;
  bool numbers_changed_ = false;
  std::optional<int64_t> ticked_, ticked_before_;  // by this block; the second: before the transaction under way
  energy::Market market_;
  energy::Table<Hash, ProposalContent> proposed_{proposal_content_name};
  energy::Table<GrantKey, ReadGrant> grants_{grant_name};
  energy::Table<ParticipantId, KeyRing> rings_{key_ring_name};
  energy::Table<ParticipantId, state::ParticipantRecord> registered_{participant_record_name};
  energy::Table<ParticipantId, MemberRecord> members_{member_name};
  energy::Table<MeterId, energy::MeterPoint> meters_{meter_record_name};
  energy::Table<std::string, NamedId> names_{participant_named};
  energy::Table<std::string, NamedId> meter_names_{meter_named};
  energy::Table<uint8_t, MemberCounts> counts_{member_counts_name};
  energy::Table<uint8_t, RegulatorSeat> seat_{regulator_seat_name};
  std::optional<PrivateWork> private_;  // none: the network has no private points
  energy::Table<energy::FlowKey, VotedFlow> voted_flows_{voted_flow_name};
  energy::Table<MeterId, Registry::FlowEnd> flow_ends_{flow_end_name};
  std::set<Hash> good_;  // endorsements of this block that verify: digests of key, message and signature
};

}  // namespace tieline
