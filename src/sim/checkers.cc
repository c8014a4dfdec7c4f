#include "sim/checkers.h"

#include <cstring>

#include "consensus/kernel/front_end.h"
#include "consensus/messages.h"
#include "replica/frames.h"

namespace tieline::sim {
namespace {

constexpr const char* kNames[kFailures] = {"none",           "fork",          "double_vote",
                                           "commit_order",   "lost_ack",      "invalid",
                                           "wrong_evidence", "state_differs", "broken_invariant",
                                           "unbounded",      "order",         "market",
                                           "receipt",        "fatal",         "stuck"};

std::string text(const Slot& slot) {
  return "(" + std::to_string(slot.epoch) + "," + std::to_string(slot.view) + "," + std::to_string(slot.index) + ")";
}
std::string text(const Hash& hash) { return to_hex(hash).substr(0, 8); }

constexpr const char* kCommitVote = "COMMITs";  // of pbft; a PROPOSE is a vote of the other kind
constexpr size_t kFrameHeadBytes = 3;           // version and kind of the frame, type of the message

Blob sample_frame(consensus::Payload payload) {
  return replica::encode_frame(replica::ConsensusFrame{consensus::make_message(std::move(payload))->bytes});
}
consensus::Propose sample_propose() {
  consensus::Propose propose;
  propose.slot.index = 0;
  return propose;
}

}  // namespace

const char* failure_name(Failure failure) { return kNames[static_cast<size_t>(failure)]; }

void Checkers::report(Failure failure, std::string what) {
  if (!finding_) finding_ = Finding{failure, time_us_, std::move(what)};
}

void Checkers::vote(const char* kind, ValidatorId signer, const Slot& slot, Height height, const Hash& block) {
  auto& votes = kind == kCommitVote ? commit_votes_ : votes_;
  const auto [at, fresh] = votes.emplace(Vote{slot, signer}, std::make_pair(height, block));
  if (fresh || at->second == std::make_pair(height, block)) return;
  report(Failure::kDoubleVote, "validator " + std::to_string(signer) + " sent " + kind + " for " +
                                   text(at->second.second) + " and " + text(block) + " at slot " + text(slot));
}

// Raft: one vote a term, over all lives. Who asks for votes of a term has given itself its own.
void Checkers::term_frame_left(ValidatorId from, bool request, ByteView body) {
  Reader r(body);
  if (request) {
    const ValidatorId candidate = r.u16();
    r.u64();  // epoch
    const View term = r.u64();
    const bool pre = r.boolean(), planned = r.boolean();
    if (pre) return;
    if (term > 1 && !planned) candidacies_.emplace(term, candidate);
    return term_vote(from, term, candidate);
  }
  r.u64();  // epoch
  r.u64();  // the sender's term
  const auto kind = static_cast<consensus::TermReplyKind>(r.u8());
  const bool granted = r.boolean();
  const View asked = r.u64();
  const ValidatorId candidate = r.u16();
  if (kind == consensus::TermReplyKind::kVote && granted) term_vote(from, asked, candidate);
}

void Checkers::term_vote(ValidatorId signer, View term, ValidatorId candidate) {
  const ValidatorId before = term_votes_.emplace(std::pair(signer, term), candidate).first->second;
  if (before != candidate)
    report(Failure::kDoubleVote, "validator " + std::to_string(signer) + " voted for " + std::to_string(before) +
                                     " and for " + std::to_string(candidate) + " in term " + std::to_string(term));
}

// One vote a term, over all lives (trust_raft; elsewhere a VIEW-CHANGE names the leader that the table names).
void Checkers::election_vote(const consensus::ViewChange& vote) {
  const auto [at, fresh] = election_votes_.emplace(std::tuple(vote.signer, vote.epoch, vote.view), vote.leader);
  if (!fresh && at->second != vote.leader)
    report(Failure::kDoubleVote, "validator " + std::to_string(vote.signer) + " voted for " +
                                     std::to_string(at->second) + " and for " + std::to_string(vote.leader) +
                                     " in term " + std::to_string(vote.view) + " of epoch " +
                                     std::to_string(vote.epoch));
}

// Most frames are votes or concern nothing that is checked here: those are told apart by their first bytes, because
// decoding a message hashes it.
void Checkers::frame_left(ValidatorId from, const SharedFrame& shared) {
  const Blob& frame = shared.bytes();
  static const Blob kConfirmFrame = sample_frame(consensus::Confirm{});
  static const Blob kPrepareFrame = sample_frame(consensus::PrepareVote{});
  static const Blob kCommitFrame = sample_frame(consensus::CommitVote{});
  static const Blob kRequestVoteFrame = sample_frame(consensus::RequestVote{});
  static const Blob kTermReplyFrame = sample_frame(consensus::TermReply{});
  static const Blob kProposeFrame = sample_frame(sample_propose());
  static const Blob kViewChangeFrame = sample_frame(consensus::ViewChange{});
  const auto looks_like = [&](const Blob& sample) {
    return frame.size() > kFrameHeadBytes && std::memcmp(frame.data(), sample.data(), kFrameHeadBytes) == 0;
  };
  const char* kind = looks_like(kConfirmFrame)   ? "CONFIRMs"
                     : looks_like(kPrepareFrame) ? "PREPAREs"
                     : looks_like(kCommitFrame)  ? kCommitVote
                                                 : nullptr;
  if (kind != nullptr) {
    Reader r(frame.view().subspan(kFrameHeadBytes));
    const ValidatorId signer = r.u16();
    Slot slot;
    decode(r, slot);
    const Height height = r.u64();
    Hash block;
    decode(r, block);
    if (!r.ok())
      return report(Failure::kInvariant, "validator " + std::to_string(from) + " sent a vote that does not decode");
    if (signer == from) vote(kind, from, slot, height, block);
    return;
  }
  if (looks_like(kRequestVoteFrame) || looks_like(kTermReplyFrame))
    return term_frame_left(from, looks_like(kRequestVoteFrame), frame.view().subspan(kFrameHeadBytes));
  static const Blob kRelayedFrame = replica::encode_frame(replica::RelayFrame{});
  const bool relayed = frame.size() > 2 && std::memcmp(frame.data(), kRelayedFrame.data(), 2) == 0;
  if (!relayed && !looks_like(kProposeFrame) && !looks_like(kViewChangeFrame)) return;
  if (relayed && shared.decoded()->frame.ok() && std::get<replica::RelayFrame>(*shared.decoded()->frame).origin != from)
    return;  // said by another, and seen when that one said it
  const auto& message = relayed ? shared.decoded()->relayed : shared.decoded()->message;
  if (!message || !message->ok()) {
    return report(Failure::kInvariant, "validator " + std::to_string(from) + " sent a message that does not decode" +
                                           (message ? ": " + message->error().why : ""));
  }
  const consensus::Message& m = ***message;
  if (const auto* propose = std::get_if<consensus::Propose>(&m.payload)) {
    const Hash block = propose->header.digest();
    vote("PROPOSEs", from, propose->slot, propose->header.height, block);
    if (const auto leader = leaders_.emplace(std::pair(propose->slot.epoch, propose->slot.view), from).first->second;
        leader != from)
      report(Failure::kDoubleVote, "validators " + std::to_string(leader) + " and " + std::to_string(from) +
                                       " both lead view " + std::to_string(propose->slot.view));
    if (const auto at = proposed_.emplace(block, propose->slot).first; at->second != propose->slot)
      reproposal_seen_ = true;
    if (candidacies_.contains({propose->slot.view, from})) timeout_seen_ = new_view_seen_ = true;
    if (propose->new_view != nullptr) {
      new_view_seen_ = true;
      if (std::get<consensus::NewView>(propose->new_view->payload).repropose) reproposal_seen_ = true;
    }
  } else if (const auto* change = std::get_if<consensus::ViewChange>(&m.payload)) {
    if (change->kind == ViewChangeKind::kTimeout) timeout_seen_ = true;
    if (change->signer == from && change->leader != consensus::kNobody) election_vote(*change);
  }
}

void Checkers::check_evidence(const Block& block) {
  if (block.evidence.empty()) return;
  auto evidence = decoded<Evidence>(block.evidence, "evidence");
  if (!evidence)
    return report(Failure::kInvalid, "a committed block holds evidence that does not decode: " + evidence.error().why);
  const std::string height = "height " + std::to_string(block.header.height);
  evidence_.certificates += evidence->certificates.size();
  evidence_.timeouts += evidence->timeouts.size();
  evidence_.equivocations += evidence->equivocations.size();
  evidence_.late += evidence->late.size();
  evidence_.reports += evidence->reports.size();
  evidence_.invalid += evidence->invalid.size();
  evidence_.rejected += evidence->rejected.size();
  const auto correct = [&](ValidatorId id) { return !(traitors_ >> id & 1); };
  const auto accuses = [&](ValidatorId id, const char* of) {
    if (correct(id))
      report(Failure::kWrongEvidence, height + " accuses correct validator " + std::to_string(id) + " of " + of);
  };
  for (const Equivocation& e : evidence->equivocations) accuses(e.signer, "an equivocation");
  for (const InvalidBlock& b : evidence->invalid) accuses(b.signer, "an invalid block");
  for (const RejectedSubmission& s : evidence->rejected) accuses(s.submitter, "a submission that does not verify");
  // A leader that was killed before its own CONFIRM left may still have told of it in a block.
  for (const LateConfirm& l : evidence->late) {
    if (!correct(l.signer)) continue;
    const auto seen = votes_.find(Vote{l.slot, l.signer});
    if (seen != votes_.end() && seen->second == std::make_pair(l.height, l.block)) continue;
    if (!signed_it(l))
      report(Failure::kWrongEvidence, height + " says that correct validator " + std::to_string(l.signer) +
                                          " voted at slot " + text(l.slot) + ", which it did not");
    vote(deciding_phase(rule_) == VotePhase::kCommit ? kCommitVote : "CONFIRMs", l.signer, l.slot, l.height, l.block);
  }
}

bool Checkers::signed_it(const LateConfirm& late) const {
  const auto position = committee_.position_of(late.signer);
  return position && verify_vote(committee_, *position,
                                 vote_digest(deciding_phase(rule_), chain_, late.slot, late.height, late.block),
                                 late.signature, *verifier_);
}

void Checkers::committed(ValidatorId at, const replica::BlockCommitted& effect) {
  const Block& block = *effect.block;
  const Height height = block.header.height;
  Height& last = last_committed_[at];
  if (height != last + 1) {
    report(Failure::kCommitOrder, "validator " + std::to_string(at) + " committed height " + std::to_string(height) +
                                      " after " + std::to_string(last));
  }
  last = height;
  if (effect.proof != nullptr && effect.proof->second) two_chain_seen_ = true;
  if (height < chain_of_blocks_.size()) {
    if (chain_of_blocks_[height].digest != block.digest) {
      report(Failure::kFork, "height " + std::to_string(height) + ": " + text(chain_of_blocks_[height].digest) +
                                 " is committed, and validator " + std::to_string(at) + " commits " +
                                 text(block.digest));
    }
    return;
  }
  if (height != chain_of_blocks_.size() || block.header.parent != chain_of_blocks_.back().digest ||
      block.header.is_void || block.header.chain != chain_) {
    return report(Failure::kFork, "height " + std::to_string(height) +
                                      " does not extend the committed chain, whose tip is " +
                                      std::to_string(chain_of_blocks_.size() - 1));
  }
  chain_of_blocks_.push_back({block.digest, block.header.parent});
  if (block.header.ends_epoch()) epoch_ended_ = true;
  check_evidence(block);
  if (books_) {
    if (const auto wrong = books_->committed(block, *effect.execution)) report(Failure::kMarket, *wrong);
  }
  const auto& results = effect.execution->results;
  if (results.size() != block.txs.size())
    return report(Failure::kInvalid, "height " + std::to_string(height) + ": not one result a transaction");
  for (size_t i = 0; i < block.txs.size(); ++i) {
    const TxId& id = block.txs[i]->id();
    if (results[i].code == 0 && forbidden_.contains(id))
      report(Failure::kInvalid, "height " + std::to_string(height) + " records a transaction that is invalid");
    const auto [place, fresh] = places_.emplace(id, Place{height, static_cast<uint32_t>(i), results[i].code});
    if (!fresh && results[i].code == 0)
      report(Failure::kInvalid, "height " + std::to_string(height) + " records a transaction of height " +
                                    std::to_string(place->second.height) + " again");
  }
}

void Checkers::standing(ValidatorId at, Height height, const Hash& digest) {
  if (height >= chain_of_blocks_.size()) {
    return report(Failure::kFork, "validator " + std::to_string(at) + " stands at height " + std::to_string(height) +
                                      ", which nobody committed");
  }
  if (chain_of_blocks_[height].digest != digest)
    report(Failure::kFork,
           "validator " + std::to_string(at) + " stands at another block of height " + std::to_string(height));
}

std::optional<Checkers::Place> Checkers::place_of(const TxId& id) const {
  const auto found = places_.find(id);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

// A validator may answer just before it reports the block, and the answers of f+1 may be all that is left of a block
// that is committed again later: what counts is that the block comes and holds the transaction there.
void Checkers::acknowledged(const TxId& id, Height height, uint16_t code) { to_check_.push_back({id, height, code}); }

void Checkers::settle_acknowledged(bool all) {
  std::erase_if(to_check_, [&](const Acknowledged& a) {
    if (a.height > height() && !all) return false;
    const auto place = place_of(a.id);
    if (!place) {
      report(Failure::kLostAck,
             "a transaction acknowledged at height " + std::to_string(a.height) + " is in no committed block");
    } else if (place->height != a.height || place->code != a.code) {
      report(Failure::kLostAck, "a transaction acknowledged at height " + std::to_string(a.height) + " with code " +
                                    std::to_string(a.code) + " stands at height " + std::to_string(place->height) +
                                    " with code " + std::to_string(place->code));
    }
    return true;
  });
}

}  // namespace tieline::sim
