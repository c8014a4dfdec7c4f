#include "trace/rules.h"

#include <algorithm>

#include "trace/text.h"

namespace tieline::trace {

using consensus::Applied;
using consensus::ArmTimer;
using consensus::Commit;
using consensus::Installed;
using consensus::Persist;
using consensus::Received;
using consensus::Send;
using consensus::TimerFired;
using consensus::VoteRecord;

namespace {

std::string number(uint64_t value) { return std::to_string(value); }

// Epoch and view of `b` lie below those of `a`.
bool goes_back(const VoteRecord& a, const VoteRecord& b) {
  return std::pair(b.epoch, b.view) < std::pair(a.epoch, a.view);
}

std::string view_text(const VoteRecord& r) { return "(" + number(r.epoch) + "," + number(r.view) + ")"; }

}  // namespace

Rules::Rules(NetworkFacts& network, const Begin& begin, const Verifier& verifier, std::string name)
    : network_(network),
      mine_(network.validators[begin.self]),
      begin_(begin),
      verifier_(verifier),
      name_(std::move(name)) {}

// --- what is known of the chain -------------------------------------------------------------------------------------

Status Rules::know(const Committee& committee) {
  const auto [at, fresh] = network_.committees.emplace(committee.epoch(), committee);
  if (!fresh && at->second != committee)
    return Error{"committee", "the committee of epoch " + number(committee.epoch()) + " is not the one seen before"};
  return {};
}

Status Rules::agree(Height height, const Hash& block) {
  const auto [at, fresh] = network_.committed.emplace(height, NetworkFacts::Committed{block, name_});
  if (!fresh && at->second.block != block)
    return Error{"fork", "block " + short_text(block) + " is committed at height " + number(height) + ", but " +
                             at->second.by + " has " + short_text(at->second.block) + " there"};
  return {};
}

Status Rules::proven(const CommitProof& proof, const Hash& block, Epoch epoch) {
  const auto committee = network_.committees.find(epoch);
  if (committee == network_.committees.end())
    return Error{"committee", "a block of epoch " + number(epoch) + " is committed, whose committee is not known"};
  if (Status s = verify_commit(proof, block, params_.commit_rule(), begin_.chain, committee->second, verifier_);
      !s.ok())
    return Error{"commit_proof", "the proof that " + short_text(block) +
                                     " is committed does not hold: " + s.error().code + ": " + s.error().why};
  return {};
}

// --- the start ------------------------------------------------------------------------------------------------------

Status Rules::on(const Construction& c) {
  if (constructed_) return Error{"order", "the engine is made a second time"};
  constructed_ = true;
  params_ = c.config.params;
  if (c.config.chain != begin_.chain || c.config.self != begin_.self)
    return Error{"order", "the engine is made for another chain or validator than the trace's"};
  if (Status s = know(c.chain.committee); !s.ok()) return s;
  const auto position = c.chain.committee.position_of(begin_.self);
  if (position && c.chain.committee.at(*position).key != begin_.key)
    return Error{"committee", "the committee knows this validator by another key"};
  if (c.chain.tip.digest() != c.chain.tip_digest) return Error{"body", "the tip's digest is not of its header"};
  tip_ = c.chain.tip_digest;
  tip_height_ = c.chain.tip.height;
  if (Status s = agree(tip_height_, tip_); !s.ok()) return s;

  const auto& vote = c.recovered.vote;
  // A damaged log is a validator's known loss: it must rejoin. Everything else must come back as it was.
  if (mine_.durable && !c.recovered.damaged) {
    if (!vote || vote->sequence < mine_.durable->sequence || goes_back(*mine_.durable, *vote))
      return Error{"forgotten_vote", "an earlier start had lsn " + number(mine_.durable->sequence) + " at view " +
                                         view_text(*mine_.durable) + " on disk, this one goes on from " +
                                         (vote ? "lsn " + number(vote->sequence) + " at view " + view_text(*vote)
                                               : std::string("nothing"))};
  }
  if (vote) {
    lsn_ = vote->sequence;
    if (!c.recovered.damaged) {
      record_ = vote;
      durable_ = vote->sequence;
      if (vote->last_vote) persisted_votes_[vote->last_vote->slot] = {vote->last_vote->block, 0};
    }
  }
  return {};
}

// --- what the host did ----------------------------------------------------------------------------------------------

Status Rules::on(const Appended& a) {
  if (a.log <= log_) return Error{"lsn", "the log goes from record " + number(log_) + " to " + number(a.log)};
  log_ = a.log;
  if (a.vote) appended_.push_back({a.log, *a.vote});
  return {};
}

Status Rules::on(const Durable& d) {
  if (d.log > log_) return Error{"lsn", "record " + number(d.log) + " is reported durable before it was written"};
  while (!appended_.empty() && appended_.front().log <= d.log) {
    durable_ = std::max(durable_, appended_.front().vote);
    appended_.pop_front();
  }
  while (!waiting_.empty() && waiting_.begin()->first <= durable_) {
    mine_.durable = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
  }
  return {};
}

Status Rules::on(const Left& left) {
  const bool goes_on = std::find(left_in_parts_.begin(), left_in_parts_.end(), left.message) != left_in_parts_.end() &&
                       std::find(left.to.begin(), left.to.end(), begin_.self) == left.to.end();
  if (goes_on && (to_leave_.empty() || to_leave_.front().message != left.message)) return {};
  if (to_leave_.empty() || to_leave_.front().message != left.message)
    return Error{"sent_unasked", "message " + short_text(left.message) + " left, " +
                                     (to_leave_.empty() ? "but the engine sends none"
                                                        : "but the engine sends " +
                                                              short_text(to_leave_.front().message) + " before it")};
  const Due due = std::move(to_leave_.front());
  to_leave_.pop_front();
  if (due.in_parts) left_in_parts_.push_back(due.message);
  if (left_in_parts_.size() > kInPartsKept) left_in_parts_.pop_front();
  const auto meant = [&](ValidatorId id) { return std::find(due.to.begin(), due.to.end(), id) != due.to.end(); };
  const bool as_said = due.in_parts ? std::all_of(left.to.begin(), left.to.end(), meant) : left.to == due.to;
  if (std::find(left.to.begin(), left.to.end(), begin_.self) != left.to.end() || (!due.to.empty() && !as_said))
    return Error{"sent_unasked", "message " + short_text(left.message) + " left to others than the engine said"};
  if (due.after > durable_)
    return Error{"sent_before_durable", "message " + short_text(left.message) + " left when lsn " + number(durable_) +
                                            " was durable; it waits for " + number(due.after)};
  return {};
}

// --- a step ---------------------------------------------------------------------------------------------------------

Status Rules::on(const Step& step) {
  if (!constructed_) return Error{"order", "an input before the engine was made"};
  if (step.number != ++steps_)
    return Error{"order", "input " + number(step.number) + " stands where " + number(steps_) + " is due"};
  if (std::holds_alternative<consensus::Started>(step.input) != (step.number == 1))
    return Error{"order", "the first input, and no other, says that the engine starts"};
  if (now_ && step.now.mono_us < now_->mono_us) return Error{"clock", "the monotonic clock goes back"};
  now_ = step.now;
  if (Status s = input(step.input, step.now); !s.ok()) return s;
  for (const consensus::Effect& e : step.effects)
    if (Status s = effect(e); !s.ok()) return s;
  return {};
}

Status Rules::input(const consensus::Input& input, const Now& now) {
  if (const auto* i = std::get_if<Received>(&input)) return on(*i);
  if (const auto* i = std::get_if<TimerFired>(&input)) return on(*i, now);
  if (const auto* i = std::get_if<Applied>(&input)) return on(*i);
  if (const auto* i = std::get_if<Installed>(&input)) return on(*i);
  if (const auto* i = std::get_if<consensus::Judged>(&input)) {
    if (i->body && i->body->digest != i->block) return Error{"body", "a block was judged by another one's body"};
  }
  return {};
}

Status Rules::on(const Received& i) {
  if (i.from != begin_.self) return {};
  // Its own, through the gate: in the order they were sent in.
  if (to_come_back_.empty() || to_come_back_.front().message != i.message->digest)
    return Error{"sent_unasked", "the engine is given " + text_of(*i.message) + " as its own, which it does not send " +
                                     (to_come_back_.empty() ? "at all" : "yet")};
  const Lsn after = to_come_back_.front().after;
  to_come_back_.pop_front();
  if (begin_.host && after > durable_)
    return Error{"sent_before_durable", text_of(*i.message) + " came back when lsn " + number(durable_) +
                                            " was durable; it waits for " + number(after)};
  if (auto at = came_back_.find(i.message->digest); at != came_back_.end()) at->second = true;
  return {};
}

Status Rules::on(const TimerFired& i, const Now& now) {
  const TimerSeen& seen = timers_[i.id];
  const auto armed = seen.deadlines.find(i.generation);
  if (i.generation > seen.generation || armed == seen.deadlines.end() || !armed->second)
    return Error{"timer", text_of(consensus::Input(i)) + ", but it was not armed"};
  if (*armed->second > now.mono_us)
    return Error{"timer", text_of(consensus::Input(i)) + " at " + std::to_string(now.mono_us) + " us, armed for " +
                              std::to_string(*armed->second) + " us"};
  return {};
}

Status Rules::on(const Applied& i) {
  if (i.header.digest() != i.block) return Error{"body", "an applied block's digest is not of its header"};
  if (to_apply_.empty() || to_apply_.front().block != i.block)
    return Error{"commit_order", "block " + short_text(i.block) + " at height " + number(i.header.height) +
                                     " was applied, which is not the next one committed"};
  const Expected next = to_apply_.front();
  to_apply_.pop_front();
  if (begin_.host && next.after > durable_)
    return Error{"commit_before_durable", "block " + short_text(i.block) + " was applied when lsn " + number(durable_) +
                                              " was durable; its commit waits for " + number(next.after)};
  if (i.header.ends_epoch() != i.next_committee.has_value())
    return Error{"committee", "a committee comes with an epoch's last block and with no other"};
  if (!i.next_committee) return {};
  if (i.next_committee->epoch() != i.header.epoch + 1 || i.next_committee->digest() != *i.header.next_committee)
    return Error{"committee", "the next committee is not the one that block " + short_text(i.block) + " names"};
  return know(*i.next_committee);
}

Status Rules::on(const Installed& i) {
  if (i.header.digest() != i.block) return Error{"body", "an installed block's digest is not of its header"};
  if (Status s = know(i.committee); !s.ok()) return s;
  // The committee of the epoch that it ends may never have been seen here.
  if (network_.committees.contains(i.header.epoch))
    if (Status s = proven(i.proof, i.block, i.header.epoch); !s.ok()) return s;
  if (Status s = agree(i.header.height, i.block); !s.ok()) return s;
  if (i.header.height <= tip_height_) return {};
  tip_ = i.block;
  tip_height_ = i.header.height;
  to_apply_.clear();
  return {};
}

// --- effects --------------------------------------------------------------------------------------------------------

Status Rules::effect(const consensus::Effect& effect) {
  if (const auto* e = std::get_if<Persist>(&effect)) return on(*e);
  if (const auto* e = std::get_if<Send>(&effect)) return on(*e);
  if (const auto* e = std::get_if<ArmTimer>(&effect)) return on(*e);
  if (const auto* e = std::get_if<Commit>(&effect)) return on(*e);
  return {};
}

Status Rules::on(const Persist& e) {
  if (e.lsn <= lsn_ || e.record.sequence != e.lsn)
    return Error{
        "lsn", "lsn " + number(e.lsn) + " with sequence " + number(e.record.sequence) + " comes after " + number(lsn_)};
  lsn_ = e.lsn;
  if (record_) {
    if (goes_back(*record_, e.record))
      return Error{"view_back",
                   "the durable view goes from " + view_text(*record_) + " back to " + view_text(e.record)};
    // Epochs that end take the last vote with them; in one it only grows.
    if (record_->last_vote && e.record.last_vote && e.record.last_vote->slot < record_->last_vote->slot)
      return Error{"view_back", "the durable last vote goes from " + text_of(record_->last_vote->slot) + " back to " +
                                    text_of(e.record.last_vote->slot)};
  }
  record_ = e.record;
  if (begin_.host) waiting_[e.lsn] = e.record;
  if (e.record.last_vote) {
    const auto& last = *e.record.last_vote;
    persisted_votes_.try_emplace(last.slot, DurableVote{last.block, e.lsn});
  }
  return {};
}

Status Rules::on(const Send& e) {
  std::vector<ValidatorId> others = e.to;
  std::erase(others, begin_.self);
  const bool to_self = e.to.empty() || others.size() != e.to.size();
  if (begin_.host && (e.to.empty() || !others.empty())) {
    const bool relayed = params_.proximity && params_.proximity->relay;
    const bool in_parts = relayed && std::holds_alternative<consensus::Propose>(e.message->payload);
    to_leave_.push_back({e.message->digest, others, e.after, in_parts});
  }
  if (to_self) to_come_back_.push_back({e.message->digest, {}, e.after});
  const auto of_vote = [&](VotePhase phase, const auto& m) -> Status {
    if (m.signer != begin_.self) return Error{"sent_unasked", "it sends the vote of another: " + text_of(*e.message)};
    return vote(phase, m.slot, m.block, e.after, e.message->digest);
  };
  if (const auto* m = std::get_if<consensus::Confirm>(&e.message->payload)) return of_vote(VotePhase::kConfirm, *m);
  if (const auto* m = std::get_if<consensus::PrepareVote>(&e.message->payload)) return of_vote(VotePhase::kPrepare, *m);
  if (const auto* m = std::get_if<consensus::CommitVote>(&e.message->payload)) return of_vote(VotePhase::kCommit, *m);
  if (const auto* m = std::get_if<consensus::Propose>(&e.message->payload)) {
    // A proposal is its primary's vote; whose it is says the signature.
    const Hash block = m->header.digest();
    const VotePhase phase = choosing_phase(params_.commit_rule());
    const Hash digest = vote_digest(phase, begin_.chain, m->slot, m->header.height, block);
    if (signed_by_self(begin_, digest.view(), m->signature, verifier_))
      return vote(phase, m->slot, block, e.after, e.message->digest);
  }
  return {};
}

Status Rules::vote(VotePhase phase, const Slot& slot, const Hash& block, Lsn after, const Hash& message) {
  const auto [at, fresh] = mine_.votes.emplace(std::pair(phase, slot), block);
  votes_ += fresh ? 1 : 0;
  if (!fresh && at->second != block)
    return Error{"double_vote", "it votes for " + short_text(block) + " in slot " + text_of(slot) +
                                    ", where it voted for " + short_text(at->second) + " before"};
  // What a COMMIT rests on is no last vote; that it waits for its own record is seen when it leaves.
  if (phase != choosing_phase(params_.commit_rule())) return {};
  const auto persisted = persisted_votes_.find(slot);
  if (persisted == persisted_votes_.end() || persisted->second.block != block)
    return Error{"vote_not_durable",
                 "its vote for " + short_text(block) + " in slot " + text_of(slot) + " stands in no durable record"};
  // Sent again, it need not wait: it was durable when it came back.
  const auto [back, first] = came_back_.try_emplace(message, false);
  const bool known_durable = begin_.host ? persisted->second.lsn <= durable_ : !first && back->second;
  if (after < persisted->second.lsn && !known_durable)
    return Error{"vote_not_durable", "its vote for " + short_text(block) + " in slot " + text_of(slot) +
                                         " waits for lsn " + number(after) + " only; the record that holds it is " +
                                         number(persisted->second.lsn)};
  return {};
}

Status Rules::on(const ArmTimer& e) {
  TimerSeen& seen = timers_[e.id];
  if (e.generation <= seen.generation)
    return Error{"timer", text_of(consensus::Effect(e)) + " after generation " + number(seen.generation)};
  seen.generation = e.generation;
  seen.deadlines[e.generation] = e.deadline_us;
  if (seen.deadlines.size() > kGenerationsKept) seen.deadlines.erase(seen.deadlines.begin());
  return {};
}

Status Rules::on(const Commit& e) {
  if (e.blocks.empty() || e.blocks.size() != e.headers.size())
    return Error{"commit_order",
                 "a commit of " + number(e.blocks.size()) + " blocks with " + number(e.headers.size()) + " headers"};
  for (size_t i = 0; i < e.blocks.size(); ++i) {
    const Header& h = e.headers[i];
    if (h.digest() != e.blocks[i]) return Error{"commit_order", "a committed block's digest is not of its header"};
    if (h.parent != tip_ || h.height != tip_height_ + 1 || h.is_void || h.chain != begin_.chain)
      return Error{"commit_order", "block " + short_text(e.blocks[i]) + " at height " + number(h.height) +
                                       " is committed, which is no child of " + short_text(tip_) + " at " +
                                       number(tip_height_)};
    if (Status s = agree(h.height, e.blocks[i]); !s.ok()) return s;
    tip_ = e.blocks[i];
    tip_height_ = h.height;
    to_apply_.push_back({e.blocks[i], h.height, e.after});
    ++commits_;
  }
  return proven(e.proof, e.blocks.back(), e.headers.back().epoch);
}

}  // namespace tieline::trace
