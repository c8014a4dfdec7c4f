#include "ledger/market_invariants.h"

#include <set>

#include "energy/wide.h"
#include "ledger/market_state.h"

namespace tieline {
namespace {

using energy::int128;
using energy::PartyRole;
using energy::Purse;

// Records as the block leaves them.
class After final : public energy::RecordSource {
 public:
  After(const WriteSet& writes, const StateView& parent) : writes_(writes), parent_(parent) {}
  std::optional<Bytes> read(ByteView name) const override {
    const Bytes key = state::key_of(name);
    const auto at = writes_.find(key);
    return at == writes_.end() ? parent_.get(key) : at->second;
  }

 private:
  const WriteSet& writes_;
  const StateView& parent_;
};

template <class T>
std::optional<T> decoded_record(const std::optional<Bytes>& raw) {
  if (!raw) return std::nullopt;
  Reader r(*raw);
  std::optional<T> record(std::in_place);
  decode(r, *record);
  TL_CHECK_MSG(r.done(), "damaged state record: market");
  return record;
}

class Check {
 public:
  Check(const WriteSet& writes, const StateView& parent) : parent_(parent), source_(writes, parent) {
    due_.each_table([&](auto& table) { table.attach(source_); });
    parties_.attach(source_);
    for (const auto& [key, value] : writes) take(key, value);
    for (const energy::DueItem& item : left_) due_wrong_ |= !kept_.contains(item) && due_.contains(item);
  }

  const char* broken() const {
    if (money_ != issued_) return "money_conserved";
    for (const auto& [who, sum] : held_) {
      if (sum[static_cast<size_t>(Purse::kMargin)] != 0) return "margin_conserved";
      if (sum[static_cast<size_t>(Purse::kPayment)] != 0) return "payments_conserved";
      if (sum[static_cast<size_t>(Purse::kStake)] != 0) return "stake_conserved";
    }
    for (const auto& [who, sum] : energy_) {
      if (sum != 0) return "capacity_conserved";
    }
    if (over_capacity_) return "capacity_conserved";
    if (due_wrong_) return "due_once";
    return off_its_rules_ ? "due_by_its_rules" : nullptr;
  }

 private:
  static bool is(ByteView name, std::string_view word, size_t ids) {
    return name.size() == word.size() + ids && std::memcmp(name.data(), word.data(), word.size()) == 0;
  }

  template <class T, class Add>
  void both(const Bytes& key, const std::optional<Bytes>& value, Add add) {
    if (const auto before = decoded_record<T>(parent_.get(key))) add(*before, int128{-1});
    if (const auto after = decoded_record<T>(value)) add(*after, int128{1});
  }

  void take(const Bytes& key, const std::optional<Bytes>& value) {
    const ByteView name = ByteView(key).subspan(state::kBucketBytes);
    if (is(name, "market", 0)) {
      both<energy::MarketTotals>(key, value, [&](const energy::MarketTotals& t, int128 sign) {
        issued_ += sign * t.issued;
        for (uint64_t pool : t.pools) money_ += sign * pool;
      });
    } else if (is(name, "account/", 4)) {
      const ParticipantId who = load_be<uint32_t>(name.data() + 8);
      both<energy::Account>(key, value, [&](const energy::Account& a, int128 sign) {
        for (size_t i = 0; i < energy::kPurses; ++i) {
          money_ += sign * a.held[i];
          held_[who][i] += sign * a.held[i];
        }
        held_[who][static_cast<size_t>(Purse::kBalance)] = 0;
      });
    } else if (is(name, "stake/", 4)) {
      both<energy::StakeRecord>(key, value, [&](const energy::StakeRecord& s, int128 sign) {
        held_[s.owner][static_cast<size_t>(Purse::kStake)] -= sign * s.total();
      });
    } else if (is(name, "trade/", Hash::kSize)) {
      both<energy::TradeRecord>(key, value, [&](const energy::TradeRecord& t, int128 sign) { add_trade(t, sign); });
    } else if (is(name, "reserved/", 8)) {
      const energy::SlotOf of{load_be<uint32_t>(name.data() + 9), load_be<uint32_t>(name.data() + 13)};
      std::array<uint64_t, 2> grown{};  // before, after: what was sold stays so when a capacity is lowered
      both<uint64_t>(key, value, [&](uint64_t wh, int128 sign) {
        energy_[of] += sign * wh;
        grown[sign > 0] = wh;
      });
      over_capacity_ |= grown[true] > grown[false] && !fits(of.resource, grown[true]);
    } else if (is(name, "interval/", 4)) {
      const uint32_t slot = load_be<uint32_t>(name.data() + 9);
      both<energy::Interval>(key, value, [&](const energy::Interval& i, int128 sign) {
        add_due({i.due_ms, energy::interval_id(slot)}, sign);
        if (sign > 0) off_its_rules_ |= !energy::due_by_its_rules(slot, i);
      });
    }
  }

  void add_trade(const energy::TradeRecord& t, int128 sign) {
    for (size_t i = 0; i < energy::kParties; ++i) {
      held_[t.terms.party[i]][static_cast<size_t>(Purse::kMargin)] -= sign * t.margin[i];
    }
    held_[t.terms.party[energy::index_of(PartyRole::kBuyer)]][static_cast<size_t>(Purse::kPayment)] -= sign * t.payment;
    add_due({t.due_ms, t.id}, sign);
    if (sign > 0) off_its_rules_ |= !energy::due_by_its_rules(t);
    if (!energy::holds_capacity(t)) return;
    for (uint16_t i = 0; i < t.terms.slots; ++i) {
      const energy::Quantities part = energy::quantities_of_slot(t.terms, i);
      for (PartyRole role : energy::kPartyRoles) {
        energy_[{t.terms.party[energy::index_of(role)], t.terms.first_slot + i}] -= sign * part.of(role);
      }
    }
  }

  // A record that is there stands in the queue; what it stood under before is out of it unless that is the same.
  void add_due(const energy::DueItem& item, int128 sign) {
    if (sign > 0) {
      due_wrong_ |= !due_.contains(item);
      kept_.insert(item);
    } else {
      left_.push_back(item);
    }
  }

  bool fits(ParticipantId resource, uint64_t wh) const {
    const energy::MarketParticipant* p = parties_.find(resource);
    if (p == nullptr) return false;
    if (p->role == Role::kUser && p->capacity_w == 0) return true;
    return energy::uint128{wh} * 3'600 <= energy::uint128{p->capacity_w} * static_cast<uint64_t>(energy::kSlotSeconds);
  }

  const StateView& parent_;
  const After source_;
  energy::DueQueue due_;
  energy::Table<ParticipantId, energy::MarketParticipant> parties_{energy::party_name};
  int128 money_ = 0;
  int128 issued_ = 0;
  std::map<ParticipantId, std::array<int128, energy::kPurses>> held_;  // the purse less what the records say
  std::map<energy::SlotOf, int128> energy_;                            // reserved less what trades take
  std::vector<energy::DueItem> left_;
  std::set<energy::DueItem> kept_;
  bool over_capacity_ = false;
  bool due_wrong_ = false;
  bool off_its_rules_ = false;
};

}  // namespace

const char* broken_market_invariant(const WriteSet& writes, const StateView& parent) {
  return Check(writes, parent).broken();
}

}  // namespace tieline
