#include "sim/trace_text.h"

#include "consensus/messages.h"
#include "replica/frames.h"

namespace tieline::sim {
namespace {

std::string text(const Hash& hash) { return to_hex(hash).substr(0, 8); }
std::string text(const Slot& slot) {
  return "(" + std::to_string(slot.epoch) + "," + std::to_string(slot.view) + "," + std::to_string(slot.index) + ")";
}

struct PayloadText {
  std::string operator()(const consensus::Propose& m) const {
    return text(m.slot) + " height " + std::to_string(m.header.height) + " " + text(m.header.digest()) +
           (m.header.is_void ? " void" : "") + " on " + text(m.header.parent) + ", " + std::to_string(m.txs.size()) +
           " txs, justify " + text(m.justify.slot) + (m.new_view ? ", NEW-VIEW" : "");
  }
  // CONFIRM, PREPARE, COMMIT.
  template <class Vote>
  std::string operator()(const Vote& m) const {
    return text(m.slot) + " height " + std::to_string(m.height) + " " + text(m.block) + " of " +
           std::to_string(m.signer);
  }
  std::string operator()(const consensus::LateConfirms& m) const {
    std::string out;
    for (const LateConfirm& vote : m.votes) out += (out.empty() ? "" : ", ") + (*this)(vote);
    return out;
  }
  std::string operator()(const consensus::Probe& m) const { return m.answer ? "answered" : "asked"; }
  std::string operator()(const consensus::Measured& m) const {
    return "of " + std::to_string(m.report.reporter) + ", epoch " + std::to_string(m.report.epoch) + " window " +
           std::to_string(m.report.window);
  }
  std::string operator()(const consensus::ViewChange& m) const {
    const char* kind = m.kind == ViewChangeKind::kTimeout   ? "timeout"
                       : m.kind == ViewChangeKind::kPlanned ? "planned"
                                                            : "joined";
    return std::string(kind) + " to (" + std::to_string(m.epoch) + "," + std::to_string(m.view) + ") of " +
           std::to_string(m.signer) + ", high " + text(m.high_qc.slot) + " " + text(m.high_qc.block) +
           (m.last_vote ? ", voted " + text(m.last_vote->slot) + " " + text(m.last_vote->block) : "");
  }
  std::string operator()(const consensus::ViewChangeAck& m) const {
    return "(" + std::to_string(m.epoch) + "," + std::to_string(m.view) + ") by " + std::to_string(m.signer) + " for " +
           std::to_string(m.subject);
  }
  std::string operator()(const consensus::NewView& m) const {
    return "(" + std::to_string(m.epoch) + "," + std::to_string(m.view) + ") of " + std::to_string(m.entries.size()) +
           (m.repropose ? ", again " + text(*m.repropose) : "");
  }
  std::string operator()(const consensus::CheckpointVote& m) const {
    return "height " + std::to_string(m.height) + " of " + std::to_string(m.signer);
  }
  std::string operator()(const consensus::StableCertificate& m) const {
    return "height " + std::to_string(m.certificate.height) + " by " + std::to_string(m.certificate.signers.count());
  }
  std::string operator()(const consensus::Heartbeat& m) const {
    return "(" + std::to_string(m.epoch) + "," + std::to_string(m.view) + ") height " + std::to_string(m.committed);
  }
  std::string operator()(const consensus::Decided& m) const {
    return "height " + std::to_string(m.header.height) + " " + text(m.header.digest()) + " at " +
           text(m.proof.certificate.slot);
  }
  std::string operator()(const consensus::RejoinRequest& m) const { return "of " + std::to_string(m.signer); }
  std::string operator()(const consensus::RejoinReply& m) const {
    return "of " + std::to_string(m.signer) + ": (" + std::to_string(m.epoch) + "," + std::to_string(m.view) + ")";
  }
  std::string operator()(const consensus::RequestVote& m) const {
    return std::string(m.pre ? "pre " : "") + (m.planned ? "planned " : "") + "term " + std::to_string(m.term) +
           " of " + std::to_string(m.candidate) + ", log ends at " + text(m.last);
  }
  std::string operator()(const consensus::TermReply& m) const {
    const char* kind = m.kind == consensus::TermReplyKind::kHeartbeat ? "heard"
                       : m.kind == consensus::TermReplyKind::kPreVote ? "pre-vote"
                                                                      : "vote";
    return std::string(kind) + (m.granted ? " yes" : " no") + " to " + std::to_string(m.candidate) + " for term " +
           std::to_string(m.asked) + " in term " + std::to_string(m.term) + ", log ends at " + text(m.last) +
           ", height " + std::to_string(m.committed);
  }
};

struct FrameText {
  template <class Other>
  std::string operator()(const Other&) const {
    return "another frame";
  }
  std::string operator()(const replica::ConsensusFrame& f) const {
    auto message = consensus::decode_message(f.message);
    if (!message) return "malformed message";
    return std::string(consensus::message_name(**message)) + " " + std::visit(PayloadText{}, (*message)->payload);
  }
  std::string operator()(const replica::TransactionsFrame& f) const {
    return std::to_string(f.transactions.size()) + " transactions";
  }
  std::string operator()(const replica::TransactionsRequest& f) const {
    return "asks for " + std::to_string(f.ids.size()) + " transactions";
  }
  std::string operator()(const replica::TransactionsAnswer& f) const {
    return "answers with " + std::to_string(f.transactions.size()) + " transactions";
  }
  std::string operator()(const replica::BlockRequest& f) const { return "asks for block " + text(f.digest); }
  std::string operator()(const replica::BlockAnswer& f) const {
    return (f.block ? "block " : "has no block ") + text(f.digest);
  }
  std::string operator()(const replica::BlocksRequest& f) const {
    return "asks for blocks from " + std::to_string(f.from);
  }
  std::string operator()(const replica::BlocksAnswer& f) const {
    return std::to_string(f.blocks.size()) + " blocks from " + std::to_string(f.from);
  }
  std::string operator()(const replica::SnapshotRequest& f) const {
    return "asks for a snapshot above " + std::to_string(f.above);
  }
  std::string operator()(const replica::SnapshotOffer& f) const {
    return f.body ? "offers a snapshot of " + std::to_string(f.body->certificate.height)
                  : std::string("has no snapshot");
  }
  std::string operator()(const replica::ChunkRequest& f) const {
    return "asks for a chunk of " + std::to_string(f.height);
  }
  std::string operator()(const replica::Chunk& f) const {
    return "chunk of " + std::to_string(f.height) + ", " + std::to_string(f.entries.size()) + " entries" +
           (f.had ? "" : ", gone") + (f.last ? ", last" : "");
  }
  std::string operator()(const replica::RelayFrame& f) const {
    return "relays of " + std::to_string(f.origin) + ": " + (*this)(replica::ConsensusFrame{f.message});
  }
  std::string operator()(const replica::RelayHave& f) const {
    return "has of " + std::to_string(f.origin) + " " + text(f.slot) + ", with " + std::to_string(f.have.count());
  }
  std::string operator()(const replica::RelayPull& f) const { return "asks for proposal " + text(f.message); }
  std::string operator()(const replica::StatusFrame& f) const {
    return "status (" + std::to_string(f.epoch) + "," + std::to_string(f.view) + ") height " +
           std::to_string(f.applied);
  }
};

}  // namespace

std::string describe_frame(const Blob& frame) {
  auto decoded = replica::decode_frame(frame, frame.size());
  if (!decoded) return "malformed frame";
  return std::visit(FrameText{}, *decoded);
}

}  // namespace tieline::sim
