#include "ledger/market_work.h"

#include <algorithm>

#include "energy/rules.h"
#include "energy/split.h"
#include "ledger/execute.h"

namespace tieline {
namespace {

using energy::MarketRefusal;

TxCode code_of(MarketRefusal refusal) { return static_cast<TxCode>(refusal); }

bool has_signed(const Transaction& tx, ParticipantId id) {
  return std::find(tx.signatories().begin(), tx.signatories().end(), id) != tx.signatories().end();
}

}  // namespace

MarketWork::MarketWork(const StateView& parent, const Chain& chain, Epoch epoch, int64_t time_ms)
    : parent_(parent),
      chain_(chain),
      epoch_(epoch),
      time_ms_(time_ms),
      source_(parent),
      numbers_(state::must_read<MarketNumbers>(parent, state::market_numbers_key(), "damaged state record: market")),
      market_(market_params(numbers_, chain.genesis.plausibility), source_) {
  each_table(*this, [&](auto& table) { table.attach(source_); });
  if (chain.genesis.private_points)
    private_.emplace(chain.genesis, chain.members, chain.id, chain.verifier, source_, market_, time_ms);
}

void MarketWork::start_block(bool first_of_epoch, const std::vector<TxPtr>& txs) {
  if (first_of_epoch) start_epoch();
  market_.advance(time_ms_);
  check_endorsements(txs);
  if (private_) private_->start_block(txs);
}

void MarketWork::start_epoch() {
  for (const energy::Proposal& proposal : market_.next_epoch()) {
    if (proposal.state == energy::ProposalState::kActed) act(proposal);
    proposed_.erase(proposal.id);
  }
  const uint64_t reward = market_.book().pool(energy::Pool::kReward) / kRewardEpochs;
  if (reward == 0) return;
  const MarketRefusal paid = market_.pay_rewards(reward);
  TL_CHECK(paid == MarketRefusal::kNone || paid == MarketRefusal::kNoVotes);  // or nobody stakes
}

void MarketWork::begin() {
  ticked_before_ = ticked_;
  market_.begin();
  each_table(*this, [](auto& table) { table.begin_changes(); });
  if (private_) PrivateWork::each_table(*private_, [](auto& table) { table.begin_changes(); });
}

void MarketWork::commit() {
  market_.commit();
  each_table(*this, [](auto& table) { table.commit(); });
  if (private_) PrivateWork::each_table(*private_, [](auto& table) { table.commit(); });
}

void MarketWork::roll_back() {
  ticked_ = ticked_before_;
  market_.roll_back();
  each_table(*this, [](auto& table) { table.roll_back(); });
  if (private_) PrivateWork::each_table(*private_, [](auto& table) { table.roll_back(); });
}

void MarketWork::add_writes(energy::RecordWrites& out) const {
  energy::RecordWrites named;
  market_.add_writes(named);
  each_table(*this, [&](const auto& table) { table.add_writes(named); });
  if (private_) PrivateWork::each_table(*private_, [&](const auto& table) { table.add_writes(named); });
  for (auto& [name, value] : named) out.emplace_back(state::key_of(name), std::move(value));
  if (ticked_) out.emplace_back(state::market_time_key(), encoded(MarketTime{*ticked_}));
  if (numbers_changed_) out.emplace_back(state::market_numbers_key(), encoded(numbers_));
}

TxCode MarketWork::execute(const Transaction& tx, uint32_t index) {
  const Action& action = tx.actions()[index];
  if (energy::is_private_action(action.type))
    return private_ ? private_->execute(tx, index) : TxCode::no_private_points;
  const Result<energy::MarketAction> decoded = energy::decode_market_action(action.type, action.payload);
  if (!decoded.ok()) return TxCode::malformed;
  return std::visit([&](const auto& a) { return run(a, Step{tx, index}); }, *decoded);
}

// A reading of several slots is one of each, in equal parts.
TxCode MarketWork::record(const Reading& r) {
  const Registry::FlowEnd* end = flow(r.meter);
  if (end == nullptr || r.obis != (end->main ? Obis::kExport : Obis::kImport)) return TxCode::ok;
  const energy::FlowKey flow{end->from, end->to};
  const auto first = static_cast<uint32_t>(r.start_s / energy::kSlotSeconds);
  const auto slots = static_cast<uint32_t>(r.duration_s / energy::kSlotSeconds);
  for (uint32_t i = 0; i < slots; ++i) {
    const uint64_t wh = energy::equal_part(r.wh, slots, i);
    const MarketRefusal refusal = end->main ? market_.record(first + i, flow, wh, r.quality, time_ms_)
                                            : market_.record_neighbour(first + i, flow, wh, time_ms_);
    if (refusal != MarketRefusal::kNone) return code_of(refusal);
  }
  return TxCode::ok;
}

bool MarketWork::signed_by_regulator(const Transaction& tx) const {
  return std::any_of(tx.signatories().begin(), tx.signatories().end(),
                     [&](ParticipantId id) { return chain_.members.is_regulator(id); });
}

// --- money

TxCode MarketWork::run(const energy::Issue& a, const Step& s) {
  if (!signed_by_regulator(s.tx)) return TxCode::not_authorised;
  if (!is_party(a.to)) return TxCode::unknown_participant;
  return code_of(market_.issue(a.to, a.amount));
}

TxCode MarketWork::run(const energy::Redeem& a, const Step& s) {
  if (!signed_by_regulator(s.tx) || !has_signed(s.tx, a.from)) return TxCode::not_authorised;
  return code_of(market_.redeem(a.from, a.amount));
}

TxCode MarketWork::run(const energy::Repay& a, const Step& s) {
  return code_of(market_.repay(s.tx.signer(), a.amount));
}

// --- trades

TxCode MarketWork::run(const energy::Offer& a, const Step& s) {
  const energy::TradeId id = energy::trade_id(chain_.id, s.tx.signer(), s.tx.sequence(), s.index);
  const MarketRefusal refusal = market_.offer(id, a.terms, s.tx.signer(), a.margin, time_ms_);
  return refusal == MarketRefusal::kNone ? endorse(id, s.tx.signer(), a.endorsement) : code_of(refusal);
}

TxCode MarketWork::run(const energy::Counter& a, const Step& s) {
  const MarketRefusal refusal = market_.counter(a.trade, a.terms, s.tx.signer(), a.margin, time_ms_);
  if (refusal != MarketRefusal::kNone) return code_of(refusal);
  if (market_.trades().at(a.trade).round != a.round) return TxCode::other_terms;
  return endorse(a.trade, s.tx.signer(), a.endorsement);
}

TxCode MarketWork::run(const energy::Endorse& a, const Step& s) {
  const MarketRefusal refusal = market_.endorse(a.trade, a.round, s.tx.signer(), a.margin, time_ms_);
  return refusal == MarketRefusal::kNone ? endorse(a.trade, s.tx.signer(), a.endorsement) : code_of(refusal);
}

TxCode MarketWork::run(const energy::Decline& a, const Step& s) {
  return code_of(market_.decline(a.trade, s.tx.signer(), time_ms_));
}

TxCode MarketWork::run(const energy::Cancel& a, const Step& s) {
  return code_of(market_.cancel(a.trade, s.tx.signatories(), time_ms_));
}

// --- readings that are recorded

TxCode MarketWork::run(const energy::Accept& a, const Step& s) {
  return code_of(market_.accept(a.slot, {a.from, a.to}, s.tx.signer(), time_ms_));
}

TxCode MarketWork::run(const energy::Ruling& a, const Step& s) {
  if (!signed_by_regulator(s.tx)) return TxCode::not_authorised;
  if (a.wh > energy::kReadingWhMax) return TxCode::over_capacity;
  return code_of(market_.rule(a.slot, {a.from, a.to}, a.wh, time_ms_));
}

// A correction passes the rules of submission too, but for those about what is recorded already.
TxCode MarketWork::run(const energy::Correct& a, const Step& s) {
  if (!has_signed(s.tx, a.from)) return TxCode::not_authorised;
  LedgerParams params = chain_.genesis.ledger;
  params.stale_s = 0;
  const energy::MeterSeries none;
  const energy::RuleContext context{.block_time_ms = time_ms_,
                                    .params = &params,
                                    .plausibility = &chain_.genesis.plausibility,
                                    .signatories = s.tx.signatories(),
                                    .point = main_meter({a.from, a.to}),
                                    .series = &none};
  Reading reading;
  reading.obis = Obis::kExport;
  reading.start_s = int64_t{a.slot} * energy::kSlotSeconds;
  reading.duration_s = static_cast<uint32_t>(energy::kSlotSeconds);
  reading.wh = a.wh;
  reading.quality = a.quality;
  if (const auto refusal = energy::judge_reading(reading, context); refusal != energy::Refusal::kNone) {
    return static_cast<TxCode>(refusal);
  }
  const bool co_signed = has_signed(s.tx, a.to) || signed_by_regulator(s.tx);
  return code_of(market_.correct(a.slot, {a.from, a.to}, {a.of_version, a.wh, a.quality, co_signed}, time_ms_));
}

// Only the owner of a meter lets others read it.
TxCode MarketWork::run(const energy::GrantRead& a, const Step& s) {
  const energy::MeterPoint* point = chain_.members.meter(a.meter);
  if (point == nullptr) return TxCode::unknown_meter;
  if (point->owner != s.tx.signer()) return TxCode::not_owner;
  if (!chain_.members.knows(a.reader)) return TxCode::unknown_participant;
  if (a.reader == point->owner || a.from_s < 0 || a.from_s >= a.to_s) return TxCode::no_grant;
  grants_[{a.meter, a.reader}] = {a.from_s, a.to_s};
  return TxCode::ok;
}

TxCode MarketWork::run(const energy::RevokeRead& a, const Step& s) {
  const energy::MeterPoint* point = chain_.members.meter(a.meter);
  if (point == nullptr) return TxCode::unknown_meter;
  if (point->owner != s.tx.signer()) return TxCode::not_owner;
  return grants_.erase({a.meter, a.reader}) == 1 ? TxCode::ok : TxCode::no_grant;
}

TxCode MarketWork::run(const energy::PublishPrice& a, const Step& s) {
  if (chain_.members.role(s.tx.signer()) != Role::kNeutral) return TxCode::not_authorised;
  return code_of(market_.publish_price(a.slot, a.price, time_ms_));
}

// What it says counts from the next block on: this one's deadlines have been run.
TxCode MarketWork::run(const energy::Tick& a, const Step& s) {
  const bool by_ticks = numbers_.time_rate == 0;
  if (!by_ticks || chain_.registry.role(s.tx.signer()) != Role::kNeutral) return TxCode::not_authorised;
  if (a.market_ms < ticked_.value_or(time_ms_)) return TxCode::too_late;
  if (a.market_ms > kBlockTimeMsMax) return TxCode::malformed;
  ticked_ = a.market_ms;
  return TxCode::ok;
}

}  // namespace tieline
