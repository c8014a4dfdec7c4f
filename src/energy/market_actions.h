#pragma once
// What the market's participants write into transactions: one action an operation of energy/market.h, one for what
// ENERGY.md has besides (who may read, keys). Shape and bounds only; whether it is allowed is the ledger's question,
// and answered with a code. Byte by byte: docs/formats/transaction.md.
//
// Who acts is the transaction's first signatory, unless the comment says otherwise. Energy in Wh, money in
// micro-currency, prices in micro-currency per MWh, slots of 15 minutes from 1970 UTC. Error everywhere: malformed.
// Source: ENERGY.md, "Trades, in rounds" to "Stake, governance, regulator".

#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "crypto/seal.h"
#include "energy/governance.h"
#include "energy/trade_terms.h"
#include "model/evidence.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr size_t kRuleNameBytesMax = 64;
inline constexpr size_t kRuleChangesMax = 32;  // in one proposal
inline constexpr size_t kMemberNameBytesMax = 63;
inline constexpr size_t kMemberMetersMax = 64;

// Ids of what a transaction creates follow from who signs it first, its sequence number and the action's place in it:
// they are known before it is signed (an offer endorses itself), and no two transactions that count have the same.
TradeId trade_id(const ChainId& chain, ParticipantId signer, uint64_t sequence, uint32_t action);
Hash proposal_id(const ChainId& chain, ParticipantId signer, uint64_t sequence, uint32_t action);

// Money. Issued and redeemed by the regulator's signature; what is redeemed, by its owner's too.
struct Issue {
  static constexpr ActionType kType = ActionType::kIssue;
  ParticipantId to = 0;
  uint64_t amount = 0;
  static auto fields(auto& a) { return std::tie(a.to, a.amount); }
  bool operator==(const Issue&) const = default;
};
struct Redeem {
  static constexpr ActionType kType = ActionType::kRedeem;
  ParticipantId from = 0;
  uint64_t amount = 0;
  static auto fields(auto& a) { return std::tie(a.from, a.amount); }
  bool operator==(const Redeem&) const = default;
};
struct Repay {  // debt
  static constexpr ActionType kType = ActionType::kRepay;
  uint64_t amount = 0;
  static auto fields(auto& a) { return std::tie(a.amount); }
  bool operator==(const Repay&) const = default;
};

// Trades. An endorsement is the party's BLS signature over endorsement_message (energy/trade_terms.h) of the round.
struct Offer {  // opens round 1 of the trade trade_id()
  static constexpr ActionType kType = ActionType::kOffer;
  TradeTerms terms;
  uint64_t margin = 0;
  bls::Signature endorsement;
  static auto fields(auto& a) { return std::tie(a.terms, a.margin, a.endorsement); }
  bool operator==(const Offer&) const = default;
};
struct Counter {
  static constexpr ActionType kType = ActionType::kCounter;
  TradeId trade;
  uint32_t round = 0;  // the one it opens: the standing one's number + 1
  TradeTerms terms;
  uint64_t margin = 0;
  bls::Signature endorsement;
  static auto fields(auto& a) { return std::tie(a.trade, a.round, a.terms, a.margin, a.endorsement); }
  bool operator==(const Counter&) const = default;
};
struct Endorse {
  static constexpr ActionType kType = ActionType::kEndorse;
  TradeId trade;
  uint32_t round = 0;
  uint64_t margin = 0;
  bls::Signature endorsement;
  static auto fields(auto& a) { return std::tie(a.trade, a.round, a.margin, a.endorsement); }
  bool operator==(const Endorse&) const = default;
};
struct Decline {
  static constexpr ActionType kType = ActionType::kDecline;
  TradeId trade;
  static auto fields(auto& a) { return std::tie(a.trade); }
  bool operator==(const Decline&) const = default;
};
struct Cancel {  // by all signatories of the transaction together
  static constexpr ActionType kType = ActionType::kCancel;
  TradeId trade;
  static auto fields(auto& a) { return std::tie(a.trade); }
  bool operator==(const Cancel&) const = default;
};

// Readings that are recorded. A flow is named by its two ends; its main meter is the one of `from`.
struct Accept {  // a disputed value, by the neighbour
  static constexpr ActionType kType = ActionType::kAccept;
  uint32_t slot = 0;
  ParticipantId from = 0;
  ParticipantId to = 0;
  static auto fields(auto& a) { return std::tie(a.slot, a.from, a.to); }
  bool operator==(const Accept&) const = default;
};
struct Ruling {  // on a disputed value, by the regulator
  static constexpr ActionType kType = ActionType::kRuling;
  uint32_t slot = 0;
  ParticipantId from = 0;
  ParticipantId to = 0;
  uint64_t wh = 0;
  static auto fields(auto& a) { return std::tie(a.slot, a.from, a.to, a.wh); }
  bool operator==(const Ruling&) const = default;
};
struct Correct {  // by `from`; co-signed if the neighbour or the regulator is a signatory too
  static constexpr ActionType kType = ActionType::kCorrection;
  uint32_t slot = 0;
  ParticipantId from = 0;
  ParticipantId to = 0;
  uint8_t of_version = 0;
  uint64_t wh = 0;
  Quality quality = Quality::kMeasured;
  static auto fields(auto& a) { return std::tie(a.slot, a.from, a.to, a.of_version, a.wh, a.quality); }
  bool operator==(const Correct&) const = default;
};
struct PublishPrice {  // of imbalances, by the neutral authority
  static constexpr ActionType kType = ActionType::kPublishPrice;
  uint32_t slot = 0;
  uint64_t price = 0;
  static auto fields(auto& a) { return std::tie(a.slot, a.price); }
  bool operator==(const PublishPrice&) const = default;
};
// Market time of the blocks that follow, where genesis lets it pass by these records alone (time_rate 0: tests and
// demonstrations, which then settle alike however long they take); by the neutral authority.
struct Tick {
  static constexpr ActionType kType = ActionType::kTick;
  int64_t market_ms = 0;
  static auto fields(auto& a) { return std::tie(a.market_ms); }
  bool operator==(const Tick&) const = default;
};

// Stake.
struct Bond {
  static constexpr ActionType kType = ActionType::kBond;
  uint64_t amount = 0;
  static auto fields(auto& a) { return std::tie(a.amount); }
  bool operator==(const Bond&) const = default;
};
struct Unbond {
  static constexpr ActionType kType = ActionType::kUnbond;
  uint64_t amount = 0;
  static auto fields(auto& a) { return std::tie(a.amount); }
  bool operator==(const Unbond&) const = default;
};
struct Withdraw {  // all that has finished unbonding
  static constexpr ActionType kType = ActionType::kWithdraw;
  static auto fields(auto&) { return std::tuple<>(); }
  bool operator==(const Withdraw&) const = default;
};
struct Confiscate {  // by anyone: the proof decides
  static constexpr ActionType kType = ActionType::kConfiscate;
  ParticipantId owner = 0;  // of the stake of the validator that voted twice
  Equivocation proof;
  static auto fields(auto& a) { return std::tie(a.owner, a.proof); }
  bool operator==(const Confiscate&) const = default;
};
struct Penalise {  // for a proven forgery of this value, by the regulator
  static constexpr ActionType kType = ActionType::kPenalise;
  ParticipantId who = 0;
  uint64_t value = 0;
  Hash finding;  // SHA-256 of what it found, kept elsewhere
  static auto fields(auto& a) { return std::tie(a.who, a.value, a.finding); }
  bool operator==(const Penalise&) const = default;
};

// Governance. A registration proves that its BLS key's holder knows the secret: only such keys are added up.
struct Registration {
  std::string name;
  OrgId org = 0;
  Role role = Role::kUser;
  PublicKey key;
  bls::PublicKey bls_key;
  bls::Possession bls_proof;
  seal::PublicKey seal_key;
  uint64_t capacity_w = 0;  // of a user: the contracted load
  uint32_t loss_ppm = 0;
  std::vector<std::string> meters;
  bool operator==(const Registration&) const = default;
};
void encode(Writer& w, const Registration& r);
void decode(Reader& r, Registration& registration);
struct RuleChange {
  std::string rule;  // a genesis option's name
  uint64_t value = 0;
  bool operator==(const RuleChange&) const = default;
};
void encode(Writer& w, const RuleChange& c);
void decode(Reader& r, RuleChange& change);
// Together: what the rules owe each other holds before and after, not between.
using RuleChanges = std::vector<RuleChange>;
void encode(Writer& w, const RuleChanges& changes);
void decode(Reader& r, RuleChanges& changes);

// A key for one whose own is lost: the new one says that it is in its owner's hands, by a signature over key_message()
// of kPropose.
struct KeyRecovery {
  ParticipantId owner = 0;
  PublicKey next;
  Signature possession;
  int64_t doubtful_from_ms = 0;  // what the lost key signed since then is marked
  bool operator==(const KeyRecovery&) const = default;
};
void encode(Writer& w, const KeyRecovery& k);
void decode(Reader& r, KeyRecovery& recovery);

// A flow of energy that is metered from now on, or by other meters than before; meter 0: no longer.
struct FlowChange {
  ParticipantId from = 0;
  ParticipantId to = 0;
  MeterId meter = 0;        // owned by `from`
  MeterId check_meter = 0;  // owned by `to`; 0: none
  bool operator==(const FlowChange&) const = default;
};
void encode(Writer& w, const FlowChange& c);
void decode(Reader& r, FlowChange& change);

// What a member may do from now on, and its metering points with it; what is not said stays.
struct LimitChange {
  ParticipantId member = 0;
  std::optional<uint64_t> capacity_w;  // of a user: the contracted load
  std::optional<uint32_t> loss_ppm;
  std::optional<uint64_t> cost_lo, cost_hi;  // both or none: a plant's cost band
  bool operator==(const LimitChange&) const = default;
};
void encode(Writer& w, const LimitChange& c);
void decode(Reader& r, LimitChange& change);

// What is proposed; its kind says which alternative stands: a Registration for membership, RuleChanges (at least one,
// each rule once) for rules, a KeyRecovery for a lost key, a FlowChange for a flow, a LimitChange for limits, else the
// participant it is about.
struct Propose {
  static constexpr ActionType kType = ActionType::kPropose;
  ProposalKind kind = ProposalKind::kRules;
  std::variant<RuleChanges, Registration, ParticipantId, KeyRecovery, FlowChange, LimitChange> content;
  bool operator==(const Propose&) const = default;
};
struct CastVote {
  static constexpr ActionType kType = ActionType::kVote;
  Hash proposal;
  bool in_favour = false;
  static auto fields(auto& a) { return std::tie(a.proposal, a.in_favour); }
  bool operator==(const CastVote&) const = default;
};
struct Veto {  // by the regulator
  static constexpr ActionType kType = ActionType::kVeto;
  Hash proposal;
  static auto fields(auto& a) { return std::tie(a.proposal); }
  bool operator==(const Veto&) const = default;
};

// Who may read one's meter: intervals that begin in [from_s, to_s). What is taken back was readable until then.
struct GrantRead {
  static constexpr ActionType kType = ActionType::kGrantRead;
  ParticipantId reader = 0;
  MeterId meter = 0;
  int64_t from_s = 0;
  int64_t to_s = 0;
  static auto fields(auto& a) { return std::tie(a.reader, a.meter, a.from_s, a.to_s); }
  bool operator==(const GrantRead&) const = default;
};
struct RevokeRead {
  static constexpr ActionType kType = ActionType::kRevokeRead;
  ParticipantId reader = 0;
  MeterId meter = 0;
  static auto fields(auto& a) { return std::tie(a.reader, a.meter); }
  bool operator==(const RevokeRead&) const = default;
};

// Keys. The old key signs the transaction, the new one that it is in its owner's hands: over key_message().
struct RotateKey {
  static constexpr ActionType kType = ActionType::kRotateKey;
  PublicKey next;
  Signature possession;
  static auto fields(auto& a) { return std::tie(a.next, a.possession); }
  bool operator==(const RotateKey&) const = default;
};
struct SetRecoveryKey {  // once: who steals the signing key later cannot change it
  static constexpr ActionType kType = ActionType::kSetRecoveryKey;
  PublicKey recovery;
  Signature possession;
  static auto fields(auto& a) { return std::tie(a.recovery, a.possession); }
  bool operator==(const SetRecoveryKey&) const = default;
};
struct RevokeKey {  // sent by anyone, decided by the owner's recovery key, whose signature is over revocation_message()
  static constexpr ActionType kType = ActionType::kRevokeKey;
  ParticipantId owner = 0;
  PublicKey revoked;
  PublicKey next;
  int64_t doubtful_from_ms = 0;  // what the revoked key signed since then is marked
  Signature recovery;
  static auto fields(auto& a) { return std::tie(a.owner, a.revoked, a.next, a.doubtful_from_ms, a.recovery); }
  bool operator==(const RevokeKey&) const = default;
};
Hash key_message(const ChainId& chain, ActionType action, ParticipantId owner, const PublicKey& key);
Hash revocation_message(const ChainId& chain, const RevokeKey& revocation);

using MarketAction = std::variant<Issue, Redeem, Repay, Offer, Counter, Endorse, Decline, Cancel, Accept, Ruling,
                                  Correct, PublishPrice, Bond, Unbond, Withdraw, Confiscate, Penalise, Propose,
                                  CastVote, Veto, GrantRead, RevokeRead, RotateKey, SetRecoveryKey, RevokeKey, Tick>;

ActionType type_of(const MarketAction& action);
bool is_market_action(ActionType type);
Bytes encode_market_action(const MarketAction& action);  // the payload
// Errors: malformed, also for a type that is no market action.
Result<MarketAction> decode_market_action(ActionType type, ByteView payload);

}  // namespace tieline::energy
