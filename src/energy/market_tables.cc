// The market over its source: where its tables come from, what a transaction undoes, what a block leaves behind.

#include "energy/market.h"

namespace tieline::energy {
namespace {

template <class K>
Bytes page_name(const char* word, const PageOf<K>& key) {
  return RecordName(word).id(key.list).id(key.page).take();
}

}  // namespace

Market::Market(const MarketParams& params)
    : params_(params),
      slot_flows_([](const uint32_t& slot) { return RecordName("slot-flows/").id(slot).take(); },
                  [](const PageOf<uint32_t>& key) { return page_name("slot-flows/", key); }),
      slot_statements_([](const uint32_t& slot) { return RecordName("slot-statements/").id(slot).take(); },
                       [](const PageOf<uint32_t>& key) { return page_name("slot-statements/", key); }),
      slot_trades_([](const uint32_t& slot) { return RecordName("slot-trades/").id(slot).take(); },
                   [](const PageOf<uint32_t>& key) { return page_name("slot-trades/", key); }),
      party_trades_([](const ParticipantId& who) { return RecordName("party-trades/").id(who).take(); },
                    [](const PageOf<ParticipantId>& key) { return page_name("party-trades/", key); }),
      stakers_([](const uint8_t& list) { return RecordName("stakers/").id(list).take(); },
               [](const PageOf<uint8_t>& key) { return page_name("stakers/", key); }),
      proposal_ids_([](const uint8_t& list) { return RecordName("proposals/").id(list).take(); },
                    [](const PageOf<uint8_t>& key) { return page_name("proposals/", key); }) {}

Market::Market(const MarketParams& params, const RecordSource& source) : Market(params) {
  each_table(*this, [&](auto& table) { table.attach(source); });
  const std::optional<Bytes> raw = source.read(market_totals_name());
  if (!raw) return;
  Reader r(*raw);
  decode(r, stored_totals_.emplace());
  TL_CHECK_MSG(r.done(), "damaged state record: market");
  set_totals(*stored_totals_);
}

MarketTotals Market::totals() const {
  return {book_.issued, book_.pools, last_price_, epoch_, day_, first_slot_, months_};
}

void Market::set_totals(const MarketTotals& totals) {
  book_.issued = totals.issued;
  book_.pools = totals.pools;
  last_price_ = totals.last_price;
  epoch_ = totals.epoch;
  day_ = totals.day;
  first_slot_ = totals.first_slot;
  months_ = totals.months;
}

void Market::begin() {
  totals_before_ = totals();
  each_table(*this, [](auto& table) { table.begin_changes(); });
}

void Market::commit() {
  each_table(*this, [](auto& table) { table.commit(); });
}

void Market::roll_back() {
  set_totals(totals_before_);
  each_table(*this, [](auto& table) { table.roll_back(); });
}

void Market::add_writes(RecordWrites& out) const {
  each_table(*this, [&](const auto& table) { table.add_writes(out); });
  if (stored_totals_ != totals()) out.emplace_back(market_totals_name(), encoded(totals()));
}

bool Market::operator==(const Market& o) const {
  return totals() == o.totals() && participants_ == o.participants_ && book_ == o.book_ && trades_ == o.trades_ &&
         open_trades_ == o.open_trades_ && reserved_ == o.reserved_ && due_ == o.due_ && intervals_ == o.intervals_ &&
         flows_ == o.flows_ && profiles_ == o.profiles_ && statements_ == o.statements_ &&
         slot_statements_ == o.slot_statements_ && slot_flows_ == o.slot_flows_ && slot_trades_ == o.slot_trades_ &&
         party_trades_ == o.party_trades_ && stakes_ == o.stakes_ && stakers_ == o.stakers_ &&
         proposals_ == o.proposals_ && proposal_ids_ == o.proposal_ids_;
}

}  // namespace tieline::energy
