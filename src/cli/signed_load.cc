#include "cli/signed_load.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "crypto/hash.h"
#include "energy/margin.h"
#include "energy/market_actions.h"
#include "energy/trade.h"
#include "model/transaction.h"

namespace tieline::cli {
namespace {

constexpr int64_t kSlotSeconds = 900;
constexpr int64_t kFirstStart = 0;  // readings begin in 1970: years of quarter hours before they reach the future
constexpr size_t kSignChunk = 256;
constexpr uint64_t kWhMax = 4'000;
constexpr size_t kPercent = 100;
constexpr size_t kOpenInRing = energy::kOpenTradesMax / 4;  // trades of a ring that are open at a time
constexpr uint64_t kTradeWh = 1'000;
constexpr uint64_t kTradePrice = 60'000'000;

}  // namespace

SignedLoad::SignedLoad(LoadShape shape, std::vector<Identity> signers, std::vector<MeterId> meters)
    : shape_(shape), lanes_(shape.lanes) {
  TL_CHECK(!signers.empty() && signers.size() == meters.size() && shape.lanes > 0 && signers.size() >= shape.lanes);
  for (size_t i = 0; i < signers.size(); ++i) accounts_.push_back({std::move(signers[i]), meters[i], 0});
}

void SignedLoad::fill(size_t per_lane, int64_t timestamp_ms, Height expiry_height) {
  std::vector<size_t> missing(lanes_.size());
  size_t open = 0;
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    Lane& at = lanes_[lane];
    at.queue.erase(at.queue.begin(), at.queue.begin() + static_cast<std::ptrdiff_t>(at.next));
    at.next = 0;
    missing[lane] = per_lane > at.queue.size() ? per_lane - at.queue.size() : 0;
    open += missing[lane] > 0 ? 1 : 0;
  }
  std::vector<Job> jobs;
  while (open > 0) {
    const size_t account = turn_;
    turn_ = (turn_ + 1) % accounts_.size();
    const size_t lane = account % lanes_.size();
    if (missing[lane] == 0) continue;
    if (std::optional<Step> step = next_step(lane)) {
      Ring& ring = rings_[step->trade.ring];
      jobs.push_back({0, lane, lanes_[lane].queue.size(), ++ring.sequence[step->party], std::move(step)});
      turn_ = account;  // this signer's turn is still to come
    } else {
      jobs.push_back({account, lane, lanes_[lane].queue.size(), ++accounts_[account].sequence});
    }
    lanes_[lane].queue.emplace_back();
    if (--missing[lane] == 0) --open;
  }
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t from = next.fetch_add(kSignChunk); from < jobs.size(); from = next.fetch_add(kSignChunk)) {
      for (size_t i = from; i < std::min(from + kSignChunk, jobs.size()); ++i) {
        const Job& job = jobs[i];
        lanes_[job.lane].queue[job.slot] =
            job.step ? make(*job.step, job.sequence, timestamp_ms, expiry_height)
                     : make(accounts_[job.account], job.sequence, timestamp_ms, expiry_height);
      }
    }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

namespace {

// Trades that may be open in a lane, so that an offer is twice the window ahead of its endorsements.
size_t trades_ahead(const LoadShape& shape) {
  return shape.in_flight / shape.lanes * 2 * shape.trades_percent / kPercent / energy::kParties + 2;
}

}  // namespace

size_t trade_rings(const LoadShape& shape) { return shape.lanes * (trades_ahead(shape) / kOpenInRing + 1); }

void SignedLoad::trade_among(std::vector<TradeRing> rings, uint32_t first_slot) {
  TL_CHECK(rings.size() == trade_rings(shape_));
  for (TradeRing& ring : rings) rings_.push_back({std::move(ring), {}});
  first_slot_ = first_slot;
}

// Every fourth step of a lane offers; the others endorse what was offered long before. None: it is not a trade's turn.
std::optional<SignedLoad::Step> SignedLoad::next_step(size_t lane) {
  if (rings_.empty()) return std::nullopt;
  Lane& at = lanes_[lane];
  ++at.made;
  if (at.made * shape_.trades_percent / kPercent == (at.made - 1) * shape_.trades_percent / kPercent)
    return std::nullopt;
  const size_t party = at.steps++ % energy::kParties;
  if (party > 0) {
    if (at.offered.size() <= trades_ahead(shape_)) return std::nullopt;  // at first there is nothing to endorse
    Step step{at.offered.front(), party};
    if (party + 1 == energy::kParties) at.offered.pop_front();
    return step;
  }
  const size_t rings_of_lane = rings_.size() / lanes_.size();
  Trade trade;
  trade.ring = lane + lanes_.size() * (at.steps / energy::kParties % rings_of_lane);
  const Ring& ring = rings_[trade.ring];
  for (size_t i = 0; i < energy::kParties; ++i) trade.terms.party[i] = ring.who.parties[i]->id;
  trade.terms.wh = kTradeWh;
  trade.terms.plant_price = kTradePrice;
  trade.terms.grid_loss_ppm = ring.who.parties[1]->loss_ppm;
  trade.terms.distributor_loss_ppm = ring.who.parties[2]->loss_ppm;
  trade.terms.first_slot = first_slot_ + static_cast<uint32_t>(trades_++ % energy::kWindowSlotsMax);
  trade.id = energy::trade_id(shape_.chain, trade.terms.party[0], ring.sequence[0] + 1, 0);
  at.offered.push_back(trade);
  return Step{trade, 0};
}

Blob SignedLoad::make(const Step& step, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const {
  const energy::TradeTerms& terms = step.trade.terms;
  const Signer& signer = *rings_[step.trade.ring].who.signers[step.party];
  const bls::Signature share =
      signer.sign_share(energy::endorsement_message(shape_.chain, step.trade.id, 1, terms).view());
  const uint64_t margin = 2 * energy::margin_base(terms, energy::kPartyRoles[step.party], 0);
  const energy::MarketAction action = step.party == 0
                                          ? energy::MarketAction(energy::Offer{terms, margin, share})
                                          : energy::MarketAction(energy::Endorse{step.trade.id, 1, margin, share});
  TransactionDraft draft;
  draft.chain = shape_.chain;
  draft.signatories = {terms.party[step.party]};
  draft.sequence = sequence;
  draft.timestamp_ms = timestamp_ms;
  draft.expiry_height = expiry_height;
  draft.actions.push_back({energy::type_of(action), energy::encode_market_action(action)});
  const Signer* keys[] = {&signer};
  return Blob(build_transaction(draft, keys));
}

Blob SignedLoad::make(const Account& account, uint64_t sequence, int64_t timestamp_ms, Height expiry_height) const {
  TransactionDraft draft;
  draft.chain = shape_.chain;
  draft.signatories = {account.identity.participant->id};
  draft.sequence = sequence;
  draft.timestamp_ms = timestamp_ms;
  draft.expiry_height = expiry_height;
  if (shape_.readings_per_tx > 0) {
    std::vector<Reading> readings(shape_.readings_per_tx);
    const auto n = static_cast<int64_t>(shape_.readings_per_tx);
    int64_t start = kFirstStart + static_cast<int64_t>(sequence - 1) * n * kSlotSeconds;
    for (Reading& reading : readings) {
      reading = {account.meter,
                 Obis::kExport,
                 start,
                 static_cast<uint32_t>(kSlotSeconds),
                 static_cast<uint64_t>(start / kSlotSeconds) % kWhMax,
                 Quality::kMeasured,
                 std::nullopt};
      start += kSlotSeconds;
    }
    draft.actions.push_back({ActionType::kReadings, encode_readings(readings)});
  } else {
    // Looks random, as a digest or a sealed message would: nothing on the way may win by compressing it.
    Bytes payload;
    Hash word =
        sha256({account.identity.participant->key.view(), ByteView(reinterpret_cast<const uint8_t*>(&sequence), 8)});
    while (payload.size() < shape_.payload_bytes) {
      const size_t n = std::min(word.bytes.size(), shape_.payload_bytes - payload.size());
      payload.insert(payload.end(), word.bytes.begin(), word.bytes.begin() + static_cast<std::ptrdiff_t>(n));
      word = sha256(word.view());
    }
    draft.actions.push_back({ActionType::kData, std::move(payload)});
  }
  const Signer* keys[] = {account.identity.signer.get()};
  return Blob(build_transaction(draft, keys));
}

std::vector<Blob> SignedLoad::take(size_t lane, size_t count) {
  Lane& from = lanes_[lane];
  const size_t n = std::min(count, from.queue.size() - from.next);
  std::vector<Blob> out;
  out.reserve(n);
  for (size_t i = 0; i < n; ++i) out.push_back(std::move(from.queue[from.next++]));
  return out;
}

}  // namespace tieline::cli
