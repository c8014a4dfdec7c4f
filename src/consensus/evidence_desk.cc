#include "consensus/evidence_desk.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace tieline::consensus {

void EvidenceDesk::voted(LateConfirm vote) {
  own_votes_.insert_or_assign(vote.slot, std::move(vote));
  if (own_votes_.size() > window_) own_votes_.erase(own_votes_.begin());
}

void EvidenceDesk::committed(const Evidence& evidence, const Committee& committee, const Committee* previous,
                             const KnownVote& known) {
  for (const Certificate& c : evidence.certificates) {
    const Committee* members = c.slot.epoch == committee.epoch() ? &committee : previous;
    if (members == nullptr || c.slot.epoch != members->epoch()) continue;
    const auto [at, fresh] = counted_.try_emplace(c.slot, Counted{c.height, c.block, c.signers});
    Counted& counted = at->second;
    if (!fresh)
      for (size_t position : c.signers.positions()) counted.signers.insert(position);
    bool complete = true;
    for (size_t position = 0; position < members->size(); ++position) {
      const ValidatorId id = members->at(position).id;
      if (counted.signers.contains(position)) {
        if (auto mine = late_.find(id); mine != late_.end()) mine->second.erase(c.slot);
        continue;
      }
      complete = false;
      if (id == self_) {
        const auto vote = own_votes_.find(c.slot);
        if (vote == own_votes_.end() || vote->second.block != c.block) continue;
        if (fresh) own_missing_.push_back(c.slot);
        add(vote->second);
      } else if (const auto signature = known(c, position)) {
        add(LateConfirm{id, c.slot, c.height, c.block, *signature});
      }
    }
    if (complete) counted_.erase(at);
  }
  for (const LateConfirm& l : evidence.late) {
    if (auto mine = late_.find(l.signer); mine != late_.end()) mine->second.erase(l.slot);
    const Committee* members = l.slot.epoch == committee.epoch() ? &committee : previous;
    const auto at = counted_.find(l.slot);
    if (members == nullptr || at == counted_.end()) continue;
    if (const auto position = members->position_of(l.signer)) at->second.signers.insert(*position);
  }
  for (const TimeoutProof& t : evidence.timeouts)
    if (t.epoch == committee.epoch()) timeouts_shown_.insert(t.view);
  while (timeouts_shown_.size() > kTimeoutsShownMax) timeouts_shown_.erase(timeouts_shown_.begin());
  for (const MeasureReport& m : evidence.reports) {
    reported_[m.reporter] = std::max(reported_[m.reporter], m.window);
    if (auto at = reports_.find(m.reporter); at != reports_.end() && at->second.window <= m.window) reports_.erase(at);
  }
  for (const InvalidBlock& b : evidence.invalid)
    std::erase_if(invalid_, [&](const InvalidBlock& p) { return p.signer == b.signer && p.slot == b.slot; });
  for (const RejectedSubmission& s : evidence.rejected)
    std::erase_if(rejected_, [&](const RejectedSubmission& p) {
      return p.submitter == s.submitter && p.bad.transaction == s.bad.transaction;
    });
  forget_beyond_window();
}

void EvidenceDesk::forget_beyond_window() {
  while (counted_.size() > window_) {
    for (auto& [id, votes] : late_) votes.erase(counted_.begin()->first);
    counted_.erase(counted_.begin());
  }
}

std::vector<LateConfirm> EvidenceDesk::take_own_late() {
  std::vector<LateConfirm> out;
  for (const Slot& slot : own_missing_)
    if (auto at = own_votes_.find(slot); at != own_votes_.end() && out.size() < kLatePerMessageMax)
      out.push_back(at->second);
  own_missing_.clear();
  return out;
}

std::vector<LateConfirm> EvidenceDesk::own_late() const {
  std::vector<LateConfirm> out;
  const auto mine = late_.find(self_);
  if (mine == late_.end()) return out;
  for (auto it = mine->second.rbegin(); it != mine->second.rend() && out.size() < kLatePerMessageMax; ++it)
    out.push_back(it->second);
  return out;
}

bool EvidenceDesk::wants(const LateConfirm& vote, const Committee& committee) const {
  const auto at = counted_.find(vote.slot);
  if (at == counted_.end() || at->second.block != vote.block || at->second.height != vote.height) return false;
  const auto position = committee.position_of(vote.signer);
  if (!position || at->second.signers.contains(*position)) return false;
  const auto mine = late_.find(vote.signer);
  return mine == late_.end() || !mine->second.contains(vote.slot);
}

void EvidenceDesk::add(const LateConfirm& vote) {
  auto& mine = late_[vote.signer];
  mine.emplace(vote.slot, vote);
  if (mine.size() > kLatePerMemberMax) mine.erase(mine.begin());
}

bool EvidenceDesk::wants(const MeasureReport& report) const {
  if (const auto done = reported_.find(report.reporter); done != reported_.end() && report.window <= done->second)
    return false;
  const auto at = reports_.find(report.reporter);
  return at == reports_.end() || at->second.window < report.window;
}

void EvidenceDesk::add(const MeasureReport& report) { reports_.insert_or_assign(report.reporter, report); }

void EvidenceDesk::add(const InvalidBlock& proof) {
  for (const InvalidBlock& known : invalid_)
    if (known.signer == proof.signer && known.slot == proof.slot) return;
  if (invalid_.size() < kProofsPending) invalid_.push_back(proof);
}

void EvidenceDesk::add(const RejectedSubmission& proof) {
  for (const RejectedSubmission& known : rejected_)
    if (known.submitter == proof.submitter && known.bad.transaction == proof.bad.transaction) return;
  if (rejected_.size() < kProofsPending) rejected_.push_back(proof);
}

void EvidenceDesk::collect(Evidence& out, const std::vector<Evidence>& ancestors, const Committee& committee,
                           Epoch oldest, uint64_t turn) const {
  std::set<std::pair<ValidatorId, Slot>> late_above, invalid_above;
  std::map<ValidatorId, uint32_t> reports_above;
  std::set<std::pair<ValidatorId, Bytes>> rejected_above;
  for (const Evidence& e : ancestors) {
    for (const LateConfirm& l : e.late) late_above.emplace(l.signer, l.slot);
    for (const InvalidBlock& b : e.invalid) invalid_above.emplace(b.signer, b.slot);
    for (const MeasureReport& m : e.reports) reports_above[m.reporter] = std::max(reports_above[m.reporter], m.window);
    for (const RejectedSubmission& s : e.rejected) rejected_above.emplace(s.submitter, s.bad.transaction);
  }
  // Members take turns, one vote each a round, so that one who was long away does not crowd out the others.
  const size_t n = committee.size();
  std::vector<std::vector<LateConfirm>> by_member;
  for (size_t i = 0; i < n; ++i) {
    const auto mine = late_.find(committee.at((turn + i) % n).id);
    if (mine == late_.end()) continue;
    std::vector<LateConfirm>& votes = by_member.emplace_back();
    for (const auto& [slot, vote] : mine->second)
      if (slot.epoch >= oldest && counted_.contains(slot) && !late_above.contains({vote.signer, slot}) &&
          votes.size() < kEvidenceLateMax)
        votes.push_back(vote);
  }
  for (size_t round = 0; round < kEvidenceLateMax; ++round)
    for (const auto& votes : by_member)
      if (round < votes.size() && out.late.size() < kEvidenceLateMax) out.late.push_back(votes[round]);
  std::sort(out.late.begin(), out.late.end(), [](const LateConfirm& a, const LateConfirm& b) {
    return std::tie(a.slot, a.signer) < std::tie(b.slot, b.signer);
  });
  for (size_t i = 0; i < n; ++i) {
    const auto at = reports_.find(committee.at((turn + i) % n).id);
    if (at == reports_.end() || at->second.epoch != committee.epoch() || out.reports.size() >= kEvidenceReportsMax)
      continue;
    const auto above = reports_above.find(at->first);
    if (above == reports_above.end() || above->second < at->second.window) out.reports.push_back(at->second);
  }
  std::sort(out.reports.begin(), out.reports.end(),
            [](const MeasureReport& a, const MeasureReport& b) { return a.reporter < b.reporter; });
  for (const InvalidBlock& b : invalid_)
    if (b.slot.epoch >= oldest && out.invalid.size() < kEvidenceInvalidMax &&
        !invalid_above.contains({b.signer, b.slot}))
      out.invalid.push_back(b);
  for (const RejectedSubmission& s : rejected_)
    if (s.epoch >= oldest && out.rejected.size() < kEvidenceRejectedMax &&
        !rejected_above.contains({s.submitter, s.bad.transaction}))
      out.rejected.push_back(s);
}

void EvidenceDesk::new_epoch(Epoch epoch) {
  const Slot oldest{epoch > 0 ? epoch - 1 : 0, 0, -1};
  own_votes_.erase(own_votes_.begin(), own_votes_.lower_bound(oldest));
  counted_.erase(counted_.begin(), counted_.lower_bound(oldest));
  for (auto& [id, votes] : late_) votes.erase(votes.begin(), votes.lower_bound(oldest));
  std::erase_if(late_, [](const auto& entry) { return entry.second.empty(); });
  reports_.clear();
  reported_.clear();
  timeouts_shown_.clear();
  std::erase_if(invalid_, [&](const InvalidBlock& b) { return b.slot.epoch < oldest.epoch; });
  std::erase_if(rejected_, [&](const RejectedSubmission& s) { return s.epoch < oldest.epoch; });
}

}  // namespace tieline::consensus
