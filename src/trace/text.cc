#include "trace/text.h"

namespace tieline::trace {

using namespace consensus;  // NOLINT: every name here is one of its

namespace {

constexpr const char* kTimerNames[] = {"progress", "passed over", "view change", "resend", "heartbeat"};
static_assert(std::size(kTimerNames) == static_cast<size_t>(TimerId::kCount));

std::string number(uint64_t value) { return std::to_string(value); }
std::string view_text(Epoch epoch, View view) { return "(" + number(epoch) + "," + number(view) + ")"; }
std::string ids(const std::vector<ValidatorId>& list) {
  std::string out;
  for (ValidatorId id : list) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}
std::string header_text(const Header& h) {
  return "height " + number(h.height) + (h.is_void ? " void" : "") + " on " + short_text(h.parent) + " epoch " +
         number(h.epoch) + " time " + std::to_string(h.time_ms);
}
std::string proof_text(const CommitProof& proof) {
  return "by " + std::to_string(proof.certificate.signers.count()) + " at " + text_of(proof.certificate.slot) +
         (proof.second ? " and " + std::to_string(proof.second->certificate.signers.count()) + " at the next slot"
                       : "");
}
std::string block_text(const BlockPtr& block) {
  if (!block) return "no body";
  return short_text(block->digest) + " " + header_text(block->header) + ", " + number(block->txs.size()) +
         " transactions";
}
std::string deadline_text(const std::optional<int64_t>& at) { return at ? std::to_string(*at) + " us" : "off"; }
std::string timer_text(TimerId id, uint64_t generation) {
  return std::string(kTimerNames[static_cast<size_t>(id)]) + " #" + number(generation);
}

template <class Vote>
std::string vote_text(const Vote& m) {
  return " " + text_of(m.slot) + " height " + number(m.height) + " " + short_text(m.block) + " of " + number(m.signer);
}

struct PayloadText {
  // Of messages that need no more than their name and digest to be told apart.
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }
  std::string operator()(const Propose& m) const {
    return " " + text_of(m.slot) + " " + short_text(m.header.digest()) + " " + header_text(m.header) + ", " +
           number(m.txs.size()) + " transactions, on " + text_of(m.justify.slot) +
           (m.new_view ? ", with NEW-VIEW" : "");
  }
  std::string operator()(const Confirm& m) const { return vote_text(m); }
  std::string operator()(const PrepareVote& m) const { return vote_text(m); }
  std::string operator()(const CommitVote& m) const { return vote_text(m); }
  std::string operator()(const ViewChange& m) const {
    return " to " + view_text(m.epoch, m.view) + " of " + number(m.signer) + ", high " + text_of(m.high_qc.slot) + " " +
           short_text(m.high_qc.block) +
           (m.last_vote ? ", voted " + text_of(m.last_vote->slot) + " " + short_text(m.last_vote->block) : "");
  }
  std::string operator()(const ViewChangeAck& m) const {
    return " " + view_text(m.epoch, m.view) + " by " + number(m.signer) + " for " + number(m.subject);
  }
  std::string operator()(const NewView& m) const {
    return " " + view_text(m.epoch, m.view) + " of " + number(m.entries.size()) +
           (m.repropose ? ", again " + short_text(*m.repropose) : "");
  }
  std::string operator()(const CheckpointVote& m) const {
    return " height " + number(m.height) + " of " + number(m.signer);
  }
  std::string operator()(const Heartbeat& m) const {
    return " " + view_text(m.epoch, m.view) + " height " + number(m.committed);
  }
  std::string operator()(const Decided& m) const {
    return " " + short_text(m.header.digest()) + " " + header_text(m.header) + " " + proof_text(m.proof);
  }
  std::string operator()(const LateConfirms& m) const {
    std::string out;
    for (const LateConfirm& vote : m.votes) out += vote_text(vote);
    return out;
  }
  std::string operator()(const Probe& m) const { return " " + number(m.number) + (m.answer ? " answered" : ""); }
  std::string operator()(const Measured& m) const {
    return " of " + number(m.report.reporter) + " window " + number(m.report.window);
  }
  std::string operator()(const RejoinRequest& m) const { return " of " + number(m.signer); }
  std::string operator()(const RejoinReply& m) const {
    return " of " + number(m.signer) + ": " + view_text(m.epoch, m.view);
  }
};

struct InputText {
  std::string operator()(const Started&) const { return "started"; }
  std::string operator()(const Received& i) const { return "from " + number(i.from) + ": " + text_of(*i.message); }
  std::string operator()(const TimerFired& i) const { return "timer " + timer_text(i.id, i.generation) + " fired"; }
  std::string operator()(const BlockBuilt& i) const {
    return "block built for ticket " + number(i.ticket) + ": " + block_text(i.block);
  }
  std::string operator()(const Judged& i) const {
    return "judged " + short_text(i.block) + (i.valid ? " valid" : " invalid (" + i.why + ")") + ": " +
           block_text(i.body);
  }
  std::string operator()(const Applied& i) const {
    return "applied " + short_text(i.block) + " " + header_text(i.header) +
           (i.next_committee ? ", next committee of " + number(i.next_committee->size()) : "");
  }
  std::string operator()(const Pending& i) const {
    return i.oldest_us ? "pending since " + std::to_string(*i.oldest_us) + " us" : "nothing pending";
  }
  std::string operator()(const CaughtUp& i) const {
    return "caught up: " + number(i.headers.size()) + " blocks" +
           (i.headers.empty() ? "" : " to " + header_text(i.headers.back())) + " " + proof_text(i.proof);
  }
  std::string operator()(const Installed& i) const {
    return "snapshot installed: " + short_text(i.block) + " " + header_text(i.header) + " " + proof_text(i.proof);
  }
  std::string operator()(const SubmissionRejected& i) const {
    return "a submission of " + number(i.proof.submitter) + " does not verify";
  }
  std::string operator()(const CheckpointReached& i) const {
    return "checkpoint " + number(i.height) + " of " + short_text(i.block) + ", state root " + short_text(i.state_root);
  }
};

struct EffectText {
  std::string operator()(const Persist& e) const {
    const VoteRecord& v = e.record;
    std::string out = "persist lsn " + number(e.lsn) + " view " + view_text(v.epoch, v.view);
    if (v.view_changing) out += " changing";
    if (v.rejoining) out += " rejoining";
    if (v.last_vote) out += ", vote " + text_of(v.last_vote->slot) + " " + short_text(v.last_vote->block);
    out += ", high " + text_of(v.high_slot) + " " + short_text(v.high_block);
    if (e.body) out += ", body " + short_text(*e.body);
    if (e.high_qc) out += ", certificate " + text_of(e.high_qc->slot);
    for (const MessagePtr& m : e.messages) out += ", " + text_of(*m);
    return out;
  }
  std::string operator()(const Send& e) const {
    return "send to " + (e.to.empty() ? "all" : ids(e.to)) + " after lsn " + number(e.after) + ": " +
           text_of(*e.message);
  }
  std::string operator()(const ArmTimer& e) const {
    return "timer " + timer_text(e.id, e.generation) + " " + deadline_text(e.deadline_us);
  }
  std::string operator()(const WantBlock& e) const {
    if (e.ticket == 0) return "no block wanted any more";
    return "block wanted on " + short_text(e.parent) + ", ticket " + number(e.ticket) + (e.is_void ? ", void" : "") +
           (e.allow_empty ? ", even empty" : "");
  }
  std::string operator()(const Judge& e) const {
    return "judge " + short_text(e.block) + " " + header_text(e.header) + ", " +
           (e.known_by_digest ? "by digest" : number(e.txs.size()) + " transactions") + (e.fresh ? ", fresh" : "") +
           ", held by " + ids(e.holders);
  }
  std::string operator()(const Commit& e) const {
    return "commit " + number(e.blocks.size()) + " after lsn " + number(e.after) +
           (e.headers.empty() || e.blocks.empty()
                ? ""
                : " to " + short_text(e.blocks.back()) + " " + header_text(e.headers.back())) +
           " " + proof_text(e.proof);
  }
  std::string operator()(const Behind& e) const {
    return "behind: height " + number(e.height) + " epoch " + number(e.epoch) + ", held by " + ids(e.holders);
  }
  std::string operator()(const StableCheckpoint& e) const {
    return "stable checkpoint " + number(e.certificate.height) + " by " + number(e.certificate.signers.count());
  }
  std::string operator()(const Drop& e) const { return "drop from " + number(e.from) + ": " + e.code; }
  std::string operator()(const Trace& e) const { return "trace: " + e.event; }
  std::string operator()(const Broken& e) const { return "broken: " + e.why; }
};

}  // namespace

std::string short_text(const Hash& hash) { return to_hex(hash).substr(0, 8); }

std::string text_of(const Slot& slot) {
  return "(" + number(slot.epoch) + "," + number(slot.view) + "," + std::to_string(slot.index) + ")";
}
std::string text_of(const Message& message) {
  return std::string(message_name(message)) + std::visit(PayloadText{}, message.payload) + " [" +
         short_text(message.digest) + "]";
}
std::string text_of(const Input& input) { return std::visit(InputText{}, input); }
std::string text_of(const Effect& effect) { return std::visit(EffectText{}, effect); }

}  // namespace tieline::trace
