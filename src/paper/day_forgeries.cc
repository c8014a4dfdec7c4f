// What is invalid in a scenario's day, and how: each kind breaks one thing and nothing else.

#include <algorithm>

#include "paper/day_writer.h"

namespace tieline::paper {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the market's actions, all of them

constexpr uint64_t kUnfundedWh = 100'000'000'000;
constexpr ParticipantId kNobody = 99;  // beyond all participants
constexpr int64_t kDaySeconds = 86'400;

uint64_t sequence_of(const Bytes& bytes) {
  const auto parsed = Transaction::parse(Blob(bytes));
  TL_CHECK(parsed.ok());
  return (*parsed)->sequence();
}
}  // namespace

void DayWriter::try_offer(DayWave& wave, size_t hour, DayKind kind) {
  const DayLot& lot = draws_.one_of(grid_.lots);
  Deal d;
  d.terms = draws_.terms_of(lot, hour, kLeastLotWh);
  switch (kind) {
    case DayKind::kLateOffer:
      d.terms.first_slot = static_cast<uint32_t>(market_ms_ / kSlotMs);
      break;
    case DayKind::kBadTerms:
      d.terms.grid_loss_ppm -= 10'000;
      break;
    case DayKind::kUnfunded:
      d.terms.wh = kUnfundedWh;
      d.sender = index_of(PartyRole::kBuyer);
      break;
    case DayKind::kOwnMoney:
      return add(wave, lot.user, Issue{lot.user, 1'000'000}, kind);
    case DayKind::kUnregistered: {
      TransactionDraft t;
      t.chain = chain_;
      t.signatories = {static_cast<ParticipantId>(grid_.members.size() + kNobody)};
      t.sequence = 1;
      t.timestamp_ms = network_.now_ms();
      t.expiry_height = expiry_;
      t.actions = {{ActionType::kData, Bytes{static_cast<uint8_t>(hour), static_cast<uint8_t>(wave.size())}}};
      const Signer* keys[] = {s_.signers[lot.user - 1]};
      wave.push_back({build_transaction(t, keys), kind});
      return;
    }
    case DayKind::kForgedSignature:
    case DayKind::kOtherChain:
    case DayKind::kCostBand:
    case DayKind::kLineCapacity:
      return declare(wave, hour, draws_.below(grid_.flows.size()), kind);
    default:
      return;  // tried on a deal
  }
  offer(wave, d, kind);
}

void DayWriter::try_endorsement(DayWave& wave, const Deal& d, DayKind kind) {
  const size_t party = (d.sender + 1) % kParties;
  const ParticipantId who = d.terms.party[party];
  Endorse e{d.id, d.round, day_margin(d.terms, party), share(who, d.id, d.round, d.terms)};
  switch (kind) {
    case DayKind::kForgedEndorsement:  // of terms that nobody stated
      e.endorsement = share(who, d.id, d.round + 7, d.terms);
      break;
    case DayKind::kMarginTooLow:
      e.margin = 0;
      break;
    case DayKind::kOtherRound:
      e.round = d.round + 1;
      break;
    default: {  // somebody else of the same role
      ParticipantId other = grid_.regulator;
      for (const DayLot& lot : grid_.lots)
        if (lot.user != d.terms.party[3]) other = lot.user;
      e.endorsement = share(other, d.id, d.round, d.terms);
      return add(wave, other, e, kind);
    }
  }
  add(wave, who, e, kind);
}

void DayWriter::try_reading(DayWave& wave, const DayWave& honest, const std::vector<DayOutcome>& outcomes, size_t hour,
                            DayKind kind) {
  const size_t at = draws_.below(grid_.flows.size());
  const DayFlow& f = grid_.flows[at];
  std::vector<Reading> list = draws_.readings(f, true, hour);
  switch (kind) {
    case DayKind::kReplay: {
      const size_t which = draws_.below(honest.size());
      wave.push_back({honest[which].bytes, kind, true, outcomes[which]});
      return;
    }
    case DayKind::kTamperedPayload: {
      const Bytes said = encode_readings(list);
      ++list[0].wh;
      const Bytes other = encode_readings(list);
      DayItem item = reading_item(f.from, draws_.readings(f, true, hour), kind);
      const size_t tail = item.bytes.size() - Signature::kSize - other.size();
      std::copy(other.begin(), other.end(), item.bytes.begin() + static_cast<std::ptrdiff_t>(tail));
      wave.push_back(std::move(item));
      return;
    }
    case DayKind::kOverCapacity: {
      const unsigned __int128 most = grid_.of(f.from).capacity_w / kHourSlots;
      list[1].wh = static_cast<uint64_t>(most * static_cast<uint64_t>(draws_.permille(1'050, 10'000)) / 1'000);
      list = {list[1]};
      list[0].start_s -= kDaySeconds;  // an interval that is free
      break;
    }
    case DayKind::kForeignMeter: {
      for (Reading& r : list) r.start_s -= 2 * kDaySeconds;
      const ParticipantId thief = f.from == 1 ? 2 : f.from - 1;
      wave.push_back(reading_item(thief, list, kind));
      return;
    }
    case DayKind::kFutureInterval:
      for (Reading& r : list) r.start_s += 2 * kDaySeconds;
      break;
    case DayKind::kUsedSequence:
      for (Reading& r : list) r.start_s -= 3 * kDaySeconds;
      wave.push_back(reading_item(f.from, list, kind, sequence_of(honest[2 * at].bytes)));
      return;
    default:  // kOverlap: another value for what is recorded
      for (Reading& r : list) r.wh += 1;
      break;
  }
  wave.push_back(reading_item(f.from, list, kind));
}

}  // namespace tieline::paper
