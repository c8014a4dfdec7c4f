#pragma once
// Collects transactions whose signatures are to be checked into jobs for the verifier: batches are what makes a check
// cheap, but an idle verifier gets work at once. At most kVerifyJobsInFlight jobs are out, so that what a proposal
// waits for does not stand behind a long queue. Each transaction is checked once, however often it is asked for.

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "model/transaction.h"
#include "replica/context.h"

namespace tieline::replica {

inline constexpr size_t kVerifyJobsInFlight = 2;

class VerifyQueue {
 public:
  struct Outcome {
    TxPtr tx;
    bool ok = false;
    std::vector<EndorsementClaim> endorsed = {};  // found good
  };

  // `keys`: of its signatories, in order. Urgent ones go first; asking again with `urgent` moves one forward.
  void add(TxPtr tx, std::vector<PublicKey> keys, bool urgent, int64_t now_us,
           std::vector<EndorsementClaim> endorsements = {});
  bool holds(const TxId& id) const { return waiting_.contains(id) || flying_.contains(id); }
  void hurry(const TxId& id);  // a block waits for it

  void pump(Context& context);  // hands out jobs that are due
  std::vector<Outcome> finish(const Verified& answer);
  std::optional<int64_t> deadline(const Limits& limits) const;

 private:
  struct Item {
    TxPtr tx;
    std::vector<PublicKey> keys;
    int64_t since_us = 0;
    std::vector<EndorsementClaim> endorsements = {};
  };
  bool due(const Context& context) const;
  std::optional<Item> take();

  std::unordered_map<TxId, Item> waiting_;
  std::deque<TxId> urgent_;  // may name what is gone from waiting_
  std::deque<TxId> normal_;
  std::unordered_map<TxId, uint64_t> flying_;  // id -> ticket
  struct Job {
    uint64_t ticket = 0;
    std::vector<Item> items;
  };
  std::deque<Job> jobs_;
  uint64_t next_ticket_ = 1;
  size_t signatures_ = 0;  // in waiting_
};

}  // namespace tieline::replica
