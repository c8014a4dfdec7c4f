// Endorsements: BLS signatures of the parties over one message, kept as one sum. All of a block are checked together,
// as far as their message is known before it executes; what that leaves over is checked when its turn comes. The order
// of checking changes the cost and no outcome. A validator checks most of them before, with the signatures of the
// transactions (Ledger::endorsements), and its verifier remembers.

#include <algorithm>
#include <map>

#include "crypto/hash.h"
#include "ledger/market_work.h"

namespace tieline {
namespace {

Hash claim_of(const bls::PublicKey& key, const Hash& message, const bls::Signature& signature) {
  return sha256({key.view(), message.view(), signature.view()});
}

using Opened = std::map<std::pair<energy::TradeId, uint32_t>, Hash>;  // messages of rounds that these transactions open

// What the transaction's endorsements are said to sign, as far as the terms are known: its own, those in `opened`, and
// those of `standing`, the trade as it is or null.
template <class Standing>
void add_claims(const Transaction& tx, const ChainId& chain, const Members& members, Opened& opened, Standing standing,
                std::vector<EndorsementClaim>& out) {
  const bls::PublicKey* key = members.bls_key(tx.signer());
  const auto open = [&](const energy::TradeId& id, uint32_t round, const energy::TradeTerms& terms,
                        const bls::Signature& signature) {
    const Hash message = energy::endorsement_message(chain, id, round, terms);
    opened[{id, round}] = message;
    if (key != nullptr) out.push_back({*key, message, signature});
  };
  for (uint32_t i = 0; i < tx.actions().size(); ++i) {
    const Action& action = tx.actions()[i];
    const bool endorses =
        action.type == ActionType::kOffer || action.type == ActionType::kCounter || action.type == ActionType::kEndorse;
    if (!endorses) continue;
    const Result<energy::MarketAction> decoded = energy::decode_market_action(action.type, action.payload);
    if (!decoded.ok()) continue;
    if (const auto* offer = std::get_if<energy::Offer>(&*decoded)) {
      open(energy::trade_id(chain, tx.signer(), tx.sequence(), i), 1, offer->terms, offer->endorsement);
    } else if (const auto* counter = std::get_if<energy::Counter>(&*decoded)) {
      open(counter->trade, counter->round, counter->terms, counter->endorsement);
    } else if (const auto* endorse = std::get_if<energy::Endorse>(&*decoded); key != nullptr) {
      const auto at = opened.find({endorse->trade, endorse->round});
      if (at != opened.end()) {
        out.push_back({*key, at->second, endorse->endorsement});
      } else if (const energy::TradeRecord* trade = standing(endorse->trade)) {
        const Hash message = energy::endorsement_message(chain, trade->id, trade->round, trade->terms);
        out.push_back({*key, message, endorse->endorsement});
      }
    }
  }
}

// Whether a block would look at the proof: not of what is recorded already, or outside the pseudonym's period.
bool may_count(const energy::PrivateRecord& record, const PseudonymRecord& pseudonym, const StateView& state) {
  return std::ranges::all_of(record.readings, [&](const energy::PrivateReading& reading) {
    if (!energy::speaks_for(pseudonym.period, reading.start_s, reading.duration_s)) return false;
    const SlotOfPoint of{record.pseudonym, reading.obis, static_cast<uint32_t>(reading.start_s / energy::kSlotSeconds)};
    const auto entry = state::read<PrivateEntry>(state, state::key_of(private_entry_name(of)),
                                                 "damaged state record: private reading");
    return !entry || entry->version < reading.version;
  });
}

// Of pseudonyms that the state knows, and what was not found good before.
void add_record_claims(const Transaction& tx, const PrivateGenesis& params, const ChainId& chain,
                       const Verifier& verifier, const StateView& state, std::vector<EndorsementClaim>& out) {
  for (const Action& action : tx.actions()) {
    if (action.type != ActionType::kPrivateRecord) continue;
    Result<energy::PrivateRecord> record = energy::decode_private_record(action.payload);
    if (!record) continue;
    const auto pseudonym = state::read<PseudonymRecord>(state, state::key_of(pseudonym_name(record->pseudonym)),
                                                        "damaged state record: pseudonym");
    if (!pseudonym || !may_count(*record, *pseudonym, state)) continue;
    PrivateClaim claim =
        private_claim(chain, std::move(*record), action.payload, params.buckets_w.at(pseudonym->bucket));
    if (verifier.remembers(claim.digest)) continue;
    claim.carrier = tx.signed_digest();
    const Hash digest = claim.digest;
    out.push_back({{}, digest, {}, std::make_shared<const PrivateClaim>(std::move(claim))});
  }
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
  std::vector<EndorsementClaim> claims;
  Opened opened;
  for (const TxPtr& tx : txs) {
    add_claims(
        *tx, chain_.id, chain_.members, opened, [&](const energy::TradeId& id) { return market_.trades().find(id); },
        claims);
  }
  if (claims.size() < 2) return;  // nothing to gain
  std::vector<AggregateItem> items;
  for (const EndorsementClaim& c : claims) items.push_back({{&c.key}, c.message.view(), c.signature});
  Bytes ok(items.size());
  chain_.verifier.verify_aggregates(items, ok);
  for (size_t i = 0; i < claims.size(); ++i) {
    if (ok[i] != 0) good_.insert(claim_of(claims[i].key, claims[i].message, claims[i].signature));
  }
}

std::vector<EndorsementClaim> Ledger::endorsements(const Transaction& tx, const StateView& state) const {
  std::vector<EndorsementClaim> claims;
  if (!genesis_.market) return claims;
  const auto epoch =
      state::must_read<state::EpochRecord>(state, state::epoch_key(), "damaged state record: epoch").epoch;
  const Members members(registry_, state, epoch);
  if (genesis_.private_points) add_record_claims(tx, *genesis_.private_points, chain_, verifier_, state, claims);
  std::optional<energy::TradeRecord> record;
  Opened opened;
  add_claims(
      tx, chain_, members, opened,
      [&](const energy::TradeId& id) -> const energy::TradeRecord* {
        record = state::read<energy::TradeRecord>(state, state::key_of(energy::trade_name(id)),
                                                  "damaged state record: trade");
        return record ? &*record : nullptr;
      },
      claims);
  return claims;
}

}  // namespace tieline
