#include "energy/stake_votes.h"

#include <algorithm>
#include <functional>

#include "energy/split.h"
#include "energy/wide.h"

namespace tieline::energy {

uint64_t organisation_cap(std::vector<uint64_t> stakes) {
  std::erase(stakes, uint64_t{0});
  if (stakes.size() < 4) return 0;
  std::sort(stakes.begin(), stakes.end(), std::greater<>());
  uint128 rest = 0;
  for (uint64_t s : stakes) rest += s;
  if (uint128{stakes[0]} * 3 < rest) return stakes[0];
  // With the k largest cut to c, 3c < kc + rest of the others, so c < rest / (3 - k); c is at least the next stake, or
  // that one would be cut too. With three cut alike any rest at all is enough.
  rest -= stakes[0];
  const uint64_t one_cut = narrow((rest - 1) / 2);
  if (one_cut >= stakes[1]) return one_cut;
  rest -= stakes[1];
  const uint64_t two_cut = narrow(rest - 1);
  return two_cut >= stakes[2] ? two_cut : stakes[2];
}

Votes votes_of(std::span<const StakeRecord> stakes) {
  std::map<OrgId, uint64_t> by_org;
  for (const StakeRecord& s : stakes) by_org[s.org] += s.bonded;
  std::vector<uint64_t> sums;
  for (const auto& [org, sum] : by_org) sums.push_back(sum);
  const uint64_t cap = organisation_cap(sums);
  Votes votes;
  if (cap == 0) return votes;
  for (const auto& [org, sum] : by_org) {
    std::vector<Weight> within;
    for (const StakeRecord& s : stakes) {
      if (s.org == org && s.bonded > 0) within.push_back({s.owner, s.bonded});
    }
    const std::vector<uint64_t> parts = split(std::min(sum, cap), within);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (parts[i] > 0) votes[static_cast<ParticipantId>(within[i].id)] = parts[i];
    }
  }
  return votes;
}

uint64_t sum_of(const Votes& votes) {
  uint64_t sum = 0;
  for (const auto& [who, count] : votes) sum += count;
  return sum;
}

std::vector<ParticipantId> elect(size_t seats, std::span<const Ballot> ballots, std::span<const StakeRecord> stakes,
                                 uint64_t least, Epoch now) {
  const Votes votes = votes_of(stakes);
  std::map<ParticipantId, ParticipantId> choice;  // a voter's last ballot counts
  for (const Ballot& b : ballots) choice[b.voter] = b.candidate;
  std::map<ParticipantId, uint64_t> support;
  for (const auto& [voter, candidate] : choice) {
    const auto at = votes.find(voter);
    if (at != votes.end()) support[candidate] += at->second;
  }
  struct Candidate {
    ParticipantId owner;
    OrgId org;
    uint64_t support;
  };
  std::vector<Candidate> candidates;
  for (const StakeRecord& s : stakes) {
    const auto at = support.find(s.owner);
    if (at != support.end() && s.bonded >= least && s.jailed_until <= now) {
      candidates.push_back({s.owner, s.org, at->second});
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.support != b.support ? a.support > b.support : a.owner < b.owner;
  });
  std::vector<ParticipantId> elected;
  std::map<OrgId, size_t> held;
  for (const Candidate& c : candidates) {
    if (elected.size() == seats) break;
    if ((held[c.org] + 1) * 3 >= seats) continue;
    ++held[c.org];
    elected.push_back(c.owner);
  }
  return elected;
}

}  // namespace tieline::energy
