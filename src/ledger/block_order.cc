#include "ledger/block_order.h"

#include <algorithm>
#include <map>

#include "energy/market_actions.h"
#include "energy/wide.h"
#include "ledger/private_work.h"

namespace tieline {
namespace {

using energy::MadeName;
using energy::TradeId;
using energy::TradeRecord;
using energy::TradeTerms;
using energy::TxSummary;

constexpr uint32_t kFirstRound = 1;
// A block holds 250 ms of private work and 4 MiB: in an organisation's turn one stands for the other.
constexpr uint64_t kBytesPerWorkUs = 16;
constexpr size_t kBuyer = energy::index_of(energy::PartyRole::kBuyer);
constexpr size_t kPlant = energy::index_of(energy::PartyRole::kPlant);

// Everything but these is worth its bytes, and neither makes nor needs what another transaction names.
bool counts_more(ActionType type) {
  switch (type) {
    case ActionType::kOffer:
    case ActionType::kCounter:
    case ActionType::kEndorse:
    case ActionType::kDecline:
    case ActionType::kCancel:
    case ActionType::kPropose:
    case ActionType::kVote:
    case ActionType::kVeto:
      return true;
    default:
      return false;
  }
}

class Summaries {
 public:
  Summaries(const energy::Market& below, const energy::BenefitParams& params, const ChainId& chain)
      : below_(below), params_(params), chain_(chain) {}

  std::vector<TxSummary> of(const std::vector<TxPtr>& txs) {
    find_offers(txs);
    std::vector<TxSummary> out;
    out.reserve(txs.size());
    for (const TxPtr& tx : txs) out.push_back(summary(*tx));
    return out;
  }

 private:
  struct Who {
    uint64_t org = 0;
    uint32_t trust = 0;
  };
  const Who& who(ParticipantId id) {
    const auto [at, fresh] = who_.try_emplace(id);
    if (!fresh) return at->second;
    const energy::MarketParticipant* member = below_.participants().find(id);
    at->second =
        member == nullptr ? Who{kAlone + id, energy::kTrustStart} : Who{member->org, below_.trust_of(id).trust};
    return at->second;
  }

  // Who makes a round of a trade that opens in this block is a party of its offer.
  void find_offers(const std::vector<TxPtr>& txs) {
    for (const TxPtr& tx : txs) {
      for (uint32_t i = 0; i < tx->actions().size(); ++i) {
        const Action& action = tx->actions()[i];
        if (action.type != ActionType::kOffer) continue;
        const auto offer = energy::decode_market_action(action.type, action.payload);
        if (!offer.ok()) continue;
        // Of two with one sequence number that with the lower id stands first, and the other is refused.
        const TradeId id = energy::trade_id(chain_, tx->signer(), tx->sequence(), i);
        const auto [at, fresh] = offered_.try_emplace(id, tx->id(), std::get<energy::Offer>(*offer).terms);
        if (!fresh && tx->id() < at->second.first) at->second = {tx->id(), std::get<energy::Offer>(*offer).terms};
      }
    }
  }
  // Of the trade as it is below the block, or as an offer of the block opens it.
  const TradeTerms* terms_of(const TradeId& id) const {
    if (const TradeRecord* trade = below_.trades().find(id)) return &trade->terms;
    const auto at = offered_.find(id);
    return at == offered_.end() ? nullptr : &at->second.second;
  }

  TxSummary summary(const Transaction& tx) {
    const Who& signer = who(tx.signer());
    TxSummary out;
    out.id = tx.id();
    out.org = signer.org;
    out.signer = tx.signer();
    out.sequence = tx.sequence();
    out.bytes = static_cast<uint32_t>(tx.bytes().size());
    out.trust = signer.trust;
    out.expiry = tx.expiry_height();
    out.work_bytes = private_work_us(tx) * kBytesPerWorkUs;
    const uint64_t nominal = out.bytes * params_.nominal_per_byte;
    Stake at_stake;
    for (uint32_t i = 0; i < tx.actions().size(); ++i) {
      const Action& action = tx.actions()[i];
      if (!counts_more(action.type)) continue;
      const auto decoded = energy::decode_market_action(action.type, action.payload);
      if (decoded.ok()) std::visit([&](const auto& a) { note(a, tx, i, out, at_stake); }, *decoded);
    }
    if (at_stake.trades == 0) {
      out.value = nominal;
      return out;
    }
    // Only what it could lock counts.
    const uint64_t funds = below_.book().account(tx.signer())[energy::Purse::kBalance];
    const auto covered = [&](energy::uint128 amount) {
      return static_cast<uint64_t>(std::min<energy::uint128>(amount, energy::uint128{funds} + at_stake.freed));
    };
    out.value = covered(at_stake.value);
    out.margin = covered(at_stake.margin);
    return out;
  }

  // What the offers, counters and endorsements of one transaction lock. Sums of at most 64 amounts.
  struct Stake {
    size_t trades = 0;
    energy::uint128 value = 0, margin = 0, freed = 0;
  };
  void stake(const TradeTerms& terms, ParticipantId signer, uint64_t margin, Stake& out) {
    if (who(terms.party[kPlant]).org == who(terms.party[kBuyer]).org) return;  // with oneself
    ++out.trades;
    const auto parties = below_.parties_of(terms);
    // When it begins is not looked at: that depends on the time of the block.
    if (!parties || check_terms(terms, *parties, terms.start_ms()) != energy::MarketRefusal::kNone) return;
    const uint64_t payment = energy::legs(terms).total();
    const energy::uint128 locked = energy::uint128{margin} + (signer == terms.party[kBuyer] ? payment : 0);
    out.value += std::min<energy::uint128>(payment, locked);
    out.margin += margin;
  }
  // What the signer has in the trade already is free again when the round is.
  static void free_locks(const TradeRecord* trade, ParticipantId signer, Stake& out) {
    const auto party = trade == nullptr ? std::nullopt : trade->party_of(signer);
    if (!party) return;
    out.freed += trade->margin[*party];
    if (*party == kBuyer) out.freed += trade->payment;
  }

  void note(const energy::Offer& a, const Transaction& tx, uint32_t index, TxSummary& out, Stake& at_stake) {
    out.makes.push_back({energy::trade_id(chain_, tx.signer(), tx.sequence(), index), kFirstRound});
    stake(a.terms, tx.signer(), a.margin, at_stake);
  }
  void note(const energy::Counter& a, const Transaction& tx, uint32_t, TxSummary& out, Stake& at_stake) {
    if (a.round > kFirstRound) out.needs.push_back({a.trade, a.round - 1});
    const TradeTerms* standing = terms_of(a.trade);
    const bool party = standing != nullptr &&
                       std::find(standing->party.begin(), standing->party.end(), tx.signer()) != standing->party.end();
    if (!party) return;  // nobody waits for it, and it locks nothing
    if (a.round > kFirstRound) out.makes.push_back({a.trade, a.round});
    if (a.terms.party != standing->party) return;
    free_locks(below_.trades().find(a.trade), tx.signer(), at_stake);
    stake(a.terms, tx.signer(), a.margin, at_stake);
  }
  void note(const energy::Endorse& a, const Transaction& tx, uint32_t, TxSummary& out, Stake& at_stake) {
    out.needs.push_back({a.trade, a.round});
    const TradeRecord* trade = below_.trades().find(a.trade);
    if (trade != nullptr && trade->round == a.round && trade->party_of(tx.signer()))
      stake(trade->terms, tx.signer(), a.margin, at_stake);
  }
  void note(const energy::Decline& a, const Transaction&, uint32_t, TxSummary& out, Stake&) {
    out.needs.push_back({a.trade, kFirstRound});
  }
  void note(const energy::Cancel& a, const Transaction&, uint32_t, TxSummary& out, Stake&) {
    out.needs.push_back({a.trade, kFirstRound});
  }
  void note(const energy::Propose&, const Transaction& tx, uint32_t index, TxSummary& out, Stake&) {
    out.makes.push_back({energy::proposal_id(chain_, tx.signer(), tx.sequence(), index), 0});
  }
  void note(const energy::CastVote& a, const Transaction&, uint32_t, TxSummary& out, Stake&) {
    out.needs.push_back({a.proposal, 0});
  }
  void note(const energy::Veto& a, const Transaction&, uint32_t, TxSummary& out, Stake&) {
    out.needs.push_back({a.proposal, 0});
  }
  template <class Other>
  void note(const Other&, const Transaction&, uint32_t, TxSummary&, Stake&) {}

  const energy::Market& below_;
  const energy::BenefitParams& params_;
  const ChainId& chain_;
  std::map<ParticipantId, Who> who_;
  std::map<TradeId, std::pair<TxId, TradeTerms>> offered_;
};

}  // namespace

std::vector<size_t> block_order(const energy::Market& below, const energy::BenefitParams& params, const ChainId& chain,
                                const std::vector<TxPtr>& txs, const Hash& parent, Height parent_height) {
  const std::vector<TxSummary> summaries = Summaries(below, params, chain).of(txs);
  return energy::block_order(summaries, parent, parent_height, params);
}

}  // namespace tieline
