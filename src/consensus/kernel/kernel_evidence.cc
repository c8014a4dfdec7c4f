// What goes into blocks besides transactions (docs/consensus.md, "Evidence"): who took part, who did not, what was
// measured, who did what no correct member does. Collected by the leader; said again and measured by everyone.

#include <algorithm>
#include <set>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

// Who took part below the new block, who failed to lead, who equivocated. The certificate is the grandparent's: by now
// all its CONFIRMs that will come have come, and it justifies no slot that is still open.
Evidence Kernel::collect_evidence(const Header& parent, const Hash& parent_block, const Slot& slot) {
  Evidence out;
  const Epoch oldest = committee_.epoch() - (previous_committee_ ? 1 : 0);
  if (auto at = certificates_of_.find(parent.parent); at != certificates_of_.end() && at->second.slot.epoch >= oldest) {
    settle(at->second.slot, parent.parent);  // shares that came after the quorum
    if (const auto all = confirms_.certificate(at->second.slot, parent.parent);
        all && all->height == at->second.height && all->signers.count() > at->second.signers.count())
      at->second = *all;
    out.certificates.push_back(at->second);
  }
  for (const Equivocation& fault : faults_)
    if (fault.slot.epoch >= oldest && out.equivocations.size() < kEvidenceFaultsMax) out.equivocations.push_back(fault);
  std::sort(out.equivocations.begin(), out.equivocations.end(), [](const Equivocation& a, const Equivocation& b) {
    return std::tie(a.signer, a.slot) < std::tie(b.signer, b.slot);
  });
  std::vector<Evidence> ancestors;  // what is under way in blocks that are not committed yet
  Hash missing;
  if (const auto path = path_from_tip(parent_block, missing)) {
    for (const Hash& h : *path) {
      const BlockPtr& body = blocks_.at(h).body;
      if (!body || body->evidence.empty()) continue;
      if (auto evidence = decoded<Evidence>(body->evidence, "evidence"); evidence.ok())
        ancestors.push_back(std::move(*evidence));
    }
  }
  collect_timeouts(out, ancestors, slot.view);
  desk_.collect(out, ancestors, committee_, oldest, parent.height);
  return out;
}

// Every view up to this one that f+1 members timed out on, until a block shows it. Not only the view before, and not
// only in a view's first block: of two leaders failing in a row the first would go free, and so would each one whose
// block is proposed again, because that block stays as it was.
void Kernel::collect_timeouts(Evidence& out, const std::vector<Evidence>& ancestors, View view) const {
  std::set<View> shown;
  for (const Evidence& e : ancestors)
    for (const TimeoutProof& t : e.timeouts)
      if (t.epoch == committee_.epoch()) shown.insert(t.view);
  std::map<View, VoteSet> towards;
  for (const auto& [id, views] : view_changes_) {
    const auto position = position_of(id);
    for (const auto& [to, entry] : views) {
      if (!position || to > view || shown.contains(to) || desk_.timeout_shown(to)) continue;
      const auto& vc = std::get<ViewChange>(entry.message->payload);
      if (vc.kind == ViewChangeKind::kTimeout) towards[to].add(*position, vc.timeout_signature, true);
    }
  }
  for (auto& [to, votes] : towards) {
    if (!committee_.holds_correct(votes.signers())) continue;  // too few, whether they verify or not
    votes.settle(timeout_digest(config_.chain, ViewChangeKind::kTimeout, committee_.epoch(), to), committee_,
                 *verifier_);
    VoteSet::Settled settled = votes.settled();
    if (!committee_.holds_correct(settled.signers) || out.timeouts.size() >= kEvidenceTimeoutsMax) continue;
    out.timeouts.push_back({committee_.epoch(), to, settled.signers, std::move(settled.signatures), settled.aggregate});
  }
}

// A committed block's evidence: what it carried is done with; whom its certificates left out says so again.
void Kernel::evidence_committed(const Evidence& evidence) {
  desk_.committed(evidence, committee_, previous_committee_ ? &*previous_committee_ : nullptr,
                  [this](const Certificate& c, size_t position) { return lone_vote(c, position); });
  send_late(others(), desk_.take_own_late());
}

// A vote that is known here besides those of the certificate. A share counts if it verifies alone: evidence holds none
// that was only accepted in a sum.
std::optional<VoteSignature> Kernel::lone_vote(const Certificate& c, size_t position) const {
  auto vote = confirms_.vote(c.slot, c.block, c.height, position);
  if (!vote || committee_.certificates() == CertificateKind::kList) return vote;
  const Committee* committee = committee_at(c.slot.epoch);
  const Hash digest = confirm_digest(config_.chain, c.slot, c.height, c.block);
  if (committee == nullptr || !verify_vote(*committee, position, digest, *vote, *verifier_)) return std::nullopt;
  return vote;
}

void Kernel::send_late(std::vector<ValidatorId> to, std::vector<LateConfirm> votes) {
  std::erase(to, config_.self);
  std::erase(to, kNobody);  // a term's leader that is not known yet
  if (votes.empty() || to.empty() || !participates()) return;
  trace("late CONFIRMs: " + std::to_string(votes.size()));
  send(std::move(to), make_message(LateConfirms{std::move(votes)}), lsn_);
}

void Kernel::on_late(ValidatorId from, const LateConfirms& late) {
  for (const LateConfirm& vote : late.votes) {
    const Committee* committee = committee_at(vote.slot.epoch);
    if (committee == nullptr || !desk_.wants(vote, *committee)) continue;  // carried already, or nothing to add to
    if (!verify_late_confirm(vote, config_.params.commit_rule(), config_.chain, *committee, *verifier_).ok())
      return drop(from, "late_confirm_bad_signature");
    desk_.add(vote);
  }
}

// After a commit: when a window is over, what it showed is signed and said to all, and everybody is asked again.
void Kernel::measure() {
  if (!participates()) return;
  const auto blocks = static_cast<uint32_t>(std::min<Height>(tip_header_.height - epoch_base_, UINT32_MAX));
  const auto number = measuring_.window_over(now_, blocks);
  if (!number) return;
  if (auto report = measuring_.report(committee_, blocks)) {
    const Hash digest = report_digest(config_.chain, *report);
    report->signature = signer_->sign(digest.view());
    desk_.add(*report);
    send(others(), make_message(Measured{std::move(*report)}), 0);
  }
  send(others(), make_message(Probe{*number, false}), 0);
}

void Kernel::on_probe(ValidatorId from, const Probe& probe) {
  if (from == config_.self) return;
  if (probe.answer) return measuring_.answered(now_, from, probe.number);
  send({from}, make_message(Probe{probe.number, true}), 0);
}

void Kernel::on_measured(ValidatorId from, const Measured& measured) {
  const MeasureReport& report = measured.report;
  if (report.epoch != committee_.epoch() || !desk_.wants(report)) return;
  if (!verify_report(report, config_.chain, committee_, *verifier_).ok()) return drop(from, "measured_invalid");
  desk_.add(report);
}

// A proposal whose header no correct member votes for, under its primary's signature.
void Kernel::note_bad_header(ValidatorId signer, const Propose& p) {
  const InvalidBlock proof{signer, p.slot, p.header.height, p.signature, encoded(p.header), std::nullopt};
  if (!verify_invalid_block(proof, config_.params.commit_rule(), config_.chain, committee_, *verifier_, {}).ok())
    return;
  trace("invalid header proven of validator " + std::to_string(signer));
  desk_.add(proof);
}

// The block is invalid for a transaction in it: its primary signed it.
void Kernel::note_bad_transaction(const Hash& block, const BadTransaction& bad) {
  for (const auto& [slot, message] : proposals_) {
    const auto& p = std::get<Propose>(message->payload);
    if (p.header.digest() != block || leader(slot.view) == kNobody) continue;
    trace("invalid block proven of validator " + std::to_string(leader(slot.view)));
    desk_.add(InvalidBlock{leader(slot.view), slot, p.header.height, p.signature, encoded(p.header), bad});
  }
}

void Kernel::on(const SubmissionRejected& rejected) {
  if (committee_at(rejected.proof.epoch) != nullptr) desk_.add(rejected.proof);
}

}  // namespace tieline::consensus
