// Paper 004: how long an election takes as the network grows (its Fig. 4, eq. 7: O(log N)), and what the Bloom filter
// saves when election requests come again (4.2).

#include <array>
#include <mutex>

#include "consensus/trust_raft/request_filter.h"
#include "crypto/hash.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "paper/places.h"

namespace tieline::paper {
namespace {

constexpr uint32_t kElectionTimeoutMs = 150;  // paper 004: 150 to 300 ms, drawn anew by every member
constexpr int64_t kLimitUs = 60'000'000;
const std::vector<size_t> kSizes = {4, 8, 16, 32, 64};  // each twice the one before, so that log2 is a count
const std::vector<size_t> kQuickSizes = {4, 8};

WorldOptions election(size_t n, uint64_t seed) {
  WorldOptions o;
  o.engine = EngineKind::kTrustRaft;
  o.validators = n;
  o.seed = seed;
  o.latency = sim::LatencyModel::kNormal20;
  o.timeout_ms = kElectionTimeoutMs;
  o.tenure_slots = 20'000;
  o.blocks = 1;
  o.limit_us = kLimitUs;
  return o;
}

// From the start of a network whose appointed leader says nothing to the first proposal of the one that is elected;
// none if there was none.
std::optional<int64_t> time_to_leader_us(size_t n, uint64_t seed, bool trigger) {
  WorldOptions o = election(n, seed);
  if (trigger) {
    o.proximity = scattered(n, seed);
    o.proximity->trigger = true;
  }
  const Measured all_well = measure(o);
  if (!all_well.first_proposer) return std::nullopt;
  o.silent = {*all_well.first_proposer};
  const Measured m = measure(o);
  return m.first_proposer ? std::optional(m.first_proposal_us) : std::nullopt;
}

// Least squares of y over 0, 1, 2, ..: what a doubling adds, and the share of the variance that it explains.
struct Fit {
  double slope = 0, explained = 0;
};
Fit fitted(const std::vector<double>& y) {
  const auto n = static_cast<double>(y.size());
  double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const auto x = static_cast<double>(i);
    sx += x, sy += y[i], sxx += x * x, sxy += x * y[i], syy += y[i] * y[i];
  }
  const double xx = sxx - sx * sx / n, xy = sxy - sx * sy / n, yy = syy - sy * sy / n;
  return {xx > 0 ? xy / xx : 0, xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0};
}

}  // namespace

Part election_time(const ExperimentOptions& options, const Told& told) {
  const std::vector<size_t>& sizes = options.quick ? kQuickSizes : kSizes;
  const uint64_t seeds = options.runs > 0 ? options.runs : options.quick ? 3 : 30;
  std::vector<std::optional<int64_t>> times(sizes.size() * seeds), triggered(times.size());
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(times.size(), options.threads, [&](size_t task) {
    const size_t i = times.size() - 1 - task;
    times[i] = time_to_leader_us(sizes[i / seeds], i % seeds, false);
    triggered[i] = time_to_leader_us(sizes[i / seeds], i % seeds, true);
    const std::lock_guard lock(mutex);
    told("election: run " + std::to_string(++finished) + " of " + std::to_string(times.size()));
  });
  Part part;
  Section& s = part.section;
  s.id = "election";
  s.title = "Time to a leader";
  s.text = {
      "The leader that the table names says nothing from the beginning; counted is the time until the elected one's "
      "first proposal: everyone's time-out of 150 to 300 ms, requests, grants of a quorum, and a first block. "
      "One-way delays N(20,5) ms; " +
      std::to_string(seeds) + " runs a size."};
  Table table{"Milliseconds", {"n", "mean", "p50", "p99", "with the trigger: mean", "without a leader after 60 s"}, {}};
  Series series{"drawn", {}, {}, {}}, near{"trigger by proximity", {}, {}, {}};
  std::string csv = "n,mean_ms,half_ms,p50_ms,p99_ms,trigger_mean_ms,trigger_half_ms,none\n", list, near_list;
  std::vector<double> means;
  uint64_t none = 0;
  bool faster = true;
  for (size_t k = 0; k < sizes.size(); ++k) {
    std::vector<double> took_ms, near_ms;
    std::vector<int64_t> took_us;
    uint64_t missing = 0;
    for (uint64_t seed = 0; seed < seeds; ++seed) {
      const auto& t = times[k * seeds + seed];
      const auto& with_trigger = triggered[k * seeds + seed];
      if (with_trigger) near_ms.push_back(static_cast<double>(*with_trigger) / 1'000);
      missing += with_trigger ? 0 : 1;
      if (!t) {
        ++missing;
        continue;
      }
      took_us.push_back(*t);
      took_ms.push_back(static_cast<double>(*t) / 1'000);
    }
    none += missing;
    const Estimate e = estimate(took_ms), triggered_e = estimate(near_ms);
    means.push_back(e.mean);
    const double p50 = static_cast<double>(percentile_of(took_us, 50)) / 1'000;
    const double p99 = static_cast<double>(percentile_of(took_us, 99)) / 1'000;
    table.rows.push_back({std::to_string(sizes[k]), text_of(e, 0), fixed(p50, 0), fixed(p99, 0),
                          text_of(triggered_e, 0), std::to_string(missing)});
    series.x.push_back(static_cast<double>(sizes[k]));
    series.y.push_back(e.mean);
    series.half.push_back(e.half);
    near.x.push_back(static_cast<double>(sizes[k]));
    near.y.push_back(triggered_e.mean);
    near.half.push_back(triggered_e.half);
    faster &= triggered_e.mean + triggered_e.half < e.mean - e.half;
    near_list += (near_list.empty() ? "" : ", ") + std::to_string(sizes[k]) + ": " + fixed(triggered_e.mean, 0);
    csv += std::to_string(sizes[k]) + "," + plain(e.mean, 2) + "," + plain(e.half, 2) + "," + plain(p50, 2) + "," +
           plain(p99, 2) + "," + plain(triggered_e.mean, 2) + "," + plain(triggered_e.half, 2) + "," +
           std::to_string(missing) + "\n";
    list += (list.empty() ? "" : ", ") + std::to_string(sizes[k]) + ": " + fixed(e.mean, 0);
  }
  s.tables.push_back(std::move(table));
  s.plots.push_back({"Time to a leader, mean", "validators", "ms", {series, near}, false});
  const Fit fit = fitted(means);
  const double growth = means.front() > 0 ? means.back() / means.front() : 0;
  part.rows.push_back(
      {"election", "an election takes O(log N)", "O(log N) (eq. 7, Fig. 4)",
       "ms by n: " + list + "; a doubling of n adds " + fixed(fit.slope, 1) + " ms (r2 " + fixed(fit.explained, 2) +
           ")" + (none > 0 ? "; " + std::to_string(none) + " without a leader" : ""),
       none == 0 && growth <= static_cast<double>(sizes.size()) ? "yes" : "no",
       fit.slope <= 0
           ? "Time-outs and two round trips make nearly all of it, and of more members the first one's drawn "
             "time-out ends sooner: the time falls with n, so that O(log N) holds as a bound and as no more."
           : "Time-outs and two round trips make nearly all of it and do not depend on n; O(log N) holds as a "
             "bound because the time hardly grows at all.",
       "tieline paper --only election" + std::string(options.quick ? " --quick" : "")});
  part.rows.push_back(
      {"election", "the trigger by proximity makes elections faster", "faster (Fig. 4)",
       "mean ms by n with the trigger: " + near_list + "; drawn: " + list, faster ? "yes" : "no",
       "The trigger replaces the draw by the order of distances, so that the first leaves after T0 exactly and the "
       "last "
       "later than T0 by a share of T0: what changes is how early the first and how spread the others leave. Delays "
       "here do not depend on distance.",
       "tieline paper --only election" + std::string(options.quick ? " --quick" : "")});
  part.csv.push_back({"election.csv", csv});
  return part;
}

Part bloom_filter(const ExperimentOptions& options, const Told& told) {
  constexpr std::array<size_t, 5> kHeld = {16, 50, 100, 256, 512};
  constexpr size_t kAgain = 9;  // times that each request comes again
  const size_t fresh = options.quick ? 2'000 : 200'000;
  Part part;
  Section& s = part.section;
  s.id = "bloom";
  s.title = "Requests that come again";
  s.text = {
      "The filter of the engine itself: " + std::to_string(consensus::kRequestFilterBits) + " bits, " +
      std::to_string(consensus::kRequestFilterHashes) +
      " hashes under a key of this process. Every request comes ten times. A hit is looked for exactly, then dropped "
      "without a check of its signature; a false hit costs one search and loses nothing, because the search does "
      "not find it. " +
      whole(static_cast<double>(fresh)) + " other requests say how often that is."};
  Table table{"By requests in a term",
              {"requests", "signature checks saved", "time saved, ms", "false hits", "by formula"},
              {}};
  std::string csv = "requests,checks,checks_without,false_hits_ppm,formula_ppm\n", at50;
  bool none_lost = true;
  const auto digest = [](const char* kind, size_t i) { return sha256(view_of(std::string(kind) + std::to_string(i))); };
  for (const size_t held : kHeld) {
    told("bloom: " + std::to_string(held) + " requests");
    consensus::RequestFilter filter(sha256(view_of("key")));
    size_t checks = 0;
    for (size_t round = 0; round <= kAgain; ++round) {
      for (size_t i = 0; i < held; ++i) {
        const Hash request = digest("request ", i);
        const bool known = round > 0 && filter.may_hold(request);  // what stands in the exact table then
        none_lost &= round == 0 || known;
        if (known) continue;
        ++checks;
        filter.insert(request);
      }
    }
    size_t hits = 0;
    for (size_t i = 0; i < fresh; ++i) hits += filter.may_hold(digest("other ", i)) ? 1 : 0;
    const size_t without = held * (kAgain + 1);
    // (share of bits set)^k with every bit set independently: 1 - (1 - 1/m)^(kn).
    double unset = 1, expected = 1;
    for (size_t i = 0; i < consensus::kRequestFilterHashes * held; ++i)
      unset *= 1 - 1.0 / static_cast<double>(consensus::kRequestFilterBits);
    for (size_t i = 0; i < consensus::kRequestFilterHashes; ++i) expected *= 1 - unset;
    const double rate = static_cast<double>(hits) / static_cast<double>(fresh);
    const double saved_ms = static_cast<double>(without - checks) * static_cast<double>(stored_costs().verify_ns) / 1e6;
    table.rows.push_back({std::to_string(held), std::to_string(without - checks) + " of " + std::to_string(without),
                          fixed(saved_ms, 1), plain(rate * 100, 4) + " %", plain(expected * 100, 4) + " %"});
    csv += std::to_string(held) + "," + std::to_string(checks) + "," + std::to_string(without) + "," +
           plain(rate * 1e6, 0) + "," + plain(expected * 1e6, 0) + "\n";
    if (held == 50)
      at50 = "with 50 requests, each ten times: " + std::to_string(without - checks) + " of " +
             std::to_string(without) + " signature checks saved (" + fixed(saved_ms, 1) + " ms), false hits " +
             plain(rate * 100, 4) + " %";
  }
  s.tables.push_back(std::move(table));
  part.rows.push_back(
      {"bloom", "a Bloom filter of election requests prevents waste", "prevents waste (no figure)", at50,
       none_lost ? "yes" : "no",
       "What is saved is the check of a signature; the filter itself saves a search in a table of a few "
       "entries, so that an exact table alone would save as much.",
       "tieline paper --only bloom" + std::string(options.quick ? " --quick" : "")});
  part.csv.push_back({"bloom.csv", csv});
  return part;
}

}  // namespace tieline::paper
