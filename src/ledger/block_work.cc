#include "ledger/block_work.h"

#include <algorithm>

#include "energy/private_actions.h"

namespace tieline {

TxCode admit_static(const Transaction& tx, const Members& members, const ChainId& chain, Height parent_height) {
  if (tx.chain() != chain) return TxCode::wrong_chain;
  for (ParticipantId id : tx.signatories()) {
    if (!members.knows(id)) return TxCode::unknown_signer;
  }
  if (tx.expiry_height() <= parent_height) return TxCode::expired;
  if (tx.expiry_height() - parent_height > kTxLifetimeMax) return TxCode::expiry_too_far;
  return TxCode::ok;
}

TxCode admit_sequence(const Transaction& tx, const state::SignerRecord& signer, const LedgerParams& params) {
  switch (signer.window.judge(tx.sequence(), params.sequence_window)) {
    case SequenceVerdict::kFresh:
      return TxCode::ok;
    case SequenceVerdict::kDuplicate:
      return TxCode::duplicate;
    case SequenceVerdict::kTooOld:
      return TxCode::sequence_too_old;
    case SequenceVerdict::kTooFar:
      return TxCode::sequence_too_far;
  }
  TL_CHECK_MSG(false, "a verdict without a code");
}

bool timestamp_is_old(const Transaction& tx, const state::SignerRecord& signer, const LedgerParams& params) {
  if (tx.timestamp_ms() < 0) return true;
  return signer.timestamp_ms && tx.timestamp_ms() < *signer.timestamp_ms - int64_t{params.timestamp_slack_ms};
}

TxCode BlockWork::execute(const Transaction& tx) {
  ++tx_number_;
  TxCode code = admit_static(tx, members_, chain_, height_ - 1);
  if (code != TxCode::ok) {
    ++void_of_effect_;
    return code;
  }
  SignerWork& signer_work = signers_[signer(tx.signer())];
  state::SignerRecord& record = signer_work.record;
  code = admit_sequence(tx, record, params_);
  if (code == TxCode::ok) code = admit_keys(tx, members_, verifier_);
  if (code != TxCode::ok) {
    ++void_of_effect_;
    return code;
  }

  // From here on the outcome is final.
  record.window.use(tx.sequence());
  ++record.used;
  signer_work.changed = true;
  bool carried = false;
  if (tx.timestamp_ms() > time_ms_ + int64_t{params_.future_ms}) {
    code = TxCode::timestamp_future;
  } else if (timestamp_is_old(tx, record, params_)) {
    code = TxCode::timestamp_old;
  } else {
    code = apply_actions(tx, carried);
  }
  if (code != TxCode::ok) {
    ++refused_;
    if (market_ != nullptr && !carried) market_->note_refused(tx.signer(), code);
    return code;
  }
  record.timestamp_ms = std::max(record.timestamp_ms.value_or(tx.timestamp_ms()), tx.timestamp_ms());
  ++accepted_;
  return code;
}

// All of a transaction's actions count, or none. `carried`: what was refused is another's, who signed it inside.
TxCode BlockWork::apply_actions(const Transaction& tx, bool& carried) {
  undo_.clear();
  market_open_ = false;
  uint64_t recorded = 0;
  for (uint32_t i = 0; i < tx.actions().size(); ++i) {
    const Action& action = tx.actions()[i];
    TxCode code = TxCode::ok;  // data is recorded by being in the block
    if (action.type == ActionType::kReadings) {
      code = apply_readings(tx, action.payload, recorded);
    } else if (action.type == ActionType::kDeclarations) {
      code = check_declarations(tx, action.payload);
    } else if (action.type != ActionType::kData) {
      open_market();
      code = market_ == nullptr ? TxCode::no_market : market_->execute(tx, i);
    }
    if (code != TxCode::ok) {
      carried = energy::is_carried_action(action.type);
      roll_back();
      return code;
    }
  }
  if (market_open_) market_->commit();
  readings_ += recorded;
  return TxCode::ok;
}

energy::RuleContext BlockWork::rule_context(const Transaction& tx) const {
  return {
      .block_time_ms = market_ms_, .params = &params_, .plausibility = &plausibility_, .signatories = tx.signatories()};
}

TxCode BlockWork::check_declarations(const Transaction& tx, ByteView payload) const {
  const Result<std::vector<Declaration>> declarations = decode_declarations(payload);
  if (!declarations.ok() || declarations->empty()) return TxCode::malformed;
  energy::RuleContext context = rule_context(tx);
  for (const Declaration& declaration : *declarations) {
    context.point = members_.meter(declaration.meter);
    const energy::Refusal refusal = energy::judge_declaration(declaration, context);
    if (refusal != energy::Refusal::kNone) return static_cast<TxCode>(refusal);
  }
  return TxCode::ok;
}

TxCode BlockWork::apply_readings(const Transaction& tx, ByteView payload, uint64_t& recorded) {
  const Result<std::vector<Reading>> readings = decode_readings(payload);
  if (!readings.ok() || readings->empty()) return TxCode::malformed;
  energy::RuleContext context = rule_context(tx);
  SeriesWork* work = nullptr;
  for (const Reading& reading : *readings) {
    // Most readings of a transaction are of the meter of the one before.
    if (work == nullptr || work->meter != reading.meter || work->obis != reading.obis) {
      context.point = members_.meter(reading.meter);
      work = context.point != nullptr ? &series_[series(reading.meter, reading.obis)] : nullptr;
      context.series = work != nullptr ? &work->series : nullptr;
    }
    const energy::Refusal refusal = energy::judge_reading(reading, context);
    if (refusal != energy::Refusal::kNone) return static_cast<TxCode>(refusal);
    if (work->saved_by != tx_number_) {
      undo_.push_back({static_cast<size_t>(work - series_.data()), work->changed, work->series});
      work->saved_by = tx_number_;
    }
    energy::record_reading(reading, work->series);
    work->changed = true;
    if (market_ != nullptr && market_->flow(reading.meter) != nullptr) {
      open_market();
      if (const TxCode code = market_->record(reading); code != TxCode::ok) return code;
    }
    ++recorded;
  }
  return TxCode::ok;
}

// The market's records are kept as they were from where a transaction first comes to it.
void BlockWork::open_market() {
  if (market_ == nullptr || market_open_) return;
  market_->begin();
  market_open_ = true;
}

void BlockWork::roll_back() {
  if (market_open_) market_->roll_back();
  for (Undo& undo : undo_) {
    series_[undo.index].series = std::move(undo.series);
    series_[undo.index].changed = undo.changed;
  }
  undo_.clear();
}

size_t BlockWork::signer(ParticipantId id) {
  const auto [at, fresh] = signer_index_.try_emplace(id, signers_.size());
  if (fresh) {
    signers_.push_back(
        {id, false,
         state::read_or_default<state::SignerRecord>(parent_, state::signer_key(id), "damaged state record: signer")});
  }
  return at->second;
}

size_t BlockWork::series(MeterId meter, Obis obis) {
  const auto [at, fresh] = series_index_.try_emplace(uint64_t{meter} << 8 | static_cast<uint8_t>(obis), series_.size());
  if (fresh) {
    series_.push_back({meter, obis, false, 0,
                       state::read_or_default<energy::MeterSeries>(parent_, state::series_key(meter, obis),
                                                                   "damaged state record: series")});
  }
  return at->second;
}

WriteSet BlockWork::writes(std::vector<std::pair<Bytes, std::optional<Bytes>>> more) const {
  more.reserve(more.size() + signers_.size() + series_.size());
  for (const SignerWork& signer : signers_) {
    if (signer.changed) more.emplace_back(state::signer_key(signer.id), encoded(signer.record));
  }
  for (const SeriesWork& series : series_) {
    if (series.changed) more.emplace_back(state::series_key(series.meter, series.obis), encoded(series.series));
  }
  if (market_ != nullptr) market_->add_writes(more);
  std::sort(more.begin(), more.end(), [](const auto& a, const auto& b) { return BytesLess{}(a.first, b.first); });
  WriteSet out;
  for (auto& [key, value] : more) {
    TL_CHECK_MSG(out.empty() || BytesLess{}(out.rbegin()->first, key), "two writes to one key");
    out.emplace_hint(out.end(), std::move(key), std::move(value));
  }
  return out;
}

}  // namespace tieline
