#include "sim/printed/node.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tieline::sim::printed {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr uint32_t kDoublingsMax = 6;
constexpr int64_t kBlockWaitUs = 5'000;  // between a block and the next proposal
constexpr size_t kLaterMax = 256;
constexpr View kViewsAheadMax = 1'000;

}  // namespace

Node::Node(uint32_t id, size_t validators, Reading reading, int64_t timeout_us, Outlet outlet)
    : id_(id),
      n_(validators),
      f_((validators - 1) / 3),
      reading_(reading),
      timeout_us_(timeout_us),
      outlet_(std::move(outlet)) {}

void Node::send(Message message) {
  message.from = id_;
  outlet_.send(std::make_shared<const Message>(std::move(message)));
}

void Node::start(int64_t now_us) {
  deadline_us_ = now_us + timeout_us_;
  next_propose_us_ = primary(0) == id_ ? now_us + kBlockWaitUs : kNever;
}

void Node::receive(const MessagePtr& m, int64_t now_us) {
  switch (m->kind) {
    case Kind::kPropose:
      return on_propose(m, now_us);
    case Kind::kConfirm:
      return on_confirm(m, now_us);
    case Kind::kViewChange:
      return on_view_change(m, now_us);
    case Kind::kViewChangeAck:
      return on_ack(m, now_us);
    case Kind::kNewView:
      return on_new_view(m, now_us);
    case Kind::kState:
      return on_state(m, now_us);
  }
}

void Node::on_propose(const MessagePtr& m, int64_t now_us) {
  if (m->from != primary(m->view)) return;
  if (m->view > view_) {
    if (later_.size() < kLaterMax) later_.push_back(m);
    return;
  }
  if (m->view != view_ || changing_) return;
  count(*m);
  const auto had = accepted_.find(m->height);
  if (had != accepted_.end() && had->second.view == view_) {
    if (had->second.block == m->block) return try_execute(now_us);
    outlet_.say("sees two proposals of the primary");  // "dishonest behaviour"
    return change_view(view_ + 1, now_us);
  }
  const auto fixed = assigned_.find(m->height);
  if (fixed != assigned_.end() && fixed->second != m->block) return;
  if (m->height <= executed_.size() && executed_[m->height - 1] != m->block) return;
  if (m->height > executed_.size() + 1) {
    if (later_.size() < kLaterMax) later_.push_back(m);
    return;
  }
  accept(m->view, m->height, m->block, now_us);
}

void Node::accept(View view, Height height, BlockName block, int64_t now_us) {
  accepted_[height] = {height, view, block};
  Message confirm{.kind = Kind::kConfirm, .view = view, .height = height, .block = block};
  confirm.from = id_;
  count(confirm);
  if (primary(view) != id_ || assigned_.contains(height)) send(std::move(confirm));  // its PROPOSE says the same
  try_execute(now_us);
}

void Node::count(const Message& m) { confirms_[{m.view, m.height, m.block}].insert(m.from); }

void Node::on_confirm(const MessagePtr& m, int64_t now_us) {
  if (m->view < view_ || m->view > view_ + kViewsAheadMax || m->height > executed_.size() + kLaterMax) return;
  count(*m);
  if (m->view == view_ && !changing_) try_execute(now_us);
}

// "Receives the consistent information from 2f+1 different nodes, executes the block transaction."
void Node::try_execute(int64_t now_us) {
  const Height height = executed_.size() + 1;
  const auto found = accepted_.find(height);
  if (found == accepted_.end() || found->second.view != view_) return;
  const BlockName block = found->second.block;
  const auto confirms = confirms_.find({view_, height, block});
  if (confirms == confirms_.end() || confirms->second.size() < 2 * f_ + 1) return;
  confirmed_[height] = found->second;
  execute(height, block, now_us);
}

void Node::execute(Height height, BlockName block, int64_t now_us) {
  TL_CHECK(height == executed_.size() + 1);
  executed_.push_back(block);
  outlet_.executed(height, block);
  failures_ = 0;
  if (changing_) return;
  deadline_us_ = now_us + timeout_us_;
  if (primary(view_) == id_) next_propose_us_ = now_us + kBlockWaitUs;
  take_up(now_us);
}

// What the NEW-VIEW assigned to the next number, or a proposal that came early.
void Node::take_up(int64_t now_us) {
  const Height height = executed_.size() + 1;
  const auto fixed = assigned_.find(height);
  if (fixed != assigned_.end()) return accept(view_, height, fixed->second, now_us);
  std::vector<MessagePtr> later = std::exchange(later_, {});
  for (const MessagePtr& m : later)
    if (m->view >= view_) receive(m, now_us);
}

void Node::propose(int64_t now_us) {
  next_propose_us_ = kNever;
  const Height height = executed_.size() + 1;
  const auto had = accepted_.find(height);
  if (changing_ || primary(view_) != id_ || assigned_.contains(height)) return;
  if (had != accepted_.end() && had->second.view == view_) return;
  Message m{.kind = Kind::kPropose, .view = view_, .height = height, .block = outlet_.new_block()};
  m.from = id_;
  last_proposal_ = m;
  const BlockName block = m.block;
  send(std::move(m));
  accept(view_, height, block, now_us);
}

void Node::timer(int64_t now_us) {
  if (now_us >= next_propose_us_) propose(now_us);
  if (now_us < deadline_us_) return;
  ++failures_;
  change_view(next_view(), now_us);
}

void Node::change_view(View to, int64_t now_us) {
  changing_ = true;
  target_ = to;
  next_propose_us_ = kNever;
  deadline_us_ = now_us + (timeout_us_ << std::min(failures_, kDoublingsMax));
  Message m{.kind = Kind::kViewChange, .view = to};
  for (const auto& [height, entry] : reading_ == Reading::kAccepted ? accepted_ : confirmed_) m.q.push_back(entry);
  m.from = id_;
  outlet_.say("changes to view " + std::to_string(to));
  last_change_ = std::make_shared<const Message>(std::move(m));
  outlet_.send(last_change_);
  changes_[to][id_] = last_change_;
  try_new_view(to, now_us);
}

void Node::on_view_change(const MessagePtr& m, int64_t now_us) {
  if (m->view <= view_ || m->view > view_ + kViewsAheadMax) return;
  if (!changes_[m->view].emplace(m->from, m).second) return;
  // To the new primary, by the world.
  if (primary(m->view) != id_) send({.kind = Kind::kViewChangeAck, .view = m->view, .subject = m});
  // Not printed, from Castro and Liskov: f+1 that went on are joined, or validators with different time-outs never
  // meet.
  std::set<uint32_t> ahead;
  View lowest = 0;
  for (const auto& [view, by] : changes_) {
    if (view <= (changing_ ? target_ : view_)) continue;
    if (lowest == 0) lowest = view;
    for (const auto& [from, change] : by) ahead.insert(from);
  }
  ahead.erase(id_);
  if (ahead.size() >= f_ + 1) change_view(lowest, now_us);
  try_new_view(m->view, now_us);
}

void Node::on_ack(const MessagePtr& m, int64_t now_us) {
  if (primary(m->view) != id_ || m->view <= view_ || m->view > view_ + kViewsAheadMax) return;
  acks_[{m->view, m->subject->from}].insert(m->from);
  try_new_view(m->view, now_us);
}

// "If the new master node receives 2f+1 VIEW-CHANGE messages": each acknowledged by 2f-1 others, as in PBFT.
void Node::try_new_view(View view, int64_t now_us) {
  if (primary(view) != id_ || view <= view_ || !changing_ || target_ != view) return;
  Message m{.kind = Kind::kNewView, .view = view};
  for (const auto& [from, change] : changes_[view]) {
    std::set<uint32_t> acks = acks_[{view, from}];
    acks.erase(from);
    acks.erase(id_);
    if (from == id_ || acks.size() + 1 >= 2 * f_) m.v.push_back(change);
    if (m.v.size() == 2 * f_ + 1) break;
  }
  if (m.v.size() < 2 * f_ + 1) return;
  m.x = assign(m.v);
  m.from = id_;
  last_new_view_ = std::make_shared<const Message>(std::move(m));
  outlet_.send(last_new_view_);
  enter(*last_new_view_, now_us);
}

void Node::on_new_view(const MessagePtr& m, int64_t now_us) {
  if (m->from != primary(m->view) || m->view <= view_ || (changing_ && m->view < target_)) return;
  std::set<uint32_t> from;
  for (const MessagePtr& change : m->v) {
    if (change->kind != Kind::kViewChange || change->view != m->view) return;
    from.insert(change->from);
  }
  if (from.size() < 2 * f_ + 1 || assign(m->v) != m->x) return;
  enter(*m, now_us);
}

void Node::enter(const Message& m, int64_t now_us) {
  view_ = m.view;
  changing_ = false;
  assigned_ = m.x;
  deadline_us_ = now_us + (timeout_us_ << std::min(failures_, kDoublingsMax));
  next_propose_us_ = primary(view_) == id_ ? now_us + kBlockWaitUs : kNever;
  outlet_.entered_view(!m.x.empty() && m.x.rbegin()->first > executed_.size());
  // "The X set is traversed to generate message information": what is executed already is CONFIRMed again.
  for (const auto& [height, block] : m.x) {
    if (height > executed_.size()) break;
    if (executed_[height - 1] != block) continue;
    accepted_[height] = {height, view_, block};
    if (confirmed_.contains(height)) confirmed_[height] = accepted_[height];
    Message confirm{.kind = Kind::kConfirm, .view = view_, .height = height, .block = block};
    confirm.from = id_;
    count(confirm);
    send(std::move(confirm));
  }
  take_up(now_us);
}

void Node::on_state(const MessagePtr& m, int64_t now_us) {
  for (size_t i = executed_.size(); i < m->executed.size(); ++i) told_[{i + 1, m->executed[i]}].insert(m->from);
  for (bool any = true; any;) {
    any = false;
    const Height next = executed_.size() + 1;
    for (auto it = told_.lower_bound({next, 0}); it != told_.end() && it->first.first == next; ++it) {
      if (it->second.size() < f_ + 1) continue;
      const BlockName block = it->first.second;
      accepted_[next] = confirmed_[next] = {next, view_, block};
      execute(next, block, now_us);
      any = executed_.size() >= next;
      break;
    }
  }
}

void Node::resend() {
  if (changing_) {
    if (last_change_) outlet_.send(last_change_);
  } else {
    if (last_new_view_ && last_new_view_->view == view_) outlet_.send(last_new_view_);
    if (last_proposal_ && last_proposal_->view == view_ && last_proposal_->height > executed_.size())
      send(*last_proposal_);
    const auto had = accepted_.find(executed_.size() + 1);
    if (had != accepted_.end() && had->second.view == view_)
      send({.kind = Kind::kConfirm, .view = view_, .height = had->first, .block = had->second.block});
  }
  send({.kind = Kind::kState, .executed = executed_});
}

}  // namespace tieline::sim::printed
