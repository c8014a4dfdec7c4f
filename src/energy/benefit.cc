#include "energy/benefit.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include "crypto/hash.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr int64_t kOne = kQ16;

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

class Order {
 public:
  Order(std::span<const TxSummary> txs, const Hash& parent, Height parent_height, const BenefitParams& params)
      : txs_(txs), parent_(parent), ties_(txs.size()), signer_of_(txs.size()) {
    scores_.reserve(txs.size());
    for (const TxSummary& tx : txs) scores_.push_back(score_of(tx, parent_height, params));
    line_up();
    link();
    for (size_t i = 0; i < signers_.size(); ++i) step_up(i);
    order_.reserve(txs.size());
  }

  std::vector<size_t> run() {
    while (order_.size() < txs_.size()) {
      std::vector<size_t> round;
      for (size_t i = 0; i < orgs_.size(); ++i)
        if (!orgs_[i].ready.empty()) round.push_back(i);
      if (round.empty()) {
        break_circles();
        continue;
      }
      std::sort(round.begin(), round.end(),
                [&](size_t a, size_t b) { return before(orgs_[a].ready.front(), orgs_[b].ready.front()); });
      for (const size_t i : round) take_turn(orgs_[i]);
    }
    return std::move(order_);
  }

 private:
  struct Org {
    std::vector<size_t> ready;  // a heap: of each signer the lowest sequence number, unless it waits
    uint64_t deficit = 0;
  };
  struct OfSigner {
    size_t org = 0;
    size_t next = 0, end = 0;  // in line_
    bool waits = false;        // what is next builds on what does not stand yet
  };

  // Higher score first, then the lower hash. Few are ever compared to their equals, so few are hashed.
  bool before(size_t a, size_t b) const {
    if (scores_[a] != scores_[b]) return scores_[a] > scores_[b];
    return a != b && tie(a) < tie(b);
  }
  const Hash& tie(size_t tx) const {
    std::optional<Hash>& known = ties_[tx];
    if (!known) known = tagged_hash("tieline/order/1", {parent_.view(), txs_[tx].id.view()});
    return *known;
  }

  // By organisation, signer and sequence number. A number that stands twice is refused the second time.
  void line_up() {
    line_.resize(txs_.size());
    std::iota(line_.begin(), line_.end(), size_t{0});
    std::sort(line_.begin(), line_.end(), [&](size_t a, size_t b) {
      const TxSummary &x = txs_[a], &y = txs_[b];
      return std::tie(x.org, x.signer, x.sequence, x.id) < std::tie(y.org, y.signer, y.sequence, y.id);
    });
    for (size_t at = 0; at < line_.size(); ++at) {
      const TxSummary& tx = txs_[line_[at]];
      const TxSummary* last = at == 0 ? nullptr : &txs_[line_[at - 1]];
      if (last == nullptr || last->org != tx.org) orgs_.emplace_back();
      if (last == nullptr || last->org != tx.org || last->signer != tx.signer)
        signers_.push_back({orgs_.size() - 1, at, at, false});
      signers_.back().end = at + 1;
      signer_of_[line_[at]] = signers_.size() - 1;
    }
  }
  void link() {
    std::map<MadeName, std::vector<size_t>> makers;
    bool any = false;
    for (const size_t tx : line_) {
      any |= !txs_[tx].needs.empty();
      for (const MadeName& name : txs_[tx].makes)
        if (std::vector<size_t>& of = makers[name]; of.size() < kMakersMax) of.push_back(tx);
    }
    if (!any || makers.empty()) return;
    missing_.resize(txs_.size());
    followers_.resize(txs_.size());
    for (size_t tx = 0; tx < txs_.size(); ++tx) {
      for (const MadeName& name : txs_[tx].needs) {
        const auto at = makers.find(name);
        if (at == makers.end()) continue;
        for (const size_t maker : at->second) {
          if (maker == tx) continue;
          followers_[maker].push_back(tx);
          ++missing_[tx];
        }
      }
    }
  }

  // The signer's next one joins the choice, or waits.
  void step_up(size_t signer) {
    OfSigner& s = signers_[signer];
    if (s.next == s.end) return;
    const size_t tx = line_[s.next];
    s.waits = !missing_.empty() && missing_[tx] > 0;
    if (s.waits) return;
    std::vector<size_t>& ready = orgs_[s.org].ready;
    ready.push_back(tx);
    std::push_heap(ready.begin(), ready.end(), later_);
  }
  uint64_t takes(size_t tx) const { return std::max<uint64_t>(txs_[tx].bytes, txs_[tx].work_bytes); }
  void take_turn(Org& org) {
    org.deficit += kQuantumBytes;
    while (!org.ready.empty() && takes(org.ready.front()) <= org.deficit) {
      const size_t tx = org.ready.front();
      std::pop_heap(org.ready.begin(), org.ready.end(), later_);
      org.ready.pop_back();
      org.deficit -= takes(tx);
      place(tx);
    }
    if (org.ready.empty()) org.deficit = 0;
  }
  void place(size_t tx) {
    order_.push_back(tx);
    const size_t signer = signer_of_[tx];
    ++signers_[signer].next;
    step_up(signer);
    if (followers_.empty()) return;
    for (const size_t follower : followers_[tx]) {
      const size_t of = signer_of_[follower];
      if (missing_[follower] == 0) continue;  // in a circle that was broken
      if (--missing_[follower] == 0 && signers_[of].waits && line_[signers_[of].next] == follower) step_up(of);
    }
  }
  // Everybody who is next waits for another: then for nobody.
  void break_circles() {
    for (size_t i = 0; i < signers_.size(); ++i) {
      OfSigner& s = signers_[i];
      if (s.next == s.end) continue;
      missing_[line_[s.next]] = 0;
      step_up(i);
    }
  }

  const std::span<const TxSummary> txs_;
  const Hash& parent_;
  std::vector<int64_t> scores_;
  mutable std::vector<std::optional<Hash>> ties_;
  std::vector<size_t> line_, signer_of_;
  std::vector<OfSigner> signers_;
  std::vector<Org> orgs_;
  std::vector<uint32_t> missing_;  // how many it builds on do not stand yet; empty: nothing builds on anything
  std::vector<std::vector<size_t>> followers_;  // who builds on it
  std::vector<size_t> order_;
  const struct Later {
    const Order* of;
    bool operator()(size_t a, size_t b) const { return of->before(b, a); }
  } later_{this};
};

}  // namespace

int64_t score_of(const TxSummary& tx, Height parent_height, const BenefitParams& params) {
  TL_CHECK(tx.trust <= kQ16 && tx.bytes > 0 && params.nominal_per_byte > 0);
  const uint32_t age = age_of(tx, parent_height, params);
  if (age == kAgeMax) return kAgeMax * kOne;
  return std::min<int64_t>(points_of(tx, params) + age * kOne, kAgeMax * kOne);
}

std::vector<size_t> block_order(std::span<const TxSummary> txs, const Hash& parent, Height parent_height,
                                const BenefitParams& params) {
  return Order(txs, parent, parent_height, params).run();
}

}  // namespace tieline::energy
