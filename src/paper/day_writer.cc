#include "paper/day_writer.h"

namespace tieline::paper {

using energy::TradeId;
using energy::TradeTerms;

DayWriter::DayWriter(DayScript& script, DayNetwork& network, DayDraws& draws)
    : s_(script), grid_(script.grid), network_(network), draws_(draws), chain_(script.genesis.chain_id()) {
  other_chain_ = chain_;
  other_chain_.bytes[0] ^= 1;
}

Bytes DayWriter::signed_by(ParticipantId who, std::vector<TransactionDraft::OwnedAction> actions,
                           std::optional<uint64_t> sequence, std::optional<ChainId> chain) {
  TransactionDraft d;
  d.chain = chain.value_or(chain_);
  d.signatories = {who};
  d.sequence = sequence ? *sequence : ++s_.sequence[who - 1];
  d.timestamp_ms = network_.now_ms();
  d.expiry_height = expiry_;
  d.actions = std::move(actions);
  const Signer* keys[] = {s_.signers[who - 1]};
  return build_transaction(d, keys);
}

bls::Signature DayWriter::share(ParticipantId who, const TradeId& id, uint32_t round, const TradeTerms& terms) const {
  return s_.signers[who - 1]->sign_share(energy::endorsement_message(chain_, id, round, terms).view());
}

void DayWriter::offer(DayWave& wave, Deal& d, DayKind kind) {
  const ParticipantId who = d.terms.party[d.sender];
  d.id = energy::trade_id(chain_, who, s_.sequence[who - 1] + 1, 0);
  add(wave, who, energy::Offer{d.terms, day_margin(d.terms, d.sender), share(who, d.id, 1, d.terms)}, kind);
}

void DayWriter::counter(DayWave& wave, const Deal& d) {
  const ParticipantId who = d.terms.party[d.sender];
  add(wave, who,
      energy::Counter{d.id, d.round, d.terms, day_margin(d.terms, d.sender), share(who, d.id, d.round, d.terms)});
}

void DayWriter::endorse(DayWave& wave, const Deal& d, size_t party, DayKind kind) {
  const ParticipantId who = d.terms.party[party];
  add(wave, who, energy::Endorse{d.id, d.round, day_margin(d.terms, party), share(who, d.id, d.round, d.terms)}, kind);
}

void DayWriter::declare(DayWave& wave, size_t hour, size_t number, DayKind kind) {
  const DayDraws::Declared declared = draws_.declaration(hour, number, market_ms_, kind);
  const bool other = kind == DayKind::kOtherChain;
  Bytes bytes = signed_by(declared.who, {{ActionType::kDeclarations, encode_declarations({declared.said})}}, {},
                          other ? std::optional(other_chain_) : std::nullopt);
  if (kind == DayKind::kForgedSignature) bytes.back() ^= 1;
  wave.push_back({std::move(bytes), kind});
}

DayItem DayWriter::reading_item(ParticipantId who, const std::vector<Reading>& list, DayKind kind,
                                std::optional<uint64_t> sequence) {
  return {signed_by(who, {{ActionType::kReadings, encode_readings(list)}}, sequence), kind};
}

}  // namespace tieline::paper
