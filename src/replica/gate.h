#pragma once
// Nothing leaves before what it depends on is on disk: sends and commits wait here, each kind in its own order, until
// the log position that they name is durable.

#include <deque>
#include <optional>
#include <variant>

#include "consensus/engine.h"

namespace tieline::replica {

class Gate {
 public:
  // What a restart read back from the log is durable: the host synced it before it handed it over.
  void recovered(consensus::Lsn engine) { durable_ = engine; }
  // The engine's lsn is durable with the log's.
  void persisted(consensus::Lsn engine, consensus::Lsn log) { pending_.push_back({engine, log}); }
  void log_durable(consensus::Lsn log) {
    while (!pending_.empty() && pending_.front().log <= log) {
      durable_ = pending_.front().engine;
      pending_.pop_front();
    }
  }
  void hold(consensus::Send send) { sends_.push_back(std::move(send)); }
  void hold(consensus::Commit commit) { commits_.push_back(std::move(commit)); }

  std::optional<consensus::Send> next_send() { return next(sends_); }
  std::optional<consensus::Commit> next_commit() { return next(commits_); }
  size_t held() const { return sends_.size() + commits_.size(); }

 private:
  template <class E>
  std::optional<E> next(std::deque<E>& queue) {
    if (queue.empty() || queue.front().after > durable_) return std::nullopt;
    E out = std::move(queue.front());
    queue.pop_front();
    return out;
  }
  struct Pair {
    consensus::Lsn engine = 0;
    consensus::Lsn log = 0;
  };
  std::deque<Pair> pending_;  // both ascending
  consensus::Lsn durable_ = 0;
  std::deque<consensus::Send> sends_;
  std::deque<consensus::Commit> commits_;
};

}  // namespace tieline::replica
