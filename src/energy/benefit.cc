#include "energy/benefit.h"

#include <algorithm>
#include <map>
#include <set>

#include "crypto/hash.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr int64_t kOne = kQ16;

// Higher score first, then the lower hash.
struct Key {
  int64_t score = 0;
  Hash tie;
  bool operator<(const Key& other) const { return score != other.score ? score > other.score : tie < other.tie; }
};

struct Ready {
  Key key;
  size_t tx = 0;
  bool operator<(const Ready& other) const { return key < other.key; }
};

// What one organisation still has to send: of each signer the lowest sequence number is ready.
struct Sender {
  std::map<ParticipantId, std::vector<size_t>> waiting;  // behind the ready one, the last sequence number first
  std::set<Ready> ready;
  uint64_t deficit = 0;
};

uint32_t age_of(const TxSummary& tx, Height parent_height, const BenefitParams& params) {
  const int128 sent = int128{tx.expiry} - params.lifetime;
  return static_cast<uint32_t>(std::clamp<int128>(int128{parent_height} - sent, 0, kAgeMax));
}

// The quotient is rounded towards 0.
int64_t points_of(const TxSummary& tx, const BenefitParams& params) {
  const uint64_t uncovered = tx.value > tx.margin ? tx.value - tx.margin : 0;
  const int128 benefit = int128{tx.value} * tx.trust - int128{uncovered} * (kOne - tx.trust);  // Q16
  const int128 points = benefit / (int128{params.nominal_per_byte} * tx.bytes);
  return static_cast<int64_t>(std::clamp<int128>(points, kPointsMin * kOne, kPointsMax * kOne));
}

}  // namespace

int64_t score_of(const TxSummary& tx, Height parent_height, const BenefitParams& params) {
  TL_CHECK(tx.trust <= kQ16 && tx.bytes > 0 && params.nominal_per_byte > 0);
  const uint32_t age = age_of(tx, parent_height, params);
  if (age == kAgeMax) return kAgeMax * kOne;
  return std::min<int64_t>(points_of(tx, params) + age * kOne, kAgeMax * kOne);
}

std::vector<size_t> block_order(std::span<const TxSummary> txs, const Hash& parent, Height parent_height,
                                const BenefitParams& params) {
  std::vector<Key> keys(txs.size());
  std::map<OrgId, Sender> senders;
  for (size_t i = 0; i < txs.size(); ++i) {
    keys[i] = {score_of(txs[i], parent_height, params),
               tagged_hash("tieline/order/1", {parent.view(), txs[i].id.view()})};
    senders[txs[i].org].waiting[txs[i].signer].push_back(i);
  }
  const auto make_ready = [&](Sender& s, std::vector<size_t>& of_signer) {
    if (of_signer.empty()) return;
    s.ready.insert({keys[of_signer.back()], of_signer.back()});
    of_signer.pop_back();
  };
  for (auto& [org, sender] : senders) {
    for (auto& [signer, list] : sender.waiting) {
      std::sort(list.begin(), list.end(), [&](size_t a, size_t b) { return txs[a].sequence > txs[b].sequence; });
      make_ready(sender, list);
    }
  }

  std::vector<size_t> order;
  order.reserve(txs.size());
  while (!senders.empty()) {
    std::vector<std::pair<Ready, OrgId>> round;
    for (const auto& [org, sender] : senders) round.push_back({*sender.ready.begin(), org});
    std::sort(round.begin(), round.end());
    for (const auto& [first, org] : round) {
      Sender& sender = senders.at(org);
      sender.deficit += kQuantumBytes;
      while (!sender.ready.empty() && txs[sender.ready.begin()->tx].bytes <= sender.deficit) {
        const size_t tx = sender.ready.begin()->tx;
        sender.ready.erase(sender.ready.begin());
        sender.deficit -= txs[tx].bytes;
        order.push_back(tx);
        make_ready(sender, sender.waiting.at(txs[tx].signer));
      }
      if (sender.ready.empty()) senders.erase(org);
    }
  }
  return order;
}

}  // namespace tieline::energy
