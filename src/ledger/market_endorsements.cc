// Endorsements: BLS signatures of the parties over one message, kept as one sum. All of a block are checked together,
// as far as their message is known before it executes; what that leaves over is checked when its turn comes. The order
// of checking changes the cost and no outcome.

#include <map>

#include "crypto/hash.h"
#include "ledger/market_work.h"

namespace tieline {
namespace {

Hash claim_of(const bls::PublicKey& key, const Hash& message, const bls::Signature& signature) {
  return sha256({key.view(), message.view(), signature.view()});
}

}  // namespace

bool MarketWork::verifies(ParticipantId by, const Hash& message, const bls::Signature& signature) const {
  const bls::PublicKey* key = chain_.members.bls_key(by);
  if (key == nullptr) return false;
  if (good_.contains(claim_of(*key, message, signature))) return true;
  return chain_.verifier.verify_aggregate({{key}, message.view(), signature});
}

TxCode MarketWork::endorse(const energy::TradeId& id, ParticipantId by, const bls::Signature& signature) {
  const energy::TradeRecord& trade = market_.trades().at(id);
  if (!verifies(by, energy::endorsement_message(chain_.id, id, trade.round, trade.terms), signature)) {
    return TxCode::bad_endorsement;
  }
  if (trade.endorsements == bls::Signature{}) {
    market_.set_endorsements(id, signature);
    return TxCode::ok;
  }
  const std::array<bls::Signature, 2> parts = {trade.endorsements, signature};
  const std::optional<bls::Signature> sum = chain_.verifier.add(parts);
  if (!sum) return TxCode::bad_endorsement;  // opposite points: parties who chose their keys so
  market_.set_endorsements(id, *sum);
  return TxCode::ok;
}

void MarketWork::check_endorsements(const std::vector<TxPtr>& txs) {
  struct Claim {
    const bls::PublicKey* key;
    Hash message;
    bls::Signature signature;
  };
  std::vector<Claim> claims;
  using Round = std::pair<energy::TradeId, uint32_t>;
  std::map<Round, Hash> messages;  // of rounds that this block opens
  const auto claim = [&](const Transaction& tx, const Hash& message, const bls::Signature& signature) {
    if (const bls::PublicKey* key = chain_.members.bls_key(tx.signer())) claims.push_back({key, message, signature});
  };
  const auto opened = [&](const Transaction& tx, const Round& round, const energy::TradeTerms& terms,
                          const bls::Signature& signature) {
    const Hash message = energy::endorsement_message(chain_.id, round.first, round.second, terms);
    messages[round] = message;
    claim(tx, message, signature);
  };
  for (const TxPtr& tx : txs) {
    for (uint32_t i = 0; i < tx->actions().size(); ++i) {
      const Action& action = tx->actions()[i];
      const bool endorses = action.type == ActionType::kOffer || action.type == ActionType::kCounter ||
                            action.type == ActionType::kEndorse;
      if (!endorses) continue;
      const Result<energy::MarketAction> decoded = energy::decode_market_action(action.type, action.payload);
      if (!decoded.ok()) continue;
      if (const auto* offer = std::get_if<energy::Offer>(&*decoded)) {
        opened(*tx, {energy::trade_id(chain_.id, tx->signer(), tx->sequence(), i), 1}, offer->terms,
               offer->endorsement);
      } else if (const auto* counter = std::get_if<energy::Counter>(&*decoded)) {
        opened(*tx, {counter->trade, counter->round}, counter->terms, counter->endorsement);
      } else if (const auto* endorse = std::get_if<energy::Endorse>(&*decoded)) {
        const auto at = messages.find({endorse->trade, endorse->round});
        if (at != messages.end()) {
          claim(*tx, at->second, endorse->endorsement);
        } else if (const energy::TradeRecord* trade = market_.trades().find(endorse->trade)) {
          claim(*tx, energy::endorsement_message(chain_.id, trade->id, trade->round, trade->terms),
                endorse->endorsement);
        }
      }
    }
  }
  if (claims.size() < 2) return;  // nothing to gain
  std::vector<AggregateItem> items;
  for (const Claim& c : claims) items.push_back({{c.key}, c.message.view(), c.signature});
  Bytes ok(items.size());
  chain_.verifier.verify_aggregates(items, ok);
  for (size_t i = 0; i < claims.size(); ++i) {
    if (ok[i] != 0) good_.insert(claim_of(*claims[i].key, claims[i].message, claims[i].signature));
  }
}

}  // namespace tieline
